"""Findings: what an analysis has found, saved and read again."""

from __future__ import annotations

import json

import matplotlib as mpl
import pandas as pd
import pytest
from matplotlib.figure import Figure

from labrun import Findings
from labrun.contracts.findings import figure_names


def make_findings() -> Findings:
    mpl.use("agg")
    figure = Figure(figsize=(2, 1))
    figure.subplots().plot([1, 2])
    return Findings(
        metrics={"b": 0.5, "a": 1},
        tables={
            "counts": pd.DataFrame({"n": [1, 2]}, index=pd.Index(["x", "y"], name="class")),
            "plain": pd.DataFrame({"n": [3]}),
        },
        figures={"curve": figure},
        html={"look": "<p>é</p>"},
        files={"raw.bin": b"\x00\x01"},
        captions={"curve": "A line."},
        warnings=["few members"],
    )


def test_saved_and_read_again(tmp_path):
    made = make_findings()
    made.save(tmp_path)
    read = Findings.load(tmp_path)
    assert list(read.metrics.items()) == [("b", 0.5), ("a", 1.0)]
    assert read.tables["counts"].to_dict("list") == {"class": ["x", "y"], "n": [1, 2]}
    assert read.tables["plain"].to_dict("list") == {"n": [3]}
    assert (read.html, read.files, read.captions, read.warnings) == (
        made.html,
        made.files,
        made.captions,
        made.warnings,
    )
    assert list(figure_names(tmp_path)) == ["curve"]
    assert {path.name for path in tmp_path.iterdir()} == {
        "findings.json", "metrics.json", "counts.csv", "plain.csv", "curve.png", "curve.svg", "look.html", "raw.bin",
    }  # fmt: skip


def test_same_findings_make_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        make_findings().save(tmp_path / name)
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes(), path.name


def test_metrics_are_json_for_other_programs(tmp_path):
    make_findings().save(tmp_path)
    assert json.loads((tmp_path / "metrics.json").read_text()) == {"a": 1.0, "b": 0.5}


@pytest.mark.parametrize("name", ["../out", "a/b", "", ".key", "manifest.json", "findings", "metrics"])
def test_name_that_would_harm_other_files_is_refused(tmp_path, name):
    with pytest.raises(ValueError, match="cannot be the name of a file among the findings"):
        Findings(files={name: b""}).save(tmp_path)
    with pytest.raises(ValueError, match="cannot be the name of a file among the findings"):
        Findings(html={name: ""}).save(tmp_path)
