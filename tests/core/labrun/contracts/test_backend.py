"""Keras, loaded without the noise of TensorFlow."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from labrun.contracts.backend import _standard_error_held_back


def test_what_is_held_back_is_shown_if_the_block_fails(capfd):
    with _standard_error_held_back():
        os.write(2, b"noise\n")
    assert capfd.readouterr().err == ""
    with pytest.raises(ImportError), _standard_error_held_back():  # noqa: PT012 (it fails half way)
        os.write(2, b"the reason\n")
        raise ImportError
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "the reason\nafter\n"


def test_keras_starts_in_silence():
    code = (
        "from labrun.contracts.backend import load_keras; k = load_keras(); k.ops.convert_to_numpy(k.ops.ones(2) + 1)"
    )
    environment = {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    assert (done.stdout, done.stderr) == ("", "")


def test_a_misspelt_backend_is_refused_by_keras():
    code = "from labrun.contracts.backend import load_keras; load_keras()"
    environment = os.environ | {"KERAS_BACKEND": "tensorfow"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False)
    assert done.stderr.splitlines()[-1] == "ValueError: Unable to import backend : tensorfow"
