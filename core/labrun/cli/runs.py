"""`labrun runs`, `open` and `rm`: list the runs in a folder, open the report of one, remove one."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from labrun.amounts import bytes_in_words, counted, duration_in_words
from labrun.cli.completion import complete_runs
from labrun.cli.options import runs_option
from labrun.cli.tables import print_table
from labrun.faults import Fault, LabrunError, ProjectFaults

if TYPE_CHECKING:
    from labrun.records.listing import Listed

__all__ = ["list_runs", "open_report", "remove"]


@click.command("runs")
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
@runs_option
def list_runs(as_json: bool, runs: Path) -> None:
    """List the runs in a folder, the latest first."""
    from labrun.records import listing

    found = listing.list_runs(runs)
    if as_json:
        click.echo(json.dumps([_record(run) for run in found], indent=2))
        return
    print_table(["run", "started", "outcome", "time", "size", "result"], [_row(run) for run in found])


def _record(run: Listed) -> dict[str, Any]:
    return run.summary | {"folder": str(run.folder), "size": run.size}


def _row(run: Listed) -> list[str]:
    from labrun.display.closing import result_line

    summary = run.summary
    if not summary:
        return [str(run.folder), "", "damaged", "", bytes_in_words(run.size), ""]
    result = result_line(summary["results"][0]) if summary["results"] else ""
    seconds = duration_in_words(summary["seconds"])
    return [str(run.folder), summary["started"], summary["outcome"], seconds, bytes_in_words(run.size), result]


@click.command("open")
@click.argument("run", required=False, shell_complete=complete_runs)
@runs_option
def open_report(run: str | None, runs: Path) -> None:
    """Open the report of a run in the browser.

    It exists from the first second of a run, and follows it. RUN is the folder of a run, or the name of one in the folder of runs (default:
    the latest run).
    """
    from labrun.files.trust import is_plain
    from labrun.records.listing import find_run

    report = find_run(run, runs) / "report.html"
    if not is_plain(report.parent, report.name):
        raise LabrunError(f"there is no report {report}: run the project again to write it")
    click.echo(report)
    click.launch(str(report))


@click.command("rm")
@click.argument("names", nargs=-1, required=True, metavar="RUN…", shell_complete=complete_runs)
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@runs_option
def remove(names: tuple[str, ...], yes: bool, runs: Path) -> None:
    """Remove runs.

    RUN is the folder of a run, or the name of one in the folder of runs. Other files in that folder are kept. Results in the store
    are kept, too: 'labrun gc' removes those that no run refers to.
    """
    from labrun.records.listing import find_run, size_of
    from labrun.upkeep.removal import remove_run

    folders = [find_run(name, runs) for name in names]
    if not yes:
        if not sys.stdin.isatty():
            raise ProjectFaults([Fault("rm asks before it removes a run: give --yes where nobody can answer")])
        for folder in folders:
            click.echo(f"{folder}: {bytes_in_words(size_of(folder))}")
        click.confirm(f"remove {counted(len(folders), 'runs')}?", abort=True)
    for folder in folders:
        left = remove_run(folder)
        click.echo(
            f"removed {folder}"
            if not left
            else f"removed the run in {folder}; {counted(len(left), 'other files')} stay there"
        )
