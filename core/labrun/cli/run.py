"""`labrun run`: run a project."""

from __future__ import annotations

import json
import shlex
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import nullcontext, redirect_stdout
from pathlib import Path
from typing import Any

import click

from labrun.cli.options import only_option, project_argument, runs_option, set_option, workers_option
from labrun.faults import printable

__all__ = ["run"]

ALL = "*"
"""The meaning of `--fresh` without a stage."""
EXIT_CODES = {"done": 0, "failed": 1}


class _Run(click.Command):
    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, [*_with_plain_fresh(args)])


def _with_plain_fresh(words: Sequence[str]) -> Iterator[str]:
    """Let `--fresh project.yaml` mean all stages: click would take the project for the name of a stage."""
    for word, following in zip(words, [*words[1:], ""], strict=True):
        yield f"--fresh={ALL}" if word == "--fresh" and Path(following).suffix in (".yaml", ".yml") else word


@click.command(cls=_Run)
@project_argument
@workers_option
@click.option(
    "--dask",
    metavar="ADDRESS",
    envvar="LABRUN_DASK",
    help="Use the Dask cluster whose scheduler has this address (tcp://HOST:PORT), or wrote this file.",
)
@click.option(
    "--dask-wait",
    type=click.FloatRange(min=0),
    default=600.0,
    show_default=True,
    envvar="LABRUN_DASK_WAIT",
    help="Seconds to wait while the cluster has no worker.",
)
@set_option
@only_option
@click.option(
    "--grace",
    type=click.FloatRange(min=0),
    default=30.0,
    show_default=True,
    envvar="LABRUN_GRACE",
    help="Seconds to finish the current part or epoch after Ctrl-C or SIGTERM.",
)
@click.option(
    "--fresh",
    multiple=True,
    is_flag=False,
    flag_value=ALL,
    metavar="[STAGE]",
    help="Do this stage again, and what follows from it, even if they are done; without a name, all stages. May be repeated.",
)
@runs_option
@click.option("-q", "--quiet", is_flag=True, help="Show failures and the last lines only.")
@click.option("--json", "as_json", is_flag=True, help="Write one JSON object at the end, and nothing else.")
@click.option("--open", "opened", is_flag=True, help="Open the report at the end.")
@click.pass_context
def run(
    context: click.Context,
    project: Path,
    workers: int,
    dask: str | None,
    dask_wait: float,
    overrides: tuple[str, ...],
    only: tuple[str, ...],
    grace: float,
    fresh: tuple[str, ...],
    runs: Path,
    quiet: bool,
    as_json: bool,
    opened: bool,
) -> None:
    """Run a project and write its report.

    Finished stages are reused; all others are done.
    """
    from labrun.engine.session import hire, run_project
    from labrun.project.load import load

    with redirect_stdout(sys.stderr) if as_json else nullcontext():  # plugins may print
        ending = run_project(
            load(project, overrides),
            runs,
            hire(workers, dask, dask_wait),
            only=only,
            fresh=True if ALL in fresh else fresh,
            grace=grace,
            display=None if as_json else _display(quiet, context.find_root().params.get("traceback", False)),
            notify=lambda text: click.echo(printable(text), err=True),
        )
    if as_json:
        from labrun.records.summary import summary_of

        click.echo(json.dumps(summary_of(ending.folder), indent=2))
    if opened:
        click.launch(str(ending.folder / "report.html"))
    if ending.outcome == "interrupted":
        click.echo(f"to continue: {_command_to_continue()}", err=as_json)
        context.exit(128 + (ending.signal or signal.SIGINT))
    context.exit(EXIT_CODES[ending.outcome])


def _display(quiet: bool, tracebacks: bool) -> Any:
    from rich.console import Console

    from labrun.display.terminal import Closing, display_for

    return Closing(Console(), tracebacks) if quiet else display_for(Console(), tracebacks=tracebacks)


def _command_to_continue() -> str:
    """The given command without `--fresh`, which would do finished stages again."""
    words, kept = [*_with_plain_fresh(sys.argv[1:])], ["labrun"]
    while words:
        word = words.pop(0)
        if word == "--fresh" and words and not words[0].startswith("-"):
            words.pop(0)
        elif not word.startswith("--fresh"):
            kept.append(word)
    return shlex.join(kept)
