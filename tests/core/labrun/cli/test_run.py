"""The last lines of `labrun run`, and its options for other programs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import labrun.report.writer as report_writer

PROJECT = """\
project: waves
plugins: [lab.py, found.py]
simulations:
  train: {use: wave, sweep: {table: waves.csv, labels: [class]}}
analyses:
  share: {use: found, from: train}
  spread: {use: spread, from: train}
"""
FOUND = '''\
from labrun import Analysis, Ensemble, Findings, hookimpl

class Found(Analysis):
    """Finds a share with its interval."""
    name = "found"
    fail: bool = False
    def analyse(self, simulation: Ensemble) -> Findings:
        if self.fail:
            raise ValueError("nothing found")
        numbers = {"accuracy": 0.93456, "accuracy, low": 0.8812, "accuracy, high": 0.9677, "others": 3}
        return Findings(numbers, warnings=["two members\\nare alike"])

@hookimpl
def labrun_analyses(): return [Found]
'''


@pytest.fixture
def project(write_project, tmp_path):
    (tmp_path / "found.py").write_text(FOUND, encoding="utf-8")
    return write_project(PROJECT)


def last_lines(outcome):
    lines = outcome.out.splitlines()
    begin = next(i for i, line in enumerate(lines) if re.match("(finished|stages failed) after", line))
    return [re.sub(r"\d+\.\d s", "… s", line) for line in lines[begin:]]


def test_last_lines_say_what_was_found(project, labrun):
    wanted = [
        "finished after … s",
        "  share: accuracy 0.935 [0.881, 0.968]",
        "  spread: mean 0",
        "  warning, share: two members are alike",
        "report: runs/waves/report.html",
    ]
    done = labrun("run", project, "--workers", 1)
    assert last_lines(done) == [wanted[0], wanted[1], *last_lines(done)[2:3], *wanted[3:]]
    assert done.out.count("alike") == 1
    assert "analyses.share: done in" in done.out
    again = labrun("run", project, "--quiet")
    assert (again.code, last_lines(again)) == (0, last_lines(done))
    assert len(again.out.splitlines()) == 5
    assert last_lines(labrun("run", project, "--only", "spread", "-q"))[1:] == [*last_lines(done)[2:3], wanted[4]]


def test_json(project, labrun):
    done = labrun("run", project, "--workers", 1, "--json")
    summary = json.loads(done.out)
    assert (done.code, done.err) == (0, "")
    assert (summary["project"], summary["outcome"], summary["report"]) == ("waves", "done", "runs/waves/report.html")
    assert summary["results"][0] == {
        "stage": "analyses.share",
        "name": "accuracy",
        "value": 0.93456,
        "low": 0.8812,
        "high": 0.9677,
    }
    assert summary["warnings"] == [{"stage": "analyses.share", "text": "two members\nare alike"}]
    assert summary["failures"] == {}
    assert list(summary["stages"]) == ["simulations.train", "analyses.share", "analyses.spread"]


def test_failures_are_shown_by_quiet_and_in_json(project, labrun):
    words = ("run", project, "--workers", 1, "--set", "analyses.share.with.fail=true")
    quiet = labrun(*words, "--quiet")
    assert quiet.code == 1
    assert quiet.out.startswith("analyses.share: failed: the plugin 'found' raised ValueError: nothing found (")
    assert last_lines(quiet)[0] == "stages failed after … s"
    found = labrun(*words, "--json")
    assert found.code == 1
    assert json.loads(found.out)["failures"]["analyses.share"].startswith("the plugin 'found' raised ValueError")
    assert 'raise ValueError("nothing found")' in labrun("--traceback", *words).out


def test_open(project, labrun, monkeypatch):
    opened = []
    monkeypatch.setattr("click.launch", opened.append)
    labrun("run", project, "--workers", 1, "--open")
    assert opened == ["runs/waves/report.html"]


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        (PermissionError(13, "Permission denied"), "Permission denied"),
        (ZeroDivisionError("division by zero"), "ZeroDivisionError: division by zero"),
    ],
)
def test_a_report_that_cannot_be_written(project, labrun, monkeypatch, error, problem):
    def fail(*given):
        raise error

    monkeypatch.setattr(report_writer, "write_report", fail)
    done = labrun("run", project, "--workers", 1)
    assert done.code == 1
    assert done.err.startswith(f"cannot write the report runs/waves/report.html: {problem}")
    assert last_lines(done)[-1] == "there is no report"
    assert "report.html" not in done.out
    assert json.loads(Path("runs/waves/run.json").read_text(encoding="utf-8"))["outcome"] == "done"


def test_a_report_in_the_place_of_a_folder(project, labrun):
    Path("runs/waves/report.html/full").mkdir(parents=True)
    done = labrun("run", project, "--workers", 1)
    assert done.code == 1
    assert done.err == ("cannot write the report runs/waves/report.html: Is a directory. What was finished is kept\n")
