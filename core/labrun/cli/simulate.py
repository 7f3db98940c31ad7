"""`labrun simulate`: one member of a simulator, shown while it runs, or saved."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from labrun.cli.configured import configured
from labrun.contracts.plugin import Simulator, View
from labrun.display.window import MOVIES, PICTURES, can_show, save_views, show
from labrun.faults import Fault, LabrunError, ProjectFaults
from labrun.registry.error_origin import error_origin
from labrun.registry.registry import Registry
from labrun.seeds import generator

__all__ = ["simulate"]

ARRAYS = (".h5", ".npz")


@click.command()
@click.argument("plugin")
@click.argument("values", nargs=-1, metavar="[KEY=VALUE]…")
@click.option(
    "--save",
    type=click.Path(path_type=Path, dir_okay=False),
    help="x.gif or x.mp4: film; x.png: last picture; x.npz, x.h5: arrays.",
)
@click.option("--pictures", type=click.IntRange(min=1), default=100, show_default=True, help="Pictures of a film.")
@click.option("--rate", type=click.IntRange(min=1, max=60), default=20, show_default=True, help="Pictures a second.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of the random numbers.")
def simulate(plugin: str, values: tuple[str, ...], save: Path | None, pictures: int, rate: int, seed: int) -> None:
    """Run one member of the simulator PLUGIN, with its fields set by KEY=VALUE.

    It is shown live in a window; without a display, or with --save, it is written to a file.
    """
    simulator = configured(Registry.installed(), "simulations", plugin, values, "simulate")
    assert isinstance(simulator, Simulator)
    rng = generator(seed, "labrun simulate")
    target = save or (None if can_show() else Path(f"{simulator.name}.gif"))
    try:
        if target is None:
            show(_watch(simulator, rng, pictures), rate)
        elif target.suffix in ARRAYS:
            _save_arrays(simulator, rng, target)
        elif target.suffix in (*MOVIES, *PICTURES):
            save_views(_watch(simulator, rng, pictures), target, rate)
        else:
            kinds = ", ".join((*MOVIES, *PICTURES, *ARRAYS))
            raise ProjectFaults([Fault(f"--save takes a file that ends in {kinds}, not '{target.name}'")])
    except (LabrunError, KeyboardInterrupt):
        raise
    except (Exception, SystemExit) as error:  # a simulator may raise what it likes
        raise LabrunError(f"simulate {plugin}: {error_origin(type(simulator).__module__, error)}") from error
    if target is not None:
        click.echo(f"wrote {target}")


def _watch(simulator: Simulator, rng: Any, pictures: int) -> Iterator[View]:
    if type(simulator).watch is Simulator.watch:
        raise LabrunError(f"'{simulator.name}' draws no pictures; save its arrays instead: --save {simulator.name}.npz")
    drawn = 0
    for view in simulator.watch(rng, pictures):
        if not isinstance(view, View):
            raise TypeError(f"{simulator.name}.watch must yield labrun.View, not {type(view).__name__}")
        yield view
        drawn += 1
    if not drawn:
        raise TypeError(f"{simulator.name}.watch yielded no picture; {pictures} were wanted")


def _save_arrays(simulator: Simulator, rng: Any, path: Path) -> None:
    import numpy as np

    from labrun.engine.members import simulate_member

    arrays = simulate_member(simulator, rng)
    if path.suffix == ".npz":
        np.savez(path, **arrays)  # type: ignore[arg-type]
        return
    import h5py

    with h5py.File(path, "w") as file:
        for name, array in arrays.items():
            file[name] = array
