"""Show a simulation: live in a window, as a film, as a picture."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labrun.contracts.plugin import View

if TYPE_CHECKING:
    from matplotlib.animation import AbstractMovieWriter

__all__ = ["MOVIES", "PICTURES", "can_show", "save_views", "show"]

MOVIES = (".gif", ".mp4")
PICTURES = (".png", ".svg", ".pdf", ".jpg")


def can_show() -> bool:
    """Check whether there is a display, and a toolkit with which Matplotlib opens windows on it."""
    if sys.platform not in ("darwin", "win32") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return False
    import matplotlib.pyplot as plt
    from matplotlib.backends.registry import BackendFilter, backend_registry

    windows = backend_registry.list_builtin(BackendFilter.INTERACTIVE)  # type: ignore[no-untyped-call]
    return plt.get_backend().lower() in map(str.lower, windows)


def _draw(view: View) -> Any:
    """Draw one view; return the figure and a function that shows another view in it."""
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


def save_views(views: Iterator[View], path: Path, rate: int) -> None:
    """Write a film of all views with `rate` views per second, or a picture of the last one, according to the suffix of `path`."""
    import matplotlib as mpl

    mpl.use("agg")
    figure, update = _draw(next(views))
    if path.suffix in PICTURES:
        for view in views:
            update(view)
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


def show(views: Iterator[View], rate: int) -> None:
    """Show the views in a window as they come, at most `rate` per second, until it is closed."""
    import matplotlib.pyplot as plt

    figure, update = _draw(next(views))
    plt.show(block=False)
    for view in views:
        if not plt.fignum_exists(figure.number):
            return
        update(view)
        plt.pause(1 / rate)
    plt.show()
