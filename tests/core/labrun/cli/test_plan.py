"""`labrun plan` before anything has run."""

import re

import pytest

TAB = "\t"
RANGE = r"about [\d.]+ (s|min)( \([\d.]+ (s|min) to [\d.]+ (s|min)\))?"


@pytest.fixture(autouse=True)
def _cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_plan(write_project, labrun):
    outcome = labrun("plan", write_project())
    assert outcome.code == 0
    *lines, time, total = outcome.out.splitlines()
    assert [line.split("\t")[:4] for line in lines] == [
        ["stage", "plugin", "work", "state"],
        ["simulations.train", "wave", "6 members", "to do"],
        ["datasets.waves", "lines", "", "to do"],
        ["analyses.spread", "spread", "", "to do"],
        ["models.net", "line", "2 epochs", "to do"],
        ["analyses.losses", "losses", "", "to do"],
    ]
    assert all(re.fullmatch("[0-9a-f]{12}", line.split("\t")[6]) for line in lines[1:])
    assert re.fullmatch(RANGE, lines[1].split(TAB)[4])
    assert time == (
        f"in all: {lines[1].split(TAB)[4]}, without 4 stages whose time is not known (datasets.waves, analyses.spread, models.net, "
        "analyses.losses)"
    )
    assert re.fullmatch(
        r"to simulate: [\d.]+ kB of disk \([\d.]+ .?B are free\), and [\d.]+ MB of memory for each of \d+ workers, judged by some members "
        "of each simulation",
        total,
    )
    assert outcome.err == "simulations.train: simulating some members …\n"


def test_what_was_measured_is_remembered_and_measuring_can_be_left_out(write_project, labrun):
    path = write_project()
    assert "to simulate" not in labrun("plan", path, "--no-measure").out
    labrun("plan", path)
    again = labrun("plan", path, "--no-measure")
    assert "to simulate: " in again.out
    assert again.err == ""


def test_a_stage_that_is_to_be_done_again_takes_as_long_as_the_last_time(write_project, labrun):
    path = write_project()
    labrun("run", path)
    lines = labrun("plan", path, "--set", "models.net.fit.epochs=3").out.splitlines()
    cells = {line.split("\t")[0]: line.split("\t")[3:6] for line in lines}
    assert cells["simulations.train"] == ["done", "", ""]
    assert cells["models.net"][0] == "to do"
    assert re.fullmatch(RANGE, cells["models.net"][1])
    assert re.search(f"^in all: {RANGE}$", "\n".join(lines), re.MULTILINE)


def test_plan_leaves_nothing_behind(write_project, labrun, tmp_path):
    before = {path.name for path in tmp_path.iterdir()}
    labrun("plan", write_project())
    assert {path.name for path in tmp_path.iterdir()} - {"__pycache__", "cache"} == before | {"project.yaml"}
