"""A training computes with as many threads as its settings say, whatever the machine has and the environment asks for."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys

import pytest

TRAINING = """\
import hashlib, os, sys
os.sched_setaffinity(0, set(sorted(os.sched_getaffinity(0))[:int(sys.argv[1])]))

from pathlib import Path

from typing import ClassVar
import numpy as np
from labrun import Examples, Model
from labrun.learning.checkpoint import checkpoint_in
from labrun.learning.settings import FitBlock
from labrun.learning.training import train

class Net(Model):
    name: ClassVar[str] = "net"

    def build(self, examples):
        import keras
        x = keras.Input(examples.x.shape)
        h = keras.layers.Conv2D(16, 3, activation="relu")(x)
        h = keras.layers.Conv2D(32, 3, activation="relu")(keras.layers.MaxPooling2D()(h))
        h = keras.layers.Dropout(0.2)(keras.layers.Dense(64, activation="relu")(keras.layers.Flatten()(h)))
        model = keras.Model(x, keras.layers.Dense(1)(h))
        model.compile("adam", "mse")
        return model

x = np.random.default_rng(0).normal(size=(128, 32, 32, 3)).astype(np.float32)
examples = Examples(lambda i: x[i], lambda i: x[i].mean((1, 2, 3)), np.arange(128), name="noise")
folder = Path(sys.argv[2])
folder.mkdir()
fit = FitBlock(train="noise", epochs=1, batch_size=64, threads=int(sys.argv[3]))
train(Net(), fit, examples, None, {}, 1, checkpoint_in(folder), folder, lambda *_: None)
print(hashlib.sha256((folder / "model.weights.h5").read_bytes()).hexdigest())
"""


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="needs sched_setaffinity")
@pytest.mark.skipif(len(getattr(os, "sched_getaffinity", lambda _: [])(0)) < 2, reason="needs two cores")
@pytest.mark.parametrize("backend", ["tensorflow", "jax", "torch"])
def test_the_same_weights_on_one_core_and_on_two(tmp_path, backend):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    (tmp_path / "training.py").write_text(TRAINING)

    def weights(cores: int, threads: int = 2, **environment: str) -> str:
        folder = tmp_path / f"{cores}-{threads}-{len(environment)}"
        command = [sys.executable, str(tmp_path / "training.py"), str(cores), str(folder), str(threads)]
        given = os.environ | {"KERAS_BACKEND": backend} | environment
        done = subprocess.run(command, capture_output=True, text=True, env=given, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    two = weights(2)
    one_thread = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "NPROC"), "1")
    assert weights(1, **one_thread) == two
    if backend == "tensorflow":  # where the number of threads does change the bytes
        assert weights(2, threads=1) != two


def test_a_process_that_has_started_with_another_number_is_refused():
    code = (
        "import tensorflow as tf; tf.config.threading.set_intra_op_parallelism_threads(3); tf.ones(2) + 1\n"
        "from labrun.contracts.threads import fix_threads\n"
        "import keras\n"
        "try:\n    fix_threads(2)\nexcept Exception as error:\n    print(error)\n"
        "fix_threads(3)\n"
    )
    environment = os.environ | {"KERAS_BACKEND": "tensorflow"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    assert done.stdout == (
        "this Python process computes with 3 threads, which tensorflow cannot change once it has started, but fit.threads is 2. Start a "
        "new process (in a notebook: restart the kernel), or set fit.threads to 3\n"
    )
