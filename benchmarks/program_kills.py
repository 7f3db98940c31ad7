"""Kill the driver, a worker or a program with `kill -9` at random moments of a simulation by programs.

`python -m benchmarks.program_kills 200` kills two hundred times. A killed run is started again until it finishes; all bytes are compared
with those of an undisturbed run. After each run no process and no folder of a member may be left.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from tests.plugins.simulators.labrun_program.test_kills import kill_at_random, write


def main() -> None:
    """Kill and compare."""
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else time.time_ns()
    with tempfile.TemporaryDirectory() as place:
        hit = kill_at_random(write(Path(place)), kills, seed, lambda text: print(text, flush=True))
    print(f"killed {hit.total()} times (seed {seed}): nothing lost or different, no process and no folder left behind")
    for kind, count in hit.most_common():
        print(f"{count:5}  {kind}")


if __name__ == "__main__":
    main()
