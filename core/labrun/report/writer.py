"""Write `report.html`: while a run goes on, and when it ends."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from markupsafe import Markup

from labrun.contracts.events import RunStarted, StageFinished, StageProgressed, StageStarted
from labrun.contracts.plugin import hookimpl
from labrun.files.guarded import GuardedPath
from labrun.planning.plan import Plan
from labrun.records.run_folder import RunFolder
from labrun.report.attachments import Attachments
from labrun.report.content import stage_content
from labrun.report.environment import environment
from labrun.report.graph import draw_graph
from labrun.report.live import LivePage
from labrun.report.matrix_tables import compare

__all__ = ["ReportWriter", "write_report"]

SECTION_TITLES = {
    "analyses": "Results",
    "models": "Models",
    "datasets": "Datasets",
    "simulations": "Simulations",
}
"""In the order of the page: results first, then their inputs."""
NOT_DONE = ("failed", "skipped", "not reached")


class ReportWriter:
    """Write the page of a run from its beginning to its end."""

    def __init__(self, folder: RunFolder, plan: Plan) -> None:
        self.folder = folder
        self.plan = plan
        self.ended: dict[str, StageFinished] = {}
        self.begun: set[str] = set()
        self.live = LivePage(folder.place / "report.html", self._render)

    def _render(self, live: Markup) -> str:
        return render_report(self.folder, self.plan, self.ended, self.begun, live)

    @hookimpl
    def labrun_run_started(self, event: RunStarted) -> None:
        self.live.begin(event)

    @hookimpl
    def labrun_stage_started(self, event: StageStarted) -> None:
        self.begun.add(event.stage)
        self.live.begin_stage(event)

    @hookimpl
    def labrun_stage_progressed(self, event: StageProgressed) -> None:
        self.live.progress(event)

    @hookimpl
    def labrun_stage_finished(self, event: StageFinished) -> None:
        self.ended[event.stage] = event
        self.live.end_stage(event)

    def write(self, path: GuardedPath) -> None:
        """Write the final page to `path`.

        Raises:
            OSError: it cannot be written.
        """
        self.live.end()
        write_report(self.folder, self.plan, self.ended, path)


def write_report(folder: RunFolder, plan: Plan, ended: Mapping[str, StageFinished], path: GuardedPath) -> None:
    """Write the page of a run that is over; `ended` says why stages failed."""
    page = render_report(folder, plan, ended)
    with path.written() as stream:
        stream.write(page.encode())


def render_report(
    folder: RunFolder,
    plan: Plan,
    ended: Mapping[str, StageFinished],
    begun: Collection[str] = (),
    live: Markup | None = None,
) -> str:
    """Return the page made from the run's folder. Of a run that goes on, `begun` are the stages that work has begun on, and `live` shows
    those that are in work."""
    record = folder.last_record()
    if live:
        record["stages"] = {
            name: _so_far(entry, name in begun, ended.get(name)) for name, entry in record["stages"].items()
        }
    attachments = Attachments()
    stages = [
        stage_content(folder, planned, record, ended.get(planned.id), attachments) for planned in plan.stages.values()
    ]
    as_written = [
        f"{section}.{name}" for section in SECTION_TITLES for name in plan.project.document.value.get(section) or ()
    ]
    stages.sort(key=lambda stage: as_written.index(f"{stage.section}.{stage.base}"))
    sections = [(title, [s for s in stages if s.section == section]) for section, title in SECTION_TITLES.items()]
    return (
        environment()
        .get_template("report.html")
        .render(
            project=plan.project,
            record=record,
            work=sum(stage.seconds or 0.0 for stage in stages),
            sections=[(title, found) for title, found in sections if found],
            graph=Markup(draw_graph(list(plan.stages.values()), {s.id: s.outcome for s in stages})),
            comparisons=compare(stages),
            attachments=list(attachments.found.values()),
            failed=[s for s in stages if s.outcome in NOT_DONE and not (live and s.outcome == "not reached")],
            live=live,
        )
    )


def _so_far(entry: dict[str, Any], begun: bool, ended: StageFinished | None) -> dict[str, Any]:
    """Return the record of a stage while a run goes on: the one on the disk is older, and counts what will be reused as done."""
    if ended is None:
        return entry | {"outcome": "running" if begun else "not reached"}
    seconds = ended.seconds if ended.outcome == "done" else entry["seconds"]
    return entry | {"outcome": ended.outcome, "seconds": seconds}
