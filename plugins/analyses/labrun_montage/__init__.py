"""Analysis `montage`: all patterns of each predicted class side by side."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar

from labrun import Analysis, Ensemble, Field, Findings, Outline, hookimpl
from labrun.kit.patterns import PatternAnalysis, Patterns

if TYPE_CHECKING:
    from labrun.kit.thumbnails import Sprites


LONGEST = 60
"""Letters of a class in the name of a file, of which no file system takes more than 255 bytes"""


class Montage(PatternAnalysis):
    """All patterns of each predicted class as one picture, most probable first, and an interactive page to sort and select them. The page
    opens on a row for each class, from the surest pattern to the least sure.

    For a selected pattern the page shows its parameters, the probabilities of the classes, and its place in the plane of two parameters.
    The selection is shared with phase maps of the same simulation on the same page.
    """

    name: ClassVar[str] = "montage"
    version: ClassVar[int] = 2

    x: str | None = Field(
        None, description="parameter along the horizontal axis of the small map (default: the first swept number)"
    )
    y: str | None = Field(None, description="parameter along its vertical axis (default: the second swept number)")

    def check(self, simulation: Outline, **_: Any) -> Iterable[tuple[str, str]]:
        """Check that the array and both columns exist."""
        yield from super().check(simulation)
        for field, column in (("x", self.x), ("y", self.y)):
            if column is not None:
                yield from simulation.missing_column(field, column)

    def analyse(self, classes: Findings, simulation: Ensemble, novelty: Findings | None = None) -> Findings:
        """Return pictures `montage_<class>.png`, table `classes`, an interactive montage and its sheets of thumbnails.

        Raises:
            ValueError: the inputs do not belong together, or an axis of the small map is not a column of numbers.
        """
        from labrun.kit.class_colours import class_colours
        from labrun_montage.page import make_fragment

        patterns = Patterns.gather(simulation, classes, novelty)
        sprites = self.draw_sprites(simulation)
        sheets = sprites.files()
        colours = class_colours(patterns.classes, self.colour_order)
        metrics: dict[str, float] = {"patterns": len(patterns.members)}
        if patterns.novel is not None:
            metrics["novel"] = int(patterns.novel.sum())
        return Findings(
            metrics=metrics,
            tables={"classes": _count(patterns)},
            html={
                "montage": make_fragment(
                    simulation.name,
                    patterns,
                    colours,
                    sprites.layout(),
                    [*sheets],
                    self._axes(patterns),
                    simulation.label,
                )
            },
            files=_pictures(patterns, sprites) | sheets,
            captions={
                "montage": "A row for each predicted class, from the surest pattern on the left to the least sure on the right. Dots mark "
                "novel ones. Choose a class to see all its patterns, or a pattern to see its parameters and its place.",
                "classes": "Number of patterns predicted as each class, and the mean probability of that class.",
            },
            warnings=patterns.warnings,
        )

    def _axes(self, patterns: Patterns) -> tuple[str, str] | None:
        """Return the columns of the small map; None without two columns of numbers."""
        import pandas as pd

        numeric = [str(c) for c in patterns.parameters.columns if pd.api.types.is_numeric_dtype(patterns.parameters[c])]
        for column in (self.x, self.y):
            if column is not None and column not in numeric:
                raise ValueError(
                    f"'{column}' cannot be an axis of the small map, since it holds other values than numbers"
                )
        free = [c for c in numeric if c not in (self.x, self.y)]
        x = self.x or (free.pop(0) if free else None)
        y = self.y or (free.pop(0) if free else None)
        return (x, y) if x and y else None


def _count(patterns: Patterns) -> Any:
    """Return the number of patterns of each class, with mean probability and the number of novel ones."""
    import pandas as pd

    table = pd.DataFrame({"class": patterns.predicted, "probability": patterns.probability})
    if patterns.novel is not None:
        table["novel"] = patterns.novel.astype(int)
    grouped = table.groupby("class")
    everything = range(len(patterns.classes))
    counts = pd.DataFrame({"patterns": grouped.size().reindex(everything, fill_value=0)})
    counts["mean probability"] = grouped["probability"].mean()
    if patterns.novel is not None:
        counts["novel"] = grouped["novel"].sum().reindex(everything, fill_value=0)
    return counts.set_index(pd.Index(patterns.classes, name="class"))


def _pictures(patterns: Patterns, sprites: Sprites) -> dict[str, bytes]:
    """Return a roughly square picture of all patterns of each class that occurs, sorted by falling probability."""
    import numpy as np

    pictures: dict[str, bytes] = {}
    for number, name in enumerate(patterns.classes):
        found = np.flatnonzero(patterns.predicted == number)
        if len(found):
            found = found[np.argsort(-patterns.probability[found], kind="stable")]
            per_row = int(np.ceil(np.sqrt(len(found))))
            pictures[_file_name(name, pictures)] = sprites.picture(patterns.positions[found], per_row)
    return pictures


def _file_name(name: str, taken: Iterable[str]) -> str:
    """Return a name that is valid on any file system, and that no other class has."""
    stem = "montage_" + re.sub(r"[^\w.-]+", "_", name)[:LONGEST]
    used = {other.casefold() for other in taken}
    candidates = [f"{stem}.png", *(f"{stem}_{i}.png" for i in range(2, len(used) + 3))]
    return next(candidate for candidate in candidates if candidate.casefold() not in used)


@hookimpl
def labrun_analyses() -> list[type[Analysis]]:
    return [Montage]
