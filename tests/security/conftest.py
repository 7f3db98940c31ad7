"""What the tests of attacks share: files as an attacker writes them, and processes whose memory is bounded."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from tests.waiting import HANG

LIMIT = 2**30
"""Bytes of memory that a process may ask for: what NumPy, h5py and Pillow take by themselves, and some hundred MB more."""


class Detonating:
    """An object whose pickle makes the file `path` when it is loaded."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str, ...]]:
        return os.mkdir, (str(self.path),)


@pytest.fixture
def crater(tmp_path: Path) -> Path:
    """What is there if foreign code has run."""
    return tmp_path / "crater"


@pytest.fixture
def pickled(crater: Path) -> np.ndarray:
    """An array that runs code where it is unpickled."""
    return np.array([Detonating(crater)], dtype=object)


@dataclass(frozen=True)
class Ending:
    """How blocks of code ended in a bounded process: what each printed, or the error that a person is meant to see; `peak` is the most
    memory that the process had [bytes]."""

    told: list[str]
    peak: int


PROCESS = """\
import json, resource, sys, warnings
from pathlib import Path
warnings.simplefilter("error")
import h5py, numpy, pandas, PIL.Image
from labrun.faults import LabrunError
from labrun.workers.memory import peak_memory
limit, *blocks = json.loads(sys.argv[1])
resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
told = []
for block in blocks:
    try:
        exec(block)
        told.append("no error")
    except (ValueError, OSError, LabrunError) as error:
        told.append(f"{type(error).__name__}: {error}")
print(json.dumps([told, peak_memory()]))
"""


@pytest.fixture
def bounded(tmp_path: Path) -> Callable[..., Ending]:
    """Run blocks of Python in the test's folder, in a process of bounded memory. An error that a person is not meant to see, or a death,
    fails the test."""

    def run(*blocks: str, limit: int = LIMIT) -> Ending:
        done = subprocess.run(
            [sys.executable, "-c", PROCESS, json.dumps([limit, *blocks])],
            cwd=tmp_path,
            env=os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            timeout=HANG,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        told, peak = json.loads(done.stdout.splitlines()[-1])
        return Ending(told, peak)

    return run
