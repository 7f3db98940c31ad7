"""Every bundled plugin passes the kit that `labrun.testing` gives to everybody, in the toy configuration that stands here.

A plugin that has none fails."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from labrun import Ensemble, Examples, Findings, TrainedModel
from labrun.files.digests import sha256_of
from labrun.registry.registry import Registry
from labrun.testing import (
    AnalysisContract,
    DatasetContract,
    ModelContract,
    SamplerContract,
    SimulatorContract,
    simulated_ensemble,
    toy_ensemble,
    toy_examples,
    toy_trained,
)

OFFERS = {(o.section, o.name): o.plugin for o in Registry.installed().offers if o.distribution == "labrun"}
SHAPE = (8, 12)

# --- simulators -------------------------------------------------------------------------------------------------------------


@cache
def files() -> Path:
    """What plugins that read files are given."""
    import h5py
    from PIL import Image

    folder = Path(tempfile.mkdtemp(prefix="labrun-conformance-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    rng = np.random.default_rng(0)
    for name in ("dots", "drawing"):
        Image.fromarray(rng.integers(0, 256, SHAPE, dtype=np.uint8)).save(folder / f"{name}.png")
    with h5py.File(folder / "snapshots.h5", "w") as file:
        for i in range(3):
            file[f"conf_{i}"] = rng.integers(0, 5, SHAPE).astype(np.int32)
    for name, values in {"images": rng.integers(0, 256, (9, *SHAPE)), "labels": np.arange(9)}.items():
        head = bytes([0, 0, 8, values.ndim]) + np.array(values.shape, ">u4").tobytes()
        (folder / f"{name}.idx").write_bytes(head + values.astype(np.uint8).tobytes())
    np.save(folder / "cube.npy", rng.random((6, 6, 6)).astype(np.float32))
    return folder


def file(field: str, name: str, digest: str) -> dict[str, str]:
    path = files() / name
    return {field: str(path), digest: sha256_of(path)}


PARTICLES = {
    "size": SHAPE,
    "snapshots": 4,
    "warm_up": 2,
    "warm_up_unit": "sweeps",
    "spacing": 1,
    "spacing_unit": "sweeps",
    "sweeps_per_look": 1,
}
SKY = {"cells": 10, "box": 20.0, "fine": 1}
NETWORK = {"cells": [3, 2], "size": [48, 64]}

SIMULATORS: dict[str, Callable[[], dict[str, Any]]] = {
    "gray_scott": lambda: {
        "feed": 0.03,
        "kill": 0.06,
        "size": [32, 40],
        "square_side": 6,
        "second_side": 6,
        "cut_side": 6,
        "cut_offset": [1, 2],
        "duration": 60,
        "frames": 2,
        "frame_interval": 10,
    },
    "idx_images": lambda: {"images": str(files() / "images.idx"), "labels": str(files() / "labels.idx")},
    "image_pair_files": lambda: {
        **file("dots", "dots.png", "dots_sha256"),
        **file("drawing", "drawing.png", "drawing_sha256"),
    },
    "mechanical_network": lambda: {"lattice": "kagome", **NETWORK},
    "micrograph": lambda: {"size": [24, 32], "grains": 6, "voids": 2, "void_radius": 2.0},
    "microscopy": lambda: {"images": 2, "size": list(SHAPE)},
    "persistent_exclusion": lambda: {"density": 0.4, "tumbling_rate": 0.1, **PARTICLES, "observe": True},
    "persistent_exclusion_files": lambda: file("file", "snapshots.h5", "file_sha256"),
    "point_clouds": lambda: {"samples": 30},
    "program": lambda: {
        "command": ["sh", "-c", "echo x = $1", "sh", "{seed}"],
        "arrays": {"x": {"stdout": True, "pattern": "x = (.*)"}},
        "found": {"programs": {"sh": {"path": "/bin/sh"}}, "startable": ["sh"]},
    },
    "reionization": lambda: {"redshift": 8.0, **SKY},
    "twentyone_cm_files": lambda: {**file("density", "cube.npy", "density_sha256"), "redshift": 8.0, "box": 30.0},
    "two_phase_material": lambda: {"samples": 30},
}

# --- toy inputs ---------------------------------------------------------------------------------------------------------------


@cache
def trained(
    plugin: str, examples: Callable[[], Examples], epochs: int = 2, name: str = "net", **fit: int
) -> TrainedModel:
    samples = {"samples": {"every": 1, "count": 2}} if fit else {}
    return toy_trained(configured("models", plugin), examples(), epochs, name=name, **samples)


def configured(section: str, name: str) -> Any:
    return OFFERS[(section, name)].configured({"models": MODELS, "datasets": DATASETS}[section][name][0])


def made(dataset: str, name: str = "toy", **inputs: Any) -> Examples:
    """The examples of a bundled dataset in its toy configuration."""
    found = configured("datasets", dataset).examples(**inputs)
    found.name = name
    return found


@cache
def pictures(name: str = "test", seed: int = 0) -> Examples:
    return toy_examples((*SHAPE, 1), name=name, seed=seed)


def train() -> Examples:
    return pictures("train", 1)


def validation() -> Examples:
    return pictures("validation", 2)


@cache
def numbers(name: str = "test") -> Examples:
    return toy_examples((*SHAPE, 1), number=True, name=name)


@cache
def copies() -> Examples:
    return toy_examples((16, 24, 1), picture=True, count=12, name="test")


@cache
def points() -> Examples:
    return toy_examples((2,), name="test")


def classifier() -> TrainedModel:
    return trained("simple_cnn", train)


@cache
def particles(name: str = "gas") -> Ensemble:
    sweep = {"density": [0.2, 0.2, 0.5, 0.5], "tumbling_rate": [0.1, 0.5, 0.1, 0.5]}
    config = {**PARTICLES, "observe": True, "duration": 80}
    return simulated_ensemble(OFFERS[("simulations", "persistent_exclusion")], sweep, config, name=name)


@cache
def snapshots(name: str = "test") -> Examples:
    return made("snapshots", name, simulation=particles(), rng=np.random.default_rng(0))


@cache
def networks(name: str = "networks", seed: int = 0) -> Ensemble:
    sweep = {"lattice": ["kagome", "square", "kagome", "square"]}
    return simulated_ensemble(OFFERS[("simulations", "mechanical_network")], sweep, NETWORK, name=name, seed=seed)


@cache
def drawings(name: str = "test", seed: int = 0) -> Examples:
    return made("image_pairs", name, simulation=networks("networks", seed))


@cache
def cubes() -> Ensemble:
    columns = {"redshift": [7.0, 7.0, 9.0, 9.0], "escape_fraction": [0.1, 0.1, 0.1, 0.1]}
    shapes = {"neutral_fraction": (6, 8, 10), "brightness_temperature": (6, 8, 10)}
    members = [{**member, "cell_size": np.float64(1.5)} for member in toy_ensemble(shapes, columns)]
    return Ensemble.from_arrays(members, columns, "sky")


@cache
def patterns() -> Ensemble:
    columns = {"kill": [0.1, 0.2, 0.3] * 2, "feed": [1.0] * 3 + [2.0] * 3, "class": ["a", "b"] * 3}
    return toy_ensemble({"u": (*SHAPE, 1)}, columns, name="scan")


@cache
def classes(seed: int = 0) -> Findings:
    from labrun.kit.classification import Classification

    probabilities = np.random.default_rng(seed).dirichlet([1.0, 1.0], len(patterns()))
    return Classification(patterns().parameters, ("a", "b"), probabilities).findings()


@cache
def gaps(name: str = "test") -> Examples:
    """Pictures with missing pixels, and the mask beside them."""
    plugin = OFFERS[("simulations", "microscopy")].configured({"images": 8, "size": list(SHAPE)})
    arrays = plugin.simulate(np.random.default_rng(0))
    x = np.stack([arrays["observed"], arrays["mask"]], axis=-1)
    y = arrays["truth"][..., None].astype(np.float32)
    return Examples(lambda i: x[i], lambda i: y[i], np.arange(8), name=name)


# --- datasets: configuration and inputs -----------------------------------------------------------------------------------------

Toy = tuple[dict[str, Any], Callable[[], Any]]


def read_images() -> Ensemble:
    return simulated_ensemble(
        OFFERS[("simulations", "idx_images")], {"images": [str(files() / "images.idx")] * 2}, SIMULATORS["idx_images"]()
    )


DATASETS: dict[str, Toy] = {
    "encoded": ({}, lambda: {"dataset": copies(), "encoder": trained("autoencoder", copies)}),
    "idx_images": ({"classes": [f"class {i}" for i in range(9)]}, lambda: {"simulation": read_images()}),
    "image_pairs": ({}, lambda: {"simulation": networks()}),
    "labelled": ({"x": "u", "y": "class"}, lambda: {"simulation": patterns()}),
    "rows": (
        {"x": "x", "y": "label", "classes": ["zero", "one"]},
        lambda: {"simulation": simulated_ensemble(OFFERS[("simulations", "point_clouds")], {"samples": [9, 7, 8, 6]})},
    ),
    "slices": ({"y": "redshift", "stride": 3, "axes": [2]}, lambda: {"simulation": cubes()}),
    "snapshots": ({}, lambda: {"simulation": particles()}),
}

# --- models: configuration and examples -----------------------------------------------------------------------------------------

MODELS: dict[str, Toy] = {
    "autoencoder": ({"filters": [2, 2]}, copies),
    "inpainting_cnn": ({"filters": 4, "optimizer": "adam", "learning_rate": 0.01}, gaps),
    "mlp": ({"hidden": [4], "learning_rate": 0.1}, points),
    "pattern_cnn": ({"blocks": [{"filters": 2}], "dense": 4, "learning_rate": 0.02}, pictures),
    "perceptron": ({}, points),
    "pix2pix": (
        {
            "filters": 2,
            "depth": 2,
            "dropout_levels": 1,
            "discriminator_filters": 2,
            "discriminator_depth": 1,
            "learning_rate": 0.01,
        },
        copies,
    ),
    "simple_cnn": ({"filters": [2], "dense": 4, "divisor": 1, "learning_rate": 0.02}, pictures),
    "slice_cnn": ({"layers": ["conv 2 3x3", "relu", "mean"], "learning_rate": 0.02}, numbers),
    "snapshot_cnn": ({"layers": ["conv 2 3x3", "relu", "mean"], "learning_rate": 0.02}, snapshots),
    "unet": ({"depth": 1, "filters": 2, "convolutions": 1, "learning_rate": 0.01}, copies),
}

# --- analyses: configuration and inputs -----------------------------------------------------------------------------------------


def simulation(ensemble: Callable[[], Ensemble]) -> Callable[[], dict[str, Any]]:
    return lambda: {"simulation": ensemble()}


def model_and_dataset(model: str, dataset: Callable[[], Examples]) -> Callable[[], dict[str, Any]]:
    return lambda: {"model": [trained(model, dataset)], "dataset": dataset()}


def learned() -> dict[str, Any]:
    return {"train": train(), "dataset": [pictures()]}


def bond_recovery() -> dict[str, Any]:
    return {
        "model": [trained("unet", drawings)],
        "dataset": drawings(),
        "simulation": networks(),
        "validation": drawings("validation", 1),
        "validation_simulation": networks("networks", 1),
    }


ANALYSES: dict[str, Toy] = {
    "bond_recovery": ({}, bond_recovery),
    "bubble_sizes": ({"rays": 200}, simulation(cubes)),
    "calibration": ({}, lambda: {"model": [classifier()], "validation": validation(), "dataset": [pictures()]}),
    "ceiling": ({}, lambda: {"dataset": pictures(), "model": [classifier()]}),
    "class_changes": ({"x": "kill", "y": "feed"}, lambda: {"before": classes(), "after": classes(1)}),
    "classification": ({"array": "u"}, lambda: {"model": [classifier()], "simulation": patterns()}),
    "classification_report": ({}, lambda: {"model": classifier(), "dataset": [pictures()]}),
    "cluster_convergence": ({"figures": 1}, simulation(particles)),
    "cluster_sizes": ({}, simulation(particles)),
    "confusion_matrix": ({}, lambda: {"model": [classifier()], "dataset": [pictures()]}),
    "decision_boundary": ({}, lambda: {"model": trained("mlp", points), "dataset": points()}),
    "evolution_strip": ({}, lambda: {"model": [trained("unet", copies, samples=2)]}),
    "feature_gallery": ({}, simulation(particles)),
    "geometric_baselines": (
        {"taught": 4},
        lambda: {
            "simulation": networks(),
            "validation_simulation": networks("networks", 1),
            "train_simulation": networks(),
        },
    ),
    "global_history": ({}, simulation(cubes)),
    "graph_export": ({}, lambda: {"model": trained("unet", drawings), "dataset": drawings()}),
    "image_filters": ({}, lambda: {"simulation": toy_ensemble({"image": SHAPE})}),
    "inpainting": ({"correlation_length": 1.0}, model_and_dataset("inpainting_cnn", gaps)),
    "learned_filters": ({}, lambda: {"model": [classifier()]}),
    "learning_curve": (
        {"x": "count", "y": "MAE"},
        lambda: {
            "scores": Findings(tables={"scores": pd.DataFrame({"count": [1.0, 2.0, 4.0], "MAE": [0.3, 0.2, 0.1]})})
        },
    ),
    "mechanics": ({"by": "lattice", "shown": 2}, simulation(networks)),
    "montage": ({}, lambda: {"classes": classes(), "simulation": patterns()}),
    "novelty": (
        {"array": "u", "neighbour": 1},
        lambda: {"model": [classifier()], "train": train(), "validation": validation(), "simulation": patterns()},
    ),
    "novelty_check": (
        {"neighbour": 1},
        lambda: {"model": [trained("simple_cnn", only_a_and_b)], "train": three(), "validation": three()},
    ),
    "pattern_gallery": ({"array": "u", "by": "class"}, simulation(patterns)),
    "pca": ({"components": 3}, learned),
    "percolation": ({}, simulation(particles)),
    "phase_map": ({"x": "kill", "y": "feed"}, lambda: {"classes": classes(), "simulation": patterns()}),
    "power_spectrum": ({"bins": 4, "cylindrical": True}, simulation(cubes)),
    "prediction_gallery": ({}, lambda: {"model": classifier(), "dataset": pictures()}),
    "receptive_field": ({}, lambda: {"model": [classifier()]}),
    "reconstruction": ({}, lambda: {"model": [trained("autoencoder", copies)], "dataset": copies(), "train": copies()}),
    "regression": ({}, lambda: {"dataset": [numbers()], "model": [trained("slice_cnn", numbers)]}),
    "saliency": ({"samples": 2, "steps": 2}, lambda: {"model": classifier(), "dataset": pictures()}),
    "shallow_baseline": ({"trees": 5, "forests": 1}, lambda: {"train": frames(), "dataset": [frames("test")]}),
    "slice_gallery": ({}, simulation(cubes)),
    "statistics_baseline": ({"kernels": 4}, lambda: {"train": snapshots("train"), "dataset": [snapshots()]}),
    "summary_baseline": ({"trees": 5}, learned),
    "training_history": ({}, lambda: {"model": [classifier()]}),
    "translation_gallery": ({}, model_and_dataset("unet", copies)),
}


@cache
def frames(name: str = "train") -> Examples:
    return toy_examples((10, 10, 2), name=name)


@cache
def three() -> Examples:
    return toy_examples((*SHAPE, 1), classes=("a", "b", "c"), name="three")


@cache
def only_a_and_b() -> Examples:
    return toy_examples((*SHAPE, 1), name="two")


# --- samplers: configuration ----------------------------------------------------------------------------------------------------

SAMPLERS: dict[str, dict[str, Any]] = {
    "boundary": {},
    "level": {"value": 0.7},
    "optimum": {"goal": "target", "target": 0.7},
    "surface": {},
    "uncertain": {},
}

# --- one class of tests for each plugin -----------------------------------------------------------------------------------------

BASES = {
    "simulations": SimulatorContract,
    "datasets": DatasetContract,
    "models": ModelContract,
    "analyses": AnalysisContract,
    "samplers": SamplerContract,
}
TOYS = {"simulations": SIMULATORS, "datasets": DATASETS, "models": MODELS, "analyses": ANALYSES, "samplers": SAMPLERS}


def contract(section: str, plugin: type, toy: Any) -> type:
    members: dict[str, Any] = {"plugin": plugin, "__doc__": None}
    if section == "simulations":
        members["config"] = toy()
    elif section == "samplers":
        members["config"] = toy
    else:
        config, given = toy
        method = "examples" if section == "models" else "inputs"
        members |= {"config": config, method: lambda self: given()}
    return type(f"Test{plugin.__name__}", (BASES[section],), members)


for (section, name), plugin in OFFERS.items():
    if name in TOYS[section]:
        one = contract(section, plugin, TOYS[section][name])
        globals()[f"{one.__name__}"] = one
del one  # pytest would run the last of them twice


@pytest.mark.parametrize("section", TOYS)
def test_every_bundled_plugin_has_a_toy_configuration(section):
    offered = {name for kind, name in OFFERS if kind == section}
    assert offered == set(TOYS[section]), (
        f"give every plugin of '{section}' a toy configuration in {Path(__file__).name}"
    )
