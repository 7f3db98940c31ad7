"""`labrun doctor`: check this installation."""

from __future__ import annotations

import json
from pathlib import Path

import click

from labrun.cli.options import runs_option

__all__ = ["doctor"]

_MARKS = {"ok": ("✓", "green"), "warn": ("!", "yellow"), "fail": ("✗", "red")}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
@runs_option
@click.pass_context
def doctor(context: click.Context, as_json: bool, runs: Path) -> None:
    """Check this installation.

    Checks libraries, plugins, the machine, the folder of runs, compiled kernels and one training step. The exit code is 1 if a
    check fails.
    """
    from labrun.doctor import examine

    checks = []
    for check in examine(runs):
        checks.append(check)
        if not as_json:
            mark, colour = _MARKS[check.state]
            click.echo(f"{click.style(mark, fg=colour)} {check.name}: {check.found}")
            if check.advice:
                click.echo(f"  → {check.advice}")
    if as_json:
        click.echo(json.dumps([vars(check) for check in checks], indent=2))
    context.exit(1 if any(check.state == "fail" for check in checks) else 0)
