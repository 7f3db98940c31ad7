"""Find the members of a simulation that the examples of a dataset were made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labrun.contracts.ensemble import Ensemble
from labrun.contracts.examples import Examples, Origin

__all__ = ["find_origin"]


def find_origin(examples: Examples, inputs: Mapping[str, Any]) -> Origin | None:
    """Return the origin of examples that a dataset made of these inputs; None if they are not made of the members of one simulation.

    The member of an example is its `member` in the table of the examples, else its group: the place in the ensemble. A dataset that
    changes another one's x, and keeps its groups, keeps its origin.
    """
    import numpy as np

    simulations = [one for one in inputs.values() if isinstance(one, Ensemble)]
    if len(simulations) == 1:
        table, simulation = examples.table, simulations[0]
        rows = np.asarray(table["member"] if table is not None and "member" in table else examples.groups)
        known = rows.dtype.kind in "iu" and (not rows.size or 0 <= rows.min() <= rows.max() < len(simulation))
        if not known:
            return None
        return Origin(simulation.parameters, rows.astype(np.int64), simulation.labels, simulation.key)
    origins = [
        one.origin
        for one in inputs.values()
        if isinstance(one, Examples) and np.array_equal(one.groups, examples.groups)
    ]
    return origins[0] if len(origins) == 1 and not simulations else None
