"""Check cores, memory, threads, and whether figures can be drawn."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path

from labrun.amounts import bytes_in_words
from labrun.contracts.threads import ONE_THREAD
from labrun.doctor.check import Check
from labrun.workers.pool import available_cores

__all__ = ["check_machine"]

LITTLE_MEMORY = 2e9
"""[bytes] TensorFlow alone takes half a gigabyte, and each worker 0.2."""

_CGROUP = Path("/sys/fs/cgroup/memory.max")
"""Memory limit of a container or Slurm job."""


def check_machine() -> Iterator[Check]:
    """Check what this process may use, not what the machine has."""
    cores, installed = available_cores(), os.cpu_count() or 1
    of = f" of {installed} (the others are not available to this process)" if cores < installed else ""
    yield Check("cores", "ok", f"{cores}{of}: the default number of workers")
    yield _check_memory()
    yield _check_threads(cores)
    yield _check_pictures()


def _check_memory() -> Check:
    if not hasattr(os, "sysconf"):
        return Check("memory", "ok", "unknown on this system")
    size = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = _CGROUP.read_text(encoding="ascii").strip() if _CGROUP.exists() else "max"
    most = min(size, int(limit)) if limit.isdigit() else size
    words = f"{bytes_in_words(most)}{', the limit of this job or container' if most < size else ''}"
    if most < LITTLE_MEMORY:
        return Check("memory", "warn", words, "ask for more, or train with a small batch_size and run with --workers 1")
    return Check("memory", "ok", words)


def _check_threads(cores: int) -> Check:
    """Check the thread limits that are set: workers limit themselves to one thread, a training to `fit.threads`."""
    given = {name: os.environ[name] for name in ONE_THREAD if name in os.environ}
    limits = ", ".join(f"{name}={value}" for name, value in given.items())
    wrong = [name for name, value in given.items() if not value.isdigit() or not 1 <= int(value) <= cores]
    if wrong:
        return Check(
            "threads",
            "warn",
            limits,
            f"this process has {cores} cores: unset {' '.join(wrong)}, or set them to 1 to {cores}",
        )
    return Check(
        "threads",
        "ok",
        f"{limits}, except in workers and trainings" if limits else "no limit is set; a training uses fit.threads (2)",
    )


def _check_pictures() -> Check:
    """Draw a figure with text, as analyses do, without a display."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        figure = Figure(figsize=(1, 1))
        figure.text(0.1, 0.5, "λ [Mpc/h]")
        FigureCanvasAgg(figure).print_png(io.BytesIO())  # type: ignore[no-untyped-call]
    except Exception as error:  # fonts, caches, system libraries
        return Check("pictures", "fail", f"Matplotlib cannot draw: {error}", "pip install --force-reinstall matplotlib")
    return Check("pictures", "ok", "Matplotlib draws without a display")
