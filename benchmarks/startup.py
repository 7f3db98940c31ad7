"""Waiting times at the command line: commands that only read, and the rerun of a finished project.

    python benchmarks/startup.py [--runs runs] [--rounds 5]

Prints the best of `--rounds` runs of each command, beside the start of Python itself and an import of TensorFlow. The rerun is that of
projects/gray_scott.yaml, if `--runs` contains a finished run of it.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
PROJECT = str(ROOT / "projects" / "gray_scott.yaml")


def best_of(words: list[str], rounds: int) -> float:
    """Return the seconds of a command, the best of several rounds."""
    seconds = []
    for _ in range(rounds):
        begun = time.perf_counter()
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        seconds.append(time.perf_counter() - begun)
    return min(seconds)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    parser.add_argument("--rounds", type=int, default=5, help="number of rounds; the best counts")
    options = parser.parse_args()
    rounds = options.rounds
    labrun = [sys.executable, "-m", "labrun"]
    rows = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "labrun list-plugins": [*labrun, "list-plugins"],
        "labrun check projects/gray_scott.yaml": [*labrun, "check", PROJECT],
        "python -c 'import tensorflow'": [sys.executable, "-c", "import tensorflow"],
    }
    if (options.runs / "gray_scott" / "report.html").exists():
        rows["labrun projects/gray_scott.yaml, again"] = [*labrun, PROJECT, "--runs", str(options.runs)]
    for label, words in rows.items():
        print(f"{label:42}{best_of(words, rounds):6.2f} s")


if __name__ == "__main__":
    main()
