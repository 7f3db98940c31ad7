"""Put the page together from the contents of its stages."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from labrun.amounts import duration_in_words
from labrun.contracts.events import StageFinished
from labrun.planning.plan import Plan
from labrun.records.run_folder import RunFolder
from labrun.report.answer import Group, key_groups
from labrun.report.attachments import Attachments
from labrun.report.content import Figure, StageContent
from labrun.report.environment import environment
from labrun.report.gathering import stage_content
from labrun.report.graph import draw_graph
from labrun.report.matrix_tables import compare

__all__ = ["render_report"]

SECTION_TITLES = {
    "analyses": "Results",
    "models": "Models",
    "datasets": "Datasets",
    "simulations": "Simulations",
}
"""In the order of the page: results first, then their inputs."""
NOT_DONE = ("failed", "skipped", "not reached", "interrupted")
ROWS_OF_ANSWER = 17
"""Rows of key results on the first screen; the others are folded."""
LINES_AT_LEAST = 3
"""A group stands there with fewer lines only if it has no more."""


@dataclass(frozen=True)
class Warned:
    """A warning, and the stages that gave it."""

    text: str
    stages: list[StageContent]


def render_report(
    folder: RunFolder,
    plan: Plan,
    ended: Mapping[str, StageFinished],
    begun: Collection[str] = (),
    live: Markup | None = None,
) -> str:
    """Return the page made from the run's folder; `ended` says why stages failed. Of a run that goes on, `begun` are the stages that work
    has begun on, and `live` shows those that are in work."""
    record = folder.last_record()
    if live:
        record["stages"] = {
            name: _so_far(entry, name in begun, ended.get(name)) for name, entry in record["stages"].items()
        }
    attachments = Attachments()
    stages = _stages(folder, plan, record, ended, attachments)
    results = _headline_first(stages, plan.project.head.headline)
    groups, more = _divided(key_groups(results))
    return environment().get_template("report.html").render(
        project=plan.project,
        record=record,
        work=sum(stage.seconds or 0.0 for stage in stages),
        sections=[(title, found) for section, title in SECTION_TITLES.items() if (found := _of(section, stages))],
        groups=groups,
        more_groups=more,
        headline=_headline(results, plan.project.head.headline),
        warned=_warnings(stages),
        graph=Markup(draw_graph(list(plan.stages.values()), {s.id: s.outcome for s in stages}, _notes(stages))),
        comparisons=compare(stages),
        attachments=list(attachments.found.values()),
        failed=[s for s in stages if s.outcome in NOT_DONE and not (live and s.outcome == "not reached")],
        live=live,
    )  # fmt: skip


def _stages(
    folder: RunFolder,
    plan: Plan,
    record: dict[str, Any],
    ended: Mapping[str, StageFinished],
    attachments: Attachments,
) -> list[StageContent]:
    """The stages in the order in which the project has them."""
    stages = [
        stage_content(folder, planned, record, ended.get(planned.id), attachments) for planned in plan.stages.values()
    ]
    as_written = [
        f"{section}.{name}" for section in SECTION_TITLES for name in plan.project.document.value.get(section) or ()
    ]
    return sorted(stages, key=lambda stage: as_written.index(f"{stage.section}.{stage.base}"))


def _of(section: str, stages: Sequence[StageContent]) -> list[StageContent]:
    return [stage for stage in stages if stage.section == section]


def _headline_first(stages: Sequence[StageContent], headline: str | None) -> list[StageContent]:
    """The analyses, the one that the project calls its headline first."""
    name = (headline or "").partition("/")[0]
    return sorted(_of("analyses", stages), key=lambda stage: name not in (stage.base, stage.name))


def _headline(results: Sequence[StageContent], headline: str | None) -> Figure | None:
    """The figure that the project chooses, or the first one of the first analysis with key results; None if there are no figures."""
    name = (headline or "").partition("/")[2]
    with_keys = [stage for stage in results if any(one.key for one in stage.measures.values())]
    chosen = results[:1] if headline else [*with_keys, *results]
    figures = [figure for stage in chosen for figure in stage.figures]
    return next((figure for figure in figures if figure.name == name), figures[0] if figures else None)


def _divided(groups: list[Group]) -> tuple[list[Group], list[Group]]:
    """Those that the first screen has room for, and the others. If there are key results, only they stand there."""
    shown: list[Group] = []
    room = ROWS_OF_ANSWER
    for at, group in enumerate(groups):
        count = min(len(group.lines), room - group.frame)
        if count < min(LINES_AT_LEAST, len(group.lines)) or (groups[0].is_key and not group.is_key):
            return shown, groups[at:]
        if count < len(group.lines):
            first, rest = group.divided(count)
            return [*shown, first], [rest, *groups[at + 1 :]]
        shown.append(group)
        room -= group.height
    return shown, []


def _warnings(stages: Sequence[StageContent]) -> list[Warned]:
    """Each warning once."""
    found: dict[str, list[StageContent]] = {}
    for stage in stages:
        for text in stage.warnings:
            found.setdefault(text, []).append(stage)
    return [Warned(text, given) for text, given in found.items()]


def _notes(stages: Sequence[StageContent]) -> dict[str, str]:
    """What a box of the graph says of each stage: its time, and what it gave."""
    return {
        stage.id: " · ".join(
            text for text in (stage.brief, duration_in_words(stage.seconds) if stage.seconds else "") if text
        )
        for stage in stages
    }


def _so_far(entry: dict[str, Any], begun: bool, ended: StageFinished | None) -> dict[str, Any]:
    """Return the record of a stage while a run goes on: the one on the disk is older, and counts what will be reused as done."""
    if ended is None:
        return entry | {"outcome": "running" if begun else "not reached", "seconds": None}
    seconds = ended.seconds if ended.outcome == "done" else entry["seconds"]
    return entry | {"outcome": ended.outcome, "seconds": seconds}
