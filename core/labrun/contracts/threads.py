"""The number of threads of Keras's backend, and of the libraries that simulations compute with.

That of the backend is fixed, since the last bits of a sum depend on how many threads share it: so a training gives the same bytes whatever
the number of cores. TensorFlow and JAX take their number when they start and keep it for the life of the process; PyTorch can change it.
"""

from __future__ import annotations

import os
import sys

from labrun.contracts.keras_settings import keras_backend
from labrun.faults import LabrunError

__all__ = ["ONE_THREAD", "THREADS", "fix_threads", "start_threads"]

THREADS = 2
"""The number unless a training says otherwise."""

ONE_THREAD = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "NUMBA_NUM_THREADS",
)
"""Environment variables set to 1 before a worker imports NumPy, and for programs: on two cores, two workers of two threads each are slower
than one."""

JAX_VARIABLE = "NPROC"
"""The environment variable from which XLA takes the size of its thread pool on the CPU."""

_wanted = THREADS


def fix_threads(count: int) -> None:
    """Have Keras's backend compute with `count` threads in this process, now or when it is loaded.

    Raises:
        LabrunError: the backend has started with another number.
    """
    global _wanted
    _wanted = count
    if "keras" in sys.modules and (found := start_threads()) != count:
        raise LabrunError(
            f"this Python process computes with {found} threads, which {keras_backend()} cannot change once it has started, but "
            f"fit.threads is {count}. Start a new process (in a notebook: restart the kernel), or set fit.threads to {found}"
        )


def start_threads() -> int:
    """Give the backend its number of threads, before or after Keras is loaded; return the number that it computes with."""
    start = _STARTERS.get(keras_backend())  # with another name, Keras raises
    return start(_wanted) if start else _wanted


def _start_tensorflow(count: int) -> int:
    import tensorflow

    threading = tensorflow.config.threading
    try:
        threading.set_intra_op_parallelism_threads(count)
        threading.set_inter_op_parallelism_threads(count)
    except RuntimeError:  # it has started
        return int(threading.get_intra_op_parallelism_threads() or os.environ.get("TF_NUM_INTRAOP_THREADS", _cores()))
    return count


def _start_jax(count: int) -> int:
    from jax._src.xla_bridge import backends_are_initialized

    if backends_are_initialized():
        return int(os.environ.get(JAX_VARIABLE, _cores()))
    os.environ[JAX_VARIABLE] = str(count)
    return count


def _start_torch(count: int) -> int:
    import torch

    torch.set_num_threads(count)
    return count


_STARTERS = {"tensorflow": _start_tensorflow, "jax": _start_jax, "torch": _start_torch}


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
