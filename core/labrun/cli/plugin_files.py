"""Plugins that are not installed: files given on the command line, and those that a project names."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click

from labrun.faults import Fault, LabrunError, ProjectFaults
from labrun.registry.registry import Registry

__all__ = ["plugin_files_option", "project_option", "registry_with"]

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

plugin_files_option: Decorator = click.option(
    "--plugin",
    "files",
    multiple=True,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="File of a plugin that is not installed, as under 'plugins' of a project. May be repeated.",
)

project_option: Decorator = click.option(
    "--project",
    "plugins_of",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="PROJECT.yaml",
    help="Project whose plugin files are loaded, and whose simulations can be named.",
)


def registry_with(files: Iterable[Path] = (), project: Path | None = None) -> Registry:
    """Return the installed plugins, those of these files, and those of the files that a project names. Other faults of the
    project do not matter.

    Raises:
        ProjectFaults: the project cannot be read, or a file cannot be loaded.
    """
    registry = Registry.installed()
    faults = []
    for file in [*files, *(_files_of(project) if project else ())]:
        try:
            broken = registry.add_file(file)
        except LabrunError as error:
            raise ProjectFaults([Fault(str(error))]) from error
        if broken:
            faults.append(Fault(f"the plugin file '{file}' could not be loaded: {broken.explanation}"))
    if faults:
        raise ProjectFaults(faults)
    return registry


def _files_of(project: Path) -> list[Path]:
    from labrun.project.extends import read_layers

    files = read_layers(project).value.get("plugins")
    return [project.parent / file for file in files if isinstance(file, str)] if isinstance(files, list) else []
