"""`labrun run`: do a project."""

from __future__ import annotations

import shlex
import signal
import sys
from pathlib import Path

import click

from labrun.cli.options import only_option, project_argument, runs_option, set_option, store_of, workers_option
from labrun.faults import LabrunError, printable

__all__ = ["run"]

EXIT_CODES = {"done": 0, "failed": 1}


@click.command()
@project_argument
@workers_option
@set_option
@only_option
@click.option(
    "--grace",
    type=click.FloatRange(min=0),
    default=30.0,
    show_default=True,
    envvar="LABRUN_GRACE",
    help="Seconds that a part or an epoch in hand has to finish after Ctrl-C or SIGTERM.",
)
@click.option("--fresh", is_flag=True, help="Do all stages again, whatever is in the store.")
@runs_option
@click.pass_context
def run(
    context: click.Context,
    project: Path,
    workers: int,
    overrides: tuple[str, ...],
    only: tuple[str, ...],
    grace: float,
    fresh: bool,
    runs: Path,
) -> None:
    """Run a project: what is done already is left alone, everything else is done, then the report is written."""
    from rich.console import Console

    from labrun.costs import require_disk
    from labrun.display import display_for
    from labrun.engine import Engine
    from labrun.eventlog import EventLog
    from labrun.interruption import Interruption
    from labrun.observers import Observers
    from labrun.plan import make_plan
    from labrun.project import load, stage_ids
    from labrun.report import ReportWriter
    from labrun.runfolder import RunFolder

    loaded = load(project, overrides)
    plan = make_plan(loaded, store_of(runs), stage_ids(loaded, only) if only else None)
    folder = RunFolder(runs / loaded.name)
    try:
        folder.prepare(plan)
    except OSError as error:
        raise LabrunError(
            f"cannot write the run's folder {folder.path}: {error.strerror or error}. Choose another with --runs DIR"
        ) from error
    if fresh:
        for planned in plan.stages.values():
            plan.store.discard(planned.section, planned.key)
    require_disk(plan)
    manager = loaded.registry.manager
    manager.register(EventLog(folder.path / "events.jsonl"), name="events.jsonl")
    manager.register(ReportWriter(folder, plan), name="report.html")
    manager.register(display_for(Console()), name="display")
    observers = Observers(manager, lambda text: click.echo(printable(text), err=True))
    with Interruption(grace, observers.complain) as interruption:
        outcome = Engine(plan, folder, observers, workers, interruption).run()
    if outcome == "interrupted":
        click.echo(f"to go on: {_command_to_go_on()}")
        context.exit(128 + (interruption.signal or signal.SIGINT))
    context.exit(EXIT_CODES[outcome])


def _command_to_go_on() -> str:
    """The command that was given, but for `--fresh`, which would do again what is finished."""
    return shlex.join(["labrun", *(word for word in sys.argv[1:] if word != "--fresh")])
