"""Processor time that a run spends on its page while it goes on, beside that of the whole run.

    python benchmarks/live_page.py [PROJECT.yaml] [--members 40] [--epochs 40]

Runs a project, by default two patterns of the Gray-Scott model and a network that distinguishes them, and prints how often the page was
written before its end, the processor seconds of writing, those of the run with its workers, and their ratio. `labrun.report.live` keeps
the ratio under 1 %.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import labrun
from labrun.contracts.events import RunStarted
from labrun.report import writer
from labrun.report.live import LivePage

PROJECT = """
project: spots
simulations:
  patterns:
    use: gray_scott
    with: {{size: 64, duration: 3000, frames: 2}}
    sweep:
      table: [{{feed: 0.03, kill: 0.06, class: a}}, {{feed: 0.05, kill: 0.0625, class: b}}]
      columns: [feed, kill]
      labels: [class]
      repeats: {members}
datasets:
  all: {{use: labelled, from: patterns, with: {{x: u, y: class}}, split: {{fractions: {{train: 0.7, validation: 0.3}}}}}}
models:
  net: {{use: pattern_cnn, with: {{preset: compact}}, fit: {{train: all.train, validation: all.validation, epochs: {epochs}}}}}
analyses:
  history: {{use: training_history, from: net}}
"""


class Counted(LivePage):
    """Counts writings and their processor time."""

    writings = 0

    def begin(self, event: RunStarted) -> None:
        MADE.append(self)
        super().begin(event)

    @contextmanager
    def _spending(self) -> Iterator[None]:
        with super()._spending():
            yield
        self.writings += 1


MADE: list[Counted] = []
"""The page of the run."""


def processor_seconds() -> float:
    """Return the processor time of this process and of those that it has waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("project", nargs="?", type=Path)
    parser.add_argument("--members", type=int, default=40, help="simulations of each pattern")
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, patch.object(writer, "LivePage", Counted):
        project = options.project or Path(folder) / "spots.yaml"
        if not options.project:
            project.write_text(PROJECT.format(members=options.members, epochs=options.epochs))
        begun, before = time.perf_counter(), processor_seconds()
        labrun.run(project, workers=options.workers, runs=Path(folder) / "runs", quiet=True)
        seconds, used = time.perf_counter() - begun, processor_seconds() - before
    (page,) = MADE
    print(f"run: {seconds:.1f} s, {used:.1f} s of processor time")
    print(f"page: {page.writings} parts written, {page._spent:.3f} s of processor time")
    print(f"share: {100 * page._spent / used:.2f} %")


if __name__ == "__main__":
    main()
