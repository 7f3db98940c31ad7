"""Settings with which models cannot be trained are reported before anything runs, and only if there are models."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

TWO_NETS = "  other: {use: line, fit: {train: waves.train, epochs: 1, threads: 3}}\n\nanalyses:"


@pytest.fixture
def keras_json(tmp_path, monkeypatch) -> Path:
    """The settings file of a process in which Keras is not loaded."""
    monkeypatch.delitem(sys.modules, "keras", raising=False)
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    return tmp_path / "keras.json"


@pytest.mark.parametrize("command", ["check", "plan", "run"])
@pytest.mark.usefixtures("keras_json")
def test_a_misspelt_backend(write_project, labrun, monkeypatch, command):
    monkeypatch.setenv("KERAS_BACKEND", "tensorfow")
    outcome = labrun(command, write_project())
    assert (outcome.code, outcome.err) == (
        2,
        "Keras is set to the backend 'tensorfow' (by KERAS_BACKEND), with which it cannot train: did you mean 'tensorflow'?\n",
    )
    assert not Path("runs").exists()


@pytest.mark.parametrize("command", ["check", "run"])
def test_channels_first(write_project, labrun, keras_json, command):
    keras_json.write_text('{"image_data_format": "channels_first", "epsilon": 1e-7}')
    outcome = labrun(command, write_project())
    assert (outcome.code, outcome.err) == (
        2,
        "Keras is set to the image_data_format 'channels_first', but images in labrun are (height, width, channels): set it to "
        f"'channels_last' (image_data_format in '{keras_json}')\n",
    )


@pytest.mark.usefixtures("keras_json")
def test_without_models_nothing_is_checked(write_project, waves, labrun, monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "tensorfow")
    path = write_project(waves)
    assert labrun("run", path, "--only", "simulations.train", "--workers", 1).code == 0
    path = write_project(waves.partition("models:")[0])
    assert labrun("check", path).code == 0


@pytest.mark.usefixtures("keras_json")
def test_two_numbers_of_threads(write_project, waves, labrun, monkeypatch):
    path = write_project(waves.replace("\nanalyses:", TWO_NETS))
    outcome = labrun("check", path)
    assert (outcome.code, outcome.err) == (
        2,
        "with tensorflow, fit.threads must be the same for all models of a project: found 2 (models.net), 3 (models.other)\n",
    )
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    monkeypatch.setattr("importlib.util.find_spec", lambda _: object())
    assert labrun("check", path).code == 0
