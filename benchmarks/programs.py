"""What labrun adds to a program: time a member, beside `posix_spawn` of the same program, which somebody has to pay anyway.

`python -m benchmarks.programs [MEMBERS]`. The program is a C program that writes 64×64 int8 and prints a line; a member has a template, an
array from a binary file and a number from what is printed. Medians of interleaved runs, so that a busy machine slows both.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from labrun.contracts.surroundings import Startable, Surroundings
from labrun.engine.members import simulate_member
from labrun.files.digests import sha256_of
from labrun_program import Program

SOURCE = r"""
#include <stdio.h>
#include <stdlib.h>
int main(int argc, char **argv) {
    static signed char spins[64 * 64];
    unsigned state = atoi(argv[1]);
    for (int i = 0; i < 64 * 64; i++) { state = state * 1664525u + 1013904223u; spins[i] = (state >> 30) & 1 ? 1 : -1; }
    FILE *out = fopen("spins.bin", "wb");
    fwrite(spins, 1, sizeof spins, out);
    printf("energy per site = %g\n", (double)spins[0]);
    return fclose(out);
}
"""
LIMIT = 5e-3
"""Seconds that a member may take beyond the process itself."""


def main(members: int) -> int:
    """Print the medians, and return an exit status: 1 if the difference is above the limit."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "sim.c").write_text(SOURCE, encoding="utf-8")
        subprocess.run(["gcc", "-O2", "-o", folder / "sim", folder / "sim.c"], check=True)
        (folder / "run.j2").write_text("&run temperature = {{ temperature }} /\n", encoding="utf-8")
        startable = {"sim": Startable(folder / "sim", sha256_of(folder / "sim"), "")}
        fixed = Program.completed(_configuration(), Surroundings(folder, startable))
        spawned, simulated = [], []
        os.chdir(folder)
        for member in range(members + 20):
            spawned.append(_timed(lambda: _spawn(folder)))
            simulated.append(_timed(lambda i=member: _simulate(fixed, i)))
    alone, whole = spawned[20:], simulated[20:]  # the first ones import and start the guard
    beyond = [b - a for a, b in zip(alone, whole, strict=True)]
    print(
        f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; tenth, median and ninetieth of {members} [ms]"
    )
    for what, times in {"posix_spawn": alone, "a member": whole, "beyond posix_spawn": beyond}.items():
        tenths = statistics.quantiles(times, n=10)
        print(f"{what:20}" + "".join(f"{1e3 * tenths[i]:8.2f}" for i in (0, 4, 8)))
    return int(statistics.median(beyond) > LIMIT)


def _configuration() -> dict[str, Any]:
    return {
        "command": ["sim", "{seed}"],
        "files": {"run.nml": "run.j2"},
        "outputs": {
            "spins": {"file": "spins.bin", "dtype": "int8", "shape": ["size", "size"]},
            "energy": {"stdout": True, "pattern": "energy per site = (.*)"},
        },
        "size": 64,
    }


def _timed(work: Any) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def _spawn(folder: Path) -> None:
    sim = str(folder / "sim")
    silent = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    pid = os.posix_spawn(sim, [sim, "7"], {}, file_actions=silent)
    os.waitpid(pid, 0)


def _simulate(fixed: dict[str, Any], member: int) -> None:
    program = Program.configured(fixed | {"temperature": 2 + member / 1000})
    simulate_member(program, np.random.default_rng(member))


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 500))
