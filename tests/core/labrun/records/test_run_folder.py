"""The folder of a run: the files of each stage where a person looks for them."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from labrun.files.digests import sha256_of

ONLY = ("--only", "simulations.train", "--only", "analyses.spread", "--workers", 1)


@pytest.fixture
def runs(write_project, waves, labrun) -> Path:
    assert labrun("run", write_project(waves), *ONLY).code == 0
    return Path("runs")


def test_record_says_what_was_done_and_how(runs):
    record = json.loads((runs / "waves" / "run.json").read_text())
    assert (record["project"], record["seed"], record["outcome"]) == ("waves", 3, "done")
    assert record["stages"]["simulations.train"]["outcome"] == "done"
    assert record["versions"]["numpy"]
    assert record["host"]["cores"] >= 1
    assert record["peak_memory_bytes"]["driver"] > 1e6
    assert record["keras_settings"]["backend"] == record["keras_backend"]
    assert set(record["keras_settings"]) >= {"floatx", "epsilon", "image_data_format", "dtype_policy"}


def test_files_of_a_stage_are_those_of_the_store(runs):
    stored = next(runs.glob(".store/simulations/*/parts/000000.h5"))
    assert (runs / "waves" / "simulations" / "train" / "parts" / "000000.h5").samefile(stored)


def test_table_of_members(runs):
    with (runs / "waves" / "simulations" / "train" / "members.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["member"] for row in rows] == [str(i) for i in range(6)]
    assert (rows[4]["amplitude"], rows[4]["class"]) == ("8.0", "high")


def test_some_members_are_drawn_in_the_folder_and_on_the_page(runs):
    folder = runs / "waves" / "simulations" / "train"
    assert b"prefers-color-scheme" in (folder / "members.svg").read_bytes()
    assert (folder / "members.png").stat().st_size > 1000
    assert 'id="simulations.train/members"' in (runs / "waves" / "report.html").read_text()


def test_leftovers_of_killed_processes_are_not_shown(runs, labrun):
    folder = next(runs.glob(".store/simulations/*"))
    (folder / "parts" / "000009.h5.labrun-1-0123abcd.tmp").write_text("half")
    (folder / "manifest.json").unlink()
    assert labrun("run", "project.yaml", *ONLY).code == 0
    assert not list((runs / "waves").rglob("*.tmp"))


@pytest.mark.parametrize("damage", ["truncate", "remove"])
def test_damaged_part_is_made_again_everywhere(runs, labrun, damage):
    shown = runs / "waves" / "simulations" / "train" / "parts" / "000002.h5"
    stored = next(runs.glob(".store/simulations/*/parts/000002.h5"))
    whole = sha256_of(shown)
    untouched = stored.with_name("000001.h5").stat().st_mtime_ns
    shown.chmod(0o644)
    if damage == "truncate":
        shown.write_bytes(shown.read_bytes()[:100])  # the same file as in the store
    else:
        stored.unlink()
    done = labrun("run", "project.yaml", *ONLY)
    assert done.code == 0
    assert "simulations.train: wave, 6 members (5 done before)" in done.out
    assert sha256_of(shown) == sha256_of(stored) == whole
    assert stored.with_name("000001.h5").stat().st_mtime_ns == untouched


def test_rerun_leaves_all_alone(runs, labrun):
    before = {path: path.stat().st_mtime_ns for path in (runs / ".store").rglob("*")}
    done = labrun("run", "project.yaml", *ONLY)
    assert "simulations.train: reused" in done.out
    assert "analyses.spread: reused" in done.out
    assert {path: path.stat().st_mtime_ns for path in (runs / ".store").rglob("*")} == before
