"""Compare two classifications of the same members."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from labrun.kit.classification import Classification

__all__ = ["Comparison", "compare"]

OWN = ("from", "to", "probability before", "probability after")
NAMED = 5
"""Members that a message lists"""


@dataclass(frozen=True)
class Comparison:
    """Two classifications with their members in the same order; their classes may differ."""

    before: Classification
    after: Classification

    @property
    def old(self) -> np.ndarray:
        """The name of each member's class before, (members,)."""
        return np.array(self.before.classes, dtype=object)[self.before.predicted]

    @property
    def new(self) -> np.ndarray:
        """The name of each member's class after, (members,)."""
        return np.array(self.after.classes, dtype=object)[self.after.predicted]

    @property
    def changed(self) -> np.ndarray:
        """Whether the names differ, (members,) bool."""
        return self.old != self.new

    def matrix(self) -> pd.DataFrame:
        """Count members by class before (rows) and after (columns): classes that occur, in the order of the models."""
        counts = pd.crosstab(self.old, self.new)
        return counts.reindex(
            index=pd.Index([c for c in self.before.classes if c in counts.index], name="from"),
            columns=pd.Index([c for c in self.after.classes if c in counts.columns], name="to"),
        )

    def changes(self) -> pd.DataFrame:
        """Return `from`, `to` and the number of `members` with this change, the most frequent first."""
        pairs = pd.DataFrame({"from": self.old, "to": self.new})[self.changed]
        counts = pairs.groupby(["from", "to"], sort=True).size().reset_index(name="members")
        return counts.sort_values("members", ascending=False, kind="stable", ignore_index=True)

    def cells(self) -> pd.DataFrame:
        """Return the members that changed: parameters, `from`, `to`, and the probabilities of both classes."""
        own = (self.old, self.new, self.before.probability, self.after.probability)
        columns = pd.DataFrame(dict(zip(OWN, own, strict=True)), index=self.before.parameters.index)
        return pd.concat([self.before.parameters, columns], axis=1)[self.changed]


def compare(before: Classification, after: Classification) -> Comparison:
    """Align the members of both in the order of the first.

    Raises:
        ValueError: the members or their parameters differ, or a parameter has the name of a column of `Comparison.cells`.
    """
    first, second = before.parameters.index, after.parameters.index
    lost, gained = first.difference(second), second.difference(first)
    if len(lost) or len(gained):
        raise ValueError(
            "class_changes compares classifications of the same members; "
            f"only in 'before': {_name(lost)}, only in 'after': {_name(gained)}"
        )
    order = second.get_indexer(first)
    aligned = Classification(after.parameters.iloc[order], after.classes, after.probabilities[order])
    for column in before.parameters.columns:
        if column in OWN:
            raise ValueError(f"class_changes uses the column '{column}' itself: rename that column of the sweep")
        if column in aligned.parameters.columns:
            _check_same(str(column), before.parameters[column], aligned.parameters[column])
    return Comparison(before, aligned)


def _check_same(column: str, one: pd.Series, other: pd.Series) -> None:
    if pd.api.types.is_numeric_dtype(one) and pd.api.types.is_numeric_dtype(other):
        same = np.isclose(one.to_numpy(float), other.to_numpy(float), rtol=1e-9, atol=0, equal_nan=True)
    else:
        same = one.astype(str).to_numpy() == other.astype(str).to_numpy()
    if not same.all():
        i = int(np.argmin(same))
        raise ValueError(
            f"class_changes compares classifications of one simulation; member {one.index[i]} has {column} = "
            f"{one.iloc[i]} in 'before' and {other.iloc[i]} in 'after'"
        )


def _name(members: pd.Index) -> str:
    if not len(members):
        return "none"
    more = f", … ({len(members)} members)" if len(members) > NAMED else ""
    return ", ".join(map(str, members[:NAMED])) + more
