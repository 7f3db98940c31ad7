"""Every benchmark starts, measures at toy size, and prints its figures."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.waiting import HANG

ROOT = Path(__file__).parents[2]
BENCHMARKS = sorted((ROOT / "benchmarks").glob("*.py"))

TOY: dict[str, tuple[list[str], list[str]]] = {
    "adaptive": (["times"], ["100 rows +surface +# s", "1000 rows +level +# s"]),
    "adaptive_kills": (["1", "1"], ["killed [1-9]\\d* times \\(seed 1\\), 0 rows or bytes differ"]),
    "bigger_than_memory": (
        ["--gigabytes", "0.05", "--limit", "4"],
        ["epoch on 0.[01] GB, limited to 4 GiB: # s", "peak memory", "glance .*streamed # ms", "simple_cnn .*ratio #"],
    ),
    "classification": (["--patterns", "40"], ["labrun, shipped network +40 patterns: +# per second", "publication's"]),
    "comparisons": (
        ["--repeats", "3", "--units", "8"],
        [
            "accuracy, alike: covered \\[%\\] +#",
            "r, unlike: covered \\[%\\] +#",
            "tests that are wrong in 3 to 7 %: # of #",
        ],
    ),
    "damage": (["4"], ["4 of 4 noticed; all bytes restored after 1 of 1 rounds"]),
    "dask_kills": (
        ["--members", "8", "--duration", "50", "--workers", "2", "--every", "4"],
        ["local run +# s", "Dask, with deaths +# s", "bytes of the parts: identical"],
    ),
    "engine": (
        ["--members", "40", "--planned", "2000"],
        ["labrun, +40 members +# s +overhead -?# ms per member", "2,000 members", "all done +# s"],
    ),
    "gray_scott_kernel": (
        ["--steps", "80", "--rounds", "1"],
        ["NumPy, np.roll, single +#", "C, double +#", "Numba, single +#", "largest difference #"],
    ),
    "interval_coverage": (
        ["--repeats", "4", "--units", "5"],
        ["accuracy, beta, 0.50 to 0.70 +#", "scale, RMSE +#", "between 93 and 97 %: # of #"],
    ),
    "kills": (["1", "1"], ["killed [1-9]\\d* times \\(seed 1\\), 0 results lost or wrong"]),
    "list_plugins": (["--rounds", "1"], ["50 more, 5 broken +# s", "45 of the 45 sound ones", "walk-40"]),
    "live_page": (["--members", "4", "--epochs", "2"], ["page: # parts written, # s", "share: # %"]),
    "network_rendering": (["--pairs", "3", "--rounds", "1"], ["128 +ours +#", "256 +Pillow +#", "256 +members +#"]),
    "persistent_exclusion_clusters": (["--snapshots", "2", "--rounds", "1"], ["0.50 +0.5\\d* +# +# +# +# +# +#"]),
    "persistent_exclusion_kernel": (["--updates", "1e4", "--rounds", "1"], ["0.50 +0.5\\d* +# +# +# +#, #"]),
    "pix2pix_step": (["--steps", "1", "--batch", "1"], ["plain +# s per step", "ours +# s per step", "ratio +#"]),
    "plan_accuracy": (
        ["--size", "toy", "--only", "mechanical_networks", "--workers", "1"],
        [
            "simulations.train +# +# to # +# +#",
            "models.unet +# +# to # +# +#",
            "in all +# +# +#",
            "within a factor of 2: # of # stages",
        ],
    ),
    "program_kills": (["1", "1"], ["killed 1 times \\(seed 1\\): nothing lost or different"]),
    "programs": (["8"], ["a member +#", "beyond posix_spawn +#"]),
    "reionization": (
        ["--cells", "32", "--rounds", "1"],
        ["32³, initial field 64³: peak memory of a whole simulation # GiB", "radii, sharp-k: pruned # s"],
    ),
    "scaling": (
        ["--members", "100000", "--nodes", "2", "--cores", "2", "--measured", "300", "--tasks", "20"],
        ["planning +# µs per member", "scheduling a task +# ms", "at most 4 of 4 workers"],
    ),
    "slices": (
        ["--cells", "12", "--members", "2", "--slices", "80"],
        ["labrun, across axis 0 +#", "labrun, with beam and noise +#", "h5py reads the whole cube +#"],
    ),
    "snapshots_streaming": (
        ["--members", "5", "--snapshots", "8", "--rounds", "1"],
        ["epoch of 40 snapshots of 5 members", "streamed +# s", "in memory +# s +1.00"],
    ),
    "startup": (["--rounds", "1"], ["labrun list-plugins +# s", "labrun check projects/gray_scott.yaml +# s"]),
    "training": (
        ["--toy", "--backends", "tensorflow", "--networks", "pattern_cnn"],
        ["steps per second .*tensorflow", "pattern_cnn +64×64×3 +4 +#"],
    ),
    "workers": (["--members", "3", "--rounds", "1"], ["1 worker +# s", "2 workers +# s +# times as fast"]),
}
"""For each benchmark its arguments at toy size, and patterns of lines that it prints; `#` is a number."""

QUICK = {"network_rendering", "persistent_exclusion_clusters", "slices", "reionization"}
"""Those that take a few seconds. The others are marked slow."""

ELSEWHERE = {"report_page"}
"""It needs a report and a browser: tests/browser has both."""

NUMBER = r"\d[\d,.]*(?:e[+-]?\d+)?"


def run(name: str, words: list[str]) -> str:
    """Run a benchmark as a person does, and return what it prints."""
    lines = (ROOT / "benchmarks" / f"{name}.py").read_text(encoding="utf-8").split('"""')[1]
    as_module = f"python -m benchmarks.{name}" in lines
    command = ["-m", f"benchmarks.{name}"] if as_module else [f"benchmarks/{name}.py"]
    done = subprocess.run(
        [sys.executable, *command, *words],
        cwd=ROOT,
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        check=False,
        timeout=HANG,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_every_benchmark_is_tried():
    assert sorted(path.stem for path in BENCHMARKS) == sorted(TOY.keys() | ELSEWHERE)


def test_make_runs_every_benchmark():
    recipe = (ROOT / "Makefile").read_text(encoding="utf-8").partition("\nbenchmarks:")[2].partition("\n\n")[0]
    assert sorted(set(re.findall(r"benchmarks[/.](\w+?)(?:\.py)?(?= |$)", recipe, re.M))) == sorted(
        path.stem for path in BENCHMARKS
    )


@pytest.mark.parametrize("path", BENCHMARKS, ids=lambda path: path.stem)
def test_benchmark_can_be_imported(path, monkeypatch):
    """What it imports is there. (Nothing is measured: that is below `main`.)"""
    if path.stem == "report_page":
        pytest.importorskip("playwright")
    found = importlib.util.spec_from_file_location(f"benchmark_{path.stem}", path)
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    monkeypatch.setitem(sys.modules, module.__name__, module)  # dataclasses look themselves up
    found.loader.exec_module(module)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name in QUICK else [pytest.mark.slow]) for name in TOY]
)
def test_benchmark_prints_its_figures(name):
    if name.endswith("_kernel") and shutil.which("gcc") is None:
        pytest.skip("there is no gcc")
    words, patterns = TOY[name]
    out = run(name, words)
    for pattern in patterns:
        assert re.search(pattern.replace("#", NUMBER), out), f"{pattern}\n{out}"
