"""`labrun check`, `plan`, `status` and `why`: what a project says, what it would do, what is done, what changed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from labrun.cli.options import project_argument, runs_option, set_option, store_of

__all__ = ["check", "plan", "status", "why"]


@click.command()
@project_argument
@set_option
def check(project: Path, overrides: tuple[str, ...]) -> None:
    """Validate a project, and say all that is wrong with it."""
    from labrun.project import load

    loaded = load(project, overrides)
    counts = ", ".join(
        f"{number} {section}"
        for section in ("simulations", "datasets", "models", "analyses")
        if (number := sum(s.section == section for s in loaded.stages.values()))
    )
    click.echo(f"{project}: no faults; {counts}")


@click.command()
@project_argument
@set_option
@runs_option
def plan(project: Path, overrides: tuple[str, ...], runs: Path) -> None:
    """Show what a run would do, and what is there already."""
    from labrun.plan import make_plan
    from labrun.project import load

    made = make_plan(load(project, overrides), store_of(runs))
    table = Table("stage", "plugin", "work", "state", "key")
    for planned in made.stages.values():
        done, total = made.progress(planned)
        state = "[green]done[/]" if made.manifest(planned) else f"{done} of {total} parts" if done else "to do"
        table.add_row(escape(planned.id), planned.stage.offer.name, _work(planned), state, planned.key[:12])
    Console().print(table)


def _work(planned: Any) -> str:
    stage = planned.stage
    if stage.table is not None:
        return f"{stage.table.size} members"
    return f"{stage.fit.epochs} epochs" if stage.fit else ""


@click.command()
@project_argument
@set_option
@runs_option
def status(project: Path, overrides: tuple[str, ...], runs: Path) -> None:
    """Show which stages of a project are done, and how long they took."""
    from labrun.plan import make_plan
    from labrun.project import load

    made = make_plan(load(project, overrides), store_of(runs))
    table = Table("stage", "state", "seconds", "size")
    for planned in made.stages.values():
        manifest = made.manifest(planned)
        if manifest:
            size = sum(entry["size"] for entry in manifest.files.values())
            table.add_row(escape(planned.id), "[green]done[/]", f"{manifest.seconds:.1f}", _bytes(size))
        else:
            done, total = made.progress(planned)
            table.add_row(escape(planned.id), f"{done} of {total} parts" if done else "to do", "", "")
    Console().print(table)


def _bytes(size: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


@click.command()
@project_argument
@click.argument("stage")
@set_option
@runs_option
def why(project: Path, stage: str, overrides: tuple[str, ...], runs: Path) -> None:
    """Say which input of a STAGE differs from what the last run has done."""
    from labrun.plan import make_plan
    from labrun.project import load, stage_ids
    from labrun.runfolder import RunFolder

    loaded = load(project, overrides)
    made = make_plan(loaded, store_of(runs))
    record = RunFolder(runs / loaded.name).last_record().get("stages", {})
    for identifier in stage_ids(loaded, [stage]):
        planned = made.stages[identifier]
        if made.manifest(planned):
            click.echo(f"{identifier}: is done ({planned.key[:12]}); a run would not touch it")
        elif identifier not in record:
            click.echo(f"{identifier}: has not been run yet")
        elif record[identifier]["key"] == planned.key:
            click.echo(f"{identifier}: nothing has changed since the last run, but it was not finished")
        else:
            click.echo(f"{identifier}: must be done again, since this has changed:")
            for line in _differences(record[identifier]["inputs"], planned.inputs, ""):
                click.echo(f"  {line}")


def _differences(before: Any, now: Any, path: str) -> Iterator[str]:
    if isinstance(before, dict) and isinstance(now, dict):
        for key in [*before, *(k for k in now if k not in before)]:
            inner = f"{path}.{key}" if path else key
            if key not in before:
                yield f"{inner}: added, {_short(now[key])}"
            elif key not in now:
                yield f"{inner}: removed, was {_short(before[key])}"
            else:
                yield from _differences(before[key], now[key], inner)
    elif before != now:
        yield f"{path}: {_short(before)} → {_short(now)}"


def _short(value: Any) -> str:
    text = str(value)
    return text[:12] if isinstance(value, str) and len(text) == 64 else text
