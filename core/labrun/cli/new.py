"""`labrun new`: write a new plugin or project that works."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar, cast

import click

from labrun.contracts.inputs import Section
from labrun.registry.registry import Registry

__all__ = ["new"]

_Command = TypeVar("_Command", bound=Callable[..., Any])

output_option = click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    metavar="DIR",
    help="Folder to write into (default: the current one).",
)


@click.group()
def new() -> None:
    """Write a new plugin or project that works."""


@new.command("plugin")
@click.argument("name")
@click.option(
    "--kind",
    type=click.Choice(["simulator", "dataset", "model", "analysis", "sampler"]),
    required=True,
    help="Kind of the plugin.",
)
@output_option
def new_plugin(name: str, kind: str, output: Path) -> None:
    """Write a plugin as a package with tests and a project.

    The plugin NAME works as it is.
    """
    from labrun.scaffold.names import choose_names
    from labrun.scaffold.package import write_package

    names = choose_names(name, Registry.installed())
    folder = write_package(names, kind, output)
    click.echo(f"wrote {folder}, the {kind} '{name}'. Try it:\n")
    for command in (f"cd {shlex.quote(str(folder))}", "pip install -e .", f"labrun {name}.yaml"):
        click.echo(f"  {command}")
    click.echo(f"\nThen open runs/{name}/report.html. README.md explains how to make the plugin yours.")


def _choice(option: str, name: str, what: str) -> Callable[[_Command], _Command]:
    return click.option(option, name, multiple=True, metavar="PLUGIN", help=f"{what}. May be repeated.")


@new.command("project")
@click.argument("name")
@_choice("--simulator", "simulations", "Simulator of the project")
@_choice("--dataset", "datasets", "Dataset of the project")
@_choice("--model", "models", "Model of the project")
@_choice("--analysis", "analyses", "Analysis of the project")
@output_option
def new_project(name: str, output: Path, **choices: tuple[str, ...]) -> None:
    """Write a project, with every field of chosen plugins.

    Writes NAME.yaml. Without chosen plugins, it is a small project that runs as it is.
    """
    from labrun.scaffold.project import write_project

    written = write_project(name, cast("dict[Section, Sequence[str]]", choices), Registry.installed(), output)
    click.echo(f"wrote {written.path}")
    if written.missing:
        click.echo("\nThese values must still be given:\n")
    elif written.faults:
        click.echo("\nlabrun check finds these faults:\n")
    else:
        click.echo("\nlabrun check finds no faults.")
    for line in [*written.missing, *written.faults]:
        click.echo(f"  {line}")
    if written.guessed:
        click.echo("\nThese values are placeholders: they are valid, but replace them by yours.\n")
        for place in written.guessed:
            click.echo(f"  {place}")
    path = shlex.quote(str(written.path))
    click.echo(f"\n  labrun check {path}\n  labrun {path}")
