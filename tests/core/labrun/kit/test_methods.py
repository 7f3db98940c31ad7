from __future__ import annotations

import re
from pathlib import Path

import pytest

from labrun import TrainedModel
from labrun.kit.methods import Method, check_names


def network(name: str, **variant) -> Method:
    return Method(name, len, TrainedModel(None, Path(), name, variant=variant))


def test_a_network_brings_its_matrix_and_a_baseline_has_none():
    net, mean = network("net[width=8,seed=1]", width=8, seed=1), Method("mean", len)
    assert (net.is_network, net.kind, dict(net.variant)) == (True, "net[width=8]", {"width": 8, "seed": 1})
    assert (mean.is_network, mean.kind, dict(mean.variant)) == (False, "mean", {})
    assert net.answer([1, 2]) == 2
    assert net.colour != mean.colour


def test_a_varied_value_never_hides_a_column_of_the_table():
    net = network("net[loss=l1,mae=2]", loss="l1", mae=2, method="a")
    assert net.columns(["mae"]) == {"method": net.name, "loss": "l1", "mae varied": 2, "method varied": "a"}
    assert net.columns([], "model") == {"model": net.name, "loss": "l1", "mae": 2, "method": "a"}
    assert Method("mean", len).columns(["mae"]) == {"method": "mean"}


def test_names_are_unique():
    check_names([])
    check_names([network("net"), Method("mean", len)])
    message = "2 methods are called 'mean': give each network and each baseline its own name"
    with pytest.raises(ValueError, match=re.escape(message)):
        check_names([network("mean"), network("net"), Method("mean", len)])
