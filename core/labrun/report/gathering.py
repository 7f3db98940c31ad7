"""Gather the content of a stage from its folder: one function for each kind of stage."""

from __future__ import annotations

import base64
import json
from collections import Counter
from functools import singledispatch
from typing import Any

from markupsafe import Markup

from labrun.amounts import counted
from labrun.contracts.events import StageFinished
from labrun.contracts.findings import read_contents, read_metrics
from labrun.files.atomic import read_json
from labrun.files.guarded import GuardedPath
from labrun.planning.plan import Planned
from labrun.project.stage import AdaptiveStage, AnalysisStage, DatasetStage, ModelStage, SimulationStage, Stage
from labrun.project.sweeptable import SweepTable
from labrun.records.key_results import key_measures, measures_of
from labrun.records.members_picture import PICTURE
from labrun.records.run_folder import RunFolder
from labrun.report.attachments import Attachments
from labrun.report.content import DONE, Figure, StageContent
from labrun.report.measure_table import measure_table, short
from labrun.report.model_content import add_model
from labrun.report.settings import settings_of
from labrun.report.tables import Table, read_table
from labrun.store.rounds import read_rounds

__all__ = ["stage_content"]

SVG_AT_MOST = 400_000
"""A larger drawing is shown as PNG [bytes]."""


def stage_content(
    folder: RunFolder, planned: Planned, record: dict[str, Any], ended: StageFinished | None, attachments: Attachments
) -> StageContent:
    """Gather the content of a stage; one that is not done has a heading and a message only. Files that its fragments use go to
    `attachments`."""
    stage = planned.stage
    entry = record.get("stages", {}).get(planned.id, {})
    content = StageContent(
        id=planned.id,
        name=stage.name,
        base=stage.base,
        section=planned.section,
        plugin=stage.offer.name,
        summary=stage.offer.summary,
        outcome=entry.get("outcome", "not reached"),
        problem=ended.message if ended and ended.outcome not in DONE else "",
        traceback=ended.traceback if ended else "",
        seconds=entry.get("seconds"),
        key=planned.key,
        values=stage.values,
        inputs=list(
            dict.fromkeys((ref.id, f"{ref.stage}.{ref.part}" if ref.part else ref.stage) for ref in stage.refs())
        ),
        settings=settings_of(stage),
    )
    if content.is_done:
        path = folder.folder(planned)
        _add_result(stage, content, path, attachments)
    return content


@singledispatch
def _add_result(stage: Stage, content: StageContent, path: GuardedPath, attachments: Attachments) -> None:
    """Add what lies in the folder of a finished stage."""


@_add_result.register(SimulationStage)
def _(stage: SimulationStage, content: StageContent, path: GuardedPath, attachments: Attachments) -> None:
    _add_simulation(content, stage.table, path)
    content.warnings = [*stage.remarks]


@_add_result.register(AdaptiveStage)
def _(stage: AdaptiveStage, content: StageContent, path: GuardedPath, attachments: Attachments) -> None:
    _add_simulation(content, stage.as_made(path).table, path)
    _add_rounds(content, path)


@_add_result.register(DatasetStage)
def _(stage: DatasetStage, content: StageContent, path: GuardedPath, attachments: Attachments) -> None:
    _add_dataset(content, path)


@_add_result.register(ModelStage)
def _(stage: ModelStage, content: StageContent, path: GuardedPath, attachments: Attachments) -> None:
    add_model(content, path)


@_add_result.register(AnalysisStage)
def _(stage: AnalysisStage, content: StageContent, path: GuardedPath, attachments: Attachments) -> None:
    _add_findings(content, path, attachments)


def _distinct(values: list[Any]) -> list[Any]:
    """Return each value once: numbers in ascending order, then texts, then lists and mappings."""
    numbers = {value for value in values if isinstance(value, (int, float))}
    texts = {value for value in values if isinstance(value, str)}
    others = {json.dumps(value, default=str): value for value in values if not isinstance(value, (int, float, str))}
    return [*sorted(numbers), *sorted(texts), *(others[text] for text in sorted(others))]


def _add_simulation(content: StageContent, table: SweepTable, path: GuardedPath) -> None:
    manifest = read_json(path / "manifest.json")
    size = sum(entry["size"] for entry in manifest["files"].values())
    failures = manifest["notes"].get("failures", [])
    content.brief = counted(table.size, "members")
    content.facts = {"members": f"{table.size:,}", "disk": f"{size / 1e6:,.1f} MB"}
    rows: list[list[str | int | float | None]] = []
    for name, values in table.columns.items():
        distinct = _distinct(values)
        span = f"{distinct[0]} … {distinct[-1]}" if len(distinct) > 6 else ", ".join(map(str, distinct))
        rows.append([name, len(distinct), span])
    if rows:
        content.tables.append(Table("sweep", ["column", "values", "from … to"], rows))
    if failures:
        _add_failures(content, failures)
    if (path / f"{PICTURE}.svg").is_regular():
        content.figures.append(
            embedded_figure(content.id, path, PICTURE, "Members spread evenly over the sweep, all on one scale.")
        )


def _add_rounds(content: StageContent, path: GuardedPath) -> None:
    """Add why the last round was the last, and a row for each round."""
    notes = read_json(path / "manifest.json")["notes"]
    rounds = read_rounds(path)
    content.facts |= {"rounds": f"{len(rounds) - 1}, until {notes['stopped']}"}
    rows: list[list[str | int | float | None]] = []
    for number, one in enumerate(rounds):
        scores = [score for score in one.scores if score is not None]
        change = notes["changes"][number - 1] if 0 < number <= len(notes["changes"]) else None
        rows.append([number, len(one.rows), max(scores, default=None), min(scores, default=None), change])
    caption = (
        "Round 0 is spread over all columns; the sampler chose the others. 'change' is what a round changed of the sampler's predictions, "
        "where the sweep stops by it."
    )
    content.tables.append(Table("rounds", ["round", "rows", "highest score", "lowest score", "change"], rows, caption))


def _add_failures(content: StageContent, failures: list[dict[str, Any]]) -> None:
    """Add the failed members, how often each error occurred, and the first traceback."""
    content.facts["failed members"] = f"{len(failures):,}"
    content.traceback = failures[0]["traceback"]
    errors = Counter(failure["error"] for failure in failures).most_common()
    content.tables.append(Table("errors", ["members", "error"], [[count, error] for error, count in errors]))
    members = [[f["member"], json.dumps(f["parameters"]), f["error"]] for f in failures]
    content.tables.append(Table("failed members", ["member", "parameters", "error"], members))


def _add_dataset(content: StageContent, path: GuardedPath) -> None:
    summary = read_json(path / "summary.json")
    parts = {"all": summary["whole"]} | summary["parts"]
    content.warnings = summary["warnings"]
    whole = summary["whole"]
    content.brief = f"{counted(whole['examples'], 'examples')} of {counted(whole['members'], 'members')}"
    content.facts = {"examples": f"{whole['examples']:,}", "members": f"{whole['members']:,}"}
    for name in ("x", "y"):
        described = summary[name]
        shapes = {name: described} if "dtype" in described else {f"{name}.{k}": v for k, v in described.items()}
        content.facts |= {k: f"{_size(v['shape'])} {v['dtype']}" for k, v in shapes.items()}
    counted_by = next((key for key in ("classes", "y") if key in whole), None)
    if counted_by:
        header = ["class" if counted_by == "classes" else "y", *parts]
        rows = [[label, *(part[counted_by][label] for part in parts.values())] for label in whole[counted_by]]
        content.tables.append(Table(counted_by, header, rows))
    elif summary["parts"]:
        content.tables.append(Table("parts", ["part", "examples"], [[n, p["examples"]] for n, p in parts.items()]))


def _size(shape: list[int]) -> str:
    return " × ".join(map(str, shape)) if shape else "one number"


def _add_findings(content: StageContent, path: GuardedPath, attachments: Attachments) -> None:
    contents = read_contents(path.path)
    captions = contents["captions"]
    content.measures = measures_of(read_metrics(path))
    content.brief = next((short(name, one) for name, one in key_measures(content.measures).items()), "")
    content.warnings = contents["warnings"]
    content.figures = [embedded_figure(content.id, path, name, captions.get(name, "")) for name in contents["figures"]]
    content.tables = [read_table(path / f"{name}.csv", name, captions.get(name, "")) for name in contents["tables"]]
    if content.measures:
        content.tables.insert(0, measure_table(content.measures))
    for name in contents["html"]:
        fragment = (path / f"{name}.html").text()
        content.fragments.append((name, Markup(attachments.fill(fragment, path, contents["files"]))))
    content.files = contents["files"]


def embedded_figure(stage: str, path: GuardedPath, name: str, caption: str) -> Figure:
    """Return a figure of findings in a folder, as a picture in line."""
    svg = path / f"{name}.svg"
    file, kind, mime = (
        (svg, "svg", "svg+xml") if svg.status().st_size <= SVG_AT_MOST else (path / f"{name}.png", "png", "png")
    )
    uri = f"data:image/{mime};base64,{base64.b64encode(file.content()).decode()}"
    return Figure(f"{stage}/{name}", name, uri, kind, caption)
