"""Fields against what one sees by touching each cell of an input, and against the formula of Araujo et al."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest

from labrun.contracts.backend import load_keras
from labrun_receptive_field.fields import AxisField, Window
from labrun_receptive_field.walk import receptive_fields

keras = load_keras()
layers, ops = keras.layers, keras.ops


def seen_by_touching(inputs, tensor, shape, axes):
    """For each axis of the map, (units, cells): which units change when a cell is touched; all weights are positive, all inputs 0."""
    network, rng = keras.Model(inputs, tensor), np.random.default_rng(0)
    for variable in network.weights:
        if len(variable.shape) > 1:  # sums of these have no rounding
            variable.assign(rng.choice([0.5, 1.0], variable.shape))
    cells = list(product(*(range(shape[a]) for a in axes)))
    x = np.zeros((len(cells), *shape), "uint8" if inputs.dtype == "uint8" else "float32")
    for k, cell in enumerate(cells):
        index = [0] * len(shape)
        for axis, place in zip(axes, cell, strict=True):
            index[axis] = place
        x[(k, *index)] = 1
    answers, quiet = (np.asarray(network(v)) for v in (x, np.zeros_like(x[:1])))
    changed = (np.abs(answers - quiet) > 1e-12).any(axis=-1).reshape(*(shape[a] for a in axes), *answers.shape[1:-1])
    d = len(axes)
    return [changed.any(axis=tuple(a for a in range(2 * d) if a not in (axis, d + axis))).T for axis in range(d)]


def check(inputs, tensor, shape, spatial=(0, 1)):
    """The last layer of a network sees exactly what one finds by touching."""
    found = receptive_fields(keras.Model(inputs, tensor), [shape])
    assert found.spatial == spatial
    last = found.layers[-1]
    for axis, units, touched in zip(
        last.axes, last.units, seen_by_touching(inputs, tensor, shape, spatial), strict=True
    ):
        assert touched.shape == (units, axis.length)
        for unit in range(units):
            assert (axis.seen[unit] == touched[unit]).all(), f"unit {unit} of {units}"
        assert axis.unseen == (~touched.any(axis=0)).sum()
    return last


@pytest.mark.parametrize("seed", range(5))
def test_size_of_a_chain_is_that_of_the_formula(seed):
    """F = Σ (k − 1) Π s + 1 (Araujo et al. 2019); and the recursion of the origin's notes from the last layer on, F ← s F + k − s."""
    rng = np.random.default_rng(seed)
    kernels, strides = rng.integers(1, 8, 6), rng.integers(1, 4, 6)
    field, backwards = AxisField.of_input(1000, 1), 1
    for k, s in zip(kernels, strides, strict=True):
        field = field.slide(Window(int(k), int(s)))
    for k, s in zip(kernels[::-1], strides[::-1], strict=True):
        backwards = s * backwards + k - s
    formula = 1 + sum((k - 1) * math.prod(strides[:i]) for i, k in enumerate(kernels))
    assert field.size == formula == backwards
    assert field.jump == math.prod(strides)
    assert field.centre(0) == (formula - 1) / 2


@pytest.mark.parametrize(("cells", "left"), [(9, 0), (10, 1), (11, 0), (12, 1)])
def test_padding_condition(cells, left):
    window = Window.laid("valid", cells, 3, 2)
    assert window.left_over(cells) == left
    assert ((cells - 3) / 2 + 1).is_integer() == (left == 0)
    assert Window.laid("same", cells, 3, 2).left_over(cells) == 0


def random_layer(rng, x):
    kernel, padding = tuple(int(k) for k in rng.integers(1, 5, 2)), str(rng.choice(["valid", "same"]))
    stride = int(rng.integers(1, 4))
    match rng.integers(9):
        case 0:
            return layers.Conv2D(2, kernel, dilation_rate=(1, int(rng.integers(1, 4))), padding=padding)(x)
        case 1:
            return layers.MaxPooling2D(kernel, strides=stride, padding=padding)(x)
        case 2:
            return layers.AveragePooling2D(kernel, strides=stride, padding=padding)(x)
        case 3:
            return layers.DepthwiseConv2D(kernel, strides=stride, padding=padding)(x)
        case 4:
            return layers.SeparableConv2D(2, kernel, strides=stride, padding=padding)(x)
        case 5:
            return layers.ZeroPadding2D(((1, 0), (2, 3)))(x)
        case 6:
            return layers.Cropping2D(((0, 1), (1, 0)))(x)
        case 7:
            return ops.pad(x, ((0, 0), (2, 1), (0, 2), (0, 0)))[:, 1:, :-1]
        case _:
            return layers.Conv2D(2, kernel, strides=stride, padding=padding, activation="relu")(x)


@pytest.mark.parametrize("seed", range(14))
def test_random_stacks_see_what_touching_shows(seed):
    rng = np.random.default_rng(seed)
    shape = (int(rng.integers(14, 20)), int(rng.integers(21, 29)), 1)
    inputs = keras.Input(shape)
    x = layers.BatchNormalization()(layers.Conv2D(2, 3, padding="same")(inputs))
    for _ in range(4):
        if min(x.shape[1:3]) > 5:
            x = layers.Activation("relu")(random_layer(rng, x))
    check(inputs, layers.Conv2D(1, 1)(x), shape)


def continue_over_edges(x, before, after):
    for axis, cut in ((1, lambda s: (slice(None), s)), (2, lambda s: (slice(None), slice(None), s))):
        head = [x[cut(slice(-before, None))]] if before else []
        tail = [x[cut(slice(None, after))]] if after else []
        x = ops.concatenate([*head, x, *tail], axis=axis)
    return x


@pytest.mark.parametrize("kernel", [2, 3, 4])
def test_periodic_padding_goes_around(kernel):
    shape = (16, 24, 1)
    inputs = x = keras.Input((None, None, 1))
    for stride in (2, 1, 1):
        x = continue_over_edges(x, (kernel - 1) // 2, kernel // 2)
        x = layers.Conv2D(1, kernel, strides=stride)(x)
    last = check(inputs, x, shape)
    assert last.padding == "periodic"
    assert [axis.size for axis in last.axes] == [1 + (kernel - 1) * (1 + 2 + 2)] * 2
    assert all(axis.wraps and not axis.torn for axis in last.axes)
    assert last.axes[0].span(last.units[0] - 1)[1] >= 16


def test_a_map_that_does_not_go_once_around_is_told():
    inputs = keras.Input((17, 24, 1))
    x = layers.Conv2D(1, 3, strides=2, padding="same")(inputs)
    x = layers.Conv2D(1, 3, name="after")(continue_over_edges(x, 1, 1))
    (last,) = receptive_fields(keras.Model(inputs, x), [(17, 24, 1)]).layers[1:]
    assert [axis.torn for axis in last.axes] == [True, False]


def test_branches_unite():
    shape = (13, 18, 1)
    inputs = keras.Input(shape)
    narrow = layers.Conv2D(1, (1, 5), padding="same")(inputs)
    wide = layers.Conv2D(1, (3, 1), padding="same", dilation_rate=(2, 1))(inputs)
    x = layers.Concatenate()([narrow, wide, layers.Add()([narrow, inputs])])
    last = check(inputs, layers.Conv2D(1, 1)(x), shape)
    assert [axis.size for axis in last.axes] == [5, 5]


def test_holes_of_dilation_and_stride_are_unseen():
    inputs = keras.Input((15, 20, 1))
    x = layers.Conv2D(1, 2, dilation_rate=2)(inputs)
    last = check(inputs, layers.MaxPooling2D(1, strides=4)(x), (15, 20, 1))
    assert [axis.unseen for axis in last.axes] == [15 - 8, 20 - 10]


def test_codes_without_channels_and_networks_in_networks():
    shape = (12, 17)
    part = keras.Input((None, None, 3))
    inner = keras.Model(part, layers.Conv2D(2, 3, strides=2, name="deep")(part), name="inner")
    inputs = keras.Input((None, None), dtype="uint8")
    x = ops.one_hot(inputs, 3)
    found = check(inputs, layers.Conv2D(1, 3)(inner(x)), shape)
    assert [axis.size for axis in found.axes] == [7, 7]
    names = [layer.name for layer in receptive_fields(keras.Model(inputs, inner(x)), [shape]).layers]
    assert names == ["inner/deep"]


def test_time_is_an_axis_of_a_3d_network():
    shape = (9, 12, 5)
    inputs = keras.Input(shape)
    x = layers.Conv3D(1, (3, 2, 2), strides=(2, 1, 1))(ops.expand_dims(inputs, -1))
    last = check(inputs, layers.MaxPooling3D((2, 2, 1))(x), shape, (0, 1, 2))
    assert [axis.size for axis in last.axes] == [5, 3, 2]


@pytest.mark.parametrize("padding", ["valid", "same", "causal"])
def test_one_axis(padding):
    inputs = keras.Input((23, 1))
    x = layers.Conv1D(1, 3, padding=padding, dilation_rate=2)(layers.ZeroPadding1D((2, 1))(inputs))
    check(inputs, layers.Conv1D(1, 3, strides=2)(layers.Cropping1D((1, 2))(x)), (23, 1), (0,))


def test_all_units_see_all_after_global_pooling():
    inputs = keras.Input((14, 19, 1))
    x = layers.Conv2D(2, 3, strides=2, name="conv")(inputs)
    gate = layers.Dense(2, activation="sigmoid")(layers.GlobalAveragePooling2D(keepdims=True)(x))
    x = layers.Multiply(name="gated")([x, gate])
    found = receptive_fields(keras.Model(inputs, layers.Dense(3)(layers.Flatten(name="flat")(x))), [(14, 19, 1)])
    assert found.last.name == "conv"
    flat = found.layers[-1]
    assert (flat.name, flat.is_settled, flat.is_whole) == ("flat", True, False)  # the stride leaves a row over
    assert [axis.size for axis in flat.axes] == [13, 19]


def join_two_jumps(x):
    padded = layers.ZeroPadding2D(((0, 5), (0, 11)))(x)
    return layers.Add(name="sum")([layers.Conv2D(1, 5)(x), layers.Conv2D(1, 1, strides=2)(padded)])


REFUSED = {
    "up": (lambda x: layers.UpSampling2D(name="up")(x), r"its layer 'up' \(UpSampling2D\) refines its map"),
    "back": (lambda x: layers.Conv2DTranspose(1, 3, name="back")(x), r"'back' \(Conv2DTranspose\) refines its map"),
    "turn": (lambda x: x[:, ::-1], r"\(GetItem\) reverses a map"),
    "jumps": (join_two_jumps, r"its layer 'sum' \(Add\) joins maps whose units lie 1 and 2 cells of the input apart"),
    "attention": (lambda x: layers.Attention(name="attend")([x, x]), r"'attend' \(Attention\) has an unknown receptive field"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_told_is_refused(case):
    make, message = REFUSED[case]
    inputs = keras.Input((13, 19, 1))
    network = keras.Model(inputs, make(layers.Conv2D(1, 1)(inputs)))
    with pytest.raises(ValueError, match=message):
        receptive_fields(network, [(13, 19, 1)])


def test_a_layer_that_inherits_from_one_of_keras_is_not_taken_for_it():
    class Turned(layers.Conv2D):
        def call(self, x):
            return super().call(x[:, ::-1])

    inputs = keras.Input((13, 19, 1))
    with pytest.raises(ValueError, match=r"'turned' \(Turned\) has an unknown receptive field"):
        receptive_fields(keras.Model(inputs, Turned(1, 3, name="turned")(inputs)), [(13, 19, 1)])


def test_the_network_is_left_as_it_was():
    inputs = keras.Input((None, None, 1))
    network = keras.Model(inputs, layers.Conv2D(1, 3, name="conv")(inputs))
    receptive_fields(network, [(9, 12, 1)])
    assert network.get_layer("conv").output.shape == (None, None, None, 1)
