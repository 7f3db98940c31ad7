"""`labrun simulate`: simulate one member, and show or save it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from labrun.cli.completion import complete_plugins
from labrun.cli.configured import configured
from labrun.cli.plugin_files import plugin_files_option, project_option, registry_with
from labrun.cli.project_simulation import first_member
from labrun.contracts.fields import fields_in_words
from labrun.contracts.plugin import Simulator, View
from labrun.display.window import MOVIES, PICTURES, can_show, save_views, show
from labrun.faults import Fault, LabrunError, ProjectFaults
from labrun.files.arrays import SUFFIXES, save_arrays
from labrun.registry.error_origin import error_origin
from labrun.seeds import generator

__all__ = ["simulate"]


@click.command()
@click.argument("plugin", shell_complete=complete_plugins("simulations"))
@click.argument("values", nargs=-1, metavar="[KEY=VALUE]…")
@click.option(
    "--save",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="x.gif or x.mp4: film; x.png: last picture; x.npz or x.h5: arrays, with parameters and units.",
)
@click.option("--pictures", type=click.IntRange(min=1), default=100, show_default=True, help="Pictures of a film.")
@click.option("--rate", type=click.IntRange(min=1, max=60), default=20, show_default=True, help="Pictures per second.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of the random numbers.")
@plugin_files_option
@project_option
def simulate(
    plugin: str,
    values: tuple[str, ...],
    save: Path | None,
    pictures: int,
    rate: int,
    seed: int,
    files: tuple[Path, ...],
    plugins_of: Path | None,
) -> None:
    """Simulate one member, and show or save it.

    PLUGIN is a simulator, or a simulation of the --project, of which the first member is taken; KEY=VALUE sets one of its fields.
    The member is shown live in a window. Without a display, or with --save, it is written to a file.
    """
    simulator = (plugins_of and first_member(plugins_of, plugin, values)) or configured(
        registry_with(files, plugins_of), "simulations", plugin, values, "simulate"
    )
    assert isinstance(simulator, Simulator)
    target = save or (None if can_show() else Path(f"{simulator.name}.gif"))
    if target is not None:
        _expect_writable(target)
    if target is None or target.suffix not in SUFFIXES:
        _expect_pictures(simulator)
    try:
        _simulate(simulator, seed, target, pictures, rate)
    except (LabrunError, KeyboardInterrupt):
        raise
    except (Exception, SystemExit) as error:  # a simulator may raise anything
        raise LabrunError(f"simulate {plugin}: {error_origin(type(simulator).__module__, error)}") from error
    if target is not None:
        click.echo(f"wrote {target}")


def _expect_writable(path: Path) -> None:
    """Expect a known suffix and a folder that can be written, before anything is simulated.

    Raises:
        ProjectFaults: the file cannot be written.
    """
    known = (*MOVIES, *PICTURES, *SUFFIXES)
    if path.suffix not in known:
        problem = f"--save takes a file that ends in {', '.join(known)}, not '{path.name}'"
    elif not path.parent.is_dir():
        problem = f"cannot write '{path}': there is no folder '{path.parent}'"
    elif not os.access(path if path.exists() else path.parent, os.W_OK):
        problem = f"cannot write '{path}': permission denied"
    else:
        return
    raise ProjectFaults([Fault(problem)])


def _expect_pictures(simulator: Simulator) -> None:
    if type(simulator).watch is Simulator.watch:
        raise LabrunError(f"'{simulator.name}' draws no pictures; save its arrays instead: --save {simulator.name}.npz")


def _simulate(simulator: Simulator, seed: int, target: Path | None, pictures: int, rate: int) -> None:
    rng = generator(seed, "labrun simulate")
    if target is None:
        show(_watch(simulator, rng, pictures), rate)
    elif target.suffix in SUFFIXES:
        from labrun.engine.members import simulate_member

        with _progress(simulator.name, None):
            arrays = simulate_member(simulator, rng)
        with _writing(target):
            save_arrays(target, arrays, _record(simulator, seed))
    else:
        with _progress(simulator.name, pictures) as advance:
            views = _counted(_watch(simulator, rng, pictures), advance)
            save_views(views, target, rate)


def _watch(simulator: Simulator, rng: Any, pictures: int) -> Iterator[View]:
    drawn = 0
    for view in simulator.watch(rng, pictures):
        if not isinstance(view, View):
            raise TypeError(f"{simulator.name}.watch must yield labrun.View, not {type(view).__name__}")
        yield view
        drawn += 1
    if not drawn:
        raise TypeError(f"{simulator.name}.watch yielded no picture; {pictures} were requested")


def _counted(views: Iterator[View], advance: Any) -> Iterator[View]:
    for view in views:
        yield view
        advance()


@contextmanager
def _progress(name: str, pictures: int | None) -> Iterator[Any]:
    """Show in a terminal how many pictures are drawn (of how many, if that is known), and for how long the simulation runs."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    console = Console(stderr=True)
    counts = (MofNCompleteColumn(), TextColumn("pictures"), TimeRemainingColumn()) if pictures else ()
    columns = (TextColumn("{task.description}"), BarColumn(), *counts, TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(name, total=pictures)
        yield lambda: progress.advance(task)


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise LabrunError(f"cannot write '{path}': {error.strerror or error}") from error


def _record(simulator: Simulator, seed: int) -> dict[str, Any]:
    """Describe the origin of arrays for their file; descriptions hold the units."""
    values = simulator.model_dump(mode="json")
    descriptions = {field.path: field.description for field in fields_in_words(type(simulator))}
    return {
        "simulator": simulator.name,
        "version": simulator.version,
        "seed": seed,
        "parameters": {
            name: {"value": value, "description": descriptions.get(name, "")} for name, value in values.items()
        },
        "arrays": dict(simulator.declared_outputs()),
    }
