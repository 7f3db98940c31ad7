"""Kill a run of an adaptive sweep with `kill -9` at random moments, and compare all rows and bytes with those of undisturbed runs.

`python -m benchmarks.adaptive_kills 30` kills thirty times; each killed run starts again with one, two or three workers in turn until it
finishes, and then anew. Undisturbed runs with one, two and three workers, and one on a Dask cluster of this machine, give what is compared.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from distributed import LocalCluster
from tests.core.labrun.engine.asked import PLUGIN, PROJECT


def command(runs: str, *more: str) -> list[str]:
    """Return the words that run the project into a folder."""
    return [sys.executable, "-m", "labrun", "run", "p.yaml", "--runs", runs, *more]


def made(folder: Path) -> dict[str, bytes]:
    """Return the content of all files of the sweep, but for manifests, which hold times."""
    stage = folder / "asked/simulations/scan"
    return {
        str(path.relative_to(stage)): path.read_bytes()
        for path in sorted(stage.rglob("*"))
        if path.is_file() and path.name not in ("manifest.json", ".key")
    }


def members(folder: Path) -> int:
    """Count the members that are simulated."""
    return len([*(folder / ".store/simulations").glob("*/parts/*.h5")])


def kill_often(folder: Path, whole: dict[str, bytes], kills: int, chance: random.Random) -> list[int]:
    """Kill, and run again until it finishes; return the number of members that were there at each kill."""
    hit: list[int] = []
    turn = 0
    while len(hit) < kills:
        turn += 1
        wanted = chance.randrange(len(whole))
        words = command("killed", "--workers", str(1 + turn % 3))
        with subprocess.Popen(words, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            while process.poll() is None and members(folder / "killed") < wanted:
                time.sleep(0.02)
            time.sleep(chance.uniform(0, 0.3))
            if process.poll() is None:
                process.kill()
                hit.append(members(folder / "killed"))
        if process.returncode == 0:
            assert made(folder / "killed") == whole, "another result than that of an undisturbed run"
            shutil.rmtree(folder / "killed")
    subprocess.run(command("killed"), cwd=folder, check=True, capture_output=True)
    assert made(folder / "killed") == whole, "another result than that of an undisturbed run"
    return hit


def main() -> None:
    """Run, kill and compare."""
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 30
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else time.time_ns()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "plugin.py").write_text(PLUGIN)
        (folder / "p.yaml").write_text(PROJECT.replace("use: bowl\n", "use: bowl\n    with: {pause: 0.2}\n"))
        for workers in ("1", "2", "3"):
            subprocess.run(command(workers, "--workers", workers), cwd=folder, check=True, capture_output=True)
        whole = made(folder / "1")
        assert whole == made(folder / "2") == made(folder / "3"), "results depend on the number of workers"
        print(f"same {len(whole)} files with 1, 2 and 3 workers", flush=True)
        with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
            words = command("dask", "--dask", cluster.scheduler_address)
            subprocess.run(words, cwd=folder, check=True, capture_output=True, env=os.environ)
        assert whole == made(folder / "dask"), "results differ on Dask"
        print("the same on a Dask cluster", flush=True)
        hit = kill_often(folder, whole, kills, random.Random(seed))
    print(f"killed {len(hit)} times (seed {seed}), 0 rows or bytes differ; members that were there: {sorted(hit)}")


if __name__ == "__main__":
    main()
