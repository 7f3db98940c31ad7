"""kill -9 for the driver, a worker or a program at random moments: nothing is lost or different, and nothing is left behind.

`python -m benchmarks.program_kills 200` does so two hundred times.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from tests.waiting import HANG, wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")

PROJECT = """\
project: p
programs: {sh: sh}
simulations:
  s:
    use: program
    with:
      command: [sh, -c, 'sleep 0.03 & sleep 0.02; wait; for i in 1 2 3 4; do echo "$i $1 $2"; done > u.txt', sh, "{m}", "{seed}"]
      outputs: {u: {file: u.txt, dtype: int64}}
    sweep: {grid: {m: {from: 1, to: 60, step: 1}}}
"""


def write(folder: Path) -> Path:
    """Write the project into a folder, beside a folder for temporary files."""
    (folder / "p.yaml").write_text(PROJECT, encoding="utf-8")
    (folder / "temporary").mkdir()
    return folder


def start(folder: Path, runs: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "labrun", "run", "p.yaml", "--runs", runs, "--workers", "2"]
    environment = os.environ | {"TMPDIR": str(folder / "temporary")}
    return subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def digests(folder: Path, runs: str) -> dict[str, str]:
    """The SHA-256 of each file of the finished ensemble; what a killed process was writing has a name of its own."""
    files = sorted((folder / runs / ".store/simulations").glob("*/parts/*"))
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files if file.suffix != ".tmp"}


def processes(folder: Path) -> dict[str, list[int]]:
    """The workers, guards and programs of this folder that live."""
    found: dict[str, list[int]] = {"worker": [], "guard": [], "program": []}
    temporary = str(folder / "temporary")
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes().decode(errors="replace")
            at, place = (entry / "environ").read_bytes().decode(errors="replace"), str((entry / "cwd").readlink())
        except OSError:
            continue
        if place.startswith(temporary):
            found["program"].append(int(entry.name))
        elif "guard.py" in words and temporary in words:
            found["guard"].append(int(entry.name))
        elif "spawn_main" in words and f"TMPDIR={temporary}\0" in at:
            found["worker"].append(int(entry.name))
    return found


def left_behind(folder: Path) -> list[str]:
    """What must not be there after a run: processes, and folders of members."""
    there = [f"{kind} {pid}" for kind, pids in processes(folder).items() for pid in pids]
    roots = (folder / "temporary").glob("labrun-programs-*/*")
    return there + [str(path) for path in roots if path.name.startswith("guard-")]


def kill_at_random(folder: Path, kills: int, seed: int, tell: Callable[[str], None] = lambda _: None) -> Counter[str]:
    """Kill so many times, in as many runs as that takes; compare each finished run with an undisturbed one."""
    chance, hit, number = random.Random(seed), Counter[str](), 0
    assert start(folder, "whole").wait(HANG) == 0
    whole = digests(folder, "whole")
    while hit.total() < kills:
        number += 1
        while (code := _run_disturbed(folder, f"run{number}", chance, hit, kills)) != 0:
            assert code in (1, -signal.SIGKILL), code
            tell(f"{hit.total()} kills: {dict(hit)}")
        assert digests(folder, f"run{number}") == whole
        assert not [*(folder / "temporary").glob("labrun-programs-*/failed/*")]
    return hit


def _run_disturbed(folder: Path, runs: str, chance: random.Random, hit: Counter[str], kills: int) -> int:
    driver = start(folder, runs)
    wait_until(lambda: driver.poll() is not None or processes(folder)["program"], "the start of a program")
    while driver.poll() is None and hit.total() < kills:
        (kind,) = chance.choices(["driver", "worker", "program"], [1, 2, 3])
        time.sleep(chance.uniform(0, 0.5))
        victims = [driver.pid] if kind == "driver" else _await_any(folder, kind, driver)
        with suppress(ProcessLookupError, IndexError):
            os.kill(chance.choice(victims), signal.SIGKILL)
            hit[kind] += 1
    code = driver.wait(HANG)
    wait_until(lambda: not left_behind(folder), f"the end of all that a killed run had started ({left_behind(folder)})")
    return code


def _await_any(folder: Path, kind: str, driver: subprocess.Popen[bytes]) -> list[int]:
    """Wait until there are processes of a kind, or the run has ended."""
    found: list[int] = []

    def there() -> bool:
        found[:] = processes(folder)[kind]
        return bool(found) or driver.poll() is not None

    wait_until(there, f"the start of a {kind}")
    return found


@pytest.mark.slow
def test_a_few_random_moments(tmp_path: Path) -> None:
    hit = kill_at_random(write(tmp_path), 6, seed=1)
    assert hit.total() == 6
    failed = [
        json.loads(path.read_text())["failures"] for path in tmp_path.glob("run*/.store/simulations/*/parts/*.json")
    ]
    assert failed
    assert not any(failed)
