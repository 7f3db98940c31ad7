"""Write `report.html`: while a run goes on, and when it ends."""

from __future__ import annotations

from collections.abc import Mapping

from markupsafe import Markup

from labrun.contracts.events import RunStarted, StageFinished, StageProgressed, StageStarted
from labrun.contracts.plugin import hookimpl
from labrun.files.guarded import GuardedPath
from labrun.planning.plan import Plan
from labrun.records.run_folder import RunFolder
from labrun.report.live import LivePage
from labrun.report.page import render_report

__all__ = ["ReportWriter", "write_report"]


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
