from __future__ import annotations

import pytest

from labrun.layer_words import Layer, parse


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
        ("conv 16", "'conv 16' is no layer 'conv': write 'conv 16 3x3' or 'conv 16 5x5 stride 2'"),
        ("conv 0 3x3", "'conv 0 3x3' is no layer 'conv'"),
        ("relu 3", "'relu 3' is no layer 'relu': it takes nothing"),
        ("dropout 1.5", "'dropout 1.5' is no layer 'dropout': write 'dropout 0.1'"),
        ("dense 999999", "'dense 999999' is no layer 'dense': write 'dense 64'"),
    ],
)
def test_what_is_no_layer_is_explained(text, message):
    with pytest.raises(ValueError, match=message):
        parse(text)
