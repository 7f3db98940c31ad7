"""`labrun compare`: runs side by side, as text and as JSON."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from labrun import Interval, Measure
from labrun.contracts.findings import read_contents
from labrun.kit.comparison import judged_on
from labrun.kit.spread import leave_out

PROJECT = """\
project: waves
seed: 3
plugins: [lab.py]
simulations:
  train: {use: wave, with: {points: 6}, sweep: {table: waves.csv, labels: [class]}}
analyses:
  spread: {use: spread, from: train}
"""
DAMAGED = "Its files must be as labrun wrote them: run the project again"


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A folder with two runs of a project: the second with noise."""
    from click.testing import CliRunner

    from labrun.cli import main

    folder = tmp_path_factory.mktemp("finished")
    shutil.copy(Path(__file__).parents[3] / "lab.py", folder)
    (folder / "project.yaml").write_text(PROJECT)
    (folder / "waves.csv").write_text("class,amplitude\nlow,0.5\nhigh,9.5\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for words in ([], ["--runs", "other", "--set", "simulations.train.with.noise=normal"]):
            outcome = CliRunner().invoke(main, ["project.yaml", "--workers", "1", *words], catch_exceptions=False)
            assert outcome.exit_code == 0
    return folder


@pytest.fixture
def runs(finished, tmp_path, monkeypatch):
    """These runs, in a folder that a test may spoil."""
    shutil.copytree(finished, tmp_path / "work")
    monkeypatch.chdir(tmp_path / "work")
    return ["runs/waves", "other/waves"]


def table(outcome):
    assert (outcome.code, outcome.err) == (0, "")
    header, *rows = [line.split("\t") for line in outcome.out.splitlines()]
    return header, {(about, name): values for about, name, *values in rows}


def spread(run):
    return json.loads(Path(run, "analyses/spread/metrics.json").read_text())


def add_stage(run, name, like="analyses.spread", **entry):
    """Write into the record of a run that it had one stage more."""
    path = Path(run, "run.json")
    record = json.loads(path.read_text())
    record["stages"][name] = record["stages"][like] | entry
    path.write_text(json.dumps({key: value for key, value in record.items() if key != "digest"}))


def test_differences_and_all_numbers_are_shown(runs, labrun):
    header, rows = table(labrun("compare", *runs))
    assert header == ["about", "name", *runs]
    assert [key for key in rows if key[0] not in ("metrics", "cost")] == [
        ("configuration", "simulations.train.with.noise")
    ]
    assert rows["configuration", "simulations.train.with.noise"] == ["none", "normal"]  # the first is a default
    first, second = (spread(run)["deviation"] for run in runs)
    assert rows["metrics", "analyses.spread: deviation"] == [f"{first:.4g}", f"{second:.4g} ({second - first:+.3g})"]
    assert ("cost", "run [s]") in rows
    assert ("cost", "simulations.train [s]") in rows
    assert ("cost", "peak memory, driver [MB]") in rows


def test_a_run_equals_itself_but_numbers_are_told(runs, labrun):
    _, rows = table(labrun("compare", runs[0], runs[0], runs[0]))
    assert {about for about, _ in rows} == {"metrics", "cost"}
    assert all(values[0] == values[1] == values[2] for values in rows.values())
    assert not [value for values in rows.values() for value in values if "(" in value]


def test_all_shows_what_is_the_same(runs, labrun):
    _, rows = table(labrun("compare", *runs, "--all"))
    assert rows["configuration", "seed"] == ["3", "3"]
    assert rows["configuration", "simulations.train.with.points"] == ["6", "6"]
    assert rows["outcomes", "run"] == ["done", "done"]
    assert rows["versions", "lab.py:wave: version"] == ["1", "1"]
    assert ("versions", "numpy") in rows


def test_changed_table_and_plugin_are_noticed(runs, labrun, labrun_process, tmp_path):
    text = Path("waves.csv").read_text()
    Path("waves.csv").write_text(text.replace("9.5", "9.0"))
    lab = Path("lab.py").read_text()
    Path("lab.py").write_text(lab.replace('"mean": float(u.mean())', '"mean": float(u.mean()) + 1'))
    work = Path.cwd().relative_to(tmp_path)  # a process of its own: this one knows the plugin as it was
    assert labrun_process(work / "project.yaml", "--workers", 1, "--runs", work / "third").code == 0
    _, rows = table(labrun("compare", runs[0], "third/waves"))
    changed = {key: values for key, values in rows.items() if key[0] not in ("metrics", "cost")}
    assert ("configuration", "simulations.train.sweep.rows") in changed
    assert ("versions", "lab.py:spread: source") in changed
    assert all(len(value) <= 12 for value in changed["configuration", "simulations.train.sweep.rows"])
    first, second = (spread(run)["mean"] for run in (runs[0], "third/waves"))
    assert rows["metrics", "analyses.spread: mean"][1] == f"{second:.4g} ({second - first:+.3g})"


def test_json_has_all_digits_and_null_for_what_is_no_number(runs, labrun):
    metrics = Path(runs[1], "analyses/spread/metrics.json")
    values = spread(runs[1])
    metrics.unlink()
    metrics.write_text(json.dumps({"deviation": float("nan"), "only here": 1}))
    outcome = labrun("compare", *runs, "--json")
    assert (outcome.code, outcome.err) == (0, "")
    assert "NaN" not in outcome.out
    told = json.loads(outcome.out)
    assert told["runs"] == runs
    rows = {(row["about"], row["name"]): row["values"] for row in told["rows"]}
    assert rows["configuration", "simulations.train.with.noise"] == ["none", "normal"]
    assert rows["metrics", "analyses.spread: deviation"] == [spread(runs[0])["deviation"], None]
    assert rows["metrics", "analyses.spread: mean"] == [spread(runs[0])["mean"], None]
    assert rows["metrics", "analyses.spread: only here"] == [None, 1]
    assert values["mean"] != spread(runs[0])["mean"]


def test_end_of_a_training_is_told(runs, labrun):
    """A record as a run with a model leaves it; that run itself would take seconds."""
    for run, losses in zip(runs, ([3.0, 1.0, 2.0], [4.0, 0.5]), strict=True):
        add_stage(run, "models.net", plugin="lab.py:line")
        Path(run, "models/net").mkdir(parents=True)
        lines = [f"{epoch},{2 * loss},{loss}" for epoch, loss in enumerate(losses, 1)]
        Path(run, "models/net/history.csv").write_text("\n".join(["epoch,loss,val_loss", *lines]) + "\n")
    _, rows = table(labrun("compare", *runs))
    assert {name: values for (about, name), values in rows.items() if about == "training"} == {
        "models.net: epochs": ["3", "2 (-1)"],
        "models.net: best val_loss": ["1", "0.5 (-0.5)"],
        "models.net: last loss": ["4", "1 (-3)"],
        "models.net: last val_loss": ["2", "0.5 (-1.5)"],
    }


def test_runs_of_different_projects_are_compared(runs, labrun):
    swell = PROJECT.replace("project: waves", "project: swell").replace("spread:", "width:")
    Path("swell.yaml").write_text(swell)
    assert labrun("swell.yaml", "--workers", 1).code == 0
    _, rows = table(labrun("compare", runs[0], "runs/swell"))
    assert rows["configuration", "project"] == ["waves", "swell"]
    assert rows["metrics", "analyses.width: mean"][0] == ""
    assert rows["outcomes", "analyses.spread"] == ["done"]  # the table cuts off what is empty at the end of a line
    assert rows["outcomes", "simulations.train"] == ["done", "reused"]


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda run: (run / "run.json").write_text("{"), "run.json is not a valid record"),
        (lambda run: (run / "run.json").write_text('{"stages": {}}'), "KeyError: 'git'"),
        (
            lambda run: (run / "analyses/spread/metrics.json").unlink(),
            "there is no file 'copy/analyses/spread/metrics.json'",
        ),
    ],
)
def test_all_runs_that_are_none_are_named(runs, labrun, damage, told):
    shutil.copytree("other/waves", "copy")
    damage(Path("copy"))
    outcome = labrun("compare", runs[0], "nowhere", "copy")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == (
        "'nowhere' does not hold a run: it is not a folder. Give the folder of a finished run, such as runs/gray_scott\n"
        f"the run in 'copy' is damaged ({told}). {DAMAGED}\n"
    )


def test_names_in_a_record_do_not_lead_out_of_the_folder(runs, labrun):
    add_stage(runs[1], "analyses.../../secret")
    Path("other/secret").mkdir()
    Path("other/secret/metrics.json").write_text('{"mine": 1}')
    outcome = labrun("compare", *runs)
    assert outcome.code == 2
    assert "'analyses/../../secret/metrics.json' is not the name of a file in" in outcome.err


def test_commands_of_a_terminal_are_made_visible(runs, labrun):
    path = Path(runs[1], "project.yaml")
    path.write_text(path.read_text() + 'description: "\\e[31mred\\tand\\nmore"\n')
    _, rows = table(labrun("compare", *runs))
    assert rows["configuration", "description"] == ["", "\\x1b[31mred and more"]


def test_one_run_is_too_few(labrun):
    outcome = labrun("compare", "runs/waves")
    assert (outcome.code, outcome.err) == (
        2,
        "compare needs at least two runs: labrun compare runs/first runs/second\n",
    )


@pytest.mark.parametrize(
    ("first", "second", "cells"),
    [
        (15000, 15000.0, None),  # equal, however they are written
        ([30, {"a": 1}], [30.0, {"a": 1.0}], None),
        (15000.0, 15001.5, ["15000", "15002"]),
        (0.30001, 0.30002, ["0.30001", "0.30002"]),
        (1.0, 1.0000000001, ["1", "1.0000000001"]),
        (True, 1, ["True", "1"]),
    ],
)
def test_values_that_differ_look_different(first, second, cells):
    from labrun.cli.compare import _cells
    from labrun.records.comparison import Row

    row = Row("configuration", "train.size", [first, second])
    assert row.differs == (cells is not None)
    if cells is not None:
        assert [cell[:12] for cell in _cells(row)] == cells


# --- measures on the same members -------------------------------------------------------------------------------------------


def judge(run, shift, digest="these members"):
    """Say that a run has measured its deviation on 20 members, of which some are hard for every network."""
    values = (
        np.random.default_rng(1).normal(0, 1, 20)
        + shift
        + 0.1 * np.random.default_rng(int(10 * shift)).normal(0, 1, 20)
    )
    spread = leave_out(lambda chosen: values[chosen].mean(), np.arange(20)).spread()
    known = {"name": "deviation", "better": "higher", "key": True, "n": 20, "units": "members"}
    measure = Measure(values.mean(), judged=judged_on(spread, digest), interval=Interval(-1, 2), **known)
    Path(run, "analyses/spread/measures.json").write_text(json.dumps({"deviation": measure.record()}))


def test_measures_on_the_same_members_are_tested(runs, labrun):
    judge(runs[0], 0.0)
    judge(runs[1], 0.7)
    _, rows = table(labrun("compare", *runs))
    assert rows["metrics", "analyses.spread: deviation"][1].endswith(", p < 0.001)")
    (row,) = [one for one in json.loads(labrun("compare", *runs, "--json").out)["rows"] if "tests" in one]
    first, second = row["tests"]
    assert first is None
    assert 0 < second["low"] < second["difference"] < second["high"]
    assert isinstance(row["values"][0], float)


def test_measures_on_other_members_are_not_tested(runs, labrun):
    judge(runs[0], 0.0)
    judge(runs[1], 0.7, "others")
    _, rows = table(labrun("compare", *runs))
    assert ", p" not in rows["metrics", "analyses.spread: deviation"][1]


def test_the_page_says_which_run_is_better_and_loads_nothing(runs, labrun, tmp_path):
    judge(runs[0], 0.0)
    judge(runs[1], 0.7)
    outcome = labrun("compare", *runs, "--html", tmp_path / "page.html")
    assert (outcome.code, outcome.out) == (0, f"comparison: {tmp_path / 'page.html'}\n")
    page = (tmp_path / "page.html").read_text()
    assert "other/waves beats runs/waves in deviation by 0.69 [0.63, 0.74]" in page
    assert "(20 members, p &lt; 0.001)." in page
    assert "simulations.train.with.noise" in page
    assert page.count('<figure class="picture"') == 2 * len(read_contents(Path(runs[0], "analyses/spread"))["figures"])
    assert not [word for word in ("http://", "https://", 'src="/') if word in page.replace("http://www.w3.org", "")]


def test_a_page_of_a_damaged_run_is_refused(runs, labrun, tmp_path):
    Path(runs[1], "analyses/spread/findings.json").write_text("{}")
    outcome = labrun("compare", *runs, "--html", tmp_path / "page.html")
    assert outcome.code == 2
    assert DAMAGED in outcome.err
    assert not (tmp_path / "page.html").exists()
