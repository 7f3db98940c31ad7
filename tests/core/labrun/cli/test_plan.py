"""`labrun plan` before anything has run."""

import re


def test_plan(write_project, labrun):
    outcome = labrun("plan", write_project())
    assert outcome.code == 0
    assert [line.split("\t")[:4] for line in outcome.out.splitlines()] == [
        ["stage", "plugin", "work", "state"],
        ["simulations.train", "wave", "6 members", "to do"],
        ["datasets.waves", "lines", "", "to do"],
        ["analyses.spread", "spread", "", "to do"],
        ["models.net", "line", "2 epochs", "to do"],
        ["analyses.losses", "losses", "", "to do"],
    ]
    assert all(re.fullmatch("[0-9a-f]{12}", line.split("\t")[4]) for line in outcome.out.splitlines()[1:])


def test_plan_leaves_nothing_behind(write_project, labrun, tmp_path):
    before = {path.name for path in tmp_path.iterdir()}
    labrun("plan", write_project())
    assert {path.name for path in tmp_path.iterdir()} - {"__pycache__"} == before | {"project.yaml"}
