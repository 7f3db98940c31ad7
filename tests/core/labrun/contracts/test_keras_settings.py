"""Keras's global settings, read without Keras, and as Keras itself reads them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from labrun.contracts.keras_settings import keras_backend, keras_obstacles, keras_settings

DEFAULTS = {
    "backend": "tensorflow",
    "floatx": "float32",
    "epsilon": 1e-7,
    "image_data_format": "channels_last",
    "dtype_policy": "float32",
}


@pytest.fixture
def settings_file(tmp_path, monkeypatch) -> Path:
    """The keras.json of a process in which Keras is not loaded and nothing is set by the environment."""
    for name in ("KERAS_BACKEND", "KERAS_MAX_EPOCHS", "KERAS_MAX_STEPS_PER_EPOCH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.delitem(sys.modules, "keras", raising=False)
    return tmp_path / "keras.json"


@pytest.mark.parametrize("content", [None, "{", "[]", "{}", '{"backend": "tensorflow", "other": 1}'])
def test_defaults(settings_file, content):
    if content is not None:
        settings_file.write_text(content)
    assert keras_settings() == DEFAULTS


def test_file_and_environment(settings_file, monkeypatch):
    changed = {"backend": "jax", "floatx": "float64", "epsilon": 1e-5, "image_data_format": "channels_first"}
    settings_file.write_text(json.dumps(changed))
    assert keras_settings() == changed | {"dtype_policy": "float64"}
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    monkeypatch.setenv("KERAS_MAX_EPOCHS", "3")
    assert keras_backend() == "torch"
    assert keras_settings() == changed | {"backend": "torch", "dtype_policy": "float64", "max_epochs": 3}


def test_what_a_process_has_set_counts(settings_file):
    """Once Keras is loaded, the file may say what it likes."""
    import keras

    settings_file.write_text('{"floatx": "float64"}')
    keras.config.set_epsilon(1e-4)
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        assert keras_settings() == DEFAULTS | {"epsilon": 1e-4, "dtype_policy": "mixed_bfloat16"}
    finally:
        keras.config.set_epsilon(1e-7)
        keras.config.set_dtype_policy("float32")


def test_keras_reads_the_same(tmp_path):
    """The same file and environment, read without Keras and then by Keras."""
    (tmp_path / "keras.json").write_text('{"floatx": "float64", "epsilon": 1e-6, "backend": "jax"}')
    code = (
        "from labrun.contracts.keras_settings import keras_settings; before = keras_settings(); import sys; "
        "assert 'keras' not in sys.modules; from labrun.contracts.backend import load_keras; load_keras(); "
        "import json; print(json.dumps([before, keras_settings()]))"
    )
    environment = os.environ | {
        "KERAS_HOME": str(tmp_path),
        "KERAS_BACKEND": "tensorflow",
        "KERAS_MAX_STEPS_PER_EPOCH": "7",
    }
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    before, after = json.loads(done.stdout)
    assert before == after
    assert before == DEFAULTS | {
        "floatx": "float64",
        "dtype_policy": "float64",
        "epsilon": 1e-6,
        "max_steps_per_epoch": 7,
    }


@pytest.mark.parametrize(
    ("content", "environment", "message"),
    [
        (
            {},
            {"KERAS_BACKEND": "tensorfow"},
            "backend 'tensorfow' (by KERAS_BACKEND), with which it cannot train: did you mean 'tensorflow'?",
        ),
        (
            {"backend": "theano"},
            {},
            "backend 'theano' (by 'FILE'), with which it cannot train (known: jax, tensorflow, torch)",
        ),
        (
            {"image_data_format": "channels_first"},
            {},
            "'channels_first', but images in labrun are (height, width, channels): set it to "
            "'channels_last' (image_data_format in 'FILE')",
        ),
        ({"floatx": "float128"}, {}, "floatx 'float128' by 'FILE': expected 'float16', 'float32' or 'float64'"),
        ({"epsilon": 1}, {}, "epsilon 1 by 'FILE': expected a number such as 1e-7"),
    ],
)
def test_settings_with_which_nothing_can_be_trained(settings_file, monkeypatch, content, environment, message):
    settings_file.write_text(json.dumps(content))
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    (obstacle,) = keras_obstacles()
    assert message.replace("FILE", str(settings_file)) in obstacle


def test_a_backend_that_is_not_installed(settings_file, monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name in ("torch", "tensorflow") else Any)
    assert list(keras_obstacles()) == [
        "Keras is set to the backend 'torch' (by KERAS_BACKEND), which is not installed: pip install torch, or set KERAS_BACKEND=jax, "
        "which is installed"
    ]


def test_nothing_is_wrong_by_default(settings_file):
    assert list(keras_obstacles()) == []
