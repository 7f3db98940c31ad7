from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import permutation_test, ttest_rel

from labrun import Ensemble, Examples, Findings, Measure
from labrun.contracts.examples import Origin
from labrun.contracts.measure import Comparison
from labrun.kit.comparison import (
    against_baselines,
    are_paired,
    compare,
    correct,
    judged_on,
    measured,
    members_digest,
    sign_flip_test,
    standing_table,
    standings,
    units_digest,
)
from labrun.kit.spread import leave_out, leave_out_sums
from labrun.kit.units import Units


def measure(values, name="accuracy", digest="here", better="higher", **more):
    """A mean over units."""
    values = np.asarray(values, float)
    spread = leave_out(lambda chosen: values[chosen].mean(), np.arange(len(values))).spread()
    return Measure(values.mean(), name=name, judged=judged_on(spread, digest), better=better, **more)


def of_seeds(values, **more):
    """A mean over seeds and units, of values (seeds, units)."""
    sums = np.stack([values.T, np.ones(values.T.shape)], axis=-1)
    spread = leave_out_sums(lambda s: s[..., 0] / s[..., 1], sums).mean()
    return Measure(values.mean(), judged=judged_on(spread, "here"), better="higher", **more)


# --- two measures -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("units", [7, 30])
def test_p_and_interval_are_those_of_scipy(rng, units):
    one = rng.normal(0.3, 1, units)
    other = one - rng.permutation(np.linspace(-0.5, 1, units))
    found = compare(measure(one), measure(other))
    expected = permutation_test(
        (one, other), lambda a, b: np.mean(a - b), permutation_type="samples", n_resamples=20_000
    )
    assert found.p == pytest.approx(expected.pvalue, abs=1e-6 if units < 10 else 0.01)
    ends = ttest_rel(one, other).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((ends.low, ends.high), rel=1e-5)
    assert found.difference == pytest.approx((one - other).mean())


def test_five_units_cannot_show_a_difference():
    found = compare(measure([2, 3, 4, 5, 6]), measure([1, 2, 3, 4, 4.9]))
    assert found.p == 1 / 16
    assert not found.is_significant


def test_equal_methods_do_not_differ():
    one = measure([0.5, 0.7, 0.9])
    assert compare(one, one) == Comparison(0.0, 0.0, 0.0, 1.0)


def test_the_test_is_the_same_each_time(rng):
    one, other = measure(rng.normal(0, 1, 40)), measure(rng.normal(0.5, 1, 40))
    assert compare(one, other) == compare(one, other)
    assert compare(one, other).p == compare(other, one).p


@pytest.mark.parametrize(
    "other", [measure([1, 2, 3], digest="there"), measure([1, 2]), Measure(0.5), measure([1, np.nan, 2])]
)
def test_measures_on_other_units_are_not_compared(other):
    one = measure([1, 2, 3])
    assert compare(one, other) is None
    assert not are_paired(one, Measure(0.5))


def test_seeds_that_differ_take_significance_away(rng):
    """Three networks each: the methods differ on every unit, but so do their seeds."""
    baseline = rng.normal(0, 0.1, (3, 20))
    alike = baseline + 1
    unlike = alike + np.array([[-1.5], [0], [1.5]])
    assert compare(of_seeds(alike), of_seeds(baseline)).p < 0.001
    found = compare(of_seeds(unlike), of_seeds(baseline))
    assert found.p > 0.1
    assert found.low < 0 < found.high


def test_without_the_pairing_the_same_difference_is_not_seen(rng):
    """Units differ by far more than the methods."""
    hard = rng.normal(0, 5, 25)
    one, other = hard + rng.normal(0.5, 0.1, 25), hard + rng.normal(0, 0.1, 25)
    assert compare(measure(one), measure(other)).p < 0.001
    assert compare(measure(one), measure(rng.permutation(other))).p > 0.05


# --- several ----------------------------------------------------------------------------------------------------------------


def test_holm_s_correction_by_hand():
    given = [Comparison(0, 0, 0, p) for p in (0.01, 0.04, 0.03, 0.005)]
    assert [one.p for one in correct(given)] == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert {one.among for one in correct(given)} == {4}
    assert correct([]) == []


def test_networks_stand_beside_the_best_baseline(rng):
    hard = rng.normal(0, 1, 20)
    good, like, bad = (
        measure(hard + shift + rng.normal(0, 0.1, 20), model=name) for name, shift in (("g", 1), ("l", 0), ("b", -1))
    )
    trees, mean = measure(hard + rng.normal(0, 0.1, 20), model="trees"), measure(hard - 3, model="mean")
    found = against_baselines([good, like, bad], [mean, trees])
    assert [one.verdict for one in found] == ["better", "not distinguishable", "worse"]
    assert {one.baseline.model for one in found} == {"trees"}
    assert {one.comparison.among for one in found} == {6}
    assert found[0].beside_baseline().startswith(f"better than trees {trees.value:.4g} (+1")
    assert against_baselines([good], []) == [good]


def test_a_baseline_without_units_stands_there_without_a_test():
    (found,) = against_baselines([measure([1, 2, 3])], [Measure(0.5, model="theirs", better="higher")])
    assert (found.baseline, found.comparison, found.verdict) == (0.5, None, "")
    assert found.beside_baseline() == "baseline theirs 0.5"


def test_of_several_the_best_and_its_equals_are_marked(rng):
    hard = rng.normal(0, 1, 20)
    errors = {
        name: measure(hard + shift + rng.normal(0, 0.1, 20), better="lower")
        for name, shift in (("a", 1), ("b", 0), ("c", 0.02))
    }
    found = standings(errors | {"theirs": Measure(9.0, better="lower")})
    words = {name: one.words for name, one in found.items()}
    assert sorted([words["b"], words["c"]]) == ["best", "not distinguishable from the best"]
    assert (words["a"], words["theirs"]) == ("worse", "")
    table = standing_table(({"method": name}, one) for name, one in found.items())
    assert table["standing"].tolist() == [*words.values()]
    assert table.loc[0, "difference_low"] < table.loc[0, "difference"] == pytest.approx(1, abs=0.1)
    assert table.loc[table["standing"] == "best", ["difference", "p"]].isna().all().all()


# --- the same units ---------------------------------------------------------------------------------------------------------


def examples(simulation="key", groups=(0, 0, 1, 1), y=(0, 1, 0, 1)):
    y = np.array(y)
    made = Examples(lambda i: y[i], lambda i: y[i], np.array(groups), classes="ab", name="test")
    if simulation:
        made.origin = Origin(pd.DataFrame({"rate": [1, 2]}), np.array(groups), simulation=simulation)
    return made


def test_units_are_the_same_where_simulation_members_and_units_are():
    units = Units(np.array([0, 0, 1, 1]), "members")
    digest = units_digest(units, examples())
    assert digest == units_digest(units, examples(y=(1, 1, 1, 1)))
    others = [examples("another"), examples(groups=(0, 1, 1, 1)), examples("")]
    assert digest not in [units_digest(units, one) for one in others]
    assert digest != units_digest(Units(units.of, "parameter sets"), examples())
    assert units_digest(units, examples("")) != units_digest(units, examples("", y=(1, 1, 1, 1)))


def test_members_of_a_simulation_have_a_digest():
    ensemble = Ensemble.from_arrays([{"u": np.zeros(2)}] * 3, {"rate": [1, 2, 3]})
    assert members_digest(ensemble, [0, 1]) == members_digest(ensemble, range(2))
    assert members_digest(ensemble, [0, 1]) != members_digest(ensemble, [0, 2])


def test_measures_of_a_score_are_found_among_findings():
    one = Measure(0.5, name="accuracy", dataset="test")
    findings = Findings(metrics={"a": one, "b": Measure(0.6, name="accuracy", dataset="far"), "c": 0.7})
    assert measured([findings], "accuracy", "test") == [one]


def test_p_of_a_single_block_is_one():
    spread = leave_out(lambda chosen: chosen.mean() + 1, np.zeros(4)).spread()
    assert sign_flip_test(spread - spread) == 1
