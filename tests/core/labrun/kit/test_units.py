from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from labrun import Ensemble, Examples
from labrun.contracts.examples import Origin
from labrun.contracts.origin import find_origin
from labrun.kit.units import independent_units


def examples(groups, table=None, **columns) -> Examples:
    """Examples of these members, of a sweep with these columns."""
    groups = np.array(groups)
    made = Examples(lambda i: i[:, None], lambda i: i, groups, table=table, name="test")
    made.origin = Origin(pd.DataFrame(columns), groups) if columns else None
    return made


def test_without_an_origin_members_are_the_units():
    units = independent_units(examples([7, 7, 2, 9]))
    assert (units.of.tolist(), units.count, units.words) == ([1, 1, 0, 2], 3, "members")
    assert units.sizes.tolist() == [1, 2, 1]
    assert units.sums([1, 2, 4, 8]).tolist() == [4, 3, 8]


def test_members_that_share_their_parameters_are_one_unit():
    six = [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    made = examples(range(12), kill=six, feed=[0.1] * 12, repeat=[0, 1] * 6)
    units = independent_units(made)
    assert (units.of.tolist(), units.words, units.remark) == (six, "parameter sets", "")
    assert independent_units(made, "member").count == 12
    assert independent_units(made, "feed").count == 1
    assert independent_units(made, ["feed", "kill"]).words == "values of feed, kill"


def test_values_may_be_lists():
    made = examples(range(10), cells=[[2, i] for i in range(5) for _ in range(2)], repeat=[0, 1] * 5)
    assert independent_units(made).count == 5


def test_four_sets_are_too_few():
    made = examples(range(8), rate=[1, 1, 2, 2, 3, 3, 4, 4])
    units = independent_units(made)
    assert (units.count, units.words) == (8, "members")
    assert units.remark == (
        "The 8 members of 'test' share 4 sets of parameters (rate): intervals hold for other members there, not for other parameters."
    )


def test_members_that_share_random_numbers_stay_together():
    """Skies at several redshifts are one group each, and lie in several parameter sets: the sky is the unit."""
    made = examples([0, 0, 1, 1, 2, 2])
    made.origin = Origin(pd.DataFrame({"redshift": [6, 7] * 3, "repeat": [0, 0, 1, 1, 2, 2]}), np.arange(6))
    assert independent_units(made).words == "members"
    assert independent_units(made).count == 3


def test_columns_of_the_examples_own_table_may_be_units():
    made = examples(range(4), table=pd.DataFrame({"file": ["a", "a", "b", "b"]}))
    assert independent_units(made, "file").of.tolist() == [0, 0, 1, 1]
    with pytest.raises(ValueError, match="'by' names 'fil', which is not a column of 'test': did you mean 'file'"):
        independent_units(made, "fil")


def test_parts_keep_their_origin():
    made = examples([0, 1, 2, 3], rate=[1.0, 1.0, 2.0, 3.0])
    assert independent_units(made.take([3, 0]), "rate").count == 2
    assert made.take([3, 0]).origin.rows.tolist() == [3, 0]


def ensemble() -> Ensemble:
    return Ensemble.from_arrays([{"x": np.zeros(1)}] * 3, {"rate": [1, 2, 3]}, "runs")


def test_the_origin_is_the_simulation_that_a_dataset_was_made_of():
    made = examples([2, 0, 2])
    origin = find_origin(made, {"simulation": ensemble(), "settings": object()})
    assert origin.parameters["rate"].iloc[origin.rows].tolist() == [3, 1, 3]
    numbered = examples([0, 0, 1], table=pd.DataFrame({"member": [2, 1, 0]}))  # groups are skies, not members
    assert find_origin(numbered, {"simulation": ensemble()}).rows.tolist() == [2, 1, 0]
    assert find_origin(examples(range(10)), {"simulation": ensemble()}) is None  # images of a file, each its own group
    assert find_origin(made, {"one": ensemble(), "other": ensemble()}) is None


def test_codes_of_examples_keep_their_origin():
    made = examples([2, 0, 2], rate=[1, 2, 3])
    assert find_origin(examples([2, 0, 2]), {"dataset": made}) is made.origin
    assert find_origin(examples([2, 0]), {"dataset": made}) is None
