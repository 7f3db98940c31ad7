"""Keras, loaded where it is first needed, without the noise that TensorFlow makes as it starts."""

from __future__ import annotations

import ctypes
import json
import logging
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

__all__ = ["keep_freed_memory", "keras_backend", "load_keras", "make_deterministic"]

QUIET = "TF_CPP_MIN_LOG_LEVEL"


def load_keras() -> Any:
    """Import and return `keras`.

    TensorFlow tells of missing GPU drivers on standard error whatever it is asked, so that is held back while it
    starts, and shown after all if it fails. Set `TF_CPP_MIN_LOG_LEVEL` (to 0, say) to see everything.
    """
    if "keras" not in sys.modules and QUIET not in os.environ:
        os.environ[QUIET] = "2"
        logging.getLogger("tensorflow").setLevel(logging.ERROR)  # it warns of every new shape of a batch
        with _standard_error_held_back():
            import keras

            if keras.backend.backend() == "tensorflow":
                import tensorflow

                tensorflow.config.list_physical_devices()  # looks for GPUs, and complains
    import keras

    return keras


def keras_backend() -> str:
    """The backend that Keras will use, found without importing it."""
    if name := os.environ.get("KERAS_BACKEND"):
        return name
    file = Path(os.environ.get("KERAS_HOME", Path.home() / ".keras")) / "keras.json"
    try:
        return str(json.loads(file.read_text(encoding="utf-8")).get("backend", "tensorflow"))
    except (OSError, ValueError, AttributeError):  # no such file, no JSON, no mapping
        return "tensorflow"


@contextmanager
def _standard_error_held_back() -> Iterator[None]:
    """Hold back what compiled code writes to standard error; it is shown if the block raises."""
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
    """Seed Keras, and have TensorFlow compute every sum in the same order, so that a training can be repeated bit by
    bit (on the same machine: another number of threads adds in another order)."""
    keras = load_keras()
    keras.backend.clear_session()
    keras.utils.set_random_seed(seed)
    if keras.backend.backend() == "tensorflow":
        import tensorflow

        tensorflow.config.experimental.enable_op_determinism()


M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # of malloc.h


def keep_freed_memory() -> None:
    """Have the C library keep freed memory for the next step of a training.

    Otherwise each step gives its arrays back to the system and asks for them anew, since TensorFlow lowers the threshold
    when it first reads from a Python generator; clearing those pages took 40 % of the CPU time of a small network. It
    does so after the training has begun, so this is called at the start of every epoch. Only glibc (Linux) has it.
    """
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_MMAP_THRESHOLD, 2**30)
        mallopt(M_TRIM_THRESHOLD, 2**31 - 1)
