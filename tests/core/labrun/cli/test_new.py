"""`labrun new plugin`: what it writes is whole, works as it is, and is short beyond its physics."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from labrun.scaffold import package
from labrun.scaffold.names import LONGEST

KINDS = list(package.KINDS)
LONG_NAME = "a" * LONGEST
SITE_PACKAGES = Path(pytest.__file__).parents[1]


@pytest.fixture
def new_plugin(labrun, tmp_path, monkeypatch) -> Callable[[str, str], Path]:
    """Write a plugin as a person does; the folder that it lies in."""
    monkeypatch.chdir(tmp_path)

    def write(name: str, kind: str) -> Path:
        outcome = labrun("new", "plugin", name, "--kind", kind)
        assert (outcome.code, outcome.err) == (0, "")
        return tmp_path / f"labrun-{name.replace('_', '-')}"

    return write


def pretend_to_install(folder: Path, site: Path) -> dict[str, str]:
    """The environment in which a package is found as if it were installed."""
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    metadata = site / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    )
    entries = "".join(f"{name} = {module}\n" for name, module in project["entry-points"]["labrun"].items())
    (metadata / "entry_points.txt").write_text(f"[labrun]\n{entries}")
    return {"PYTHONPATH": os.pathsep.join([str(folder), str(site), os.environ.get("PYTHONPATH", "")])}


def run(folder: Path, *words: str, python: str = sys.executable, **environment: str) -> str:
    """Run a module of Python in a folder; it must end well and warn of nothing."""
    done = subprocess.run(
        [python, "-m", *words], cwd=folder, env=os.environ | environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Warning" not in done.stdout + done.stderr
    return done.stdout


def test_it_tells_what_to_do_next(labrun, tmp_path, monkeypatch):
    """With this command and a look at the report they are five."""
    monkeypatch.chdir(tmp_path)
    outcome = labrun("new", "plugin", "pendulum", "--kind", "simulator")
    assert outcome.out == (
        "wrote labrun-pendulum, the simulator 'pendulum'. Try it:\n"
        "\n"
        "  cd labrun-pendulum\n"
        "  pip install -e .\n"
        "  labrun pendulum.yaml\n"
        "\n"
        "Then open runs/pendulum/report.html. README.md explains how to make the plugin yours.\n"
    )


@pytest.mark.parametrize("kind", KINDS)
def test_a_package_is_whole(new_plugin, kind):
    folder = new_plugin("random_walk", kind)
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert files >= {
        ".github/workflows/tests.yml",
        ".gitignore",
        "README.md",
        "labrun_random_walk/__init__.py",
        "pyproject.toml",
        "random_walk.yaml",
        "tests/test_random_walk.py",
    }
    assert len(files) in (7, 8, 9)
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    assert project["name"] == "labrun-random-walk"
    assert project["entry-points"] == {"labrun": {"random_walk": "labrun_random_walk"}}
    written = "".join((folder / path).read_text(encoding="utf-8") for path in files)
    assert "class RandomWalk(" in written
    assert not re.search(r"\{%|\{\{|NAME|jinja", written)
    readme = (folder / "README.md").read_text()
    told = set(re.findall(r"^\| `([\w./]+)`", readme, re.MULTILINE))
    assert told == {f for f in files if f.endswith((".py", ".yaml", ".toml"))}


@pytest.mark.parametrize("name", ["q", "a_2d_wave", LONG_NAME])
@pytest.mark.parametrize("kind", KINDS)
def test_it_is_in_the_style_whatever_the_name(new_plugin, kind, name):
    folder = new_plugin(name, kind)
    run(folder, "ruff", "check", "--no-cache", ".")
    run(folder, "ruff", "format", "--no-cache", "--check", ".")


def test_a_simulator_works_without_being_installed(new_plugin, tmp_path):
    """Types, its own tests, and its project as far as it is checked before it runs."""
    folder = new_plugin("pendulum", "simulator")
    environment = pretend_to_install(folder, tmp_path / "site")
    run(folder, "mypy", "--cache-dir", str(tmp_path / "mypy"))
    assert " passed" in run(folder, "pytest", "-q", "-p", "no:cacheprovider", **environment)
    assert "pendulum.yaml: no faults" in run(folder, "labrun", "check", "pendulum.yaml", **environment)
    assert "γ, damping rate [1/s]" in run(folder, "labrun", "describe", "pendulum", **environment)


def test_beyond_its_physics_a_simulator_has_at_most_15_lines(new_plugin):
    """Physics are docstrings, fields, what comes out, and the kernel with its call; all else is labrun's."""
    source = (new_plugin("pendulum", "simulator") / "labrun_pendulum/__init__.py").read_text()
    code = re.sub(r'"""(?s:.*?)"""', "", source)
    lines = [line for line in code.splitlines() if line.strip()]
    physics = re.compile(r"    \w+: (float|int) = Field|        (angle|kicks|time_step|swing)\b|    outputs: ")
    beyond = [line for line in lines if not physics.match(line)]
    assert len(beyond) <= 15, "\n".join(beyond)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_in_a_fresh_environment(new_plugin, tmp_path, kind):
    """venv, pip install, ruff, mypy, pytest, and the project from the simulation to the report."""
    folder = new_plugin("random_walk", kind)
    python = fresh_environment(tmp_path / "venv")
    run(folder, "pip", "install", "--no-deps", "--quiet", "--editable", ".", python=python)
    run(folder, "ruff", "check", ".", python=python)
    run(folder, "ruff", "format", "--check", ".", python=python)
    run(folder, "mypy", python=python)
    assert " passed" in run(folder, "pytest", "-q", python=python)
    run(folder, "labrun", "random_walk.yaml", python=python)
    assert "random_walk" in (folder / "runs/random_walk/report.html").read_text(encoding="utf-8")


def fresh_environment(folder: Path) -> str:
    """The Python of a new environment that sees the packages of this one, but takes new ones to itself."""
    run(folder.parent, "venv", str(folder))
    python = str(folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))
    asked = [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    site = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    Path(site, "packages_of_labrun.pth").write_text(f"import site; site.addsitedir({str(SITE_PACKAGES)!r})\n")
    return python


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        (
            "Random-Walk",
            "a package needs lower-case letters, digits and '_', beginning with a letter. Take 'random_walk'",
        ),
        (
            "2d",
            "a package needs lower-case letters, digits and '_', beginning with a letter, as in 'random_walk'",
        ),
        (f"{LONG_NAME}a", f"it has {LONGEST + 1} characters; take at most {LONGEST}"),
        ("null", "'Null', or 'null' in YAML, has another meaning already. Take a word of your field"),
        ("simulator", "'Simulator', or 'simulator' in YAML, has another meaning already. Take a word of your field"),
        ("gray_scott", "'labrun' offers a plugin of that name. Take another name (labrun list-plugins shows all)"),
    ],
)
def test_names_that_are_none(labrun, tmp_path, monkeypatch, name, problem):
    monkeypatch.chdir(tmp_path)
    outcome = labrun("new", "plugin", name, "--kind", "simulator")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == f"'{name}' cannot be the name of a new plugin: {problem}\n"
    assert not list(tmp_path.iterdir())


def test_a_package_that_is_installed_already(labrun, tmp_path, monkeypatch):
    (tmp_path / "labrun_walk").mkdir()
    (tmp_path / "labrun_walk/__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    outcome = labrun("new", "plugin", "walk", "--kind", "model", "--output", tmp_path)
    problem = "the package 'labrun_walk' is installed already. Take another name"
    assert outcome.err == f"'walk' cannot be the name of a new plugin: {problem}\n"


def test_a_folder_that_is_there_is_left_alone(labrun, tmp_path):
    (tmp_path / "labrun-walk").mkdir()
    outcome = labrun("new", "plugin", "walk", "--kind", "model", "--output", tmp_path)
    message = f"'{tmp_path}/labrun-walk' exists already: take another name, or another folder with --output\n"
    assert (outcome.code, outcome.err) == (2, message)
    assert not list((tmp_path / "labrun-walk").iterdir())


def test_nothing_half_written_is_left(labrun, tmp_path, monkeypatch):
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    whole = Path.write_text
    monkeypatch.setattr(
        Path, "write_text", lambda self, *a, **k: (full if self.suffix == ".md" else whole)(self, *a, **k)
    )
    outcome = labrun("new", "plugin", "walk", "--kind", "model", "--output", tmp_path / "new")
    assert (outcome.code, outcome.err) == (1, f"cannot write '{tmp_path}/new/labrun-walk': No space left on device\n")
    assert not list((tmp_path / "new").iterdir())


def test_the_choice_of_kinds_is_that_of_the_templates(labrun):
    assert f"[{'|'.join(KINDS)}]" in labrun("new", "plugin", "--help").out
