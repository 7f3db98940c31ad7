"""Trained models of somebody else: rebuilt by a plugin that is installed here, their weights are numbers."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest

from labrun.contracts.examples import ArraySpec, ExampleSpec
from labrun.files import hdf5
from labrun.registry.local_file import load_file

TESTS = Path(__file__).parents[1]
SPEC = ExampleSpec(ArraySpec((5,), "float32"), ArraySpec((), "int64"), ("low", "high"), False)


@pytest.fixture
def model(write_model, tmp_path, monkeypatch):
    """The folder of a trained network of five numbers, and data for it beside it."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(TESTS / "lab.py", tmp_path)
    np.save(tmp_path / "x.npy", np.ones((3, 5), np.float32))
    return write_model(load_file(TESTS / "lab.py").Line(), SPEC)


@pytest.fixture
def predicted(labrun):
    return lambda *words: labrun("predict", *words, "--plugin", "lab.py")


def test_a_sound_model_answers(model, predicted):
    outcome = predicted("net", "x.npy")
    assert outcome.code == 0, outcome.err
    assert len(outcome.out.splitlines()) == 4


def weights(model):
    path = model / "model.weights.h5"
    path.chmod(0o644)
    return path


def first_array(file):
    names: list[str] = []
    file.visititems(lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None)
    return names[0]


def test_weights_do_not_come_from_other_files(model, predicted, tmp_path):
    """Keras would read the private array, and what the network answers would tell of it."""
    with h5py.File(weights(model), "r+") as file:
        name = first_array(file)
        with h5py.File(tmp_path / "private.h5", "w") as private:
            private["x"] = file[name][()]
        del file[name]
        file[name] = h5py.ExternalLink(str(tmp_path / "private.h5"), "/x")
    outcome = predicted("net", "x.npy")
    assert outcome.code in (1, 2)
    assert "leads to" in outcome.err
    assert "another file, which is not followed" in outcome.err


def test_weights_that_are_swapped_after_the_check(model, predicted, tmp_path, monkeypatch):
    """What was checked is what is loaded: the private array does not reach the network."""
    shutil.copy(weights(model), tmp_path / "theirs.weights.h5")
    with h5py.File(tmp_path / "theirs.weights.h5", "r+") as file:
        name = first_array(file)
        with h5py.File(tmp_path / "private.h5", "w") as private:
            private["x"] = 1000 * np.ones_like(file[name][()])
        del file[name]
        file[name] = h5py.ExternalLink(str(tmp_path / "private.h5"), "/x")
    expected = predicted("net", "x.npy").out
    swapped = []

    def check_and_swap(path):
        checked = open_hdf5(path)
        (tmp_path / "theirs.weights.h5").replace(model / "model.weights.h5")
        swapped.append(path)
        return checked

    open_hdf5 = hdf5.open_hdf5
    monkeypatch.setattr(hdf5, "open_hdf5", check_and_swap)
    assert predicted("net", "x.npy").out == expected
    assert swapped


def test_weights_that_their_file_cannot_hold(model, predicted):
    with h5py.File(weights(model), "r+") as file:
        name = first_array(file)
        del file[name]
        file.create_dataset(name, (10**6, 10**6), "f4", chunks=(1000, 1000))
    outcome = predicted("net", "x.npy")
    assert outcome.code in (1, 2)
    assert "claims 4,000,000,000,000 bytes, but its file has" in outcome.err


@pytest.mark.parametrize("name", ["model.json", "examples.json"])
@pytest.mark.parametrize(
    "text", ["[" * 100_000, "[]", "{}", "\xff", '{"plugin": "line", "version": 1, "config": {"learning_rate": "x"}}']
)
def test_cards_of_somebody_else_may_hold_anything(model, predicted, name, text):
    (model / name).unlink()
    (model / name).write_bytes(text.encode("latin-1"))
    outcome = predicted("net", "x.npy")
    assert outcome.code == 2
    assert f"'net/{name}' is damaged: " in outcome.err


def test_a_card_names_registered_plugins_and_nothing_else(model, predicted, crater):
    card = json.loads((model / "model.json").read_text(encoding="utf-8"))
    (model / "model.json").unlink()
    (model / "model.json").write_text(
        json.dumps(card | {"plugin": "os:mkdir", "config": {"path": str(crater)}}), encoding="utf-8"
    )
    outcome = predicted("net", "x.npy")
    assert outcome.code == 2
    assert "cannot be built without its plugin" in outcome.err
    assert not crater.exists()


def test_a_keras_file_is_not_loaded(model, predicted, crater):
    """`model.keras` lies in a model's folder for its owner. labrun does not read it; Keras refuses code in it unless told otherwise."""
    import keras

    inputs = keras.Input((5,))
    outputs = keras.layers.Lambda(
        lambda x: [x, __import__("os").makedirs("crater", exist_ok=True)][0], output_shape=(5,)
    )(inputs)
    if crater.exists():  # where building it runs it
        crater.rmdir()
    keras.Model(inputs, outputs).save(model / "model.keras")
    assert predicted("net", "x.npy").code == 0
    assert predicted("net/model.keras", "x.npy").code == 2
    with pytest.raises(ValueError, match="safe_mode"):
        keras.saving.load_model(model / "model.keras")
    assert not crater.exists()
