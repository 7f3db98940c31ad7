"""Trained models as folders: how they are found, what is checked before anything is built, what the key of a stage holds."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import pytest

from labrun import ArraySpec, Examples, ExampleSpec, Model, hookimpl
from labrun.faults import LabrunError
from labrun.learning.pretrained import FILES, content_of, find_pretrained, load_trained, plugin_of, read_card
from labrun.planning.plan import make_plan
from labrun.project.load import load
from labrun.registry.registry import Offer, Registry

SPEC = ExampleSpec(ArraySpec((6,), "float32"), ArraySpec((), "int64"), ("high", "low"))


class Slope(Model):
    """A dense layer of chosen width, and one more."""

    name: ClassVar[str] = "slope"

    widths: tuple[int, ...] = (3,)

    def build(self, examples):
        import keras

        x = inputs = keras.Input(examples.x.shape, name="x")
        for number, width in enumerate(self.widths):
            x = keras.layers.Dense(width, activation="tanh", name=f"hidden{number}")(x)
        return keras.Model(inputs, keras.layers.Dense(len(examples.classes), name="logits")(x))


OFFER = Offer("models", Slope, "lab", "1.0")


@pytest.fixture
def folder(write_model) -> Path:
    return write_model(Slope(widths=(4, 2)), SPEC)


def change(path: Path, **values: object) -> None:
    """Change a JSON file; None removes a key."""
    record = json.loads(path.read_text()) | values
    path.write_text(json.dumps({key: value for key, value in record.items() if value is not None}))


# -- what is read ----


def test_a_model_comes_back_as_it_was_configured(folder):
    model = load_trained(folder, OFFER)
    assert (model.plugin, model.name, model.spec) == (Slope(widths=(4, 2)), "net", SPEC)


def test_the_weights_are_those_of_the_file(folder):
    """The layers by hand, from the arrays of the HDF5 file."""
    import h5py

    x = np.linspace(-1, 1, 18, dtype=np.float32).reshape(3, 6)
    expected = x
    with h5py.File(folder / "model.weights.h5") as file:
        for name in ("hidden0", "hidden1", "logits"):
            weights, bias = (file[f"layers/{layer_group(file, name)}/vars/{i}"][...] for i in (0, 1))
            expected = expected @ weights + bias
            expected = np.tanh(expected) if name != "logits" else expected
    found = load_trained(folder, OFFER).logits(Examples.inputs_only(lambda i: x[i], 3))
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def layer_group(file, name):
    """Where Keras keeps the weights of a layer: under the name of its class and a number."""
    return next(key for key, group in file["layers"].items() if group["vars"].attrs["name"] == name)


def test_a_model_in_the_folder_where_one_stands_has_a_name(folder, monkeypatch):
    monkeypatch.chdir(folder)
    assert load_trained(Path(), OFFER).name == "net"


def test_pattern_cnn_with_a_preset_and_a_value_beside_it(write_model):
    from labrun_pattern_cnn import PatternCNN

    plugin = PatternCNN(
        preset="compact", dense=8, blocks=[{"filters": 2, "stride": 2, "pool": [2, 2, 1]}], frames="time"
    )
    spec = ExampleSpec(ArraySpec((16, 24, 3), "float32"), ArraySpec((), "int64"), ("flat", "rough"), True)
    folder = write_model(plugin, spec)
    assert load_trained(folder, Registry.installed().find("models", "pattern_cnn")).plugin == plugin


# -- what is refused, before anything is built ----


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file(folder, name):
    (folder / name).unlink()
    with pytest.raises(
        LabrunError,
        match=f"net' does not contain a trained model: {name} is missing. Give the folder of a model in a run",
    ):
        load_trained(folder, OFFER)


def test_several_missing_files(tmp_path):
    with pytest.raises(LabrunError, match=r"model.json, examples.json, model.weights.h5, history.csv are missing"):
        read_card(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"[]",
        b"5",
        b'"slope"',
        b"\xff\xfe",
        b"{}",
        b'{"plugin": "slope", "version": "1", "config": {}, "inputs": []}',
        b'{"plugin": 5, "version": 1, "config": {}, "inputs": []}',
        b'{"plugin": "slope", "version": 1, "config": [], "inputs": []}',
        b'{"plugin": "slope", "version": 1, "config": {}, "inputs": 5}',
    ],
)
def test_a_damaged_card(folder, text):
    (folder / "model.json").write_bytes(text)
    with pytest.raises(
        LabrunError, match=r"model.json' is damaged: it must name a plugin, its version and its configuration"
    ):
        load_trained(folder, OFFER)


def test_a_configuration_that_the_plugin_refuses(folder):
    change(folder / "model.json", config={"widths": ["wide"]})
    with pytest.raises(LabrunError, match=r"model.json' is damaged: widths.0: Input should be a valid integer"):
        load_trained(folder, OFFER)
    change(folder / "model.json", config={"width": 3})
    with pytest.raises(LabrunError, match=r"model.json' is damaged: width: Extra inputs are not permitted"):
        load_trained(folder, OFFER)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"x": 5, "y": 5, "classes": null, "periodic": false}', '{"x": {"a": 1}}']
)
def test_damaged_examples(folder, text):
    (folder / "examples.json").write_text(text)
    with pytest.raises(LabrunError, match=r"examples.json' is damaged: it must give the shapes and classes"):
        load_trained(folder, OFFER)


def test_another_version_of_the_plugin(folder):
    change(folder / "model.json", version=3)
    with pytest.raises(
        LabrunError, match="trained with version 3 of 'slope', but version 1 is installed, whose networks may differ"
    ):
        load_trained(folder, OFFER)


def test_another_plugin(folder):
    change(folder / "model.json", plugin="curve")
    with pytest.raises(LabrunError, match="is a 'curve', not a 'slope'"):
        load_trained(folder, OFFER)


def test_a_model_that_was_built_with_other_stages(write_model):
    folder = write_model(Slope(), SPEC, inputs={"encoder": None, "codebook": None})
    with pytest.raises(
        LabrunError, match=r"built from other stages of its project \(codebook, encoder\): use it in that project"
    ):
        load_trained(folder, OFFER)


# -- what shows when the network is built ----


@pytest.mark.parametrize(
    "damage", ["truncated", "empty", "no HDF5", "of another network", "of a shallower one", "a hole"]
)
def test_damaged_weights(folder, write_model, damage):
    weights = folder / "model.weights.h5"
    match damage:
        case "truncated":
            weights.write_bytes(weights.read_bytes()[:-200])
        case "empty":
            weights.write_bytes(b"")
        case "no HDF5":
            weights.write_text("not at all")
        case "of another network":
            weights.write_bytes((write_model(Slope(widths=(5, 2)), SPEC, "wide") / weights.name).read_bytes())
        case "of a shallower one":  # layers would stay as they were initialized
            weights.write_bytes((write_model(Slope(widths=(4,)), SPEC, "shallow") / weights.name).read_bytes())
        case "a hole":
            import h5py

            with h5py.File(weights, "a") as file:
                del file[f"layers/{layer_group(file, 'logits')}/vars/0"]
    model = load_trained(folder, OFFER)
    with pytest.raises(
        LabrunError,
        match=r"the weights in '.*model.weights.h5' are damaged, or do not belong to the 'slope' network of",
    ) as caught:
        _ = model.network
    assert "\n" not in str(caught.value)


# -- what is found ----


def test_a_name_a_folder_and_neither(tmp_path, folder):
    shipped = {"gray": tmp_path / "elsewhere", "cahn": tmp_path / "other"}
    assert find_pretrained("gray", shipped, tmp_path) == tmp_path / "elsewhere"
    assert find_pretrained("net", shipped, tmp_path) == folder
    assert find_pretrained(str(folder), shipped, Path("anywhere")) == folder
    (tmp_path / "gray").mkdir()  # a folder that is called as one that comes with a plugin
    assert find_pretrained("./gray", shipped, tmp_path) == tmp_path / "gray"
    with pytest.raises(
        LabrunError,
        match="no trained model 'grey': neither a folder nor a model that a plugin ships: did you mean 'gray'",
    ):
        find_pretrained("grey", shipped, tmp_path)
    with pytest.raises(LabrunError, match=r"no trained model 'xyz': .* ships \(known: cahn, gray\)"):
        find_pretrained("xyz", shipped, tmp_path)
    with pytest.raises(LabrunError, match=r"nor a model that a plugin ships$"):
        find_pretrained("grey", {}, tmp_path)


@pytest.mark.parametrize("text", ["a" * 5000, "nul\0nul", "model.json"])
def test_what_is_no_folder(folder, text):
    with pytest.raises(LabrunError, match="there is no trained model"):
        find_pretrained(text, {}, folder)


def registry_of(*plugins: type[Model]) -> Registry:
    registry = Registry()
    for i, plugin in enumerate(plugins):
        registry.add(SimpleNamespace(labrun_models=hookimpl(lambda plugin=plugin: [plugin])), f"lab{i}")
    assert registry.broken == []
    return registry


def test_models_that_plugins_ship():
    class Curve(Slope):
        name: ClassVar[str] = "curve"
        pretrained: ClassVar[dict[str, Path]] = {"gray": Path("c/gray"), "heat": Path("c/heat")}

    class Bend(Slope):
        name: ClassVar[str] = "bend"
        pretrained: ClassVar[dict[str, Path]] = {"gray": Path("b/gray")}

    assert registry_of(Slope).pretrained() == {}
    assert registry_of(Slope, Curve).pretrained() == {"gray": Path("c/gray"), "heat": Path("c/heat")}
    both = registry_of(Curve, Bend).pretrained()
    assert both == {"curve:gray": Path("c/gray"), "heat": Path("c/heat"), "bend:gray": Path("b/gray")}


def test_the_plugin_of_a_model(folder):
    assert plugin_of(folder, registry_of(Slope)).plugin is Slope
    with pytest.raises(
        LabrunError, match=r"cannot be built without its plugin .*--plugin FILE\): there is no model 'slope'$"
    ):
        plugin_of(folder, Registry())
    with pytest.raises(
        LabrunError, match="2 distributions offer the model 'slope': write 'lab0:slope' or 'lab1:slope'"
    ):
        plugin_of(folder, registry_of(Slope, Slope))


# -- the key ----

PROJECT = """\
project: use
plugins: [lab.py]
models:
  a: {use: line, pretrained: net}
"""


@pytest.fixture
def line_folder(write_project, write_model) -> Path:
    registry = Registry()
    write_project(PROJECT)
    registry.add_file(Path("lab.py"))
    return write_model(registry.find("models", "line").plugin(), SPEC)


def key_of(text: str, write_project) -> str:
    return make_plan(load(write_project(text)), Path("store")).stages["models.a"].key


def test_the_key_follows_what_is_in_the_folder_not_where_it_lies(line_folder, write_project):
    before = key_of(PROJECT, write_project)
    shutil.copytree(line_folder, "elsewhere")
    assert key_of(PROJECT.replace("net", "elsewhere"), write_project) == before
    (line_folder / "note.txt").write_text("mine")
    assert key_of(PROJECT, write_project) == before


@pytest.mark.parametrize("name", ["examples.json", "model.weights.h5", "history.csv"])
def test_the_key_changes_with_every_file_that_is_taken_over(line_folder, write_project, name):
    before = key_of(PROJECT, write_project)
    content = content_of(line_folder)
    with (line_folder / name).open("ab") as file:
        file.write(b"\n")
    assert {key for key, value in content_of(line_folder).items() if value != content[key]} == {name}
    assert key_of(PROJECT, write_project) != before


def test_two_distributions_that_offer_the_plugin_are_settled_by_use(line_folder, write_project):
    shutil.copy("lab.py", "lab2.py")
    text = PROJECT.replace("[lab.py]", "[lab.py, lab2.py]").replace("use: line", "use: lab2.py:line")
    stage = load(write_project(text)).stages["models.a"]
    assert stage.offer.distribution == "lab2.py"
    assert isinstance(stage.plugin, stage.offer.plugin)
