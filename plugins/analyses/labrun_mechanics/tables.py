"""What was measured, as tables and single numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import pandas as pd

from labrun_mechanics.measuring import TRUE, Measured

__all__ = ["class_table", "metrics", "network_table", "truth_of"]

MODULI = ("bulk modulus", "shear modulus")
TOLD = ("coordination", "mechanisms", "self stresses", *MODULI)
"""What single numbers are told of"""
COUNTS = ("zero modes", "self stresses")


def network_table(measured: Sequence[Measured], by: str | None) -> pd.DataFrame:
    """One row a network: its member, its class in the column `by`, who it comes from, and what was measured."""
    rows = []
    for one in measured:
        named = {by: one.group} if by is not None else {}
        rows.append({"member": one.member, **named, "network": one.source, **one.row()})
    return pd.DataFrame(rows)


def class_table(networks: pd.DataFrame, by: str | None) -> pd.DataFrame:
    """Means over the networks of each class; of those that a model drew also the share with the true counts."""
    keys = [by, "network"] if by is not None else ["network"]
    marked = networks.assign(same=_same_counts(networks)).rename(columns={"same": "same counts"})
    groups = marked.drop(columns="member").groupby(keys, sort=False)
    means = groups.mean()
    means.insert(0, "networks", groups.size())
    drawn = (networks["network"] != TRUE).any()
    return (means if drawn else means.drop(columns="same counts")).reset_index()


def metrics(networks: pd.DataFrame) -> Iterator[tuple[str, float]]:
    """`coordination, true`, …: means over the networks; `same counts, unet`, `bulk modulus error, unet`, …: of what a model drew.

    What no network of a source has, such as moduli where no picture holds a network, is left out.
    """
    for source, rows in networks.groupby("network", sort=False):
        told = {name: rows[name].mean() for name in TOLD}
        if source != TRUE:
            told["same counts"] = _same_counts(networks)[rows.index].mean()
            for name in MODULI:
                told[f"{name} error"] = (rows[name] - truth_of(networks, rows, name)).abs().mean()
        yield from ((f"{name}, {source}", float(value)) for name, value in told.items() if math.isfinite(value))


def _same_counts(networks: pd.DataFrame) -> pd.Series:
    """Whether a network has as many zero modes and states of self stress as the true one of its member."""
    same = [networks[name] == truth_of(networks, networks, name) for name in COUNTS]
    return same[0] & same[1]


def truth_of(networks: pd.DataFrame, rows: pd.DataFrame, name: str) -> pd.Series:
    """What is true of the members of some rows."""
    true = networks[networks["network"] == TRUE].set_index("member")[name]
    return rows["member"].map(true[~true.index.duplicated()])
