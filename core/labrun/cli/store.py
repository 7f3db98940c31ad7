"""`labrun verify` and `labrun gc`: check and clean the store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from labrun.amounts import bytes_in_words, counted, duration_in_words
from labrun.cli.options import runs_option, set_option
from labrun.cli.tables import print_table
from labrun.faults import Fault, ProjectFaults
from labrun.files.guarded import GuardedPath
from labrun.store.places import expect_paired, store_of
from labrun.store.store import Store

if TYPE_CHECKING:
    from labrun.upkeep.verification import Verification

__all__ = ["gc", "verify"]


@click.command()
@click.argument("project", type=click.Path(path_type=Path, dir_okay=False), metavar="[PROJECT.yaml]", required=False)
@set_option
@runs_option
@click.pass_context
def verify(context: click.Context, project: Path | None, overrides: tuple[str, ...], runs: Path) -> None:
    """Read results again and list damaged files.

    Reads all results of a project, or of the whole store, and compares them with their digests. The next run makes damaged
    results again. The exit code is 1 if a file is damaged.
    """
    from labrun.upkeep.garbage import run_folders
    from labrun.upkeep.verification import Verification

    verification = Verification(Store(_existing_store(runs)))
    if project is None:
        verification.add_store()
        for run in run_folders(runs):
            verification.add_run(run)
    else:
        _add_project(verification, project, overrides, runs)
    with _progress(verification.size) as advance:
        found = list(verification.run(advance))
    for finding in found:
        click.echo(str(finding))
    _sum_up(context, verification.results, verification.size, len(found), sum(not finding.marked for finding in found))


def _existing_store(runs: Path) -> Path:
    store = store_of(runs)
    if not store.is_dir():
        raise ProjectFaults([Fault(f"'{runs}' has no store: name the folder of your runs by --runs DIR")])
    return store


def _add_project(verification: Verification, project: Path, overrides: tuple[str, ...], runs: Path) -> None:
    from labrun.planning.plan import make_plan
    from labrun.project.load import load

    plan = make_plan(load(project, overrides), store_of(runs))
    for planned in plan.stages.values():
        verification.add_result(planned.section, planned.key)
        verification.add_checkpoints(planned.key)
    verification.add_run(GuardedPath(runs) / plan.project.name)


@contextmanager
def _progress(size: int) -> Iterator[Callable[[int], None]]:
    """Show a progress bar in a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    console = Console(stderr=True)
    columns = (TextColumn("reading"), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("reading", total=size)
        yield lambda count: progress.advance(task, count)


def _sum_up(context: click.Context, results: int, size: int, damaged: int, unmarked: int) -> None:
    read = f"{counted(results, 'results')}, {bytes_in_words(size)}"
    if not damaged:
        click.echo(f"{read}: all as it was written")
        return
    click.echo(
        f"{read}: {counted(damaged, 'files are', 'file is')} damaged. The next run makes those that it needs again"
    )
    if unmarked:
        click.echo(
            f"{unmarked} of them could not be marked for that, since they belong to another user: remove them",
            err=True,
        )
    context.exit(1)


@click.command()
@runs_option
@click.option("--delete", is_flag=True, help="Remove what is listed.")
def gc(runs: Path, delete: bool) -> None:
    """List results that no run refers to; --delete removes them.

    These are results of earlier versions of a project, and files that killed processes left behind. The folders of runs are
    kept.
    """
    from labrun.upkeep.garbage import find_garbage, remove

    found = list(find_garbage(runs, Store(_existing_store(runs))))
    if delete:
        expect_paired(runs)
        found = [garbage for garbage in found if remove(garbage, runs)]
    if not found:
        click.echo("nothing was removed" if delete else "nothing to remove: runs refer to all results")
        return
    rows = [[g.what, str(g.path), bytes_in_words(g.size), f"{duration_in_words(g.age)} ago"] for g in found]
    print_table(["what", "path", "size", "changed"], rows)
    what = f"{counted(len(found), 'entries', 'entry')}, {bytes_in_words(sum(g.size for g in found))}"
    click.echo(
        f"removed {what}" if delete else f"{what}: 'labrun gc --delete' removes {'it' if len(found) == 1 else 'them'}"
    )
