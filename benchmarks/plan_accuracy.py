"""Compare what `labrun plan` estimates with what a run then takes, for five small projects.

    python benchmarks/plan_accuracy.py

Prints the estimate with its range, the measured time and their ratio for each simulation, and in all. (Other stages have no estimate before
they have run once.) Run it on a quiet machine: load changes both times.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

PROJECTS = {
    "gray_scott": """
  s:
    use: gray_scott
    with: {size: 64, duration: 1500, frames: 1}
    sweep: {grid: {feed: {from: 0.02, to: 0.05, count: 5}, kill: {from: 0.055, to: 0.065, count: 4}}}
""",
    "tumbling": """
  s:
    use: persistent_exclusion
    with: {size: 128, snapshots: 20}
    sweep: {grid: {tumbling_rate: [0.01, 0.03, 0.1, 0.3], density: [0.1, 0.2, 0.3, 0.4, 0.5]}}
""",
    "networks": """
  s: {use: mechanical_network, sweep: {grid: {lattice: [kagome, square, triangular]}, repeats: 60}}
""",
    "grains": """
  s: {use: micrograph, sweep: {grid: {grains: [50, 200, 800]}, repeats: 20}}
""",
    "microscopy": """
  s: {use: microscopy, sweep: {grid: {missing_fraction: [0.1, 0.5, 0.9]}, repeats: 20}}
""",
}


def labrun(folder: Path, *words: str) -> str:
    """Run a command in a folder whose caches are empty."""
    environment = os.environ | {"XDG_CACHE_HOME": str(folder / "cache"), "COLUMNS": "200"}
    done = subprocess.run(
        [sys.executable, "-m", "labrun", *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    return done.stdout


def compare(name: str, simulations: str, workers: int) -> tuple[float, float]:
    """Plan and run one project in a folder of its own; print a line, and return the estimated and the measured seconds."""
    from labrun.planning.costs import known_cost, members_left
    from labrun.planning.plan import make_plan
    from labrun.project.load import load

    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        project = folder / f"{name}.yaml"
        project.write_text(f"project: {name}\nsimulations:{simulations}")
        labrun(folder, "plan", project.name, "--workers", str(workers))
        os.environ["XDG_CACHE_HOME"] = str(folder / "cache")
        plan = make_plan(load(project), folder / "runs/.store")
        stage = plan.stages["simulations.s"]
        cost = known_cost(stage)
        if cost is None:
            raise SystemExit(f"{name}: nothing was measured")
        estimate = cost.of_members(members_left(plan, stage), workers)
        labrun(folder, "run", project.name, "--workers", str(workers))
        record = json.loads((folder / f"runs/{name}/run.json").read_text())
        seconds = record["stages"]["simulations.s"]["seconds"]
    ratio = estimate.seconds / seconds
    spread = f"{estimate.low:.1f} to {estimate.high:.1f}"
    print(f"{name:12} {estimate.seconds:8.1f} {spread:>16} {seconds:8.1f} {ratio:7.2f}", flush=True)
    return estimate.seconds, seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=2, help="worker processes")
    parser.add_argument("--only", nargs="*", default=list(PROJECTS), help="projects to compare")
    options = parser.parse_args()
    print(f"{'simulation':12} {'plan [s]':>8} {'range':>16} {'run [s]':>8} {'ratio':>7}")
    found = [compare(name, PROJECTS[name], options.workers) for name in options.only]
    planned, taken = (sum(column) for column in zip(*found, strict=True))
    print(f"{'in all':12} {planned:8.1f} {'':16} {taken:8.1f} {planned / taken:7.2f}")


if __name__ == "__main__":
    main()
