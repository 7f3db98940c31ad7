"""Unit costs of a large run, extrapolated to a run that is larger than this machine.

    python benchmarks/scaling.py [--members 10000000] [--nodes 1000] [--cores 64]

Measures the costs per member and per part (planning, tasks, files, messages of a Dask scheduler) on a sweep of `--measured` members with
two columns, and prints them beside the totals for `--members` members on `--nodes` nodes. `docs/scaling.md` explains the figures.
"""

from __future__ import annotations

import argparse
import pickle
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from labrun.engine.simulation import Simulation
from labrun.planning.plan import Plan, make_plan
from labrun.project.load import load
from labrun.project.stage import SimulationStage
from labrun.store.parts import cut, read_receipt, write_part
from labrun.store.store import Store

PROJECT = """\
project: scaling
simulations:
  members:
    use: gray_scott
    sweep: {{random: {{count: {members}, columns: {{feed: {{from: 0.01, to: 0.1}}, kill: {{from: 0.03, to: 0.07}}}}}}}}
"""


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Return the seconds of the work, and its result."""
    begun = time.perf_counter()
    made = work()
    return time.perf_counter() - begun, made


def memory_now() -> int:
    """Return the memory of this process [bytes]."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def planning(folder: Path, members: int) -> tuple[float, float, Plan]:
    """Return seconds and bytes per member, and the plan."""

    def plan(count: int) -> Plan:
        (folder / "scaling.yaml").write_text(PROJECT.format(members=count))
        return make_plan(load(folder / "scaling.yaml"), folder / "store")

    plan(10)  # imports
    before = memory_now()
    seconds, made = timed(lambda: plan(members))
    return seconds / members, (memory_now() - before) / members, made


def part_files(folder: Path, parts: int = 300) -> tuple[float, int]:
    """Return the seconds to check a part in a folder of many, and the bytes of its receipt."""
    for number in range(parts):
        write_part(folder, number, [])
    seconds, _ = timed(lambda: [read_receipt(folder, number) for number in range(parts)])
    return seconds / parts, (folder / "000000.json").stat().st_size


def manifest_bytes(folder: Path, parts: int = 300) -> float:
    """Return the bytes of the manifest per part."""
    Store(folder.parent).seal(folder, "simulations", "0" * 64, "simulations.members", {}, 0.0, failed=[], failures=[])
    return (folder / "manifest.json").stat().st_size / parts


def scheduler(task: Any, tasks: int) -> float:
    """Return the seconds of a Dask scheduler per task that does nothing."""
    from distributed import Client, LocalCluster, wait

    with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster) as client:
        wait([client.submit(len, b"", pure=False)])
        seconds, _ = timed(lambda: wait([client.submit(_nothing, task, pure=False) for _ in range(tasks)]))
    return seconds / tasks


def _nothing(task: Any) -> None:
    """Do nothing, in the worker."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--members", type=int, default=10_000_000)
    parser.add_argument("--nodes", type=int, default=1000)
    parser.add_argument("--cores", type=int, default=64, help="worker processes per node")
    parser.add_argument("--measured", type=int, default=200_000, help="members that are planned here")
    parser.add_argument("--tasks", type=int, default=2000, help="tasks for the Dask scheduler here")
    options = parser.parse_args()
    members, workers = options.members, options.nodes * options.cores
    parts = len(cut(members))
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        a_plan, memory, plan = planning(folder, options.measured)
        (stage,) = (stage for stage in plan.project.stages.values() if isinstance(stage, SimulationStage))
        simulation = Simulation.of(plan, stage)
        simulation.task(2)  # divides the sweep
        making, task = timed(lambda: simulation.task(3))
        message = len(pickle.dumps(task))
        a_member = message / len(task.members)
        look, receipt = part_files(folder / "key" / "parts")
        manifest = manifest_bytes(folder / "key")
    a_task = scheduler(b"x" * message, options.tasks)
    in_part = members / parts
    rows = [
        ("planning", f"{1e6 * a_plan:.1f} µs per member", f"{a_plan * members:.0f} s"),
        ("memory of the driver", f"{memory:.0f} bytes per member", f"{memory * members / 1e9:.1f} GB"),
        ("parts", f"{in_part:.0f} members each", f"{parts:,} parts, {2 * parts:,} files in one folder"),
        ("tasks to the scheduler", f"{a_member:.0f} bytes per member", f"{a_member * members / 1e6:.0f} MB in all"),
        ("tasks sent at a time", "2 per worker", f"{min(parts, 2 * workers):,} tasks"),
        ("making a task", f"{1e3 * making:.1f} ms", f"{making * parts:.0f} s of the driver"),
        ("scheduling a task", f"{1e3 * a_task:.2f} ms", f"{a_task * parts:.0f} s of the scheduler"),
        ("receipts", f"{receipt} bytes each", f"{receipt * parts / 1e6:.1f} MB"),
        ("manifest", f"{manifest:.0f} bytes per part", f"{manifest * parts / 1e6:.1f} MB"),
        ("checking a part again", f"{1e6 * look:.0f} µs", f"{look * parts:.1f} s"),
    ]
    print(
        f"measured with {options.measured:,} members; totals for {members:,} on {options.nodes:,} nodes of {options.cores} workers"
    )
    for name, unit, total in rows:
        print(f"  {name:<24}{unit:<24}{total}")
    print(f"  at most {min(workers, parts):,} of {workers:,} workers have a part at a time")


if __name__ == "__main__":
    main()
