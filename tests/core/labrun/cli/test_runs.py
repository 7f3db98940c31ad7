"""`labrun runs`, `open` and `rm`."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

PROJECT = """\
project: waves
plugins: [lab.py]
simulations:
  train: {use: wave, sweep: {table: waves.csv, labels: [class]}}
analyses:
  spread: {use: spread, from: train}
"""


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A folder with two runs."""
    from click.testing import CliRunner

    from labrun.cli import main

    folder = tmp_path_factory.mktemp("finished")
    shutil.copy(Path(__file__).parents[3] / "lab.py", folder)
    (folder / "waves.csv").write_text("class,amplitude\nlow,0.5\nhigh,9.5\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for name in ("first", "second"):
            Path(f"{name}.yaml").write_text(PROJECT.replace("project: waves", f"project: {name}"))
            words = ["run", f"{name}.yaml", "--workers", "1"]
            assert CliRunner().invoke(main, words, catch_exceptions=False).exit_code == 0
            record = Path(f"runs/{name}/run.json")
            text = record.read_text()
            assert '"outcome": "done"' in text
    return folder


@pytest.fixture
def runs(finished, tmp_path, monkeypatch):
    """These runs, in a folder that a test may spoil."""
    shutil.copytree(finished, tmp_path / "work", symlinks=True)
    monkeypatch.chdir(tmp_path / "work")
    return Path("runs")


def rows(outcome):
    assert (outcome.code, outcome.err) == (0, "")
    header, *found = [line.split("\t") for line in outcome.out.splitlines()]
    assert header == ["run", "started", "outcome", "time", "size", "result"]
    return {row[0]: row[1:] for row in found}


def test_runs_are_listed_with_what_they_found(runs, labrun):
    found = rows(labrun("runs"))
    assert set(found) == {"runs/first", "runs/second"}
    started, outcome, time, size, result = found["runs/first"]
    assert started.endswith("Z")
    assert (outcome, time.split()[1], size.split()[1]) == ("done", "s", "kB")
    assert result.startswith("spread: mean ")


def test_json(runs, labrun):
    found = {run["project"]: run for run in json.loads(labrun("runs", "--json").out)}
    assert set(found) == {"first", "second"}
    assert found["first"]["stages"] == {"simulations.train": "done", "analyses.spread": "done"}
    files = [path for path in (runs / "first").rglob("*") if path.is_file()]
    assert found["first"]["size"] == sum(path.stat().st_size for path in files)


def test_a_damaged_run_is_listed_as_such(runs, labrun):
    (runs / "first" / "run.json").write_text("{")
    assert rows(labrun("runs"))["runs/first"][1] == "damaged"


def test_no_runs(labrun, tmp_path):
    assert labrun("runs", "--runs", tmp_path / "none").out.splitlines() == ["run\tstarted\toutcome\ttime\tsize\tresult"]
    outcome = labrun("open", "--runs", tmp_path / "none")
    assert (outcome.code, outcome.err) == (
        2,
        f"'{tmp_path}/none' holds no runs: name the folder of your runs by --runs DIR\n",
    )


@pytest.mark.parametrize("name", ["first", "runs/first"])
def test_open(runs, labrun, monkeypatch, name):
    opened = []
    monkeypatch.setattr("click.launch", opened.append)
    assert labrun("open", name).out == "runs/first/report.html\n"
    assert opened == ["runs/first/report.html"]


def test_open_without_a_name_opens_the_latest(runs, labrun, monkeypatch):
    monkeypatch.setattr("click.launch", lambda path: None)
    monkeypatch.setattr(
        "labrun.records.listing._summary",
        lambda folder: {"started": {"first": "2026-02", "second": "2026-01"}[folder.name]},
    )
    assert labrun("open").out == "runs/first/report.html\n"


def test_open_what_is_not_there(runs, labrun):
    outcome = labrun("open", "frist")
    assert (outcome.code, outcome.err) == (2, "there is no run 'frist': did you mean 'first'?\n")
    (runs / "first" / "report.html").unlink()
    outcome = labrun("open", "first")
    assert (outcome.code, outcome.err) == (
        1,
        "there is no report runs/first/report.html: run the project again to write it\n",
    )


def test_rm_removes_a_run_and_nothing_else(runs, labrun):
    before = {path for path in Path().rglob("*") if path.is_file() and "first" not in path.parts}
    assert labrun("rm", "first", "--yes").out == "removed runs/first\n"
    assert not (runs / "first").exists()
    assert {path for path in Path().rglob("*") if path.is_file() and "first" not in path.parts} == before
    assert "nothing to remove" in labrun("gc").out  # the second run refers to the same results


def test_rm_keeps_what_labrun_did_not_write(runs, labrun, tmp_path):
    away = tmp_path / "away"
    away.mkdir()
    (away / ".key").touch()
    (away / "thesis.tex").touch()
    own = runs / "first" / "analyses" / "notes.txt"
    own.touch()
    (runs / "first" / "analyses" / "linked").symlink_to(away)
    (runs / "first" / "models").symlink_to(away.parent)
    assert labrun("rm", "runs/first", "-y").out == "removed the run in runs/first; 3 other files stay there\n"
    assert own.exists()
    assert sorted(path.name for path in away.iterdir()) == [".key", "thesis.tex"]
    assert not (runs / "first" / "run.json").exists()
    assert not (runs / "first" / "analyses" / "spread").exists()


def test_rm_asks(runs, labrun, monkeypatch):
    outcome = labrun("rm", "first")
    assert (outcome.code, outcome.err) == (
        2,
        "rm asks before it removes a run: give --yes where nobody can answer\n",
    )
    assert (runs / "first").exists()
    assert labrun("rm", "nowhere", "-y").code == 2


@pytest.mark.parametrize("command", ["open", "rm"])
def test_names_are_completed(runs, command):
    from click.shell_completion import ShellComplete

    from labrun.cli import main

    complete = ShellComplete(main, {}, "labrun", "_LABRUN_COMPLETE").get_completions
    assert [item.value for item in complete([command], "")] == ["first", "second"]
    assert [(item.value, item.type) for item in complete([command], "runs/f")] == [("runs/f", "dir")]
