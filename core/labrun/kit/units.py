"""The independent units behind examples: parameter sets, members, or the values of chosen columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from labrun.amounts import counted
from labrun.contracts.ensemble import REPEAT
from labrun.faults import did_you_mean

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from labrun.contracts.examples import Examples

__all__ = ["BY", "FEW", "MEMBER", "Units", "independent_units"]

MEMBER = "member"
FEW = 5
"""With fewer units, intervals say little, and parameter sets are not taken as units by themselves."""
BY = (
    "the independent units, which intervals are about: columns of the sweep, or 'member'; by default parameter sets where several members "
    "share one, else members"
)
"""Description of the field `by` of an analysis"""


@dataclass(frozen=True)
class Units:
    """Independent units: examples of different units count as independent, those of one unit do not."""

    of: np.ndarray
    """(examples,) int64: number of the unit of each example"""
    words: str
    """What they are, in the plural: `members`"""
    remark: str = ""
    """A sentence that a reader must know of the choice, if any"""

    def __str__(self) -> str:
        return counted(self.count, self.words)

    @cached_property
    def count(self) -> int:
        """How many there are."""
        return int(self.of.max(initial=-1)) + 1

    def sums(self, values: Sequence[float] | np.ndarray) -> np.ndarray:
        """Sum the values of examples, (examples,), over each unit: (units,) float64."""
        import numpy as np

        return np.bincount(self.of, weights=np.asarray(values, float), minlength=self.count)

    @property
    def sizes(self) -> np.ndarray:
        """Number of examples of each unit, (units,) float64."""
        return self.sums([1.0] * len(self.of))


def independent_units(examples: Examples, by: str | Sequence[str] | None = None) -> Units:
    """Find the independent units of examples.

    By default these are the sets of parameters (all columns of the sweep but `repeat`) where several members share one, for a set that
    is judged wrongly is often wrong in all of its members; else the members, as `groups` of the examples tells them apart. Fewer than
    5 sets are too few to be units: then the members are, and `remark` says what that means.

    Args:
        by: `member`, or one or several columns of the sweep's table or of the table of the examples.

    Raises:
        ValueError: there is no such column.
    """
    members = _numbered(examples.groups)
    if by == MEMBER:
        return Units(members, "members")
    if by is not None:
        columns = [by] if isinstance(by, str) else list(by)
        return Units(_numbered_rows(_columns(examples, columns)), f"values of {', '.join(columns)}")
    if examples.origin is None:
        return Units(members, "members")
    parameters = examples.origin.parameters.drop(columns=REPEAT, errors="ignore")
    sets = _numbered_rows(parameters)[examples.origin.rows]
    names = ", ".join(map(str, parameters.columns))
    sets, count = _numbered(sets), len(set(members.tolist()))
    shared = len(set(zip(members.tolist(), sets.tolist(), strict=True))) == count  # no member lies in two sets
    number = len(set(sets.tolist()))
    if not shared or number >= count:
        return Units(members, "members")
    if number >= FEW:
        return Units(sets, "parameter sets")
    where = f"{number} sets of parameters ({names})" if number > 1 else "one set of parameters"
    remark = f"The {count} members of '{examples.name}' share {where}: intervals hold for other members there, not for other parameters."
    return Units(members, "members", remark)


def _columns(examples: Examples, names: Sequence[str]) -> pd.DataFrame:
    import pandas as pd

    known: dict[str, Any] = {}
    if examples.table is not None:
        known |= {str(name): examples.table[name].to_numpy() for name in examples.table}
    if examples.origin is not None:
        rows = examples.origin.parameters.iloc[examples.origin.rows]
        known |= {str(name): rows[name].to_numpy() for name in rows}
    for name in names:
        if name not in known:
            raise ValueError(
                f"'by' names '{name}', which is not a column of '{examples.name}'{did_you_mean(name, known)}"
            )
    return pd.DataFrame({name: known[name] for name in names})


def _numbered(values: Any) -> np.ndarray:
    import numpy as np

    return np.unique(values, return_inverse=True)[1].astype(np.int64)


def _numbered_rows(table: pd.DataFrame) -> np.ndarray:
    """Number the distinct rows of a table; values are compared as text, since one may be a list."""
    import numpy as np

    if not len(table.columns):
        return np.zeros(len(table), np.int64)
    return table.astype(str).groupby([*table.columns], sort=False, dropna=False).ngroup().to_numpy(np.int64)
