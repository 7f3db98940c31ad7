from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from labrun import ArraySpec, Ensemble, ExampleSpec, Field, Model, TrainedModel
from labrun.contracts.backend import load_keras
from labrun_image_filters import ImageFilters
from labrun_learned_filters import LearnedFilters
from labrun_learned_filters.drawing import plane_of
from labrun_learned_filters.layer import find_convolution
from labrun_learned_filters.shares import shares

keras = load_keras()
layers = keras.layers

GAUSSIAN = np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]]) / 16
SOBEL = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
LAPLACIAN = np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]])


class Net(Model):
    """Two convolutions."""

    name: ClassVar[str] = "net"

    filters: int = Field(3, ge=1, description="of the first")
    kernel: tuple[int, int] = Field((3, 3), description="of the first")

    def build(self, examples: ExampleSpec) -> Any:
        inputs = keras.Input(examples.x.shape, name="image")
        x = layers.Conv2D(self.filters, self.kernel, name="conv1")(inputs)
        return keras.Model(inputs, layers.Conv2D(2, 1, name="conv2", use_bias=False)(x))


class Dense(Model):
    """No convolution."""

    name: ClassVar[str] = "dense"

    def build(self, examples: ExampleSpec) -> Any:
        inputs = keras.Input(examples.x.shape, name="image")
        return keras.Model(inputs, layers.Dense(1, name="answer")(layers.Flatten()(inputs)))


@pytest.fixture(autouse=True)
def close_figures() -> Iterator[None]:
    yield
    plt.close("all")


@pytest.fixture
def trained(write_model):
    """A trained model; `kernel`, (rows, columns, channels, filters), becomes the weights of `conv1`."""

    def make(plugin=None, name="net", kernel=None, bias=0.0, channels=1, **more):
        spec = ExampleSpec(ArraySpec((12, 17, channels), "float32"), ArraySpec((1,), "float32"))
        plugin = plugin or Net()
        model = TrainedModel(plugin, write_model(plugin, spec, name), name, **more)
        if kernel is not None:
            conv1 = model.network.get_layer("conv1")
            conv1.set_weights([np.asarray(kernel), np.broadcast_to(bias, conv1.bias.shape)])
        return model

    return make


def network(*parts, shape):
    inputs = x = keras.Input(shape)
    for part in parts:
        x = part(x)
    return keras.Model(inputs, x)


def drawn(figure) -> list[np.ndarray]:
    """The kernels in the order in which one reads."""
    return [np.asarray(axes.images[0].get_array()) for axes in figure.axes if axes.images]


def test_kernels_are_drawn_as_they_are_with_their_numbers(trained):
    kernel = np.stack([GAUSSIAN, SOBEL, LAPLACIAN], axis=-1)[:, :, None]
    findings = LearnedFilters().analyse([trained(kernel=kernel, bias=[1, 2, 3])])
    figure = findings.figures["filters_net"]
    for found, expected in zip(drawn(figure), (GAUSSIAN, SOBEL, LAPLACIAN), strict=True):
        np.testing.assert_allclose(found, expected)
    panels = [axes for axes in figure.axes if axes.images]
    assert [axes.images[0].get_clim() for axes in panels] == [(-4, 4)] * 3
    assert [text.get_text() for text in panels[1].texts] == [
        *("−1.00", "0.00", "1.00"),
        *("−2.00", "0.00", "2.00"),
        *("−1.00", "0.00", "1.00"),
    ]
    filters = findings.tables["filters"]
    assert filters["layer"].tolist() == ["conv1"] * 3
    assert filters["norm"].tolist() == pytest.approx([6 / 16, np.sqrt(12), np.sqrt(20)])
    assert filters["mean"].tolist() == pytest.approx([1 / 9, 0, 0])
    assert filters[["min", "max"]].values.tolist() == [[1 / 16, 1 / 4], [-2, 2], [-4, 1]]
    assert filters["bias"].tolist() == [1, 2, 3]
    assert filters["mean share"].tolist() == pytest.approx([64 / 81, 0, 0])
    assert filters["odd share"].tolist() == pytest.approx([0, 1, 0])
    assert filters["even share"].tolist() == pytest.approx([17 / 81, 0, 1])
    energy = 36 / 256 + 12 + 20
    assert findings.metrics == {
        "mean share net": pytest.approx(64 / 81 * 36 / 256 / energy),
        "odd share net": pytest.approx(12 / energy),
    }


def test_every_weight_stands_in_the_table(trained, rng):
    """Oblong, and several channels: no axis can be taken for another."""
    kernel = rng.normal(size=(3, 5, 2, 4))
    model = trained(Net(filters=4, kernel=(3, 5)), kernel=kernel, channels=2, variant={"with.learning_rate": 0.9})
    findings = LearnedFilters().analyse([model])
    weights = findings.tables["weights"]
    assert list(weights) == ["model", "learning_rate", "layer", "filter", "channel", "row", "column", "value"]
    assert len(weights) == kernel.size
    for row in weights.itertuples():
        assert row.value == pytest.approx(kernel[row.row, row.column, row.channel, row.filter], rel=1e-6)
    pictures = drawn(findings.figures["filters_net"])
    for number, found in enumerate(pictures):
        np.testing.assert_allclose(found, kernel[:, :, number // 4, number % 4], rtol=1e-6)
    assert len(pictures) == 8
    assert "Rows: input channels. Columns: filters." in findings.captions["filters_net"]


def test_a_kernel_laid_over_a_picture_is_what_the_layer_computes(trained, rng):
    """So that a kernel of the table can be given to image_filters as it stands there."""
    model = trained()
    x = rng.random((12, 17))
    layer = keras.Model(model.network.inputs, model.network.get_layer("conv1").output)
    answer = np.asarray(layer([x[None, ..., None].astype("float32")]))[0, ..., 1]
    weights = LearnedFilters().analyse([model]).tables["weights"]
    kernel = weights[weights["filter"] == 1].pivot_table(index="row", columns="column", values="value").values
    plugin = ImageFilters.configured(
        {"filters": [{"name": "one", "kernel": kernel.tolist()}], "operation": "correlation"}
    )
    figure = plugin.analyse(Ensemble.from_arrays([{"image": x}], {})).figures["filters"]
    shown = next(np.asarray(a.images[0].get_array()) for a in figure.axes if a.get_title() == "one")
    np.testing.assert_allclose(shown[1:-1, 1:-1], answer, atol=1e-5)


def test_a_layer_by_its_name_without_bias(trained):
    findings = LearnedFilters(layer="conv2").analyse([trained()])
    assert findings.tables["filters"]["layer"].tolist() == ["conv2", "conv2"]
    assert "bias" not in findings.tables["filters"]
    assert len(findings.tables["weights"]) == 6


def test_of_many_filters_and_channels_the_first_are_drawn_and_the_caption_says_so(trained):
    model = trained(Net(filters=20), channels=6)
    findings = LearnedFilters(filters=5, channels=2).analyse([model])
    assert len(drawn(findings.figures["filters_net"])) == 10
    assert "Shown: the first 5 of 20 filters and the first 2 of 6 channels." in findings.captions["filters_net"]
    assert findings.tables["filters"]["filter"].tolist() == [*range(20)]
    assert len(findings.tables["weights"]) == 20 * 6 * 9


def test_many_filters_of_one_channel_are_wrapped(trained):
    figure = LearnedFilters().analyse([trained(Net(filters=11))]).figures["filters_net"]
    panels = [axes for axes in figure.axes if axes.images]
    assert [axes.get_title() for axes in panels] == [str(i) for i in range(11)]
    assert {axes.get_subplotspec().get_gridspec().get_geometry() for axes in panels} == {(2, 8)}


def test_a_filter_of_many_channels_is_wrapped_too(trained):
    figure = LearnedFilters(channels=3).analyse([trained(Net(filters=1), channels=5)]).figures["filters_net"]
    assert [a.get_title() for a in figure.axes if a.images] == ["channel 0", "channel 1", "channel 2"]


def test_a_figure_for_each_of_several_models_at_most_four(trained):
    models = [
        trained(name=f"net{i}", kernel=np.full((3, 3, 1, 3), i), variant={"with.learning_rate": i / 10})
        for i in range(6)
    ]
    findings = LearnedFilters().analyse(models)
    assert list(findings.figures) == [f"filters_net{i}" for i in range(4)]
    assert findings.warnings == ["The first 4 of 6 models are drawn; the tables hold the filters of all."]
    filters = findings.tables["filters"]
    assert filters["learning_rate"].tolist() == [i / 10 for i in range(6) for _ in range(3)]
    assert filters["norm"].tolist() == [3 * i for i in range(6) for _ in range(3)]
    assert findings.metrics["mean share net5"] == 1
    assert "mean share net0" not in findings.metrics  # all of it is 0


def test_a_training_that_diverged(trained, tmp_path):
    kernel = np.ones((3, 3, 1, 3))
    kernel[0, 0, 0, 1] = np.nan
    findings = LearnedFilters().analyse([trained(kernel=kernel)])
    assert findings.metrics == {}
    assert findings.warnings == [
        "Weights of 'conv1' of the model 'net' are not finite: its training has diverged. They are drawn in grey. A smaller learning rate "
        "may help."
    ]
    assert findings.figures["filters_net"].axes[0].images[0].get_clim() == (-1, 1)
    findings.save(tmp_path / "findings")


def test_kernels_of_one_and_three_dimensions_and_transposes():
    line = find_convolution(network(layers.Conv1D(4, 5, name="c"), shape=(9, 3)), None, "net")
    assert (line.kernels.shape, line.axes, line.size) == ((4, 3, 5), ("place",), "5 positions")
    body = network(layers.Conv3D(2, (3, 4, 2), name="c"), shape=(9, 8, 7, 1))
    found = find_convolution(body, None, "net")
    assert (found.kernels.shape, found.axes, found.size) == (
        (2, 1, 3, 4, 2),
        ("row", "column", "plane"),
        "3 × 4 × 2",
    )
    weights = np.asarray(body.get_layer("c").kernel)
    assert found.kernels[1, 0, 2, 3, 1] == weights[2, 3, 1, 0, 1]
    plane = plane_of(found.kernels[1, 0])
    assert plane.shape == (3, 9)
    assert plane.mask[:, 4].all()
    np.testing.assert_array_equal(plane[:, 5:].data, weights[:, :, 1, 0, 1])
    up = network(layers.Conv2DTranspose(5, (2, 3), name="up"), shape=(4, 6, 2))
    found = find_convolution(up, None, "net")
    assert found.kernels.shape == (5, 2, 2, 3)
    assert found.kernels[4, 1, 0, 2] == np.asarray(up.get_layer("up").kernel)[0, 2, 4, 1]


def test_a_network_within_a_network():
    inner = network(layers.Conv2D(2, 3, name="conv"), shape=(9, 9, 1))
    inner.name = "encoder"
    outer = network(inner, shape=(9, 9, 1))
    assert find_convolution(outer, None, "net").layer == "encoder/conv"


@pytest.mark.parametrize("places", [(3, 3), (2, 5), (4,), (3, 2, 3)])
def test_shares_add_up_and_random_kernels_have_those_of_chance(rng, places):
    kernels = rng.normal(size=(400, 2, *places))
    found = shares(kernels)
    np.testing.assert_allclose(sum(found.values()), 1)
    count = np.prod(places)
    odd = (count - count % 2) / 2 / count  # of two places that are turned into each other, one is odd
    for name, expected in {"mean": 1 / count, "odd": odd, "even": 1 - odd - 1 / count}.items():
        assert found[name].mean() == pytest.approx(expected, abs=0.03)
    assert shares(np.zeros((1, 2, *places)))["odd"].tolist() == [0]


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        ("conv3", r"the model 'net' has no layer 'conv3': did you mean 'conv[12]'\?"),
        ("encoder", r"the model 'net' has no layer 'encoder' \(known: conv1, conv2\)"),
        ("image", "the layer 'image' of the model 'net' is a InputLayer; expected Conv1D, .*; its convolutions are conv1, conv2"),
    ],
)  # fmt: skip
def test_a_layer_that_is_none(trained, layer, message):
    with pytest.raises(ValueError, match=message):
        LearnedFilters(layer=layer).analyse([trained()])


def test_a_model_without_convolutions(trained):
    with pytest.raises(ValueError, match="the model 'dense' has no convolution layer, so there are no kernels to draw"):
        LearnedFilters().analyse([trained(Dense(), "dense")])
    with pytest.raises(
        ValueError, match=r"'answer' of the model 'dense2' is a Dense; .*; it has no convolution at all"
    ):
        LearnedFilters(layer="answer").analyse([trained(Dense(), "dense2")])


@pytest.mark.parametrize(
    "layer", [layers.DepthwiseConv2D(3, name="c"), layers.SeparableConv2D(4, 3, name="c"), layers.Conv2D(4, 3, groups=2, name="c")]
)  # fmt: skip
def test_kernels_that_are_not_filters_by_channels_are_refused(layer):
    with pytest.raises(
        ValueError,
        match=r"'c' of the model 'net' is a \w+; expected Conv1D, Conv2D, Conv3D or one of their transposes, without groups",
    ):
        find_convolution(network(layer, shape=(9, 9, 2)), "c", "net")


PROJECT = """\
project: kernels
plugins: [net.py]
simulations:
  noise: {use: noise, sweep: {grid: {level: [0, 1, 2, 3]}}}
datasets:
  noise: {use: images, from: noise}
models:
  net:
    use: tiny_net
    fit: {train: noise, epochs: 1}
    matrix: {with.learning_rate: [0.01, 0.1]}
analyses:
  filters: {use: learned_filters, from: net, with: {layer: conv, filters: 2}}
"""

PLUGINS = '''\
from __future__ import annotations

import numpy as np

from labrun import Dataset, Ensemble, Examples, Field, Model, Simulator, hookimpl


class Noise(Simulator):
    """Noise of a level."""

    name = "noise"
    level: float = Field(0.0, description="mean")

    def simulate(self, rng):
        return {"image": (self.level + rng.normal(size=(6, 8, 1))).astype("float32")}


class Images(Dataset):
    """Images, and their level."""

    name = "images"

    def examples(self, simulation: Ensemble) -> Examples:
        level = np.array(simulation.columns["level"], "float32")
        return Examples(lambda i: simulation.stack(i, "image"), lambda i: level[i], np.arange(len(simulation)))


class TinyNet(Model):
    """A convolution of three filters, and the mean."""

    name = "tiny_net"
    learning_rate: float = Field(0.1, description="of gradient descent")

    def build(self, examples):
        import keras

        inputs = keras.Input(examples.x.shape)
        x = keras.layers.Conv2D(3, (3, 5), name="conv")(inputs)
        x = keras.layers.GlobalAveragePooling2D()(x)
        model = keras.Model(inputs, keras.layers.Dense(1, name="answer")(x))
        model.compile(keras.optimizers.SGD(self.learning_rate), "mse")
        return model


@hookimpl
def labrun_simulators():
    return [Noise]


@hookimpl
def labrun_datasets():
    return [Images]


@hookimpl
def labrun_models():
    return [TinyNet]
'''


@pytest.mark.slow
def test_a_matrix_of_learning_rates_from_the_command_line(write_project, labrun_process, tmp_path):
    (tmp_path / "net.py").write_text(PLUGINS, encoding="utf-8")
    outcome = labrun_process("run", write_project(PROJECT), "--workers", "1")
    assert outcome.code == 0, outcome.err
    folder = tmp_path / "runs" / "kernels" / "analyses" / "filters"
    filters = pd.read_csv(folder / "filters.csv")
    assert filters["learning_rate"].tolist() == [0.01] * 3 + [0.1] * 3
    assert len(pd.read_csv(folder / "weights.csv")) == 2 * 3 * 15
    assert (folder / "filters_net[learning_rate=0.1].png").is_file()
    outcome = labrun_process("run", "project.yaml", "--set", "analyses.filters.with.layer=cnv", "--workers", "1")
    assert outcome.code == 1
    said = " ".join(outcome.out.split())
    assert "the model 'net[learning_rate=0.01]' has no layer 'cnv': did you mean 'conv'?" in said
