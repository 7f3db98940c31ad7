"""The probes: what is made of their answers, and of their silence."""

import json
import subprocess
import sys

import pytest

from labrun.doctor import learning
from labrun.doctor.learning import Probes

KERNEL = {"version": "0.61", "cache": "/tmp/cache"}
TRAINING = {"keras": "3.10", "backend": "tensorflow", "devices": ["cpu:0"]}


def printing(answer):
    return f"print({json.dumps(answer)!r})"


SOUND = {"kernel": printing(KERNEL), "training": printing(TRAINING)}


@pytest.fixture
def told(monkeypatch, tmp_path):
    """What is found where the two probes are these programs."""

    def told(**programs):
        def start(name):
            command = [sys.executable, "-c", (SOUND | programs)[name]]
            return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

        monkeypatch.setattr(learning, "_start", start)
        monkeypatch.setattr(learning, "_NVIDIA", tmp_path / "driver")
        with Probes() as probes:
            return {check.name: (check.state, check.found) for check in probes.check()}

    return told


def test_sound(told):
    assert told() == {
        "kernels": ("ok", "Numba 0.61, caches compiled kernels in /tmp/cache"),
        "training": ("ok", "Keras 3.10 with tensorflow: a training step ran"),
        "GPU": ("ok", "none: training runs on the CPU"),
    }


def test_a_gpu_that_the_backend_sees(told):
    answer = TRAINING | {"devices": ["gpu:0", "cpu:0"]}
    assert told(training=printing(answer))["GPU"] == ("ok", "the backend sees gpu:0")


def test_a_gpu_that_it_does_not_see(told, tmp_path):
    (tmp_path / "driver").touch()
    assert told()["GPU"] == ("warn", "this machine has one, but the backend does not see it")


def test_probes_that_fail(told):
    found = told(kernel="raise OSError('no locator')", training="import os; os.abort()")
    assert found == {
        "kernels": ("fail", "Numba cannot compile: OSError: no locator"),
        "training": ("fail", "Keras with tensorflow cannot train: the process was killed by signal 6"),
    }


def test_a_probe_that_never_ends(told, monkeypatch):
    monkeypatch.setattr(learning, "SECONDS", 0.2)
    assert told(training="import time; time.sleep(600)")["training"][1].endswith("cannot train: no answer after 0 s")
