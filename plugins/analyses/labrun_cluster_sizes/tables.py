"""Tables of cluster counts: members, sets of parameters, and distributions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from labrun.kit.parameter_sets import ParameterSet
from labrun_cluster_sizes.counting import ClusterCount

__all__ = ["distribution", "group_table", "member_distributions", "member_table", "set_distributions"]


def member_table(parameters: pd.DataFrame, counts: Sequence[ClusterCount]) -> pd.DataFrame:
    """Return one row per member, parameters first. The pooled mean size is included if it differs from the mean over snapshots."""
    columns: dict[str, list[Any]] = {
        "snapshots": [one.snapshots for one in counts],
        "clusters": [one.clusters for one in counts],
        "mean cluster size": [one.mean_size for one in counts],
        "mean cluster size, pooled": [one.pooled_mean_size for one in counts],
        "largest cluster": [one.largest for one in counts],
        "largest fraction": [one.largest_fraction for one in counts],
        "single fraction": [one.single_fraction for one in counts],
    }
    if np.allclose(columns["mean cluster size"], columns["mean cluster size, pooled"], rtol=1e-9):
        del columns["mean cluster size, pooled"]
    return pd.concat([parameters, pd.DataFrame(columns, index=parameters.index)], axis=1)


def group_table(sets: Sequence[ParameterSet], counts: Sequence[ClusterCount]) -> pd.DataFrame:
    """Return one row per set of parameters: means over its members, each with its standard error (NaN for one member)."""
    rows = []
    for one in sets:
        values = pd.DataFrame([_observables(counts[i]) for i in one.members])
        means, errors = values.mean(), values.sem()
        pairs = {key: value for name in values for key, value in ((name, means[name]), (f"{name} error", errors[name]))}
        rows.append({"members": len(one.members), **pairs})
    return pd.concat([_parameters(one.values for one in sets), pd.DataFrame(rows)], axis=1)


def _observables(count: ClusterCount) -> dict[str, float]:
    return {
        "mean cluster size": count.mean_size,
        "clusters per snapshot": count.clusters / count.snapshots,
        "largest fraction": count.largest_fraction,
        "single fraction": count.single_fraction,
    }


def distribution(counts: Sequence[ClusterCount], edges: NDArray[np.int64]) -> pd.DataFrame:
    """Return p(s), averaged over members, with its standard error: one row per bin, up to the last that holds a cluster.

    For each member p = count / (clusters × integers in the bin), so Σ p(s) over all sizes s is 1. Members without clusters are left out.
    """
    table = np.array([one.counts for one in counts if one.clusters]).reshape(-1, len(edges) - 1)
    total = table.sum(axis=0)
    last = int(np.flatnonzero(total).max(initial=-1)) + 1
    low, high = edges[:last], edges[1 : last + 1] - 1
    densities = pd.DataFrame(table[:, :last] / table.sum(axis=1, keepdims=True) / (high - low + 1))
    return pd.DataFrame(
        {
            "low": low,
            "high": high,
            "centre": np.sqrt(low * high),
            "probability density": densities.mean(),
            "error": densities.sem(),
            "count": total[:last],
        }
    )


def set_distributions(sets: Sequence[ParameterSet], curves: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Stack the distributions of all sets of parameters."""
    return _stack((one.values, curve) for one, curve in zip(sets, curves, strict=True))


def member_distributions(
    parameters: pd.DataFrame, counts: Sequence[ClusterCount], edges: NDArray[np.int64]
) -> pd.DataFrame:
    """Stack the distributions of all members, without errors."""
    members = zip(parameters.index, parameters.to_dict("records"), counts, strict=True)
    return _stack(
        ({"member": number, **values}, distribution([count], edges).drop(columns="error"))
        for number, values, count in members
    )


def _stack(parts: Iterator[tuple[Mapping[str, Any], pd.DataFrame]]) -> pd.DataFrame:
    blocks = [pd.concat([_parameters([values] * len(curve)), curve], axis=1) for values, curve in parts]
    return pd.concat(blocks, ignore_index=True)


def _parameters(rows: Any) -> pd.DataFrame:
    """Return parameters as columns of a separate table, since one may have the name of a measured quantity."""
    return pd.DataFrame(list(rows))
