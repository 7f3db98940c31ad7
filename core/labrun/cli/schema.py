"""`labrun schema`: the JSON Schema with which editors complete and check a project."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from labrun.cli.plugin_files import project_option, registry_with
from labrun.faults import LabrunError

__all__ = ["schema"]


@click.command()
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="File to write (default: standard output)."
)
@project_option
def schema(output: Path | None, plugins_of: Path | None) -> None:
    """Print the JSON Schema of projects, for editors.

    It includes the installed plugins. Begin a project with the line

        # yaml-language-server: $schema=labrun.schema.json
    """
    from labrun.project.schema import project_schema

    text = json.dumps(project_schema(registry_with(project=plugins_of)), indent=2) + "\n"
    if output is None:
        sys.stdout.write(text)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise LabrunError(f"cannot write {output}: {error.strerror}") from error
    click.echo(f"wrote {output}")
