"""Compare a run on a Dask cluster whose workers are killed repeatedly with a local run: the bytes, and the cost.

    python benchmarks/dask_kills.py [--members 240] [--workers 4] [--every 5]

All workers are processes of this machine, each with a nanny that restarts it. Every few seconds the oldest worker receives SIGKILL. Both
runs start with an empty store and the same number of workers. Prints seconds, deaths, and the number of members that were started again.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

from labrun.files.digests import sha256_of

PLUGIN = '''\
"""Gray-Scott that records each member when it starts."""

import os
from pathlib import Path
from typing import ClassVar

from labrun import Field, Simulator, hookimpl
from labrun_gray_scott import GrayScott

class Noted(GrayScott):
    """Gray-Scott that records each member when it starts."""

    name: ClassVar[str] = "noted"
    notes: str = Field(description="file that gets a line for each member")

    def simulate(self, rng):
        with Path(self.notes).open("a") as stream:
            stream.write(f"{self.feed}\\n")
        return super().simulate(rng)

@hookimpl
def labrun_simulators() -> list[type[Simulator]]:
    return [Noted]
'''

PROJECT = """\
project: kills
plugins: [noted.py]
simulations:
  members: {{use: noted, with: {{kill: 0.06, size: 128, duration: {duration}, notes: {notes}}},
    sweep: {{random: {{count: {members}, columns: {{feed: {{from: 0.02, to: 0.04}}}}}}}}}}
"""


def run(folder: Path, runs: str, *options: str) -> float:
    """Return the seconds of one run on an empty store."""
    command = [sys.executable, "-m", "labrun", "run", "kills.yaml", "--runs", runs, *options]
    begun = time.perf_counter()
    subprocess.run(command, check=True, cwd=folder, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begun


def digests(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each part of a run, by its name."""
    return {path.name: sha256_of(path) for path in sorted(folder.rglob("kills/simulations/members/parts/*.h5"))}


class Killer(threading.Thread):
    """A thread that kills the oldest worker of a cluster every `every` seconds, until `over` is set.

    It never kills a worker that is still starting, since a nanny gives up such a worker.
    """

    def __init__(self, address: str, every: float) -> None:
        super().__init__(daemon=True)
        self.address, self.every = address, every
        self.deaths = 0
        self.over = threading.Event()

    def run(self) -> None:
        """Kill."""
        from distributed import Client

        alive: list[int] = []
        with Client(self.address, set_as_default=False) as client:
            while not self.over.wait(self.every):
                found = client.run(os.getpid, on_error="ignore").values()
                alive = [pid for pid in alive if pid in found] + sorted(set(found) - set(alive))
                if alive:
                    with suppress(ProcessLookupError):
                        os.kill(alive[0], signal.SIGKILL)
                        self.deaths += 1


def main() -> None:
    """Measure and print."""
    from distributed import LocalCluster

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--members", type=int, default=240)
    parser.add_argument("--duration", type=int, default=15000, help="of each member, in units of the model")
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--every", type=float, default=5.0, help="seconds between two kills")
    options = parser.parse_args()
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "noted.py").write_text(PLUGIN)
        notes = folder / "notes.txt"
        (folder / "kills.yaml").write_text(
            PROJECT.format(duration=options.duration, notes=notes, members=options.members)
        )
        local = run(folder, "local", "--workers", str(options.workers))
        notes.unlink()
        with LocalCluster(n_workers=options.workers, threads_per_worker=1, dashboard_address=None) as cluster:
            cluster_address = cluster.scheduler_address
            killer = Killer(cluster_address, options.every)
            killer.start()
            killed = run(folder, "killed", "--dask", cluster_address)
            killer.over.set()
            killer.join()
        begun = Counter(notes.read_text().split())
        same = digests(folder / "local") == digests(folder / "killed")
    again = sum(count - 1 for count in begun.values())
    print(f"{options.members} members of Gray-Scott, {options.workers} workers, one killed every {options.every:g} s")
    print(f"local run          {local:7.1f} s")
    print(f"Dask, with deaths  {killed:7.1f} s   {killer.deaths} deaths; {again} members were started again")
    print(f"bytes of the parts: {'identical' if same else 'DIFFERENT'}")
    sys.exit(not same)


if __name__ == "__main__":
    main()
