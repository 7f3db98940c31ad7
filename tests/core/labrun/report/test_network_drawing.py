"""The picture of a network: which layers share a block, and what joins the blocks."""

import re

from labrun.report.network_drawing import blocks_of, draw_network


def layer(name, kind, shape, weights=0, inputs=()):
    return {"name": name, "kind": kind, "shape": shape, "weights": weights, "inputs": list(inputs), "settings": {}}


U_NET = [
    layer("image", "InputLayer", [64, 32, 1]),
    layer("conv1", "Conv2D", [64, 32, 8], 80, ["image"]),
    layer("relu1", "Activation", [64, 32, 8], 0, ["conv1"]),
    layer("pool", "MaxPooling2D", [32, 16, 8], 0, ["relu1"]),
    layer("conv2", "Conv2D", [32, 16, 16], 1168, ["pool"]),
    layer("norm2", "BatchNormalization", [32, 16, 16], 64, ["conv2"]),
    layer("up", "Conv2DTranspose", [64, 32, 8], 520, ["norm2"]),
    layer("beside", "Concatenate", [64, 32, 16], 0, ["relu1", "up"]),
    layer("conv3", "Conv2D", [64, 32, 1], 145, ["beside"]),
]


def test_layers_of_one_size_share_a_block_and_pooling_belongs_to_the_next():
    found = [(block.title, block.size, block.weights) for block in blocks_of(U_NET)]
    assert found == [
        ("Input", "64 × 32 × 1", 0),
        ("Conv2D", "64 × 32 × 8", 80),
        ("Conv2D", "32 × 16 × 16", 1232),
        ("Conv2DTranspose", "64 × 32 × 8", 520),
        ("Conv2D", "64 × 32 × 1", 145),
    ]


def test_a_block_is_higher_for_larger_images_and_wider_for_more_channels():
    wide, small = blocks_of(U_NET)[1:3]
    assert wide.height > small.height
    assert small.width > wide.width


def test_a_connection_that_skips_blocks_goes_over_them():
    svg = draw_network(U_NET)
    assert svg.count('class="edge"') == 4
    (arc,) = re.findall(r'class="edge skip" d="M\S+ V([\d.]+)', svg)
    tops = [float(y) for y in re.findall(r'<rect \S+ x="\S+" y="([\d.]+)"', svg)]
    assert float(arc) < min(tops)


def test_names_of_layers_are_escaped():
    svg = draw_network([layer("<script>", "InputLayer", [2]), layer("a", "<b>", None, 3, ["<script>"])])
    assert "<script>" not in svg
    assert "<b>" not in svg
