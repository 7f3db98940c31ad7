"""`labrun simulate`: one member of a simulator, shown while it runs, or saved."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from pydantic import ValidationError

from labrun.explain import explain
from labrun.faults import Fault, LabrunError, ProjectFaults
from labrun.plugin import Simulator, View
from labrun.registry import Registry, UnknownPlugin
from labrun.seeds import generator
from labrun.yaml12 import Document

if TYPE_CHECKING:
    from matplotlib.animation import AbstractMovieWriter

__all__ = ["simulate"]

MOVIES = (".gif", ".mp4")
PICTURES = (".png", ".svg", ".pdf", ".jpg")
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
    simulator = _configured(plugin, values)
    rng = generator(seed, "labrun simulate")
    target = save or (None if _has_display() else Path(f"{simulator.name}.gif"))
    try:
        if target is None:
            _show(_watch(simulator, rng, pictures), rate)
        elif target.suffix in ARRAYS:
            _save_arrays(simulator, rng, target)
        elif target.suffix in (*MOVIES, *PICTURES):
            _save_views(_watch(simulator, rng, pictures), target, rate)
        else:
            kinds = ", ".join((*MOVIES, *PICTURES, *ARRAYS))
            raise ProjectFaults([Fault(f"--save takes a file that ends in {kinds}, not '{target.name}'")])
    except (LabrunError, KeyboardInterrupt):
        raise
    except Exception as error:  # a simulator may raise what it likes
        raise LabrunError(f"simulate {plugin}: {type(error).__name__}: {error}") from error
    if target is not None:
        click.echo(f"wrote {target}")


def _configured(name: str, values: tuple[str, ...]) -> Simulator:
    try:
        offer = Registry.installed().find("simulations", name)
    except UnknownPlugin as error:
        raise ProjectFaults([Fault(str(error))]) from error
    config = {}
    for value in values:
        key, equals, text = value.partition("=")
        if not equals:
            raise ProjectFaults([Fault(f"'{value}' sets nothing; write KEY=VALUE, as in kill=0.06")])
        config[key] = Document.parse(text, key).value
    try:
        plugin = offer.plugin.configured(config)
    except ValidationError as error:
        where = f"simulate {name}"
        raise ProjectFaults(explain(error, offer.plugin, config, lambda _: where, lambda *_: None)) from error
    assert isinstance(plugin, Simulator)
    return plugin


def _watch(simulator: Simulator, rng: Any, pictures: int) -> Iterator[View]:
    if type(simulator).watch is Simulator.watch:
        raise LabrunError(f"'{simulator.name}' draws no pictures; save its arrays instead: --save {simulator.name}.npz")
    return simulator.watch(rng, pictures)


def _has_display() -> bool:
    if sys.platform in ("darwin", "win32"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _save_arrays(simulator: Simulator, rng: Any, path: Path) -> None:
    import numpy as np

    from labrun.simulation import simulate_member

    arrays = simulate_member(simulator, rng)
    if path.suffix == ".npz":
        np.savez(path, **arrays)  # type: ignore[arg-type]
        return
    import h5py

    with h5py.File(path, "w") as file:
        for name, array in arrays.items():
            file[name] = array


def _draw(view: View) -> Any:
    """A figure of one view; returns the figure and a function that shows another view in it."""
    import matplotlib.pyplot as plt

    height, width = view.image.shape[:2]
    figure, axes = plt.subplots(figsize=(5, 5 * height / width + 0.6), layout="constrained")
    picture = axes.imshow(view.image, cmap=view.colormap, vmin=view.low, vmax=view.high, interpolation="nearest")
    figure.colorbar(picture, ax=axes, shrink=0.8)
    axes.set_axis_off()
    title = axes.set_title(view.caption)

    def update(next_view: View) -> None:
        picture.set_data(next_view.image)
        title.set_text(next_view.caption)

    return figure, update


def _save_views(views: Iterator[View], path: Path, rate: int) -> None:
    import matplotlib as mpl

    mpl.use("agg")
    first = next(views)
    figure, update = _draw(first)
    if path.suffix in PICTURES:
        for view in views:
            first = view
        update(first)
        figure.savefig(path, dpi=150)
        return
    writer = _movie_writer(path, rate)
    with writer.saving(figure, str(path), dpi=100):
        writer.grab_frame()
        for view in views:
            update(view)
            writer.grab_frame()


def _movie_writer(path: Path, rate: int) -> AbstractMovieWriter:
    import matplotlib as mpl
    from matplotlib.animation import FFMpegWriter, PillowWriter

    if path.suffix == ".gif":
        return PillowWriter(fps=rate)
    import imageio_ffmpeg

    mpl.rcParams["animation.ffmpeg_path"] = imageio_ffmpeg.get_ffmpeg_exe()
    return FFMpegWriter(fps=rate, extra_args=["-pix_fmt", "yuv420p", "-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2"])


def _show(views: Iterator[View], rate: int) -> None:
    import matplotlib.pyplot as plt

    figure, update = _draw(next(views))
    plt.show(block=False)
    for view in views:
        if not plt.fignum_exists(figure.number):
            return
        update(view)
        plt.pause(1 / rate)
    plt.show()
