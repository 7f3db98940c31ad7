"""The page that compares runs: results with their tests, configuration, and figures side by side, in one self-contained file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from labrun.contracts.findings import read_contents, read_metrics
from labrun.contracts.measure import Comparison, Measure
from labrun.files.atomic import write_atomically
from labrun.files.guarded import GuardedPath
from labrun.kit.comparison import compare, correct
from labrun.records.comparison import ABSENT, Row, compare_runs
from labrun.records.key_results import key_measures, measures_of
from labrun.records.run_record import RunRecord, expect_sound, place_of, read_run
from labrun.report.answer import Group, Line, group_lines
from labrun.report.content import Figure
from labrun.report.environment import environment
from labrun.report.gathering import embedded_figure
from labrun.report.tables import Cell, Table

__all__ = ["write_comparison"]

TOPICS = {
    "configuration": "Configuration that differs",
    "metrics": "All numbers",
    "training": "Training",
    "versions": "Versions that differ",
    "cost": "Cost",
}


@dataclass(frozen=True)
class Results:
    """The key results of one analysis in all runs."""

    stage: str
    groups: list[Group]


@dataclass(frozen=True)
class Pair:
    """A figure of one stage in several runs, by the name of the run."""

    stage: str
    name: str
    figures: dict[str, Figure]


def write_comparison(folders: Sequence[Path], page: Path) -> None:
    """Write the page that compares the runs in these folders; each is compared with the first.

    Raises:
        ProjectFaults: a folder does not hold a run, or the run is damaged.
        OSError: the page cannot be written.
    """
    rows = compare_runs(folders)
    runs: dict[str, RunRecord] = {}
    measures: dict[str, dict[str, dict[str, Measure]]] = {}
    figures: dict[str, dict[tuple[str, str], Figure]] = {}
    for number, folder in enumerate(dict.fromkeys(folders)):
        run = runs[str(folder)] = read_run(folder)
        with expect_sound(folder):
            measures[str(folder)] = _measures(run)
            figures[str(folder)] = dict(_figures(run, number))
    tables = [Table(title, ["name", *runs], _cells(rows, topic)) for topic, title in TOPICS.items()]
    content = (
        environment()
        .get_template("comparison.html")
        .render(
            title=" and ".join(dict.fromkeys(str(run.project.get("project", name)) for name, run in runs.items())),
            runs=runs,
            results=[*_results(measures)],
            tables=[table for table in tables if table.rows],
            pairs=[*_pairs(figures)],
        )
    )
    with write_atomically(page) as path:
        path.write_text(content, encoding="utf-8")


def _measures(run: RunRecord) -> dict[str, dict[str, Measure]]:
    """The measures of each finished analysis."""
    return {name: measures_of(read_metrics(run.file(name, "metrics.json").parent)) for name in run.done("analyses")}


def _figures(run: RunRecord, number: int) -> Iterator[tuple[tuple[str, str], Figure]]:
    """The figures of finished analyses, by stage and name; `number` is that of the run."""
    for stage in run.done("analyses"):
        folder = run.folder / place_of(stage)
        contents = read_contents(folder)
        for name in contents["figures"]:
            caption = contents["captions"].get(name, "")
            yield (stage, name), embedded_figure(f"{number}/{stage}", GuardedPath(folder), name, caption)


def _results(measures: Mapping[str, Mapping[str, Mapping[str, Measure]]]) -> Iterator[Results]:
    """The key results of analyses that several runs have finished, with what the tests say."""
    for stage in _shared(measures):
        lines = [
            (name, Line("result", run, "", one, one.dataset))
            for run, found in measures.items()
            if stage in found
            for name, one in key_measures(found[stage]).items()
        ]
        yield Results(stage, [_with_tests(group) for group in group_lines(lines)])


def _pairs(figures: Mapping[str, Mapping[tuple[str, str], Figure]]) -> Iterator[Pair]:
    """The figures that several runs have in common."""
    for stage, name in _shared(figures):
        yield Pair(stage, name, {run: found[stage, name] for run, found in figures.items() if (stage, name) in found})


def _shared(found: Mapping[str, Mapping[Any, Any]]) -> list[Any]:
    """What more than one run has, in the order of the first."""
    counts = Counter(key for one in found.values() for key in one)
    return [key for key, count in counts.items() if count > 1]


def _with_tests(group: Group) -> Group:
    """Compare the results of a group with those of its first run, dataset by dataset."""
    bases = {}
    for line in reversed(group.lines):
        if line.kind == "result":
            bases[line.dataset] = line
    tests = {
        line: found
        for line in group.lines
        if line.kind == "result" and line is not (base := bases[line.dataset])
        if (found := compare(line.measure, base.measure))
    }
    corrected = dict(zip(tests, correct([*tests.values()]), strict=True))
    return replace(group, lines=[_beside_first(line, bases, corrected) for line in group.lines])


def _beside_first(line: Line, bases: Mapping[str, Line], tests: Mapping[Line, Comparison]) -> Line:
    """Return a line with the first run as its baseline, if both were tested."""
    if line not in tests:
        return line
    first = replace(bases[line.dataset].measure, model=bases[line.dataset].label, judged=None)
    return replace(line, measure=replace(line.measure, model=line.label, baseline=first, comparison=tests[line]))


def _cells(rows: Sequence[Row], topic: str) -> list[list[Cell]]:
    return [[row.name, *(_cell(value) for value in row.values)] for row in rows if row.about == topic]


def _cell(value: object) -> Cell:
    if value is ABSENT or value is None:
        return None
    if isinstance(value, Measure):
        return str(value)
    return value if isinstance(value, (str, int, float)) else str(value)
