"""Examples: loaded when they are asked for, and split so that members stay together."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labrun import ArraySpec, Examples, ExampleSpec, LabrunError, Quantity


def make_examples(groups: list[int], classes: list[int] | None = None, **settings) -> Examples:
    """Example i is the number i."""
    y = np.array(classes if classes is not None else [0] * len(groups), np.int64)
    names = [f"class {c}" for c in range(int(y.max(initial=0)) + 1)] if classes is not None else None
    return Examples(
        lambda i: np.stack([np.full((2, 3), n, np.float32) for n in i]),
        lambda i: y[i],
        np.array(groups, np.int64),
        classes=names,
        name="waves",
        **settings,
    )


def numbers(examples: Examples) -> list[int]:
    return [int(x[0, 0]) for x in examples.load_x(slice(None))] if len(examples) else []


@pytest.mark.parametrize("indices", [[3, 1], np.array([3, 1]), slice(3, None, -2), (3, 1)])
def test_load_keeps_the_order_asked_for(indices):
    x, _ = make_examples(list(range(5))).load(indices)
    assert [int(v[0, 0]) for v in x] == [3, 1]


def test_mask_chooses_where_it_is_true():
    chosen = make_examples(list(range(4))).take(np.array([True, False, False, True]))
    assert numbers(chosen) == [0, 3]


def test_take_of_take():
    examples = make_examples([5, 6, 7, 8])
    taken = examples.take([3, 2, 0], "some").take([2, 1])
    assert numbers(taken) == [0, 2]
    assert list(taken.groups) == [5, 7]
    assert taken.name == "some"


def test_spec_is_read_from_one_example_and_survives_json():
    spec = make_examples([0, 1], [0, 1], periodic=True).spec
    assert spec == ExampleSpec(ArraySpec((2, 3), "float32"), ArraySpec((), "int64"), ("class 0", "class 1"), True)
    assert ExampleSpec.from_record(json.loads(json.dumps(spec.record()))) == spec


def test_spec_of_several_inputs():
    both = Examples(
        lambda i: {"u": np.zeros((len(i), 2)), "k": np.zeros((len(i), 1))}, lambda i: np.zeros(len(i)), np.arange(3)
    )
    assert both.spec.x == {"u": ArraySpec((2,), "float64"), "k": ArraySpec((1,), "float64")}
    assert ExampleSpec.from_record(json.loads(json.dumps(both.spec.record()))) == both.spec


def test_inputs_alone_have_empty_targets():
    examples = Examples.inputs_only(lambda i: np.stack([np.full((2, 3), n, np.float32) for n in i]), 4, "new")
    x, y = examples.load([3, 1])
    assert [int(v[0, 0]) for v in x] == [3, 1]
    assert y.shape == (2, 0)
    assert (len(examples), examples.name, examples.classes) == (4, "new", None)
    assert examples.spec == ExampleSpec(ArraySpec((2, 3), "float32"), ArraySpec((0,), "float32"))
    assert numbers(examples.take([2, 0])) == [2, 0]
    assert list(examples.take([2, 0]).groups) == [2, 0]


@pytest.mark.parametrize("x", [np.ones((1, 0, 8)), {"u": np.ones((1, 3)), "v": np.ones((1, 0))}])
def test_examples_that_hold_nothing_never_reach_a_network(x):
    empty = Examples(lambda _: x, lambda _: np.zeros(1), np.arange(2), name="waves")
    with pytest.raises(
        LabrunError, match=r"'waves' loaded x of shape \((0, 8|0,)\), which holds nothing: let the simulation give"
    ):
        _ = empty.spec


def test_complex_numbers_never_reach_a_network():
    whirls = Examples(
        lambda i: np.ones((len(i), 3), np.complex64), lambda i: np.zeros(len(i)), np.arange(2), name="whirls"
    )
    with pytest.raises(
        LabrunError, match="'whirls' loaded x of complex64, and networks take real numbers: give real and"
    ):
        _ = whirls.spec


def test_no_example_has_no_spec():
    with pytest.raises(ValueError, match="the dataset 'waves' has no examples"):
        _ = make_examples([]).spec


@given(st.lists(st.integers(0, 30), min_size=1, max_size=80), st.integers(0, 2**31))
def test_split_by_member_parts_no_group_and_loses_nothing(groups, seed):
    examples = make_examples(groups)
    try:
        parts = examples.split({"a": 0.5, "b": 0.3, "c": 0.2}, np.random.default_rng(seed))
    except ValueError:  # too few to split
        assert len(set(groups)) < 8
        return
    sides = [set(part.groups.tolist()) for part in parts.values()]
    assert sum(map(len, sides)) == len(set(groups))
    assert sorted(n for part in parts.values() for n in numbers(part)) == list(range(len(groups)))
    for side, fraction in zip(sides, (0.5, 0.3, 0.2), strict=True):
        assert abs(len(side) - fraction * len(set(groups))) <= 1


def test_split_takes_the_same_share_of_each_class():
    classes = [0] * 40 + [1] * 20 + [2] * 10
    parts = make_examples(list(range(70)), classes).split({"train": 0.8, "test": 0.2}, np.random.default_rng(1))
    assert np.bincount(parts["train"].load_y(slice(None))).tolist() == [32, 16, 8]
    assert np.bincount(parts["test"].load_y(slice(None))).tolist() == [8, 4, 2]


def test_split_by_example_may_part_a_member():
    examples = make_examples([0] * 10)
    with pytest.raises(ValueError, match="the part 'test' of the dataset 'waves' is empty: 1 members are too few"):
        examples.split({"train": 0.8, "test": 0.2}, np.random.default_rng(1))
    parts = examples.split({"train": 0.8, "test": 0.2}, np.random.default_rng(1), by="example")
    assert [len(part) for part in parts.values()] == [8, 2]


def test_split_may_leave_some_out():
    parts = make_examples(list(range(100))).split({"train": 0.5, "test": 0.1}, np.random.default_rng(1))
    assert [len(part) for part in parts.values()] == [50, 10]


def test_split_depends_on_the_generator_alone():
    examples = make_examples(list(range(30)))
    first, again, other = (
        numbers(examples.split({"a": 0.5, "b": 0.5}, np.random.default_rng(seed))["a"]) for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other


def test_split_of_maps_of_classes_is_not_stratified():
    """Where y is an image of classes, there is no class that an example belongs to."""
    examples = Examples(
        lambda i: np.zeros((len(i), 4, 4)),
        lambda i: np.ones((len(i), 4, 4), np.int64),
        np.arange(10),
        classes=["a", "b"],
    )
    parts = examples.split({"train": 0.8, "test": 0.2}, np.random.default_rng(1))
    assert [len(part) for part in parts.values()] == [8, 2]


def test_a_quantity_is_told_in_its_unit_and_learned_on_its_scale():
    rate = Quantity("tumbling_rate", "1/sweep", "log2")
    assert str(rate) == "tumbling_rate [1/sweep]"
    np.testing.assert_allclose(rate.scaled([0.25, 0.5, 1]), [-2, -1, 0])
    np.testing.assert_allclose(rate.value(rate.scaled([0.1, 0.3])), [0.1, 0.3])
    plain = Quantity("length")
    assert str(plain) == "length"
    np.testing.assert_array_equal(plain.value(plain.scaled([3, 0])), [3, 0])


def test_a_part_knows_the_quantity_and_the_record_keeps_it():
    rate = Quantity("rate", scale="log2")
    examples = Examples(lambda i: np.zeros((len(i), 2)), lambda i: np.zeros(len(i)), np.arange(4), quantity=rate)
    spec = examples.take([1, 2]).spec
    assert spec.quantity == rate
    assert ExampleSpec.from_record(spec.record()) == spec
    without = {key: value for key, value in spec.record().items() if key != "quantity"}
    assert ExampleSpec.from_record(without).quantity is None  # as it was written before there were any
