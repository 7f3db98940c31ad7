"""The projects of the course: FashionMNIST on files that the test writes, and the whole course at toy size."""

from __future__ import annotations

import gzip
import json
import struct
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from labrun.project.load import load

PROJECTS = Path(__file__).parents[2] / "projects"


def write_idx(path: Path, values: np.ndarray) -> None:
    header = struct.pack(f">HBB{values.ndim}I", 0, 8, values.ndim, *values.shape)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(header + values.tobytes()))


@pytest.fixture
def clothes(tmp_path, rng):
    """Images whose class is given by a bright row."""
    for part, count in (("train", 400), ("t10k", 60)):
        labels = (np.arange(count) % 10).astype(np.uint8)
        images = rng.integers(0, 60, (count, 28, 28), np.uint8)
        images[np.arange(count), 2 * labels + 4] = 250
        write_idx(tmp_path / f"projects/fashion_mnist/{part}-images-idx3-ubyte.gz", images)
        write_idx(tmp_path / f"projects/fashion_mnist/{part}-labels-idx1-ubyte.gz", labels)
    return tmp_path


@pytest.mark.slow
def test_fashion_mnist_is_learned_from_its_four_files(clothes, labrun_process):
    outcome = labrun_process("run", PROJECTS / "fashion_mnist.yaml", "--set", "models.cnn.fit.epochs=6")
    assert outcome.code == 0, outcome.out + outcome.err
    run = clothes / "runs" / "fashion_mnist"
    report = pd.read_csv(run / "analyses" / "report" / "report.csv")
    assert {"Sneaker", "Ankle boot"} <= set(report["class"])
    metrics = json.loads((run / "analyses" / "report" / "metrics.json").read_text())
    assert metrics["accuracy test"] > 0.9
    assert "421,642" in (run / "models" / "cnn" / "summary.txt").read_text()


def test_without_the_files_it_says_where_to_put_them(labrun_process):
    outcome = labrun_process("run", PROJECTS / "fashion_mnist.yaml")
    assert outcome.code == 2
    assert "there is no file 'projects/fashion_mnist/train-images-idx3-ubyte.gz'" in outcome.err
    assert "https://github.com/zalandoresearch/fashion-mnist" in outcome.err
    assert "Traceback" not in outcome.err


def test_the_course_has_the_sizes_of_the_course():
    course = load(PROJECTS / "microstructure.yaml")
    pictures = course.stages["simulations.course_pictures"]
    assert pictures.table.size * pictures.plugin.images == 500
    assert (pictures.plugin.shape, pictures.plugin.missing_fraction) == ((50, 50), 0.2)
    for rate in (0.03, 0.1, 0.9):
        model = course.stages[f"models.course[learning_rate={rate}]"]
        assert (model.fit.epochs, model.fit.batch_size, model.plugin.preset) == (5, 1, "course")


SMALL = [
    "simulations.course_pictures.sweep.repeats=1",
    "simulations.pictures.sweep.repeats=1",
    "simulations.test_pictures.sweep.repeats=2",
    *(f"simulations.{name}.with.images=3" for name in ("course_pictures", "pictures", "test_pictures")),
    "models.course.fit.epochs=1",
    "models.gated.fit.epochs=1",
    "models.perceptron.fit.epochs=1",
    "models.perceptron_xor.fit.epochs=1",
    "models.two_layers.fit.epochs=1",
]


@pytest.mark.slow
def test_the_course_made_small_runs_to_its_report(labrun_process, tmp_path, expect_report):
    options = [option for word in SMALL for option in ("--set", word)]
    outcome = labrun_process("run", PROJECTS / "microstructure.yaml", *options, "--workers", 1)
    assert outcome.code == 0, outcome.out + outcome.err
    run = tmp_path / "runs" / "microstructure"
    outcomes = {name: stage["outcome"] for name, stage in json.loads((run / "run.json").read_text())["stages"].items()}
    assert set(outcomes.values()) == {"done"}
    expect_report(run / "report.html", "What can one neuron separate")
