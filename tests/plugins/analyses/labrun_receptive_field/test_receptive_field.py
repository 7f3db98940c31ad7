from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.patches import Rectangle

from labrun import ArraySpec, Examples, ExampleSpec, Model, TrainedModel
from labrun.contracts.backend import load_keras
from labrun_pattern_cnn import PatternCNN
from labrun_receptive_field import ReceptiveField
from labrun_receptive_field.drawing import plane_of

keras = load_keras()
layers = keras.layers


class Codes(Model):
    """Integers (height, width), and a number for the whole of them."""

    name: ClassVar[str] = "codes"

    def build(self, examples: ExampleSpec) -> Any:
        codes, number = keras.Input((None, None), dtype="uint8", name="codes"), keras.Input((1,), name="number")
        x = layers.Conv2D(2, 5, strides=3, name="conv")(keras.ops.one_hot(codes, 5))
        x = layers.Concatenate()([layers.GlobalAveragePooling2D(name="mean")(x), number])
        return keras.Model([codes, number], layers.Dense(1)(x))


class NoSpace(Model):
    name: ClassVar[str] = "no_space"

    def build(self, examples: ExampleSpec) -> Any:
        inputs = keras.Input(examples.x.shape, name="x")
        return keras.Model(inputs, layers.Dense(1)(layers.Flatten()(inputs)))


@pytest.fixture(autouse=True)
def close_figures() -> Iterator[None]:
    yield
    plt.close("all")


@pytest.fixture
def trained(write_model):
    def make(plugin, spec, name):
        return TrainedModel(plugin, write_model(plugin, spec, name), name)

    return make


def spec_of(*shape):
    return ExampleSpec(ArraySpec(shape, "float32"), ArraySpec((), "int64"), ("a", "b"))


def examples(x, name="test"):
    return Examples(lambda i: x[i], lambda i: np.zeros(len(i), int), np.arange(len(x)), classes=("a", "b"), name=name)


@pytest.mark.parametrize(
    ("preset", "shape", "sizes"),
    [
        ("origin_2d", (64, 80, 3), ["3 × 3", "7 × 7", "9 × 9", "17 × 17", "21 × 21", "37 × 37", "45 × 45"]),
        ("compact", (64, 80, 3), ["3 × 3", "7 × 7", "9 × 9", "17 × 17", "21 × 21", "37 × 37", "45 × 45"]),
        ("origin_3d", (64, 80, 4), [f"{n} × {n} × {t}" for n, t in ((3, 2), (5, 4), (13, 4), (17, 4), (33, 4), (41, 4))]),
    ],
)  # fmt: skip
def test_presets(trained, preset, shape, sizes):
    findings = ReceptiveField().analyse([trained(PatternCNN(preset=preset), spec_of(*shape), preset)])
    table = findings.tables["layers"]
    windows = table[table["kind"].isin(["convolution", "pooling"])]
    assert windows["receptive field"].tolist() == sizes
    assert findings.metrics == {f"receptive field {preset}": float(sizes[-1].split(" × ")[0])}
    assert windows["jump width"].tolist()[-1] == 16
    assert table.iloc[0][["output", "kernel", "stride"]].tolist()[0].startswith("31 × 39")
    assert table.iloc[0][["left over height", "unseen height"]].tolist() == [1, 1]
    assert len(findings.warnings) == 1
    assert f"of the model '{preset}' does not depend on" in findings.warnings[0]
    (frames,) = [[p for p in a.patches if isinstance(p, Rectangle)] for a in findings.figures[f"fields_{preset}"].axes]
    assert len(frames) == len(sizes)
    inner, outer = frames[-1].get_bbox(), frames[0].get_bbox()
    assert outer.x0 <= inner.x0 < inner.x1 <= outer.x1
    assert outer.y0 <= inner.y0 < inner.y1 <= outer.y1


def test_periodic_padding_leaves_nothing_unseen_and_the_dataset_gives_the_sizes(trained):
    model = trained(PatternCNN(preset="compact", padding="periodic"), spec_of(64, 64, 2), "net[seed=1]")
    findings = ReceptiveField().analyse([model], examples(np.random.default_rng(0).random((2, 32, 48, 2), "float32")))
    table = findings.tables["layers"].set_index("layer")
    assert table.loc["block4_pool", ["output", "size height", "size width"]].tolist() == ["2 × 3", 45, 45]
    assert table.loc["block1_conv", ["padding", "centre height", "centre width"]].tolist() == ["periodic", 14, 22]
    assert table.loc["global_max", "receptive field"] == "whole input"
    assert (table.filter(like="unseen") == 0).all(axis=None)
    assert findings.warnings == []
    figure = findings.figures["fields_net[seed=1]"]
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels[-1] == "block4_pool: 45 × 45\n(over the edge)"


def test_the_picture_among_several_inputs_is_taken(trained):
    x = {"codes": ArraySpec((17, 26), "uint8"), "number": ArraySpec((1,), "float32")}
    spec = ExampleSpec(x, ArraySpec((), "float32"))
    codes = np.random.default_rng(0).integers(0, 5, (1, 17, 26)).astype("uint8")
    number = np.zeros((1, 1), "float32")
    data = Examples(lambda i: {"codes": codes[i], "number": number[i]}, lambda i: number[i, 0], np.arange(1), name="d")
    findings = ReceptiveField().analyse([trained(Codes(), spec, "codes")], data)
    row = findings.tables["layers"].set_index("layer").loc["conv"]
    assert row[["output", "receptive field", "left over height", "left over width"]].tolist() == [
        "5 × 8",
        "5 × 5",
        0,
        0,
    ]
    assert findings.metrics == {"receptive field codes": 5.0}
    assert np.array_equal(plane_of(codes[0], (0, 1)), codes[0])


def test_pictures_are_of_the_last_frame_and_the_mean_of_the_channels(rng):
    x = rng.random((5, 7, 3))
    np.testing.assert_allclose(plane_of(x, (0, 1)), x.mean(axis=2))
    np.testing.assert_array_equal(plane_of(x, (0, 1, 2)), x[..., 2])


def test_errors_name_the_model(trained):
    with pytest.raises(
        ValueError, match="field of the model 'net' cannot be determined: it has neither a convolution nor pooling"
    ):
        ReceptiveField().analyse([trained(NoSpace(), spec_of(8, 9, 1), "net")])
    small = trained(PatternCNN(preset="origin_2d"), spec_of(64, 64, 3), "small")
    with pytest.raises(
        ValueError,
        match=r"'small' cannot be determined: it does not accept inputs of shape \(16, 16, 3\); Keras reports",
    ):
        ReceptiveField().analyse([small], examples(np.zeros((1, 16, 16, 3), "float32")))
    with pytest.raises(
        ValueError, match=r"input 'frames' takes shape \(any, any, 3\), but the examples of 'test' have \(64, 64, 2\)"
    ):
        ReceptiveField().analyse([small], examples(np.zeros((1, 64, 64, 2), "float32")))


PROJECT = """\
project: fields
seed: 1
simulations:
  patterns:
    use: gray_scott
    with: {size: 32, duration: 100, frames: 2}
    sweep: {table: patterns.csv, labels: [class]}
datasets:
  patterns: {use: labelled, from: patterns, with: {x: u, y: class}}
models:
  cnn:
    use: pattern_cnn
    with: {blocks: [{filters: 2, stride: 2}, {filters: 2, kernel: 5}], padding: periodic, dense: 2}
    fit: {train: patterns, epochs: 1}
analyses:
  fields: {use: receptive_field, from: {model: cnn, dataset: patterns}}
"""


@pytest.mark.slow
def test_from_the_command_line(tmp_path, labrun_process):
    (tmp_path / "patterns.csv").write_text("class,feed,kill\na,0.03,0.06\nb,0.05,0.06\n", encoding="utf-8")
    (tmp_path / "fields.yaml").write_text(PROJECT, encoding="utf-8")
    outcome = labrun_process("fields.yaml")
    assert outcome.code == 0, outcome.err
    folder = tmp_path / "runs" / "fields" / "analyses" / "fields"
    table = pd.read_csv(folder / "layers.csv")
    assert table["layer"].tolist() == ["block1_conv", "block2_conv", "global_max"]
    assert table["receptive field"].tolist() == ["3 × 3", "11 × 11", "whole input"]
    assert (folder / "fields_cnn.png").is_file()
