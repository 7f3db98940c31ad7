"""Make a montage as an interactive fragment of the report."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from labrun.kit.fragments import encode, file_marks, plain, render_fragment
from labrun.kit.patterns import Patterns


def make_fragment(
    simulation: str,
    patterns: Patterns,
    colours: Sequence[str],
    layout: Mapping[str, int],
    sheets: Sequence[str],
    axes: tuple[str, str] | None,
    labels: Callable[[str], str],
) -> str:
    """Return the fragment: patterns to sort and filter, and a panel of details with a small map over two columns (`axes`). `labels` returns
    the label of a column."""
    table = patterns.parameters
    counts = np.bincount(patterns.predicted, minlength=len(colours))
    data = {
        "simulation": simulation,
        "axes": axes and [*map(labels, axes)],
        "classes": [
            {"name": name, "colour": colour, "count": int(count)}
            for name, colour, count in zip(patterns.classes, colours, counts, strict=True)
        ],
        "members": patterns.members,
        "pictures": patterns.positions.tolist(),
        "parameters": {labels(str(name)): plain(table[name].tolist()) for name in table.columns},
        "sortable": [labels(str(name)) for name in table.columns if pd.api.types.is_numeric_dtype(table[name])],
        "class": encode(patterns.predicted, "u2"),
        "probability": encode(patterns.probability, "f8"),
        "probabilities": encode(np.round(patterns.probabilities * 65535), "u2"),
        "score": None if patterns.score is None else plain(patterns.score.tolist()),
        "novel": None if patterns.novel is None else encode(patterns.novel, "u1"),
        "sprites": dict(layout),
    }
    return render_fragment(__package__, "montage.html", data, sheets=file_marks(sheets))
