"""Running a plan: the events of a run, in order."""

from __future__ import annotations

import json
from pathlib import Path


def test_events_of_a_run(write_project, waves, labrun):
    words = ("run", write_project(waves), "--only", "analyses.spread", "--workers", 1)
    assert labrun(*words).code == 0
    events = [json.loads(line) for line in Path("runs/waves/events.jsonl").read_text().splitlines()]
    assert [(e["event"], e.get("stage")) for e in events if e["event"] != "StageProgressed"] == [
        ("RunStarted", None),
        ("StageStarted", "simulations.train"),
        ("StageFinished", "simulations.train"),
        ("StageStarted", "analyses.spread"),
        ("StageFinished", "analyses.spread"),
        ("RunFinished", None),
    ]
    assert [e["done"] for e in events if e["event"] == "StageProgressed"] == [1, 2, 3, 4, 5, 6]
    assert [e["time"] for e in events] == sorted(e["time"] for e in events)
    assert events[-1]["outcome"] == "done"
    assert Path(events[-1]["report"]).exists()
    assert labrun(*words).code == 0
    again = [json.loads(line) for line in Path("runs/waves/events.jsonl").read_text().splitlines()][len(events) :]
    assert again[0]["reused"] == ["simulations.train", "analyses.spread"]
    assert [e["outcome"] for e in again if e["event"] == "StageFinished"] == ["reused", "reused"]


def test_fresh_makes_the_same_once_more(write_project, waves, labrun):
    words = ("run", write_project(waves), "--only", "analyses.spread", "--workers", 1)
    assert labrun(*words).code == 0
    first = Path("runs/waves/simulations/train/parts/000000.h5").read_bytes()
    done = labrun(*words, "--fresh")
    assert "simulations.train: wave, 6 members" in done.out
    assert Path("runs/waves/simulations/train/parts/000000.h5").read_bytes() == first


def test_fresh_names_a_stage_and_does_what_follows_from_it(write_project, waves, labrun):
    words = ("run", write_project(waves), "--only", "spread", "--only", "waves", "--workers", 1)
    assert labrun(*words).code == 0

    def outcomes(*more):
        done = labrun(*words, *more)
        assert done.code == 0, done.err
        return {name: entry["outcome"] for name, entry in record()["stages"].items()}

    reused = dict.fromkeys(("simulations.train", "datasets.waves", "analyses.spread"), "reused")
    assert outcomes() == reused
    assert outcomes("--fresh", "waves") == reused | {"datasets.waves": "done"}
    assert outcomes("--fresh=spread", "--fresh", "datasets.waves") == reused | {
        "datasets.waves": "done",
        "analyses.spread": "done",
    }
    assert set(outcomes("--fresh", "train").values()) == {"done"}
    unknown = labrun(*words, "--fresh", "wave")
    assert (unknown.code, unknown.err) == (2, "there is no stage 'wave': did you mean 'waves'?\n")


def test_fresh_before_the_project(write_project, waves, labrun):
    path = write_project(waves)
    for _ in range(2):
        done = labrun("run", "--fresh", path, "--only", "train", "--workers", 1)
        assert "simulations.train: done" in done.out, done.err


def record():
    return json.loads(Path("runs/waves/run.json").read_text())


WATCHING = """
import json
from pathlib import Path
from labrun import hookimpl

@hookimpl
def labrun_stage_started(event):
    record = json.loads(Path("runs/waves/run.json").read_text())
    states = {name: entry["outcome"] for name, entry in record["stages"].items()}
    with open("seen.jsonl", "a") as log:
        log.write(json.dumps([event.stage, record["outcome"], states]) + "\\n")
"""


def test_the_record_is_true_while_the_run_goes_on(write_project, waves, labrun, monkeypatch):
    """What was done before counts as reused from the start, the stage in work as running, and what has ended as done."""
    monkeypatch.setattr("labrun.engine.progress_record.SPARING", 0)
    path = write_project(waves)
    words = ("run", path, "--only", "spread", "--only", "waves", "--workers", 1)
    assert labrun(*words, "--only", "train").code == 0
    Path("watching.py").write_text(WATCHING)
    write_project(waves.replace("[lab.py]", "[lab.py, watching.py]"))
    assert labrun(*words, "--fresh", "waves", "--fresh", "spread").code == 0
    (dataset, outcome, first), (analysis, _, second) = map(json.loads, Path("seen.jsonl").read_text().splitlines())
    assert (dataset, analysis, outcome) == ("datasets.waves", "analyses.spread", "running")
    assert first == {"simulations.train": "reused", "datasets.waves": "running", "analyses.spread": "not reached"}
    assert second == {"simulations.train": "reused", "datasets.waves": "done", "analyses.spread": "running"}


def test_status_shows_the_stage_in_work(write_project, waves, labrun):
    """Of a run whose process lives on this machine, and of no other."""
    path = write_project(waves)
    assert labrun("run", path, "--only", "train", "--workers", 1).code == 0

    before = record()

    def states(**changed):
        stages = {"datasets.waves": before["stages"]["simulations.train"] | {"outcome": "running"}}
        changed = {"outcome": "running", "stages": stages, **changed}
        written = {name: value for name, value in (before | changed).items() if name != "digest"}
        Path("runs/waves/run.json").write_text(json.dumps(written))
        rows = labrun("status", path).out.splitlines()
        return [row.split("\t")[1] for row in rows[1:3]]

    assert states() == ["done", "in work"]
    assert states(outcome="done") == ["done", "to do"]
    assert states(process=2**22 + 1) == ["done", "to do"]
    assert states(host={"name": "elsewhere"}) == ["done", "to do"]


CODES = '''
from pathlib import Path
from typing import ClassVar

import numpy as np

from labrun import Dataset, Examples, hookimpl


class Codes(Dataset):
    """Writes what takes long into its own folder, once."""

    name: ClassVar[str] = "codes"

    def examples(self, dataset: Examples, folder: Path) -> Examples:
        file = folder / "codes.npy"
        if not file.exists():
            with open("computed.txt", "a") as log:
                log.write("once\\n")
            np.save(file, dataset.load_x(slice(None)) * 2)
        codes = np.load(file, mmap_mode="r")
        return Examples(lambda i: np.array(codes[i]), dataset.load_y, dataset.groups, classes=dataset.classes)


@hookimpl
def labrun_datasets():
    return [Codes]
'''


def test_what_a_dataset_writes_into_its_folder_stays(write_project, waves, labrun):
    Path("codes.py").write_text(CODES)
    project = waves.replace("[lab.py]", "[lab.py, codes.py]").replace(
        "\nmodels:", "  codes: {use: codes, from: waves.train, split: {fractions: {a: 0.5, b: 0.5}}}\n\nmodels:"
    )
    path = write_project(project.replace("fit: {train: waves.train", "fit: {train: codes"))
    for _ in range(2):
        outcome = labrun("run", path, "--only", "models.net", "--workers", 1)
        assert outcome.code == 0, outcome.err
    assert Path("computed.txt").read_text() == "once\n"
    manifest = json.loads(Path("runs/waves/datasets/codes/manifest.json").read_text())
    assert set(manifest["files"]) == {"codes.npy", "summary.json"}
    assert set(json.loads(Path("runs/waves/datasets/codes/summary.json").read_text())["parts"]) == {"a", "b"}


PAIRS = (
    CODES.replace("Codes", "Pairs").replace('"codes"', '"pairs"').split("        file =")[0]
    + """\
        return Examples(dataset.load_x, dataset.load_y, np.arange(len(dataset)) // 3, classes=dataset.classes)


@hookimpl
def labrun_datasets():
    return [Pairs]
"""
)


def test_terminal_and_report_warn_of_a_split_that_leaks(write_project, waves, labrun):
    Path("pairs.py").write_text(PAIRS)
    leaky = "  pairs: {use: pairs, from: waves, split: {fractions: {a: 0.5, b: 0.5}, by: example}}\n\nmodels:"
    path = write_project(waves.replace("[lab.py]", "[lab.py, pairs.py]").replace("\nmodels:", leaky))
    outcome = labrun("run", path, "--only", "datasets.pairs", "--workers", 1)
    assert outcome.code == 0, outcome.err
    assert "  warning, pairs: possible leakage: 2 of 2 groups" in outcome.out
    assert "lie in several parts" in Path("runs/waves/report.html").read_text()


def test_rows_that_are_left_out_are_reported_in_every_run(write_project, waves, labrun):
    """By check, by the run that simulates and by the run that reuses the result."""
    path = write_project(waves.replace("labels: [class]", "labels: [class], missing: drop"))
    Path("waves.csv").write_text("class,amplitude\nlow,1.0\n,2.0\nhigh,3.0\n")
    remark = "1 of 3 rows of the table waves.csv are left out, because values are missing: 'class' in row 2 (empty)"
    assert labrun("check", path).out.startswith(f"simulations.train: {remark}\n")
    for outcome in ("done", "reused"):
        done = labrun("run", path, "--only", "train", "--workers", 1)
        assert f"simulations.train: {outcome}" in done.out
        assert f"  warning, train: {remark}\n" in done.out
    assert remark.replace("'", "&#39;") in Path("runs/waves/report.html").read_text()
