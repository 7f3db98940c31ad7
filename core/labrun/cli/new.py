"""`labrun new`: a plugin, or a project, to begin with."""

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
    help="Folder to write into; else the current one.",
)


@click.group()
def new() -> None:
    """Write a plugin, or a project, to begin with."""


@new.command("plugin")
@click.argument("name")
@click.option(
    "--kind", type=click.Choice(["simulator", "dataset", "model", "analysis"]), required=True, help="What it is to be."
)
@output_option
def new_plugin(name: str, kind: str, output: Path) -> None:
    """Write a plugin NAME as a package of its own: it works as it is, with tests and a project that uses it."""
    from labrun.scaffold.names import choose_names
    from labrun.scaffold.package import write_package

    names = choose_names(name, Registry.installed())
    folder = write_package(names, kind, output)
    click.echo(f"wrote {folder}, the {kind} '{name}'. It works as it is:\n")
    for command in (f"cd {shlex.quote(str(folder))}", "pip install -e .", f"labrun {name}.yaml"):
        click.echo(f"  {command}")
    click.echo(f"\nThen open runs/{name}/report.html, and read README.md on how to make it yours.")


def _choice(option: str, name: str, what: str) -> Callable[[_Command], _Command]:
    return click.option(option, name, multiple=True, metavar="PLUGIN", help=f"{what}. May be repeated.")


@new.command("project")
@click.argument("name")
@_choice("--simulator", "simulations", "Simulate with this plugin")
@_choice("--dataset", "datasets", "Make examples with it")
@_choice("--model", "models", "Train it")
@_choice("--analysis", "analyses", "Analyse with it")
@output_option
def new_project(name: str, output: Path, **choices: tuple[str, ...]) -> None:
    """Write a project NAME.yaml for some plugins, with all their fields; without any, a small one that runs as it is."""
    from labrun.scaffold.project import write_project

    written = write_project(name, cast("dict[Section, Sequence[str]]", choices), Registry.installed(), output)
    click.echo(f"wrote {written.path}")
    if written.missing:
        click.echo("\nThese values must still be given:\n")
    elif written.faults:
        click.echo("\nlabrun check finds this to do:\n")
    else:
        click.echo("\nlabrun check finds no faults.")
    for line in [*written.missing, *written.faults]:
        click.echo(f"  {line}")
    if written.guessed:
        click.echo("\nThese are placeholders, valid and nothing more: give yours.\n")
        for place in written.guessed:
            click.echo(f"  {place}")
    path = shlex.quote(str(written.path))
    click.echo(f"\n  labrun check {path}\n  labrun {path}")
