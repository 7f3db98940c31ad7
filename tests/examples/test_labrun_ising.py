"""The example of a third party's plugin: its imports, its own tests, and its project in a fresh environment."""

from __future__ import annotations

import ast
import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples/labrun-ising"
SOURCES = sorted(EXAMPLE.rglob("*.py"))
SITE_PACKAGES = Path(pytest.__file__).parents[1]


def run(folder: Path, *words: str, python: str = sys.executable, **environment: str) -> str:
    """Run a Python module in a folder, check that it succeeds, and return its output."""
    done = subprocess.run(
        [python, "-m", *words], cwd=folder, env=os.environ | environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Environment variables with which the plugin is found as if it were installed."""
    metadata = tmp_path / "site/labrun_ising-1.0.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: labrun-ising\nVersion: 1.0.0\n")
    (metadata / "entry_points.txt").write_text("[labrun]\nising = labrun_ising\n")
    paths = [str(EXAMPLE), str(tmp_path / "site"), os.environ.get("PYTHONPATH", "")]
    return {"PYTHONPATH": os.pathsep.join(paths), "PYTHONDONTWRITEBYTECODE": "1"}


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.name)
def test_it_uses_the_public_api_alone(source):
    """It imports only `labrun`, the modules that docs/reference/shared.md offers to plugins, and the kit for tests."""
    page = (ROOT / "docs/reference/shared.md").read_text(encoding="utf-8")
    public = {"labrun", "labrun.testing", *re.findall(r"automodule:: (labrun\..+)", page)}
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            assert not [alias.name for alias in node.names if re.match(r"labrun(\.|$)", alias.name)]
        elif isinstance(node, ast.ImportFrom) and re.match(r"labrun(\.|$)", node.module or ""):
            module = importlib.import_module(node.module or "")
            assert node.module in public
            assert {alias.name for alias in node.names} <= set(module.__all__)


def test_it_is_in_the_style():
    run(EXAMPLE, "ruff", "check", "--no-cache", ".")
    run(EXAMPLE, "ruff", "format", "--no-cache", "--check", ".")


def test_the_modules_of_the_readme_are_there():
    named = set(re.findall(r"`(?:labrun_ising/)?(\w+\.py)`", (EXAMPLE / "README.md").read_text()))
    assert named == {path.name for path in (EXAMPLE / "labrun_ising").glob("*.py")}
    for picture in re.findall(r"\]\((pictures/\S+)\)", (EXAMPLE / "README.md").read_text()):
        assert (EXAMPLE / picture).is_file()


def test_its_own_tests(environment):
    out = run(EXAMPLE, "pytest", "-q", "-p", "no:cacheprovider", **environment)
    assert re.search(r"\n\d+ passed", out)


def test_its_project_has_no_faults(environment, tmp_path):
    out = run(EXAMPLE / "projects", "labrun", "check", "ising.yaml", **environment)
    assert out.startswith("ising.yaml: no faults; ")


SMALL = (
    "simulations.curves.with.measurements=20",
    "simulations.curves.sweep.grid.size=[8, 12]",
    "simulations.curves.sweep.grid.temperature=[1.8, 2.2, 2.4, 3.0]",
    "simulations.snapshots.with.size=16",
    "models.phase.fit.epochs=3",
    "models.temperature.fit.epochs=3",
)


@pytest.mark.slow
def test_in_a_fresh_environment(tmp_path):
    """Install it, check its types, and run its project at toy size: phases are predicted, and energies agree with Kaufman's."""
    run(tmp_path, "venv", "venv")
    python = str(tmp_path / ("venv/Scripts/python.exe" if os.name == "nt" else "venv/bin/python"))
    asked = [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    site = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    Path(site, "packages_of_labrun.pth").write_text(f"import site; site.addsitedir({str(SITE_PACKAGES)!r})\n")
    run(tmp_path, "pip", "install", "--no-deps", "--quiet", str(EXAMPLE), python=python)
    run(EXAMPLE, "mypy", "--cache-dir", str(tmp_path / "mypy"), python=python)
    options = [word for override in SMALL for word in ("--set", override)]
    run(tmp_path, "labrun", "run", str(EXAMPLE / "projects/ising.yaml"), *options, python=python)
    found = {
        name: json.loads((tmp_path / f"runs/ising/analyses/{name}/metrics.json").read_text())
        for name in ("phases", "observables")
    }
    assert found["phases"]["accuracy phases.test"] > 0.9
    assert found["observables"]["energy, root mean square deviation"] < 3
    assert (tmp_path / "runs/ising/report.html").is_file()
