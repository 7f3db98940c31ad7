"""Minutes of training to 95 % on the validation set: our network and training beside the origin's, one after the other on this machine.

    python benchmarks/training.py [--runs runs] [--share 0.95] [--origin-epochs 60]

The patterns are those of projects/gray_scott_paper.yaml (750 to train on, 750 to validate), taken from the store in --runs if they are
there. Times are those between the events of the run, so that they count what a user waits for: reading, augmentation, steps and the
look at the validation set after each epoch.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]

PROJECT = """\
extends: {paper}
project: benchmark_training
models:
  cnn: {{matrix: {{fit.seed: [{seed}]}}}}
  origin_2d: {{fit: {{epochs: {origin_epochs}, seed: {seed}}}}}
"""


def events_of(folder: Path) -> list[dict[str, Any]]:
    """The events of the last run in a run's folder."""
    lines = (folder / "events.jsonl").read_text(encoding="utf-8").splitlines()
    events = [json.loads(line) for line in lines]
    last = max(i for i, event in enumerate(events) if event["event"] == "RunStarted")
    return events[last:]


def minutes_to(share: float, events: list[dict[str, Any]], stage: str) -> tuple[str, str]:
    """When validation first reached a share, and what an epoch took."""
    started = next(e["time"] for e in events if e["event"] == "StageStarted" and e["stage"] == stage)
    epochs = [e for e in events if e["event"] == "StageProgressed" and e["stage"] == stage]
    reached = next((e for e in epochs if e["numbers"]["val_accuracy"] >= share), None)
    each = (epochs[-1]["time"] - epochs[0]["time"]) / (len(epochs) - 1)
    if reached is None:
        best = max(e["numbers"]["val_accuracy"] for e in epochs)
        return (
            f"not in {len(epochs)} epochs ({(epochs[-1]['time'] - started) / 60:.1f} min), best {best:.1%}",
            f"{each:.1f} s",
        )
    return f"{(reached['time'] - started) / 60:6.2f} min, epoch {reached['done']}", f"{each:.1f} s"


def main() -> None:
    """Train both and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    parser.add_argument("--share", type=float, default=0.95)
    parser.add_argument("--origin-epochs", type=int, default=60)
    parser.add_argument("--seed", type=int, default=100, help="another seed trains anew")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=ROOT / "projects") as folder:
        project = Path(folder) / "benchmark.yaml"
        values = vars(options) | {"paper": "../gray_scott_paper.yaml"}
        project.write_text(PROJECT.format(**values), encoding="utf-8")
        command = [sys.executable, "-m", "labrun", "run", str(project), "--runs", str(options.runs)]
        subprocess.run([*command, "--only", "cnn", "--only", "origin_2d"], check=True)
    events = events_of(options.runs / "benchmark_training")
    print(f"\n{'':24}{f'{options.share:.0%} of the validation patterns':38}{'an epoch':>10}")
    for label, stage in (("ours", f"models.cnn[seed={options.seed}]"), ("the origin's", "models.origin_2d")):
        reached, each = minutes_to(options.share, events, stage)
        print(f"{label:24}{reached:38}{each:>10}")


if __name__ == "__main__":
    main()
