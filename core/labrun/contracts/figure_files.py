"""Files of figures: an SVG that turns dark where the page around it is dark, and a PNG on white."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["DARK", "PNG_DPI", "png_of", "save_figure", "svg_of"]

DARK: Mapping[str, str] = MappingProxyType(
    {"#1b2230": "#e6e9ef", "#5b6577": "#9aa5b8", "#c8ced9": "#3d4656", "#fefefe": "#1c222c"}
)
"""The colours of text, frames, grids and paper in labrun's style sheet, and what stands for each of them on a dark page. All other colours
stay, so that what is drawn on pictures is black or white on every page."""

PNG_DPI = 150


def save_figure(figure: Figure, stem: Path) -> None:
    """Write `<stem>.svg` and `<stem>.png`, and close the figure if pyplot holds it. Equal figures give equal bytes."""
    import matplotlib.pyplot as plt

    stem.with_name(stem.name + ".svg").write_bytes(svg_of(figure, stem.name))
    stem.with_name(stem.name + ".png").write_bytes(png_of(figure, PNG_DPI))
    plt.close(figure)


def svg_of(figure: Figure, name: str) -> bytes:
    """Return a figure as SVG, whose identifiers follow from `name`.

    Where the background of the figure is transparent, as in labrun's style sheet, browsers show the colours in `DARK` on a dark page. Other
    programs ignore that, and show the figure as it is.
    """
    import matplotlib as mpl

    stream = io.BytesIO()
    with mpl.rc_context({"svg.hashsalt": name}):
        figure.savefig(stream, format="svg", metadata={"Date": None}, bbox_inches="tight")
    svg = stream.getvalue()
    return svg.replace(b"</style>", f"{_dark_rules()}</style>".encode(), 1) if _is_transparent(figure) else svg


def png_of(figure: Figure, dpi: int) -> bytes:
    """Return a figure as PNG on white paper, or on its own."""
    stream = io.BytesIO()
    paper = "white" if _is_transparent(figure) else "auto"
    figure.savefig(stream, format="png", dpi=dpi, bbox_inches="tight", facecolor=paper)
    return stream.getvalue()


def _is_transparent(figure: Figure) -> bool:
    from matplotlib.colors import to_rgba

    return to_rgba(figure.get_facecolor())[3] == 0


def _dark_rules() -> str:
    """Rules that change the colours in the `style` attributes that Matplotlib writes."""
    rules = (
        f'[style*="{what}: {light}"]{{{what}:{dark}!important}}'
        for light, dark in DARK.items()
        for what in ("fill", "stroke")
    )
    return f"@media (prefers-color-scheme: dark){{{''.join(rules)}}}"
