"""Members of an ensemble with class, novelty and picture, for maps and montages of patterns."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labrun.contracts.ensemble import Ensemble
from labrun.contracts.findings import Findings
from labrun.contracts.inputs import Outline
from labrun.contracts.plugin import Analysis, Field
from labrun.kit.classification import Classification, ClassProbabilities
from labrun.kit.temperatures import TABLE as TEMPERATURES
from labrun.kit.thumbnails import Sprites

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = ["PatternAnalysis", "Patterns"]

DRAWABLE = (2, 3)


@dataclass(frozen=True)
class Patterns(ClassProbabilities):
    """The classified members of an ensemble, one row each, in the order of the ensemble."""

    positions: np.ndarray
    """(patterns,) int64: position of each in the ensemble"""
    parameters: pd.DataFrame
    """The sweep's table; its index is the number of the member"""
    classes: tuple[str, ...]
    probabilities: np.ndarray
    """(patterns, classes); means for members that were classified several times"""
    score: np.ndarray | None
    """(patterns,) novelty of each, if it was measured"""
    novel: np.ndarray | None
    """(patterns,) bool: whether each is novel, if that was measured"""
    warnings: list[str]
    calibrated: bool = False
    """Whether the probabilities were calibrated"""

    @property
    def members(self) -> list[int]:
        """Number of each member."""
        return [int(number) for number in self.parameters.index]

    @classmethod
    def gather(cls, simulation: Ensemble, classes: Findings, novelty: Findings | None) -> Patterns:
        """Join a simulation, its classification and its novelty by the numbers of members.

        Raises:
            ValueError: the findings are of another kind, or of another simulation.
        """
        import numpy as np
        import pandas as pd

        classification = Classification.read(classes)
        probabilities = pd.DataFrame(classification.probabilities, index=classification.parameters.index)
        probabilities = probabilities.groupby(level=0).mean()
        table = simulation.parameters
        _expect_members(probabilities, table, f"the classification has members that '{simulation.name}' does not have")
        there = table.index.isin(probabilities.index)
        if not there.any():
            raise ValueError(f"the classification has no member of '{simulation.name}'")
        parameters = table[there]
        score = novel = None
        if novelty is not None:
            found = _novelty_table(novelty)
            _expect_members(parameters, found, "the novelty of some classified members is missing")
            score = found.loc[parameters.index, "score"].to_numpy(float)
            novel = found.loc[parameters.index, "novel"].to_numpy(bool)
        left_out = len(table) - len(parameters)
        warnings = [f"{left_out} members have no class and are left out."] if left_out else []
        chosen = probabilities.loc[parameters.index].to_numpy()
        return cls(
            np.flatnonzero(there),
            parameters,
            classification.classes,
            chosen,
            score,
            novel,
            warnings,
            TEMPERATURES in classes.tables,
        )


def _expect_members(inner: pd.DataFrame, outer: pd.DataFrame, problem: str) -> None:
    strangers = inner.index.difference(outer.index)
    if len(strangers):
        raise ValueError(
            f"{problem} ({', '.join(map(str, strangers[:5]))}); join stages of one simulation under 'from'"
        )


def _novelty_table(novelty: Findings) -> pd.DataFrame:
    table = novelty.tables.get("members")
    if table is None or not {"score", "novel"} <= set(table.columns):
        raise ValueError("'novelty' expects findings with a table 'members' that has the columns 'score' and 'novel'")
    indexed = table.set_index("member") if "member" in table else table
    return indexed.groupby(level=0).agg({"score": "mean", "novel": "max"})


class PatternAnalysis(Analysis):
    """Fields and checks of analyses that draw the patterns of a classified simulation. Not a plugin by itself."""

    array: str | None = Field(
        None, description="array of the simulation that is drawn; by default the first with two or three dimensions"
    )
    frame: int = Field(-1, description="index on the last axis of a three-dimensional array; -1 is the last")
    colormap: str = Field("viridis", description="colour map of Matplotlib for the patterns")
    colour_order: list[str] = Field(
        [], description="classes that take the first colours, in this order, to agree with other pictures"
    )

    def check(self, simulation: Outline, **_: Any) -> Iterable[tuple[str, str]]:
        """Check that the array exists."""
        if self.array is not None:
            yield from simulation.missing_array("array", self.array)

    def draw_sprites(self, simulation: Ensemble) -> Sprites:
        """Draw thumbnails of all members.

        Raises:
            ValueError: no array can be drawn, or there is no such colour map.
        """
        drawable = [name for name in simulation.names if len(simulation.shape(0, name)) in DRAWABLE]
        if self.array is None and not drawable:
            raise ValueError(
                f"'{simulation.name}' has no array of two or three dimensions to draw; it has {', '.join(simulation.names)}"
            )
        return Sprites.draw(simulation, self.array or drawable[0], self.frame, self.colormap)
