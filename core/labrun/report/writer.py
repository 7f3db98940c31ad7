"""Write `report.html` when a run ends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from labrun.amounts import bytes_in_words, duration_in_words, shown
from labrun.contracts.events import StageFinished
from labrun.contracts.measure import Measure
from labrun.contracts.plugin import hookimpl
from labrun.files.guarded import GuardedPath
from labrun.planning.plan import Plan
from labrun.records.run_folder import RunFolder
from labrun.report.attachments import Attachments
from labrun.report.content import stage_content
from labrun.report.graph import draw_graph
from labrun.report.matrix_tables import compare

__all__ = ["ReportWriter", "write_report"]

SECTION_TITLES = {
    "analyses": "Results",
    "models": "Models",
    "datasets": "Datasets",
    "simulations": "Simulations",
}
"""In the order of the page: results first, then their inputs."""


class ReportWriter:
    """Collect how each stage ended, and write the page at the end."""

    def __init__(self, folder: RunFolder, plan: Plan) -> None:
        self.folder = folder
        self.plan = plan
        self.ended: dict[str, StageFinished] = {}

    @hookimpl
    def labrun_stage_finished(self, event: StageFinished) -> None:
        self.ended[event.stage] = event

    def write(self, path: GuardedPath) -> None:
        """Write the page to `path`.

        Raises:
            OSError: it cannot be written.
        """
        write_report(self.folder, self.plan, self.ended, path)


def write_report(folder: RunFolder, plan: Plan, ended: Mapping[str, StageFinished], path: GuardedPath) -> None:
    """Write the page from the run's folder; `ended` says why stages failed."""
    record = folder.last_record()
    attachments = Attachments()
    stages = [
        stage_content(folder, planned, record, ended.get(planned.id), attachments) for planned in plan.stages.values()
    ]
    as_written = [
        f"{section}.{name}" for section in SECTION_TITLES for name in plan.project.document.value.get(section) or ()
    ]
    stages.sort(key=lambda stage: as_written.index(f"{stage.section}.{stage.base}"))
    sections = [(title, [s for s in stages if s.section == section]) for section, title in SECTION_TITLES.items()]
    page = (
        _environment()
        .get_template("report.html")
        .render(
            project=plan.project,
            record=record,
            work=sum(stage.seconds or 0.0 for stage in stages),
            sections=[(title, found) for title, found in sections if found],
            graph=Markup(draw_graph(list(plan.stages.values()), {s.id: s.outcome for s in stages})),
            comparisons=compare(stages),
            attachments=list(attachments.found.values()),
            failed=[s for s in stages if s.outcome in ("failed", "skipped", "not reached")],
        )
    )
    with path.written() as stream:
        stream.write(page.encode())


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("labrun.report"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["duration"] = duration_in_words
    environment.filters["number"] = _number
    environment.filters["bytes"] = bytes_in_words
    return environment


def _number(value: Any) -> str:
    """A number of the page: whole numbers with separators."""
    if isinstance(value, (bool, Measure)) or not isinstance(value, (int, float)):
        return str(value)
    return f"{value:,}" if isinstance(value, int) else shown(value)
