"""What a person waits for before anything happens: commands that only look, and the rerun of a finished project.

    python benchmarks/startup.py [--runs runs]

Each is run five times, the best counts; beside it stands the time that Python itself and an import of TensorFlow take. The rerun is that of
projects/gray_scott.yaml; it is left out where --runs holds no finished run of it.
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
    """Seconds of a command."""
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
    options = parser.parse_args()
    labrun = [sys.executable, "-m", "labrun"]
    rows = {
        "python -c pass": ([sys.executable, "-c", "pass"], 5),
        "labrun list-plugins": ([*labrun, "list-plugins"], 5),
        "labrun check projects/gray_scott.yaml": ([*labrun, "check", PROJECT], 5),
        "python -c 'import tensorflow'": ([sys.executable, "-c", "import tensorflow"], 2),
    }
    if (options.runs / "gray_scott" / "report.html").exists():
        rows["labrun projects/gray_scott.yaml, again"] = ([*labrun, PROJECT, "--runs", str(options.runs)], 3)
    for label, (words, rounds) in rows.items():
        print(f"{label:42}{best_of(words, rounds):6.2f} s")


if __name__ == "__main__":
    main()
