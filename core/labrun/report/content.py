"""The content of one stage in the report, read from its folder."""

from __future__ import annotations

import base64
import csv
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import singledispatch
from typing import Any

import yaml
from markupsafe import Markup

from labrun.contracts.events import StageFinished
from labrun.contracts.findings import read_contents, read_metrics
from labrun.contracts.inputs import SECTIONS
from labrun.files.atomic import read_json
from labrun.files.guarded import GuardedPath
from labrun.planning.plan import Planned
from labrun.project.stage import AnalysisStage, DatasetStage, ModelStage, SimulationStage, Stage
from labrun.project.sweeptable import SweepTable
from labrun.records.run_folder import RunFolder
from labrun.report.attachments import Attachments

__all__ = ["Figure", "StageContent", "Table", "stage_content"]

DONE = ("done", "reused")
SVG_AT_MOST = 400_000
ROWS_AT_MOST = 100


@dataclass
class Figure:
    """A picture as a data URI."""

    name: str
    uri: str
    caption: str


@dataclass
class Table:
    """Rows of text; `more` counts the rows that are only in the CSV file."""

    name: str
    header: list[str]
    rows: list[list[str]]
    caption: str
    more: int = 0


@dataclass
class StageContent:
    """One stage of the page."""

    id: str
    name: str
    base: str
    section: str
    kind: str
    plugin: str
    summary: str
    outcome: str
    problem: str
    """Why it is not done."""
    traceback: str
    seconds: float | None
    key: str
    values: dict[str, Any]
    inputs: list[str]
    settings: str
    metrics: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    fragments: list[Markup] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    details: dict[str, str] = field(default_factory=dict)


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
        kind=SECTIONS[planned.section].__name__,
        plugin=stage.offer.name,
        summary=stage.offer.summary,
        outcome=entry.get("outcome", "not reached"),
        problem=ended.message if ended and ended.outcome not in DONE else "",
        traceback=ended.traceback if ended else "",
        seconds=entry.get("seconds"),
        key=planned.key,
        values=stage.values,
        inputs=[f"{ref.stage}.{ref.part}" if ref.part else ref.stage for ref in stage.refs()],
        settings=_in_yaml(stage.settings),
    )
    if content.outcome in DONE:
        path = folder.folder(planned)
        _add_result(stage, content, path, attachments)
    return content


def _in_yaml(settings: dict[str, Any]) -> str:
    return yaml.safe_dump(settings, sort_keys=False, allow_unicode=True) if settings else ""


# -- what each kind of stage adds --


@singledispatch
def _add_result(stage: Stage, content: StageContent, path: GuardedPath, attachments: Attachments) -> None:
    """Add what lies in the folder of a finished stage."""


@_add_result.register(SimulationStage)
def _(stage: SimulationStage, content: StageContent, path: GuardedPath, attachments: Attachments) -> None:
    _add_simulation(content, stage.table, path)
    content.warnings = [*stage.remarks]


@_add_result.register(DatasetStage)
def _(stage: DatasetStage, content: StageContent, path: GuardedPath, attachments: Attachments) -> None:
    _add_dataset(content, path)


@_add_result.register(ModelStage)
def _(stage: ModelStage, content: StageContent, path: GuardedPath, attachments: Attachments) -> None:
    _add_model(content, path)


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
    content.metrics = {"members": table.size, "disk [MB]": round(size / 1e6, 1)}
    rows = []
    for name, values in table.columns.items():
        distinct = _distinct(values)
        span = f"{distinct[0]} … {distinct[-1]}" if len(distinct) > 6 else ", ".join(map(str, distinct))
        rows.append([name, str(len(distinct)), span])
    if rows:
        content.tables.append(Table("sweep", ["column", "values", "from … to"], rows, ""))
    if failures:
        _add_failures(content, failures)


def _add_failures(content: StageContent, failures: list[dict[str, Any]]) -> None:
    """Add the failed members, how often each error occurred, and the first traceback."""
    content.metrics["failed members"] = len(failures)
    content.traceback = failures[0]["traceback"]
    errors = [[str(count), error] for error, count in Counter(failure["error"] for failure in failures).most_common()]
    members = [[str(f["member"]), json.dumps(f["parameters"]), f["error"]] for f in failures]
    for name, header, rows in (
        ("errors", ["members", "error"], errors),
        ("failed members", ["member", "parameters", "error"], members),
    ):
        content.tables.append(Table(name, header, rows[:ROWS_AT_MOST], "", max(0, len(rows) - ROWS_AT_MOST)))


def _add_dataset(content: StageContent, path: GuardedPath) -> None:
    summary = read_json(path / "summary.json")
    parts = {"all": summary["whole"]} | summary["parts"]
    content.warnings = summary["warnings"]
    content.metrics = {"examples": summary["whole"]["examples"], "members": summary["whole"]["members"]}
    for name in ("x", "y"):
        described = summary[name]
        shapes = {name: described} if "dtype" in described else {f"{name}.{k}": v for k, v in described.items()}
        content.metrics |= {k: f"{tuple(v['shape'])} {v['dtype']}" for k, v in shapes.items()}
    counted = next((key for key in ("classes", "y") if key in summary["whole"]), None)
    if counted:
        header = ["class" if counted == "classes" else "y", *parts]
        rows = [
            [label, *(_shown(part[counted][label]) for part in parts.values())] for label in summary["whole"][counted]
        ]
        content.tables.append(Table(counted, header, rows, ""))
    elif summary["parts"]:
        content.tables.append(
            Table("parts", ["part", "examples"], [[n, str(p["examples"])] for n, p in parts.items()], "")
        )


def _shown(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.4g}"


def _add_model(content: StageContent, path: GuardedPath) -> None:
    with (path / "history.csv").opened("r", newline="", encoding="utf-8") as stream:
        history = list(csv.DictReader(stream))
    content.metrics = {name: float(value) for name, value in history[-1].items() if value}
    content.metrics["epoch"] = int(content.metrics.get("epoch", len(history)))
    if (path / "summary.txt").is_regular():
        content.details["layers"] = (path / "summary.txt").text()
    names = ("model.keras", "model.weights.h5", "history.csv")
    content.files = [name for name in names if (path / name).is_regular()]


def _add_findings(content: StageContent, path: GuardedPath, attachments: Attachments) -> None:
    contents = read_contents(path.path)
    captions = contents["captions"]
    content.metrics = dict(read_metrics(path))
    content.warnings = contents["warnings"]
    content.figures = [Figure(name, _data_uri(path, name), captions.get(name, "")) for name in contents["figures"]]
    content.tables = [_table(path / f"{name}.csv", name, captions.get(name, "")) for name in contents["tables"]]
    fragments = [(path / f"{name}.html").text() for name in contents["html"]]
    content.fragments = [Markup(attachments.fill(fragment, path, contents["files"])) for fragment in fragments]
    content.files = contents["files"]


def _data_uri(path: GuardedPath, name: str) -> str:
    svg = path / f"{name}.svg"
    file, kind = (svg, "svg+xml") if svg.status().st_size <= SVG_AT_MOST else (path / f"{name}.png", "png")
    return f"data:image/{kind};base64,{base64.b64encode(file.content()).decode()}"


def _table(path: GuardedPath, name: str, caption: str) -> Table:
    with path.opened("r", newline="", encoding="utf-8") as stream:
        header, *rows = list(csv.reader(stream)) or [[]]
    columns = [_column(column) for column in zip(*rows[:ROWS_AT_MOST], strict=True)]
    return Table(
        name, header, [list(row) for row in zip(*columns, strict=True)], caption, max(0, len(rows) - ROWS_AT_MOST)
    )


def _column(cells: Sequence[str]) -> list[str]:
    """The cells of a column as the page shows them: counts, which pandas may have written as 30.0, as whole numbers."""
    numbers = [float(cell) for cell in cells if _is_number(cell)]
    whole = len(numbers) == sum(cell != "" for cell in cells) and all(number.is_integer() for number in numbers)
    if whole:
        return [cell and cell.removesuffix(".0") for cell in cells]
    return [f"{float(cell):.5g}" if len(cell) >= 8 and _is_number(cell) else cell for cell in cells]


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
