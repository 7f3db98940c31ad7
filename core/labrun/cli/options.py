"""Arguments and options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from labrun.cli.completion import complete_stages

__all__ = ["only_option", "project_argument", "runs_option", "set_option", "workers_option"]

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

project_argument: Decorator = click.argument(
    "project", type=click.Path(path_type=Path, dir_okay=False), metavar="PROJECT.yaml"
)

set_option: Decorator = click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    help="Override a value of the project, as in models.cnn.fit.epochs=5. May be repeated.",
)

runs_option: Decorator = click.option(
    "--runs",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("runs"),
    envvar="LABRUN_RUNS",
    show_default=True,
    show_envvar=True,
    help="Folder of runs and of the store.",
)


def _cores() -> int:
    from labrun.workers.pool import available_cores

    return available_cores()


workers_option: Decorator = click.option(
    "--workers",
    type=click.IntRange(min=1),
    default=_cores,
    envvar="LABRUN_WORKERS",
    help="Number of worker processes (default: one per core).",
)

only_option: Decorator = click.option(
    "--only",
    multiple=True,
    metavar="STAGE",
    shell_complete=complete_stages,
    help="Do only this stage and the stages that it needs. May be repeated.",
)
