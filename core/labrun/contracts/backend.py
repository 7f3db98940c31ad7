"""Keras, loaded when it is first needed and set up so that a training can be repeated bit for bit."""

from __future__ import annotations

import ctypes
import logging
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from labrun.contracts.keras_settings import keras_backend
from labrun.contracts.threads import start_threads

__all__ = ["keep_freed_memory", "keras_settings_restored", "load_keras", "make_deterministic", "seed_epoch"]

QUIET = "TF_CPP_MIN_LOG_LEVEL"


def load_keras() -> Any:
    """Import and return `keras`.

    TensorFlow reports missing GPU drivers on standard error whatever its settings. This is held back while it starts, and shown only if
    it fails; set `TF_CPP_MIN_LOG_LEVEL` (to 0, say) to see everything. With another backend, TensorFlow is not imported at all.
    """
    if "keras" not in sys.modules:
        if keras_backend() == "tensorflow":
            _load_tensorflow()
        start_threads()
    import keras

    if keras.backend.backend() != "tensorflow":
        _keep_tensorflow_out()
    return keras


def _load_tensorflow() -> None:
    if QUIET not in os.environ:
        os.environ[QUIET] = "2"
        logging.getLogger("tensorflow").setLevel(logging.ERROR)  # it warns of every new shape of a batch
        with _standard_error_held_back():
            import tensorflow

            tensorflow.config.list_physical_devices()  # looks for GPUs, and complains


def _keep_tensorflow_out() -> None:
    """Have Keras treat TensorFlow as not installed: otherwise it would import it, slowly and noisily, to set seeds and save models."""
    from keras.src.utils.module_utils import tensorflow

    tensorflow._available = False


@contextmanager
def _standard_error_held_back() -> Iterator[None]:
    """Hold back what compiled code writes to standard error; show it if the block raises."""
    with tempfile.TemporaryFile() as held:
        sys.stderr.flush()
        stderr = os.dup(2)
        os.dup2(held.fileno(), 2)
        try:
            yield
        except BaseException:
            held.seek(0)
            os.write(stderr, held.read())
            raise
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)


def make_deterministic(seed: int) -> None:
    """Seed Keras, and have TensorFlow add in a fixed order, so that a training can be repeated bit for bit.

    This holds for the same kind of processor and the same number of threads (see `labrun.contracts.threads`).
    """
    keras = load_keras()
    with keras_settings_restored():
        keras.backend.clear_session()
    keras.utils.set_random_seed(seed)
    if keras.backend.backend() == "tensorflow":
        import tensorflow

        tensorflow.config.experimental.enable_op_determinism()


def seed_epoch(seed: int) -> None:
    """Seed the global generators of Python, NumPy and PyTorch, whose states no checkpoint holds: dropout draws from PyTorch's."""
    import random

    import numpy as np

    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 (for plugins that draw from it)
    if keras_backend() == "torch":
        import torch

        torch.manual_seed(seed)


@contextmanager
def keras_settings_restored() -> Iterator[None]:
    """Restore Keras's global settings after the block: a plugin that changes them changes them for its own network only."""
    config = load_keras().config
    floatx, epsilon, data_format, policy = (
        config.floatx(),
        config.epsilon(),
        config.image_data_format(),
        config.dtype_policy(),
    )
    try:
        yield
    finally:
        config.set_floatx(floatx)
        config.set_epsilon(epsilon)
        config.set_image_data_format(data_format)
        config.set_dtype_policy(policy)


M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # of malloc.h


def keep_freed_memory() -> None:
    """Have the C library keep freed memory for the next step of a training.

    Otherwise each step returns its arrays to the system and requests them again, since TensorFlow lowers the threshold when it first reads
    from a Python generator; clearing those pages took 40 % of the CPU time of a small network. TensorFlow does so after the training has
    begun, so call this at the start of every epoch. Only glibc (Linux) has this setting.
    """
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_MMAP_THRESHOLD, 2**30)
        mallopt(M_TRIM_THRESHOLD, 2**31 - 1)
