"""`labrun compare`: compare runs."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from labrun.amounts import shown
from labrun.cli.tables import print_table, short
from labrun.faults import Fault, ProjectFaults, printable

if TYPE_CHECKING:
    from labrun.records.comparison import Row

__all__ = ["compare"]

WIDEST = 60
"""Characters of a value that the table shows."""
DIGITS = (4, 6, 9, 17)
"""Digits of numbers in a row: as few as show its differences."""


@click.command()
@click.argument("runs", type=click.Path(path_type=Path), nargs=-1, required=True, metavar="RUN RUN …")
@click.option("--all", "everything", is_flag=True, help="Also show what is equal in all runs.")
@click.option("--json", "as_json", is_flag=True, help="Write JSON, with all digits.")
@click.option(
    "--html",
    "page",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write one self-contained page: results with their tests, configuration, figures side by side.",
)
def compare(runs: tuple[Path, ...], everything: bool, as_json: bool, page: Path | None) -> None:
    """Compare runs: where they differ, and all numbers.

    Measures on the same members are compared with those of the first run by a paired permutation test; p is corrected for the number of
    tests.

    RUN is the folder of a run, such as runs/gray_scott. Running a project again replaces the results in that folder. To compare
    two versions of a project, run them with different --runs folders or under different names.
    """
    from labrun.records.comparison import compare_runs

    if len(runs) < 2:
        raise ProjectFaults([Fault("compare needs at least two runs: labrun compare runs/first runs/second")])
    if page is not None:
        from labrun.report.run_comparison import write_comparison

        write_comparison(runs, page)
        click.echo(f"comparison: {page}")
        return
    rows = compare_runs(runs, everything)
    if as_json:
        click.echo(json.dumps({"runs": [str(run) for run in runs], "rows": [_record(row) for row in rows]}, indent=2))
        return
    names = [str(run) for run in runs]
    print_table(["about", "name", *names], [[row.about, printable(row.name), *_cells(row)] for row in rows])


def _record(row: Row) -> dict[str, Any]:
    found = {"about": row.about, "name": row.name, "values": [_plain(value) for value in row.values]}
    return found | ({"tests": [vars(one) if one else None for one in row.tests]} if row.tests else {})


def _plain(value: Any) -> Any:
    """Convert a value for JSON: null for absent values and for numbers that are not finite."""
    from labrun.records.comparison import ABSENT

    if value is ABSENT or (isinstance(value, float) and not math.isfinite(value)):
        return None
    if isinstance(value, float):
        return float(value)
    return value if isinstance(value, (str, int, list, type(None))) else str(value)


def _cells(row: Row) -> list[str]:
    """The values of a row as text, with as many digits as it takes to see where they differ."""
    from labrun.records.comparison import difference

    for digits in DIGITS:
        cells = [_cell(value, digits) for value in row.values]
        if len(set(cells)) == row.distinct:
            break
    numbers = row.about in ("metrics", "training", "cost")
    tests = row.tests or [None] * len(row.values)
    return [
        cell + (difference(value, row.values[0], test) if numbers else "")
        for cell, value, test in zip(cells, row.values, tests, strict=True)
    ]


def _cell(value: Any, digits: int) -> str:
    from labrun.records.comparison import ABSENT

    plain = float(value) if isinstance(value, float) else value
    text = "" if value is ABSENT else "null" if value is None else shown(plain, digits)
    text = " ".join(short(printable(text)).split())
    return text if len(text) <= WIDEST else f"{text[: WIDEST - 1]}…"
