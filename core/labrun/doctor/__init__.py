"""Check this installation: software, plugins, machine and folder of runs, each with advice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from labrun.doctor.check import Check
from labrun.doctor.learning import Probes
from labrun.doctor.machine import check_machine
from labrun.doctor.software import check_software
from labrun.doctor.storage import check_storage

__all__ = ["Check", "examine"]


def examine(runs: Path) -> Iterator[Check]:
    """Yield all checks, each as soon as it is done. Importing Keras takes longest: it runs beside the others and comes last."""
    with Probes() as probes:
        yield from check_software()
        yield from check_machine()
        yield from check_storage(runs)
        yield from probes.check()
