"""Speed of two workers compared with one, on the same simulation stage.

    python benchmarks/workers.py [--simulator gray_scott] [--members 200] [--rounds 2]

Prints seconds and the ratio. Each run starts with an empty store and includes the time to start the workers.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROJECT = """\
project: workers
simulations:
  members: {{use: {simulator}, sweep: {{grid: {{{parameters}}}, repeats: {members}}}}}
"""
PARAMETERS = {
    "gray_scott": "kill: 0.06, feed: 0.03",  # 128×128 to t = 15,000
    "persistent_exclusion": "density: 0.15, tumbling_rate: 0.0625",  # 128×128, 1,000 snapshots
}


def run(project: Path, workers: int) -> float:
    """Return the seconds of one run on an empty store."""
    with tempfile.TemporaryDirectory() as runs:
        command = [sys.executable, "-m", "labrun", "run", str(project), "--runs", runs, "--workers", str(workers)]
        begun = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return time.perf_counter() - begun


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--members", type=int, default=200)
    parser.add_argument("--simulator", choices=PARAMETERS, default="gray_scott")
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "workers.yaml"
        project.write_text(
            PROJECT.format(
                simulator=options.simulator, parameters=PARAMETERS[options.simulator], members=options.members
            )
        )
        run(project, 1)  # compile the kernel
        seconds = {workers: min(run(project, workers) for _ in range(options.rounds)) for workers in (1, 2)}
    print(
        f"{options.members} members of {options.simulator} ({PARAMETERS[options.simulator]}), best of {options.rounds}"
    )
    print(f"1 worker   {seconds[1]:7.1f} s")
    print(f"2 workers  {seconds[2]:7.1f} s   {seconds[1] / seconds[2]:.2f} times as fast")


if __name__ == "__main__":
    main()
