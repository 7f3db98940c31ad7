from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from labrun import Findings
from labrun_spring_networks.recovery import (
    Recovery,
    choose_threshold,
    class_order,
    curves,
    draw_recovery,
    recovery_measure,
    recovery_table,
    threshold_of,
)


def network(scores, is_bond, beyond=0):
    """`beyond` bonds are no pair at all."""
    is_bond = np.array(is_bond, bool)
    return Recovery(np.array(scores, float), is_bond, int(is_bond.sum()) + beyond)


def f1(networks, threshold):
    right, found, true = sum(one.counts(threshold) for one in networks)
    return 2 * right / (found + true)


def test_counts_by_hand():
    one = network([0.9, 0.5, 0.5, 0.1], [1, 1, 0, 1], beyond=2)
    assert one.counts(0.5).tolist() == [2, 3, 5]
    assert one.counts(0.51).tolist() == [1, 1, 5]


def test_the_threshold_lies_half_way_in_the_gap():
    assert choose_threshold([network([0.9, 0.8], [1, 1]), network([0.2, 0.1], [0, 0])]) == pytest.approx(0.5)
    assert choose_threshold([network([0.9, 0.8], [1, 1])]) == pytest.approx(0.8)


def test_no_other_threshold_has_a_higher_f1(rng):
    """Against all thresholds tried, with many equal scores."""
    for _ in range(20):
        is_bond = rng.random((3, 40)) < 0.4
        scores = np.round(0.3 * is_bond + rng.random((3, 40)), 1)
        networks = [network(*one, beyond=3) for one in zip(scores, is_bond, strict=True)]
        best = max(f1(networks, threshold) for threshold in np.linspace(-0.05, 1.35, 29))
        assert f1(networks, choose_threshold(networks)) == pytest.approx(best)


def test_what_chance_decides_is_left_to_the_middle():
    """Two of 3,000 bonds have scores as low as pairs that are none; the best F1 takes the lower of them in."""
    scores = np.concatenate([np.linspace(0.8, 0.9, 2998), [0.12, 0.11], np.linspace(0.0, 0.1, 3000)])
    assert 0.4 < choose_threshold([network(scores, np.arange(6000) < 3000)]) < 0.47


def test_without_a_bond_no_threshold_can_be_chosen():
    with pytest.raises(ValueError, match=r"none of the 2 pairs of sites in 1 networks is a bond.*belong together"):
        choose_threshold([network([0.1, 0.2], [0, 0], beyond=4)])


def test_curves_are_the_rates_at_each_threshold():
    found = curves([network([0.9, 0.6, 0.4], [1, 0, 1])], np.array([0.3, 0.5, 0.8, 0.95]))
    np.testing.assert_allclose(found, [[2 / 3, 1, 0.8], [0.5, 0.5, 0.5], [1, 0.5, 2 / 3], [np.nan, 0, 0]])


def table(method="net", **changes):
    networks = [network([0.9, 0.8], [1, 1]), network([0.9, 0.6], [1, 0]), network([0.9], [1], beyond=1)]
    settings = {"threshold": 0.5, "confidence": 0.9} | changes
    return recovery_table(method, ["b", "a", "a"], networks, **settings)


def test_classes_with_numbers_in_their_names_are_in_the_order_of_the_numbers():
    assert class_order(["margin 24", "margin 8", "margin 8.5", "margin 24"]) == ["margin 8", "margin 8.5", "margin 24"]
    assert class_order(["square", "kagome"]) == ["kagome", "square"]
    assert class_order(["10", "a", "9", "9a"]) == ["9", "9a", "10", "a"]


def test_the_table_by_hand():
    found = table().set_index("class")
    assert found.index.tolist() == ["a", "b", "all"]
    assert found.loc["a", ["networks", "bonds", "precision", "recall", "F1", "exact"]].tolist() == pytest.approx(
        [2, 3, 2 / 3, 2 / 3, 2 / 3, 0]
    )
    assert found.loc["all", ["precision", "recall", "F1", "exact"]].tolist() == pytest.approx([0.8, 0.8, 0.8, 1 / 3])
    assert found.loc["b", ["F1", "F1_high", "exact", "threshold"]].tolist() == [1, 1, 1, 0.5]
    assert found.loc["b", "F1_low"] == pytest.approx(1 / (1 + 1.644854**2), abs=1e-6)  # one network
    assert 0.3 < found.loc["all", "F1_low"] < 0.8 < found.loc["all", "F1_high"] < 1
    exact = binomtest(1, 3).proportion_ci(0.9, method="wilson")
    assert found.loc["all", ["exact_low", "exact_high"]].tolist() == pytest.approx([exact.low, exact.high])


def test_a_score_is_a_measure_over_networks():
    found = recovery_measure(table(), "net", "exact", "test", 0.9, key=True)
    assert (found, found.name, found.model, found.dataset) == (pytest.approx(1 / 3), "exact", "net", "test")
    assert (found.n, found.units, found.better, found.key) == (3, "networks", "higher", True)
    assert found.interval.low == table().iloc[-1]["exact_low"]


def test_a_network_without_bonds_in_which_none_is_found_is_right():
    found = recovery_table("net", ["a"], [network([0.1], [0])], 0.5, 0.9)
    assert found[["F1", "exact"]].to_numpy().tolist() == [[1, 1], [1, 1]]
    assert found["recall"].isna().all()


def test_the_figure_shows_each_method_on_each_class():
    figure = draw_recovery(pd.concat([table(), table("graph", threshold=0.7)]), {})
    (axes,) = figure.axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a", "b", "all"]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["net", "graph"]
    assert axes.lines[0].get_xdata().tolist() == pytest.approx([2 / 3, 1, 0.8])
    plt.close(figure)


def test_the_threshold_of_a_model_is_read_from_findings():
    findings = Findings(tables={"thresholds": pd.DataFrame({"model": ["a", "b"], "threshold": [0.25, 0.5]})})
    assert threshold_of(findings, "b") == 0.5
    with pytest.raises(
        ValueError,
        match=r"have no threshold of the model 'c'; they have those of a, b\. Name an analysis 'bond_recovery'",
    ):
        threshold_of(findings, "c")
    with pytest.raises(ValueError, match="they have no table 'thresholds'"):
        threshold_of(Findings(), "c")
