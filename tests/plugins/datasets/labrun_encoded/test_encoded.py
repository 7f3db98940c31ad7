"""A dataset behind a trained encoder: the same codes as the network gives, written once, and all else as it was."""

from __future__ import annotations

import json
from typing import ClassVar

import keras
import numpy as np
import pandas as pd
import pytest

import labrun_encoded
from labrun import Examples, Model, Quantity, TrainedModel
from labrun_encoded import Encoded


class Squeeze(Model):
    """A pool, then a convolution to two channels (`code`), and back."""

    name: ClassVar[str] = "squeeze"

    def build(self, examples):
        image = keras.Input(examples.x.shape)
        pooled = keras.layers.AveragePooling2D(2, name="pool")(image)
        code = keras.layers.Conv2D(2, 3, padding="same", name="code")(pooled)
        answer = keras.layers.Conv2D(1, 3, padding="same")(keras.layers.UpSampling2D(2)(code))
        model = keras.Model(image, answer)
        model.compile(loss="mse")
        return model


@pytest.fixture
def pictures(rng):
    return rng.standard_normal((7, 6, 10, 1), np.float32)


@pytest.fixture
def dataset(pictures):
    table = pd.DataFrame({"member": [0, 0, 0, 1, 1, 2, 2], "axis": 0, "position": range(7)})
    y = np.arange(7, dtype=np.float32)
    return Examples(
        lambda i: pictures[i],
        lambda i: y[i],
        table["member"].to_numpy(),
        quantity=Quantity("redshift"),
        periodic=True,
        table=table,
        name="sky",
    )


@pytest.fixture
def encoder(write_model, dataset):
    return TrainedModel(Squeeze(), write_model(Squeeze(), dataset.spec), "net")


def test_x_is_what_the_layer_gives_and_all_else_as_it_was(dataset, encoder, pictures, tmp_path):
    examples = Encoded().examples(dataset, encoder, tmp_path)
    x, y = examples.load([5, 0, 6])
    kernel, bias = encoder.network.get_layer("code").get_weights()
    pooled = pictures.reshape(7, 3, 2, 5, 2).mean(axis=(2, 4))
    padded = np.pad(pooled, ((0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))
    np.testing.assert_allclose(x, (np.tensordot(windows, kernel[:, :, 0], 2) + bias)[[5, 0, 6]], atol=1e-5)
    assert (x.shape, x.dtype, type(x)) == ((3, 3, 5, 2), np.float32, np.ndarray)
    assert y.tolist() == [5, 0, 6]
    assert examples.groups.tolist() == dataset.groups.tolist()
    pd.testing.assert_frame_equal(examples.table, dataset.table)
    assert (examples.classes, examples.quantity, examples.periodic) == (None, Quantity("redshift"), False)


def test_codes_are_computed_in_batches_and_once(dataset, encoder, tmp_path, monkeypatch):
    whole = Encoded(layer="pool").examples(dataset, encoder, tmp_path).load_x(slice(None))
    (tmp_path / "other").mkdir()
    monkeypatch.setattr(labrun_encoded, "AT_ONCE", 3)
    asked = []
    seen = Examples(lambda i: asked.append(i.tolist()) or dataset.load_x(i), dataset.load_y, dataset.groups, name="sky")
    batched = Encoded(layer="pool").examples(seen, encoder, tmp_path / "other")
    np.testing.assert_array_equal(batched.load_x(slice(None)), whole)
    assert max(len(indices) for indices in asked) == 3
    asked.clear()
    again = Encoded(layer="pool").examples(seen, encoder, tmp_path / "other")
    np.testing.assert_array_equal(again.load_x([6]), whole[[6]])
    assert asked == []


def test_what_cannot_be_encoded_leaves_nothing_behind(dataset, encoder, pictures, tmp_path):
    folder = tmp_path / "stage"
    with pytest.raises(ValueError, match="the model 'net' has no layer 'codes': did you mean 'code'"):
        Encoded(layer="codes").examples(dataset, encoder, folder)
    small = Examples(lambda i: pictures[i, :4], dataset.load_y, dataset.groups, name="small")
    with pytest.raises(
        ValueError, match=r"the model 'net' takes x of shape \(6, 10, 1\), but 'small' has shape \(4, 10, 1\)"
    ):
        Encoded().examples(small, encoder, folder)
    with pytest.raises(ValueError, match="the dataset 'none' has no examples"):
        Encoded().examples(dataset.take([], "none"), encoder, folder)
    assert not folder.exists()


PROJECT = """\
project: coding
seed: 4
plugins: [sky.py]
simulations:
  sky: {use: noise, sweep: {grid: {level: [1, 3], realization: [1, 2, 3, 4]}}}
datasets:
  pictures: {use: slices, from: sky, with: {x: cube}, split: {fractions: {train: 0.5, validation: 0.5}}}
  levels: {use: slices, from: sky, with: {x: cube, y: level, group: realization}}
  codes:
    use: encoded
    from: {dataset: levels, encoder: squeeze}
    split: {fractions: {train: 0.5, test: 0.5}}
models:
  squeeze: {use: squeeze, fit: {train: pictures.train, validation: pictures.validation, epochs: 1}}
"""

PLUGINS = """\
from typing import ClassVar

import keras
import numpy as np

from labrun import Field, Model, Simulator, hookimpl


class Noise(Simulator):
    \"\"\"Noise.\"\"\"

    name: ClassVar[str] = "noise"
    level: int = Field(description="rms")
    realization: int = Field(description="number of the sky")

    def simulate(self, rng):
        return {"cube": self.level * rng.standard_normal((6, 6, 6), np.float32)}


class Squeeze(Model):
    \"\"\"To a third, and back.\"\"\"

    name: ClassVar[str] = "squeeze"

    def build(self, examples):
        image = keras.Input(examples.x.shape)
        code = keras.layers.AveragePooling2D(3, name="code")(image)
        answer = keras.layers.Conv2D(1, 3, padding="same")(keras.layers.UpSampling2D(3)(code))
        model = keras.Model(image, answer)
        model.compile(loss="mse")
        return model


@hookimpl
def labrun_simulators():
    return [Noise]


@hookimpl
def labrun_models():
    return [Squeeze]
"""


def test_a_project(tmp_path, write_project, labrun):
    (tmp_path / "sky.py").write_text(PLUGINS, encoding="utf-8")
    outcome = labrun("run", write_project(PROJECT), "--workers", 1)
    assert outcome.code == 0, outcome.err
    stage = tmp_path / "runs/coding/datasets/codes"
    summary = json.loads((stage / "summary.json").read_text(encoding="utf-8"))
    assert (summary["x"]["shape"], summary["whole"]["examples"]) == ([2, 2, 1], 8 * 18)
    assert summary["parts"]["train"]["members"] == 2  # skies


def test_the_hook_offers_it():
    assert labrun_encoded.labrun_datasets() == [Encoded]
    assert all(field.description for field in Encoded.model_fields.values())
