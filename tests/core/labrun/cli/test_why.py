"""`labrun why` names the input that changed."""

import re

import pytest


@pytest.fixture
def done(write_project, labrun):
    path = write_project()
    assert labrun("run", path, "--only", "spread", "--workers", 1).code == 0
    return path


def test_before_a_run(write_project, labrun):
    assert labrun("why", write_project(), "net").out == "models.net: has not been run yet\n"


def test_after_a_run(done, labrun, tmp_path):
    def why(stage, *more):
        outcome = labrun("why", done, stage, *more)
        assert outcome.code == 0
        return re.sub("[0-9a-f]{12}", "KEY", outcome.out)

    assert why("train") == "simulations.train: is done (KEY); a run would not touch it\n"
    again = "simulations.train: must be done again, since this has changed:\n"
    assert why("train", "--set", "seed=4") == again + "  seed.project: 3 → 4\n"
    assert why("train", "--set", "simulations.train.with.points=7") == again + "  config.points: 6 → 7\n"
    assert why("spread", "--set", "seed=4") == (
        "analyses.spread: must be done again, since this has changed:\n"
        "  from.simulation.key: KEY → KEY\n"
        "  seed.project: 3 → 4\n"
    )
    table = tmp_path / "waves.csv"
    table.write_text(table.read_text().replace("9.5", "9.6"))
    assert why("train") == again + "  sweep.rows: KEY → KEY\n"
    table.write_text(table.read_text() + "high,9.7\n")
    assert why("train") == again + "  sweep.members: 6 → 7\n  sweep.rows: KEY → KEY\n"


def test_an_unknown_stage(write_project, labrun):
    outcome = labrun("why", write_project(), "nett")
    assert (outcome.code, outcome.err) == (2, "there is no stage 'nett': did you mean 'net'?\n")
