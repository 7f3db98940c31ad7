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
        assert f"simulations.train: {outcome}: {remark}" in done.out
    assert remark.replace("'", "&#39;") in Path("runs/waves/report.html").read_text()
