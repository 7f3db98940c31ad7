from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import matplotlib.pyplot as plt
import numpy as np
import pytest

from labrun import Examples, ExampleSpec, Model, TrainedModel
from labrun_autoencoder import Autoencoder
from labrun_reconstruction import Reconstruction
from labrun_slice_cnn import SliceCNN

SIZE = (16, 24)


@pytest.fixture(autouse=True)
def close_figures() -> Iterator[None]:
    yield
    plt.close("all")


class Faint(Model):
    """A network that gives pictures back, half as bright."""

    name: ClassVar[str] = "faint"

    def build(self, examples: ExampleSpec):
        import keras

        picture = keras.Input(examples.x.shape)
        return keras.Model(picture, keras.layers.Rescaling(0.5, name="code")(picture))


def skies(rng, count=40, name="test", channels=1, groups=4):
    """Two waves of random phase along the width, of 1 and of 6 periods; 4 numbers tell all of a picture."""
    k = 2 * np.pi * np.arange(SIZE[1]) / SIZE[1]
    phase = rng.uniform(0, 2 * np.pi, (2, count, 1))
    line = 1 + np.cos(k + phase[0]) + 0.5 * np.cos(6 * k + phase[1])
    x = np.broadcast_to(line[:, None, :, None], (count, *SIZE, channels)).astype(np.float32)
    return Examples(lambda i: x[i], lambda i: x[i], np.arange(count) % groups, periodic=True, name=name)


def faint(write_model, examples, name="faint"):
    return TrainedModel(Faint(), write_model(Faint(), examples.spec, name), name)


def test_an_answer_of_half_the_brightness_has_errors_that_are_known(write_model, rng):
    """⟨x²⟩ = 1 + 1/2 + 1/8, of which the error is a quarter; a quarter of the power is left at each k; var(x) = 5/8."""
    examples = skies(rng)
    settings = Reconstruction(scale=70, unit="mK", cell_size=1.5)
    findings = settings.analyse([faint(write_model, examples)], examples)
    mse = (1 + 1 / 2 + 1 / 8) / 4
    assert findings.metrics["MSE faint"] == pytest.approx(mse, rel=1e-5)
    assert findings.metrics["RMSE faint"] == pytest.approx(70 * np.sqrt(mse), rel=1e-5)
    assert findings.metrics["R² faint"] == pytest.approx(1 - mse / (5 / 8), rel=1e-5)
    row = findings.tables["errors"].iloc[0]
    assert row["dimensions"] == 16 * 24
    assert row["spread"] == pytest.approx(0, abs=1e-3)
    power = findings.tables["power"]
    seen = power["truth"] > 1e-3
    np.testing.assert_allclose(power["faint"][seen], power["truth"][seen] / 4, rtol=1e-5)
    assert "MSE over PCA, faint" not in findings.metrics
    assert "[mK²]" in findings.captions["power"]


def test_power_is_that_of_the_wave(write_model, rng):
    """Along the width 70² / 2 mK² lie in the wave of one period and 70² / 8 in that of six: P sums to the variance."""
    examples = skies(rng)
    power = (
        Reconstruction(scale=70, unit="mK", cell_size=1.5, bins=200)
        .analyse([faint(write_model, examples)], examples)
        .tables["power"]
    )
    k1 = 2 * np.pi / (24 * 1.5)
    bright = power[power["truth"] > 1e-3]
    np.testing.assert_allclose(bright["k"], [k1, 6 * k1], rtol=1e-2)
    # Δ² = k² V ⟨|x_k|²⟩ / 2π, the mean over the modes of a bin: at the longest wave the two of ±k alone
    volume = 16 * 24 * 1.5**2
    assert bright["truth"].iloc[0] == pytest.approx(k1**2 * volume * (70**2 / 2 / 2) / (2 * np.pi), rel=1e-4)


def test_components_of_the_size_of_the_code_tell_all_of_these_pictures(write_model, rng):
    train, test = skies(rng, 60, "train"), skies(rng)
    plugin = Autoencoder(filters=[2, 2])
    model = TrainedModel(plugin, write_model(plugin, test.spec), "untrained")
    findings = Reconstruction(unit="mK").analyse([model], test, train)
    table = findings.tables["errors"].set_index("method")
    assert table["dimensions"].to_dict() == {"untrained": 4 * 6 * 2, "PCA (48)": 48}
    assert table.loc["PCA (48)", "mse"] < 1e-10
    answer = model.predict(test) - test.load_x(slice(None))
    assert findings.metrics["MSE untrained"] == pytest.approx(np.mean(answer**2), rel=1e-4)
    assert table.loc["untrained", "mae"] == pytest.approx(np.mean(np.abs(answer)), rel=1e-4)
    (warning,) = findings.warnings
    assert warning.startswith("the autoencoder 'untrained' of 48 dimensions has an RMSE of ")
    assert warning.endswith("a linear code is better")
    assert findings.metrics["MSE over PCA, untrained"] > 1


def test_few_training_pictures_have_few_components_and_it_says_so(write_model, rng):
    train, test = skies(rng, 60, "train"), skies(rng)
    plugin = Autoencoder(filters=[2])
    model = TrainedModel(plugin, write_model(plugin, test.spec), "net")
    findings = Reconstruction(pca_pictures=10).analyse([model], test, train)
    assert findings.tables["errors"]["method"].tolist() == ["net", "PCA (9)"]
    assert (
        "The code of 192 dimensions is compared with 9 components: 10 pictures have no more."
        in findings.captions["errors"]
    )


def test_one_channel_is_judged(write_model, rng):
    pair = skies(rng, channels=2)
    doubled = Examples(lambda i: pair.load_x(i) * [1.0, 2.0], pair.load_y, pair.groups, name="pair")
    model = faint(write_model, doubled)
    first, second = (Reconstruction(channel=c).analyse([model], doubled).metrics["MSE faint"] for c in (0, 1))
    assert second == pytest.approx(4 * first, rel=1e-5)


def test_figures_show_as_many_pictures_as_asked_and_no_empty_ones(write_model, rng):
    examples = skies(rng)
    half = Examples(
        lambda i: examples.load_x(i) * (i % 2 == 0)[:, None, None, None], examples.load_y, examples.groups, name="half"
    )
    findings = Reconstruction(shown=2).analyse([faint(write_model, half)], half)
    pictures = [axes.images[0].get_array() for axes in findings.figures["reconstructions"].axes if axes.images]
    assert len(pictures) >= 2 * 3
    assert all(np.ptp(picture) > 0 for picture in pictures[:6])


def test_what_it_cannot_judge_is_explained(write_model, rng):
    examples = skies(rng)
    model = faint(write_model, examples)
    with pytest.raises(ValueError, match="has no channel 1: it has 1, counted from 0"):
        Reconstruction(channel=1).analyse([model], examples)
    with pytest.raises(
        ValueError, match="2 methods are called 'faint': give each network and each baseline its own name"
    ):
        Reconstruction().analyse([model, model], examples)
    number = SliceCNN(layers=["mean"])
    teller = TrainedModel(
        number, write_model(number, Examples(examples.load_x, lambda i: i * 1.0, np.arange(40)).spec), "teller"
    )
    with pytest.raises(
        ValueError, match=r"'teller' predicts arrays of shape \(1,\) for .*; expected pictures of shape \(16, 24, 1\)"
    ):
        Reconstruction().analyse([teller], examples)
    flat = Examples(lambda i: np.zeros((len(i), 4)), lambda i: np.zeros((len(i), 4)), np.arange(3), name="flat")
    with pytest.raises(ValueError, match=r"reconstruction expects pictures, .* 'flat' has x of shape \(4,\)"):
        Reconstruction().analyse([model], flat)
