"""Probabilities of classes for each member of an ensemble, which one analysis finds and others draw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labrun.contracts.findings import Findings

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = ["ClassProbabilities", "Classification"]

TABLE = "members"
PROBABILITY = "p_"
OWN = ("class", "probability", "entropy")


class ClassProbabilities:
    """Class, probability and entropy of each row (a member, or a cell of a map), from the probabilities of all classes."""

    classes: tuple[str, ...]
    probabilities: np.ndarray
    """(rows, classes), each row with the sum 1"""

    @property
    def predicted(self) -> np.ndarray:
        """Number of the most probable class, (rows,) int64."""
        return self.probabilities.argmax(axis=1)

    @property
    def probability(self) -> np.ndarray:
        """Probability of that class, (rows,), from 1 / classes to 1."""
        return self.probabilities.max(axis=1)

    @property
    def entropy(self) -> np.ndarray:
        """Shannon's entropy of the probabilities, −Σ p ln p, (rows,) [nats]: from 0 (certain) to ln(classes) (a guess)."""
        from scipy.special import entr

        return entr(self.probabilities).sum(axis=1)


@dataclass(frozen=True)
class Classification(ClassProbabilities):
    """Probabilities of classes for members (or other examples), one row each.

    `parameters` is a DataFrame with the numbers of members as its index and the swept parameters as its columns; `probabilities` is
    (members, classes), each row with the sum 1, in the order of `classes`.
    """

    parameters: pd.DataFrame
    classes: tuple[str, ...]
    probabilities: np.ndarray

    def table(self) -> pd.DataFrame:
        """Return the table that `read` and `from_table` read back: parameters, then `class`, `probability`, `entropy` [nats], and a column
        `p_<class>` for each class.

        A parameter with one of these names (sweeps often have a column `class`) becomes `given_class`.
        """
        import pandas as pd

        taken = [c for c in map(str, self.parameters.columns) if c in OWN or c.startswith(PROBABILITY)]
        parameters = self.parameters.rename(columns={name: f"given_{name}" for name in taken})
        own = {"class": [self.classes[i] for i in self.predicted], "probability": self.probability}
        own |= {"entropy": self.entropy}
        own |= {f"{PROBABILITY}{name}": self.probabilities[:, i] for i, name in enumerate(self.classes)}
        return pd.concat([parameters, pd.DataFrame(own, index=parameters.index)], axis=1)

    def findings(self) -> Findings:
        """Return findings that hold the table, for an analysis whose result others use."""
        return Findings(tables={TABLE: self.table()})

    @classmethod
    def from_table(cls, table: pd.DataFrame) -> Classification:
        """Read a table that `table` made.

        Raises:
            ValueError: the table has no column of probabilities.
        """
        columns = [str(c) for c in table.columns if str(c).startswith(PROBABILITY)]
        if not columns:
            raise ValueError(
                f"the table of a classification has columns '{PROBABILITY}<class>', but this one has {', '.join(table)}"
            )
        own = {"member", *OWN, *columns}
        indexed = table.set_index("member") if "member" in table else table
        parameters = indexed[[c for c in indexed.columns if c not in own]]
        classes = tuple(c.removeprefix(PROBABILITY) for c in columns)
        return cls(parameters, classes, table[columns].to_numpy(dtype=float))

    @classmethod
    def read(cls, findings: Findings) -> Classification:
        """Read the classification from the findings of another analysis.

        Raises:
            ValueError: they hold none.
        """
        if TABLE not in findings.tables:
            found: Sequence[str] = list(findings.tables) or ["no tables"]
            raise ValueError(
                f"expected a classification, as the analysis 'classification' makes it: a table '{TABLE}'. The findings given have "
                f"{', '.join(found)}"
            )
        return cls.from_table(findings.tables[TABLE])
