"""Try compiled kernels and training, each in its own process, since they take seconds to import and may crash."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

from labrun.contracts.keras_settings import keras_backend
from labrun.doctor.check import Check

__all__ = ["Probes"]

SECONDS = 180.0
"""Longer than any backend takes to start, even from a cluster's file system."""

_NVIDIA = Path("/proc/driver/nvidia/version")


class Probes:
    """The two processes: started at once, read at the end, stopped in any case."""

    def __init__(self) -> None:
        self._processes = {name: _start(name) for name in ("kernel", "training")}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes.values():
            process.kill()
            process.communicate()

    def check(self) -> Iterator[Check]:
        """Yield what they found."""
        answer = self._answer("kernel")
        if isinstance(answer, str):
            advice = "set NUMBA_CACHE_DIR to a folder that can be written, or pip install --force-reinstall numba"
            yield Check("kernels", "fail", f"Numba cannot compile: {answer}", advice)
        else:
            yield Check("kernels", "ok", f"Numba {answer['version']}, caches compiled kernels in {answer['cache']}")
        yield from _about_training(self._answer("training"))

    def _answer(self, name: str) -> dict[str, Any] | str:
        """Return what a process printed as JSON, or the reason why it failed."""
        process = self._processes[name]
        try:
            out, err = process.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            return f"no answer after {SECONDS:.0f} s"
        if process.returncode == 0:
            return dict(json.loads(out.splitlines()[-1]))
        lines = [line for line in err.splitlines() if line.strip()]
        died = (
            f"the process was killed by signal {-process.returncode}" if process.returncode < 0 else "no reason given"
        )
        return lines[-1] if lines and process.returncode > 0 else died


def _start(name: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", f"labrun.doctor.{name}_probe"]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True
    )


def _about_training(answer: dict[str, Any] | str) -> Iterator[Check]:
    if isinstance(answer, str):
        backend = keras_backend()
        advice = f"pip install --upgrade keras {backend}, or choose another backend: export KERAS_BACKEND=jax"
        yield Check("training", "fail", f"Keras with {backend} cannot train: {answer}", advice)
        return
    yield Check("training", "ok", f"Keras {answer['keras']} with {answer['backend']}: a training step ran")
    gpus = [device for device in answer["devices"] if not device.startswith("cpu")]
    if gpus:
        yield Check("GPU", "ok", f"the backend sees {', '.join(gpus)}")
    elif _NVIDIA.exists():
        extra = {"tensorflow": "'tensorflow[and-cuda]'", "jax": "'jax[cuda12]'"}.get(
            answer["backend"], answer["backend"]
        )
        yield Check(
            "GPU", "warn", "this machine has one, but the backend does not see it", f"pip install --upgrade {extra}"
        )
    else:
        yield Check("GPU", "ok", "none: training runs on the CPU")
