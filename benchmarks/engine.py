"""Overhead of the engine: members that take 1 ms each, and plans of a million members.

    python benchmarks/engine.py [--members 10000] [--workers 2] [--planned 1000000]

The first part runs `--members` members that spin for 1 ms, then twice as many. It prints the overhead per member compared with a bare
`ProcessPoolExecutor` that writes nothing, and the peak memory of the driver. The second part plans a project of `--planned` members, and
runs it when its parts already exist (as empty files), each in a separate process.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import re
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from labrun.engine.simulation import Simulation
from labrun.planning.plan import make_plan
from labrun.project.load import load
from labrun.project.stage import SimulationStage
from labrun.store.parts import write_part

PLUGIN = '''\
import time
from typing import ClassVar

import numpy as np

from labrun import Arrays, Field, Simulator, hookimpl


class Millisecond(Simulator):
    """Compute for 1 ms, and return ten numbers."""

    name: ClassVar[str] = "millisecond"

    x: float = Field(ge=0, lt=1, description="dimensionless, without effect")

    def simulate(self, rng: np.random.Generator) -> Arrays:
        end = time.perf_counter() + 1e-3
        while time.perf_counter() < end:
            pass
        return {"u": rng.random(10)}


@hookimpl
def labrun_simulators() -> list[type[Simulator]]:
    return [Millisecond]
'''
PROJECT = """\
project: milliseconds
plugins: [plugin.py]
simulations:
  members: {{use: millisecond, sweep: {{random: {{count: {members}, columns: {{x: {{from: 0, to: 1}}}}}}}}}}
"""


def write(folder: Path, members: int) -> Path:
    """Write the project into a folder."""
    (folder / "plugin.py").write_text(PLUGIN)
    project = folder / "milliseconds.yaml"
    project.write_text(PROJECT.format(members=members))
    return project


def labrun(project: Path, *words: str) -> float:
    """Return the seconds of a command."""
    begun = time.perf_counter()
    command = [sys.executable, "-m", "labrun", words[0], str(project), *words[1:]]
    subprocess.run(command, check=True, cwd=project.parent, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begun


def bare(count: int) -> None:
    """Spin for `count` milliseconds, in a worker of the bare pool."""
    for _ in range(count):
        end = time.perf_counter() + 1e-3
        while time.perf_counter() < end:
            pass


def overhead(members: int, workers: int) -> None:
    """Run members of 1 ms and print their overhead."""
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        list(pool.map(bare, [1] * workers))  # start the workers
        begun = time.perf_counter()
        list(pool.map(bare, [members // 256 or 1] * min(256, members)))
        unaided = time.perf_counter() - begun
    print(f"{members:,} members of 1 ms, {workers} workers")
    print(f"  bare pool, nothing written  {unaided:6.1f} s")
    for count in (members, 2 * members):
        with tempfile.TemporaryDirectory() as folder:
            project = write(Path(folder), count)
            labrun(project, "run", "--workers", str(workers))
            record = json.loads((Path(folder) / "runs/milliseconds/run.json").read_text())
        seconds = record["stages"]["simulations.members"]["seconds"]
        beyond = (seconds - unaided * count / members) / count
        memory = record["peak_memory_bytes"]["driver"] / 2**20
        print(
            f"  labrun, {count:>8,} members    {seconds:6.1f} s   overhead {1e3 * beyond:.2f} ms per member; driver {memory:.0f} MiB"
        )


def fake_parts(project: Path) -> None:
    """Write all parts without members, each with its receipt."""
    plan = make_plan(load(project), project.parent / "runs/.store")
    (stage,) = (stage for stage in plan.project.stages.values() if isinstance(stage, SimulationStage))
    simulation = Simulation.of(plan, stage)
    for number in range(len(simulation.parts)):
        write_part(simulation.folder, number, [])


def peak_memory(project: Path) -> float:
    """Return the peak memory of `labrun plan` [MiB]."""
    code = (
        "import resource, sys\nfrom labrun.cli import main\n"
        "try:\n    main(sys.argv[1:])\nfinally:\n    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    words = [sys.executable, "-c", code, "plan", str(project), "--no-measure"]
    output = subprocess.run(words, check=True, cwd=project.parent, capture_output=True, text=True).stdout
    return int(re.findall(r"\d+", output)[-1]) / 1024


def planning(members: int) -> None:
    """Plan a large project, run it when its parts exist, and print the times."""
    with tempfile.TemporaryDirectory() as folder:
        project = write(Path(folder), members)
        planned = labrun(project, "plan", "--no-measure")
        fake_parts(project)
        first = labrun(project, "run")
        again = labrun(project, "run")
        print(f"{members:,} members, {len(list(Path(folder).glob('runs/.store/simulations/*/parts/*.h5'))):,} parts")
        print(f"  labrun plan                 {planned:6.1f} s   {peak_memory(project):.0f} MiB")
        print(f"  labrun run, parts exist     {first:6.1f} s")
        print(f"  labrun run, all done        {again:6.1f} s")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--members", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--planned", type=int, default=1_000_000)
    options = parser.parse_args()
    overhead(options.members, options.workers)
    planning(options.planned)


if __name__ == "__main__":
    main()
