from __future__ import annotations

import numpy as np
import pytest

from labrun_layers.layer_language import Layer, apply_layers, expect_order, parse


@pytest.mark.parametrize(
    ("text", "layer"),
    [
        ("conv 16 3x5", Layer("conv", units=16, kernel=(3, 5))),
        (" conv  8 5x5   stride 3 ", Layer("conv", units=8, kernel=(5, 5), stride=3)),
        ("pool 2", Layer("pool", size=2)),
        ("average 4", Layer("average", size=4)),
        ("norm", Layer("norm")),
        ("dense 64", Layer("dense", units=64)),
        ("dropout 0.25", Layer("dropout", share=0.25)),
    ],
)
def test_a_layer_is_read(text, layer):
    assert parse(text) == layer


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("cnv 16 3x3", "there is no layer 'cnv': did you mean 'conv'"),
        ("", "there is no layer ''"),
        ("conv 16", "'conv 16' is not a layer 'conv': write 'conv 16 3x3' or 'conv 16 5x5 stride 2'"),
        ("conv 0 3x3", "'conv 0 3x3' is not a layer 'conv'"),
        ("relu 3", "'relu 3' is not a layer 'relu': it takes nothing"),
        ("dropout 1.5", "'dropout 1.5' is not a layer 'dropout': write 'dropout 0.1'"),
        ("dense 999999", "'dense 999999' is not a layer 'dense': write 'dense 64'"),
    ],
)
def test_what_is_no_layer_is_explained(text, message):
    with pytest.raises(ValueError, match=message):
        parse(text)


def test_what_is_tapped_joins_where_the_places_end():
    import keras

    x = keras.Input((9, 8, 2))
    beside = keras.Input((1,))
    y = apply_layers(
        x, ["tap", "conv 3 3x3", "relu", "tap", "average 2", "conv 5 3x3", "mean", "norm"], beside=[beside]
    )
    model = keras.Model([x, beside], y)
    assert y.shape == (None, 5 + 1 + 2 + 3)
    image = np.random.default_rng(0).normal(size=(4, 9, 8, 2)).astype(np.float32)
    untouched = keras.Model([x, beside], model.get_layer("joined").output)
    joined = np.asarray(untouched([image, np.full((4, 1), 7.0, np.float32)]))
    np.testing.assert_allclose(joined[:, 5], 7)
    np.testing.assert_allclose(joined[:, 6:8], image.mean(axis=(1, 2)), rtol=1e-4, atol=1e-6)


def test_nothing_is_tapped_after_the_places():
    with pytest.raises(ValueError, match=r"layers: 'tap' needs a map, .* but follows the layer that ends it"):
        expect_order(["mean", "tap"])
