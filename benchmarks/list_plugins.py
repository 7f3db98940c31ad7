"""Time of `labrun list-plugins` with 50 more distributions installed, five of them broken, and whether it explains all five.

    python benchmarks/list_plugins.py [--rounds 7]

Prints beside it the time of importing only the libraries that every command needs, and of the same list without the 50 distributions. The
best time counts. Modules are compiled beforehand, as pip does.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SOUND = """\
from typing import ClassVar
from labrun import Arrays, Field, Simulator, hookimpl

class Walk(Simulator):
    '''A walk on a line.'''

    name: ClassVar[str] = "walk_{number}"
    drift: float = Field(0.0, description="mean of a step [step lengths]")
    steps: int = Field(100, ge=1, description="number of steps")

    def simulate(self, rng) -> Arrays:
        return {{"x": rng.normal(self.drift, 1.0, self.steps).cumsum()}}

@hookimpl
def labrun_simulators():
    return [Walk]
"""

BROKEN = [
    "import a_module_that_is_not_there\n",
    "def broken(:\n",
    "raise RuntimeError('no licence')\n",
    SOUND.replace("labrun_simulators", "labrun_simulator"),
    SOUND.replace("    drift", "    api: ClassVar[int] = 9\n    drift"),
]


def install(site: Path, number: int, source: str) -> None:
    """Write the files that pip would install for distribution `walk-<number>`."""
    about = site / f"walk_{number}-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: walk-{number}\nVersion: 1.0\n", encoding="utf-8")
    (about / "entry_points.txt").write_text(f"[labrun]\nwalk = walk_{number}\n", encoding="utf-8")
    (site / f"walk_{number}.py").write_text(source.replace("{number}", str(number)), encoding="utf-8")


def best_of(rounds: int, words: list[str], environment: dict[str, str]) -> float:
    """Return the seconds of a command, the best of several rounds after a warm-up."""
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, env=environment)
    seconds = []
    for _ in range(rounds):
        begun = time.perf_counter()
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL, env=environment)
        seconds.append(time.perf_counter() - begun)
    return min(seconds)


def main() -> None:
    """Install, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    listing = [sys.executable, "-m", "labrun", "list-plugins"]
    with tempfile.TemporaryDirectory() as site:
        for number in range(50):
            source = BROKEN[number // 10] if number % 10 == 0 else SOUND.replace("{{", "{").replace("}}", "}")
            install(Path(site), number, source)
        bare = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        bare["PYTHONPYCACHEPREFIX"] = f"{site}/compiled"
        zoo = bare | {"PYTHONPATH": site}
        listed = subprocess.run(listing, capture_output=True, text=True, env=zoo, check=True)
        rows = {
            "python -c 'import click, pydantic, pluggy'": (["-c", "import click, pydantic, pluggy"], bare),
            "the same, and pydantic.BaseModel": (["-c", "import click, pluggy; from pydantic import BaseModel"], bare),
            "labrun list-plugins": (listing[1:], bare),
            "labrun list-plugins, 50 more, 5 broken": (listing[1:], zoo),
        }
        for label, (words, environment) in rows.items():
            print(f"{label:46}{best_of(rounds, [sys.executable, *words], environment):6.2f} s")
    explained = listed.stdout.partition("quarantined, and why:")[2]
    print(
        f"{listed.stdout.count('A walk on a line.')} of the 45 sound ones are listed; of the 5 broken ones, these are explained:"
    )
    print("\n".join(line for line in explained.splitlines() if line.startswith("walk-")))


if __name__ == "__main__":
    main()
