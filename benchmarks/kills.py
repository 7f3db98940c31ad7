"""Kill the driver or a worker with `kill -9` at random moments, in all kinds of stages, `export` and `gc`.

`python -m benchmarks.kills 200` kills at least two hundred times. A run is killed once or twice in each kind of stage, and started again
each time until it finishes. Then all bytes are compared with those of an undisturbed run, `labrun verify` reads the store, an export is
killed, and `labrun gc --delete` is killed as it removes what no run needs. The next `gc` must find all that is left, and nothing else.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from tests.core.labrun.engine.test_kill import finish, kill_at_random, write


def main() -> None:
    """Kill and compare."""
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else time.time_ns()
    with tempfile.TemporaryDirectory() as place:
        folder = write(Path(place))
        finish(folder, "whole")
        hit = kill_at_random(folder, kills, seed, lambda text: print(text, flush=True))
    print(f"killed {hit.total()} times (seed {seed}), 0 results lost or wrong; killed during:")
    for kind, count in hit.most_common():
        print(f"{count:5}  {kind}")


if __name__ == "__main__":
    main()
