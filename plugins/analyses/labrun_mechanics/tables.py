"""Tables and metrics of measured networks."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import pandas as pd

from labrun_mechanics.measuring import TRUE, Measured

__all__ = ["class_table", "metrics", "network_table", "truth_of"]

MODULI = ("bulk modulus", "shear modulus")
AVERAGED = ("coordination", "mechanisms", "self stresses", *MODULI)
"""Quantities whose means are metrics"""
COUNTS = ("zero modes", "self stresses")


def network_table(measured: Sequence[Measured], by: str | None) -> pd.DataFrame:
    """Return one row per network: member, class in the column `by`, source, and measured values."""
    rows = []
    for one in measured:
        named = {by: one.group} if by is not None else {}
        rows.append({"member": one.member, **named, "network": one.source, **one.row()})
    return pd.DataFrame(rows)


def class_table(networks: pd.DataFrame, by: str | None) -> pd.DataFrame:
    """Return means over the networks of each class; for generated ones also the share with the true counts."""
    keys = [by, "network"] if by is not None else ["network"]
    marked = networks.assign(same=_same_counts(networks)).rename(columns={"same": "same counts"})
    groups = marked.drop(columns="member").groupby(keys, sort=False)
    means = groups.mean()
    means.insert(0, "networks", groups.size())
    drawn = (networks["network"] != TRUE).any()
    return (means if drawn else means.drop(columns="same counts")).reset_index()


def metrics(networks: pd.DataFrame) -> Iterator[tuple[str, float]]:
    """Yield `coordination, true`, …: means over networks; and `same counts, unet`, `bulk modulus error, unet`, … of generated networks.

    Values that no network of a source has are left out, such as moduli if no picture holds a network.
    """
    for source, rows in networks.groupby("network", sort=False):
        values = {name: rows[name].mean() for name in AVERAGED}
        if source != TRUE:
            values["same counts"] = _same_counts(networks)[rows.index].mean()
            for name in MODULI:
                values[f"{name} error"] = (rows[name] - truth_of(networks, rows, name)).abs().mean()
        yield from ((f"{name}, {source}", float(value)) for name, value in values.items() if math.isfinite(value))


def _same_counts(networks: pd.DataFrame) -> pd.Series:
    """Check whether each network has as many zero modes and states of self stress as the true one of its member."""
    same = [networks[name] == truth_of(networks, networks, name) for name in COUNTS]
    return same[0] & same[1]


def truth_of(networks: pd.DataFrame, rows: pd.DataFrame, name: str) -> pd.Series:
    """Return the true value for the member of each row."""
    true = networks[networks["network"] == TRUE].set_index("member")[name]
    return rows["member"].map(true[~true.index.duplicated()])
