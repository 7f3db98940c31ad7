"""`labrun check`, `status` and `why`: check a project, list what is done, explain what must be done again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from labrun.amounts import bytes_in_words, counted
from labrun.cli.completion import complete_stages
from labrun.cli.options import project_argument, runs_option, set_option
from labrun.cli.tables import print_table, short
from labrun.contracts.inputs import ONE_OF
from labrun.faults import printable
from labrun.files.guarded import GuardedPath
from labrun.store.places import store_of

if TYPE_CHECKING:
    from labrun.planning.plan import Plan, Planned

__all__ = ["check", "state_in_words", "status", "tell_damage", "why"]


@click.command()
@project_argument
@set_option
@click.option(
    "--no-plugins", is_flag=True, help="Run none of the project's own code: load no plugin file, start no program."
)
def check(project: Path, overrides: tuple[str, ...], no_plugins: bool) -> None:
    """Check a project and list all of its faults."""
    from labrun.project.load import load
    from labrun.project.programs import programs_in_words
    from labrun.project.trainable import expect_trainable

    loaded = load(project, overrides, own_plugins=not no_plugins)
    expect_trainable(loaded.stages.values())
    for sentence in programs_in_words(loaded.head):
        click.echo(printable(sentence))
    for stage in loaded.stages.values():
        for remark in stage.remarks:
            click.echo(printable(f"{stage.id}: {remark}"))
    numbers = Counter(stage.section for stage in loaded.stages.values())
    counts = [counted(number, section, ONE_OF[section]) for section, number in numbers.items()]
    click.echo(f"{project}: no faults; {', '.join(counts)}")


def state_in_words(made: Plan, planned: Planned) -> str:
    """Describe the state of a stage: `done`, `damaged`, `3 of 8 parts`, `to do`."""
    from labrun.planning.progress import progress_of

    if made.manifest(planned):
        return "done"
    if made.damage(planned):
        return "damaged"
    progress = progress_of(made, planned)
    return str(progress) if progress.done else "to do"


def tell_damage(made: Plan) -> None:
    """Report results in the store that are damaged."""
    from labrun.files.integrity import in_words

    for planned in made.stages.values():
        for sentence in in_words(planned.id, made.damage(planned), "the next run makes it again"):
            click.echo(sentence, err=True)


@click.command()
@project_argument
@set_option
@runs_option
def status(project: Path, overrides: tuple[str, ...], runs: Path) -> None:
    """Show the state of each stage, and how long it took."""
    from labrun.planning.plan import make_plan
    from labrun.project.load import load
    from labrun.records.run_folder import RunFolder

    loaded = load(project, overrides)
    made = make_plan(loaded, store_of(runs))
    in_work = RunFolder(GuardedPath(runs) / loaded.name).stages_in_work()
    rows = []
    for planned in made.stages.values():
        manifest = made.manifest(planned)
        size = sum(entry["size"] for entry in manifest.files.values()) if manifest else 0
        cost = [f"{manifest.seconds:.1f}", bytes_in_words(size)] if manifest else ["", ""]
        state = state_in_words(made, planned)
        if planned.id in in_work and not manifest:
            state = "in work" if state == "to do" else f"{state}, in work"
        rows.append([planned.id, state, *cost])
    print_table(["stage", "state", "seconds", "size"], rows)
    tell_damage(made)


@click.command()
@project_argument
@click.argument("stage", shell_complete=complete_stages)
@set_option
@runs_option
def why(project: Path, stage: str, overrides: tuple[str, ...], runs: Path) -> None:
    """Show which inputs of a stage changed since the last run."""
    from labrun.planning.plan import make_plan
    from labrun.project.load import load, stage_ids
    from labrun.records.run_folder import RunFolder

    loaded = load(project, overrides)
    made = make_plan(loaded, store_of(runs))
    record = RunFolder(GuardedPath(runs) / loaded.name).last_record().get("stages", {})
    for identifier in stage_ids(loaded, [stage]):
        planned = made.stages[identifier]
        if made.manifest(planned):
            click.echo(f"{identifier}: is done ({planned.key[:12]}); a run would not touch it")
        elif damage := made.damage(planned):
            click.echo(f"{identifier}: {damage[0]}; the next run makes it again")
        elif identifier not in record:
            click.echo(f"{identifier}: has not been run yet")
        elif record[identifier]["key"] == planned.key:
            click.echo(f"{identifier}: nothing has changed since the last run, but it was not finished")
        else:
            click.echo(f"{identifier}: must be done again, since this has changed:")
            for line in dict.fromkeys(_reasons(record[identifier], planned)):  # two plugins may share a file
                click.echo(f"  {printable(line)}")


def _reasons(before: dict[str, Any], planned: Planned) -> Iterator[str]:
    """List the inputs of the key that have changed; for code, the files."""
    code = before.get("code", {})
    for line in _differences(before["inputs"], planned.inputs, ""):
        if not line.startswith(("plugin.source:", "sampler.source:")) or not code:
            yield line
            continue
        for name in sorted({*code, *planned.code}):
            if code.get(name) != planned.code.get(name):
                what = "new" if name not in code else "no longer used" if name not in planned.code else "changed"
                yield f"code: {name} ({what})"


def _differences(before: Any, now: Any, path: str) -> Iterator[str]:
    if isinstance(before, dict) and isinstance(now, dict):
        for key in [*before, *(k for k in now if k not in before)]:
            inner = f"{path}.{key}" if path else key
            if key not in before:
                yield f"{inner}: added, {short(now[key])}"
            elif key not in now:
                yield f"{inner}: removed, was {short(before[key])}"
            else:
                yield from _differences(before[key], now[key], inner)
    elif before != now:
        yield f"{path}: {short(before)} → {short(now)}"
