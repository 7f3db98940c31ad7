"""`labrun schema`: the JSON Schema with which editors complete and check a project."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from labrun.faults import Fault, LabrunError, ProjectFaults
from labrun.registry.registry import Registry

__all__ = ["schema"]


@click.command()
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="File to write (default: standard output)."
)
@click.option(
    "--project",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="PROJECT.yaml",
    help="Include the plugin files that this project names.",
)
def schema(output: Path | None, project: Path | None) -> None:
    """Print the JSON Schema of projects, for editors.

    It includes the installed plugins. Begin a project with the line

        # yaml-language-server: $schema=labrun.schema.json
    """
    from labrun.project.schema import project_schema

    registry = Registry.installed()
    if project is not None:
        _add_files(registry, project)
    text = json.dumps(project_schema(registry), indent=2) + "\n"
    if output is None:
        sys.stdout.write(text)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise LabrunError(f"cannot write {output}: {error.strerror}") from error
    click.echo(f"wrote {output}")


def _add_files(registry: Registry, project: Path) -> None:
    """Load the plugin files of a project. Other faults of the project do not matter.

    Raises:
        ProjectFaults: the project cannot be read, or one of the files cannot be loaded.
    """
    from labrun.project.extends import read_layers

    files = read_layers(project).value.get("plugins")
    broken = [
        registry.add_file(project.parent / file)
        for file in (files if isinstance(files, list) else [])
        if isinstance(file, str)
    ]
    faults = [
        Fault(f"the plugin file '{found.source}' could not be loaded: {found.explanation}") for found in broken if found
    ]
    if faults:
        raise ProjectFaults(faults)
