"""Compare what `labrun plan` estimates with what a run then takes, for five whole projects.

    python benchmarks/plan_accuracy.py [--size toy|small|full] [--clock wall|processor] [--before] [--only gray_scott …]

Prints the estimate with its range, what the run took and their ratio, for each stage with an estimate and for their sum; then how many
stages lie within a factor of 2. Datasets and analyses have no estimate before one of their kind has run: with `--before` the project first
runs at toy size. On a machine that does other work too, `--clock processor` compares processor seconds of all processes (Linux), which
depend little on the load; estimates are then measured in this process, not in workers.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

from labrun import hookimpl
from labrun.contracts.events import RunStarted, StageFinished

PROJECTS = Path(__file__).resolve().parents[1] / "projects"
REPEATS = "simulations.{}.sweep.repeats={}"
TRAINED = "models.{}.fit.epochs={}"

Sizes = dict[str, tuple[list[str], list[str]]]
"""For toy and small, the values that are set, and the stages that are run with all that they need; all if empty."""

SIZES: dict[str, Sizes] = {
    "gray_scott": {
        size: (
            [
                *(f"simulations.{name}.with.duration={duration}" for name in ("train", "validation", "test")),
                *(REPEATS.format(*one) for one in zip(("train", "validation", "test"), repeats, strict=True)),
                TRAINED.format("cnn", epochs),
            ],
            ["confusion", "history", "calibration", "saliency"],
        )
        for size, duration, repeats, epochs in (("toy", 150, (2, 1, 1), 1), ("small", 2000, (6, 2, 2), 5))
    },
    "tumbling": {
        size: (
            [
                *(f"simulations.{name}.with.snapshots={shots}" for name in ("train", "validation", "test", "between")),
                *(
                    REPEATS.format(*one)
                    for one in zip(("train", "validation", "test", "between"), repeats, strict=True)
                ),
                *(TRAINED.format(name, epochs) for name in ("cnn", "cnn_places")),
            ],
            ["regression", "clusters", "gallery"],
        )
        for size, shots, repeats, epochs in (("toy", 4, (2, 1, 1, 1), 1), ("small", 20, (3, 1, 2, 1), 3))
    },
    "twentyone_cm": {
        size: (
            [
                *(f"simulations.{name}.with.cells={cells}" for name in ("skies", "test_skies")),
                *(REPEATS.format(*one) for one in zip(("skies", "test_skies"), repeats, strict=True)),
                *(TRAINED.format(name, epochs) for name in ("autoencoder", "direct", "with_encoder")),
            ],
            ["models.direct", "models.with_encoder", "confusion"],
        )
        for size, cells, repeats, epochs in (("toy", 64, (2, 2), 1), ("small", 64, (4, 2), 3))
    },
    "mechanical_networks": {
        size: (
            [
                *(
                    REPEATS.format(*one)
                    for one in zip(("train", "validation", "test", "swapped"), repeats, strict=True)
                ),
                *(TRAINED.format(name, epochs) for name in ("unet", "pix2pix")),
                "models.unet.fit.samples.count=2",
            ],
            ["models.unet", "models.pix2pix", "gallery"],
        )
        for size, repeats, epochs in (("toy", (6, 2, 2, 2), 1), ("small", (40, 5, 5, 5), 2))
    },
    "microstructure": {
        size: (
            [
                *(
                    REPEATS.format(*one)
                    for one in zip(("course_pictures", "pictures", "test_pictures"), repeats, strict=True)
                ),
                *(TRAINED.format(name, epochs) for name in ("course", "gated")),
            ],
            [],
        )
        for size, repeats, epochs in (("toy", (1, 1, 1), 1), ("small", (3, 6, 5), 2))
    },
}


def settings(name: str, size: str) -> tuple[list[str], list[str]]:
    """Return what is set and run of a project at a size."""
    return SIZES[name].get(size, ([], []))


# -- in a process of its own, with a cache of its own --


def processor_seconds() -> float:
    """Return the processor time of this process and of all that descend from it."""
    own = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(used.ru_utime + used.ru_stime for used in own) + _of_descendants(os.getpid())


def _of_descendants(process: int) -> float:
    tick, seconds = os.sysconf("SC_CLK_TCK"), 0.0
    for children in Path(f"/proc/{process}/task").glob("*/children"):
        for child in children.read_text().split():
            try:
                numbers = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()
            except OSError:  # it has just ended
                continue
            seconds += sum(map(int, numbers[11:15])) / tick + _of_descendants(int(child))
    return seconds


CLOCKS: dict[str, Callable[[], float]] = {"wall": time.monotonic, "processor": processor_seconds}


class Clock:
    """Reads a clock whenever a stage ends."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.now = now
        self.taken: dict[str, float] = {}
        self._before = 0.0

    @hookimpl
    def labrun_run_started(self, event: RunStarted) -> None:
        self._before = self.now()

    @hookimpl
    def labrun_stage_finished(self, event: StageFinished) -> None:
        now = self.now()
        if event.outcome == "done":
            self.taken[event.stage] = now - self._before
        self._before = now


def run(name: str, size: str, clock: str, workers: int, runs: Path) -> dict[str, float]:
    """Run a project; return what each stage took."""
    import labrun
    from labrun.engine import timekeeper

    if clock == "processor":
        patch.object(timekeeper, "monotonic", processor_seconds).start()
    overrides, only = settings(name, size)
    project = labrun.load(PROJECTS / f"{name}.yaml", set=overrides)
    watching = Clock(CLOCKS[clock])
    project.registry.manager.register(watching)
    labrun.run(project, workers=workers, only=only, runs=runs, quiet=True)
    return watching.taken


def plan(name: str, size: str, clock: str, workers: int, runs: Path) -> dict[str, Any]:
    """Estimate each stage of a project, as `labrun plan` does; the parts of an estimate, or None."""
    from labrun.cli.plan import ENOUGH, measure_unknown
    from labrun.engine import costs, rehearsal
    from labrun.learning import steps
    from labrun.planning.costs import expected_time
    from labrun.planning.experience import Experience
    from labrun.planning.plan import make_plan
    from labrun.project.load import load, stage_ids
    from labrun.store.places import store_of

    if clock == "processor":
        workers = 1  # all seconds count

        def here(what: str, function: Callable[[Any], Any], task: Any) -> Any:
            return function(task)

        for module, attribute, value in (
            (costs, "in_worker", here),
            (costs, "perf_counter", time.process_time),
            (rehearsal, "in_worker", here),
            (steps, "perf_counter", time.process_time),
        ):
            setattr(module, attribute, value)
    overrides, only = settings(name, size)
    project = load(PROJECTS / f"{name}.yaml", overrides)
    made = make_plan(project, store_of(runs), stage_ids(project, only) if only else None)
    experience = Experience(made)
    measure_unknown(made, experience, math.inf if clock == "processor" else ENOUGH)
    found = {planned.id: expected_time(made, planned, workers, experience) for planned in made.stages.values()}
    return {identifier: estimate and vars(estimate) for identifier, estimate in found.items()}


# -- what is printed --


def in_process(step: str, name: str, size: str, options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Do a step in a new process whose cache lies in `folder`."""
    runs = folder / size
    words = [step, name, size, options.clock, str(options.workers), str(runs)]
    environment = os.environ | {"XDG_CACHE_HOME": str(folder / "cache"), "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(
        [sys.executable, __file__, "--step", *words], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def compare(name: str, options: argparse.Namespace) -> list[float]:
    """Print a table for one project; return the ratio of each stage."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        if options.before:
            in_process("run", name, "toy", options, folder)
        begun = time.monotonic()
        planned = in_process("plan", name, options.size, options, folder)
        planning = time.monotonic() - begun
        taken = in_process("run", name, options.size, options, folder)
    known = {stage: estimate for stage, estimate in planned.items() if estimate is not None}
    unknown = sum(seconds for stage, seconds in taken.items() if stage not in known)
    print(f"\n{name}, {options.size}: planned in {planning:.0f} s")
    for stage, estimate in known.items():
        spread = f"{estimate['low']:.1f} to {estimate['high']:.1f}"
        ratio = estimate["seconds"] / taken[stage]
        print(f"{stage:40} {estimate['seconds']:8.1f} {spread:>16} {taken[stage]:8.1f} {ratio:7.2f}")
    total, took = sum(estimate["seconds"] for estimate in known.values()), sum(taken[stage] for stage in known)
    print(f"{'in all':40} {total:8.1f} {'':16} {took:8.1f} {total / took:7.2f}")
    print(f"{'stages without an estimate':40} {'':8} {'':16} {unknown:8.1f}", flush=True)
    return [estimate["seconds"] / taken[stage] for stage, estimate in known.items()]


def main() -> None:
    if sys.argv[1:2] == ["--step"]:
        step, name, size, clock, workers, runs = sys.argv[2:]
        found = {"plan": plan, "run": run}[step](name, size, clock, int(workers), Path(runs))
        print(json.dumps(found))
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=2, help="worker processes")
    parser.add_argument("--size", choices=["toy", "small", "full"], default="full")
    parser.add_argument("--clock", choices=list(CLOCKS), default="wall")
    parser.add_argument("--before", action="store_true", help="run each project at toy size first")
    parser.add_argument("--only", nargs="*", default=list(SIZES), help="projects to compare")
    options = parser.parse_args()
    print(f"{f'{options.clock} seconds':40} {'plan':>8} {'range':>16} {'run':>8} {'ratio':>7}")
    ratios = [ratio for name in options.only for ratio in compare(name, options)]
    within = sum(1 / 2 <= ratio <= 2 for ratio in ratios)
    print(f"\nwithin a factor of 2: {within} of {len(ratios)} stages")


if __name__ == "__main__":
    main()
