"""`labrun predict` and `pretrained:` from the command line, on a run of the tests' project: every number is computed anew by NumPy."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from PIL import Image
from tests.conftest import WAVES, WAVES_CSV

from labrun import ArraySpec, ExampleSpec
from labrun.cli import main
from labrun.registry.registry import Registry
from labrun_snapshot_cnn import SnapshotCNN

HERE = Path(__file__)
NET, TRAIN = "runs/waves/models/net", "runs/waves/simulations/train"
PLUGIN = ("--plugin", "lab.py")


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    """The folder of a user whose project has run."""
    folder = tmp_path_factory.mktemp("finished")
    shutil.copy(HERE.parents[3] / "lab.py", folder)
    (folder / "waves.csv").write_text(WAVES_CSV)
    (folder / "project.yaml").write_text(WAVES)
    words = ["run", str(folder / "project.yaml"), "--runs", str(folder / "runs"), "--workers", "1"]
    result = CliRunner().invoke(main, words, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return folder


@pytest.fixture(autouse=True)
def here(finished, tmp_path, monkeypatch) -> Path:
    """Each test works in a copy of it."""
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def waves() -> np.ndarray:
    """What the simulation gave, from its formula: (members, points)."""
    amplitudes = pd.read_csv("waves.csv")["amplitude"].to_numpy()
    return (amplitudes[:, None] * np.sin(2 * np.pi * np.arange(6) / 6)).astype(np.float32)


def probabilities(x: np.ndarray, folder: str = NET) -> np.ndarray:
    """Softmax of x W + b, with the numbers of the weights' file."""
    with h5py.File(Path(folder) / "model.weights.h5") as file:
        weights, bias = (file[f"layers/dense/vars/{i}"][...].astype(float) for i in (0, 1))
    e = np.exp(x @ weights + bias)
    return e / e.sum(axis=1, keepdims=True)


def expect(table: pd.DataFrame, x: np.ndarray, folder: str = NET, rtol: float = 1e-4) -> None:
    """The table says what the network gives for x."""
    p = probabilities(x, folder)
    assert list(table.columns[-5:]) == ["class", "probability", "entropy", "p_high", "p_low"]
    assert table["class"].tolist() == [("high", "low")[i] for i in p.argmax(axis=1)]
    np.testing.assert_allclose(table[["p_high", "p_low"]], p, rtol=rtol, atol=1e-12)
    np.testing.assert_allclose(table["probability"], p.max(axis=1), rtol=rtol)
    np.testing.assert_allclose(table["entropy"], -(p * np.log(p)).sum(axis=1), rtol=1e-3, atol=1e-7)


@pytest.fixture
def predicted(labrun):
    """The table that a call prints."""

    def predicted(*words: object, plugin: tuple[str, ...] = PLUGIN) -> pd.DataFrame:
        outcome = labrun("predict", *words, *plugin)
        assert (outcome.code, outcome.err) == (0, "")
        return pd.read_csv(io.StringIO(outcome.out))

    return predicted


@pytest.fixture
def told(labrun):
    """The one line that a call prints when something is wrong with it; nothing else is written."""

    def told(*words: object, plugin: tuple[str, ...] = PLUGIN, code: int = 2) -> str:
        outcome = labrun("predict", *words, *plugin)
        assert (outcome.code, outcome.out) == (code, "")
        assert outcome.err.count("\n") == 1
        return outcome.err.rstrip("\n")

    return told


# -- what a user has ----


def test_the_simulation_of_a_run(predicted):
    table = predicted(NET, TRAIN)
    expect(table, waves())
    assert table["member"].tolist() == [0, 1, 2, 3, 4, 5]
    assert table["amplitude"].tolist() == [0.5, 1.0, 1.5, 7.0, 8.0, 9.5]
    assert table["given_class"].tolist() == ["low"] * 3 + ["high"] * 3  # the label of the sweep


@pytest.mark.parametrize("name", ["new.npy", "new.npz", "new.h5"])
def test_arrays_and_one_of_them(predicted, rng, name):
    x = rng.normal(size=(70, 6)).astype(np.float32)  # several batches
    for values in (x, x[3]):
        match Path(name).suffix:
            case ".npy":
                np.save(name, values)
            case ".npz":
                np.savez(name, u=values)
            case ".h5":
                with h5py.File(name, "w") as file:
                    file["some/where"] = values
        table = predicted(NET, name)
        expect(table, values.reshape(-1, 6))
        assert table["example"].tolist() == list(range(len(values.reshape(-1, 6))))


def test_what_labrun_simulate_saves(predicted, labrun, monkeypatch):
    installed = Registry.installed()
    installed.add_file(Path("lab.py"))
    with monkeypatch.context() as patch:
        patch.setattr(Registry, "installed", lambda: installed)
        for name in ("one.npz", "one.h5"):
            assert labrun("simulate", "wave", "amplitude=2", "points=6", "--save", name).code == 0
    for name in ("one.npz", "one.h5"):
        expect(predicted(NET, name), 2 * np.sin(2 * np.pi * np.arange(6) / 6)[None])


def test_one_of_several_arrays(predicted, told):
    np.savez("new.npz", u=waves(), v=-waves())
    assert told(NET, "new.npz") == "'new.npz' holds 2 arrays (u, v): say which with --array NAME"
    expect(predicted(NET, "new.npz", "--array", "v"), -waves())


def test_a_file_for_a_spreadsheet(labrun, here):
    outcome = labrun("predict", NET, TRAIN, "--output", "table.csv", *PLUGIN)
    assert (outcome.code, outcome.out, outcome.err) == (0, "wrote table.csv: 6 examples\n", "")
    expect(pd.read_csv("table.csv"), waves(), rtol=1e-5)
    np.save("one.npy", waves()[0])
    assert labrun("predict", NET, "one.npy", "--output", "t.csv", *PLUGIN).out == "wrote t.csv: 1 example\n"


def test_a_further_input_of_the_model(predicted, told, write_model, rng):
    """A network that is given the density beside the snapshot: a number for all, a column, or the column of its own name."""
    spec = ExampleSpec(
        {"snapshot": ArraySpec((8, 8), "uint8"), "density": ArraySpec((1,), "float32")}, ArraySpec((), "float32")
    )
    plugin = SnapshotCNN(preset="periodic")
    folder = str(write_model(plugin, spec, "dense"))
    x = rng.integers(0, 5, (3, 8, 8), np.uint8)
    np.savez("some.npz", x=x, density=[0.3, 0.3, 0.3], rho=[0.1, 0.3, 0.9])
    by_number = predicted(folder, "some.npz", "--array", "x", "--input", "density=0.3")
    by_name = predicted(folder, "some.npz")
    by_column = predicted(folder, "some.npz", "--input", "density=rho")
    assert list(by_name.columns) == ["example", "density", "rho", "prediction"]
    pd.testing.assert_frame_equal(by_number, by_name)
    same = by_column["prediction"] == by_name["prediction"]
    assert same.tolist() == [False, True, False]
    assert told(folder, "some.npz", "--input", "density") == "--input density: expected NAME=VALUE, as in density=0.3"
    assert told(folder, "some.npz", "--input", "densty=1").endswith(
        "no further input 'densty': did you mean 'density'?"
    )


def test_it_does_not_matter_where_one_stands(predicted, here, monkeypatch):
    x = waves()
    monkeypatch.chdir(NET)
    expect(predicted(".", "../../simulations/train", plugin=("--plugin", str(here / "lab.py"))), x, ".")


def test_numbers_instead_of_classes(labrun, predicted, write_project, waves):
    write_project(waves.replace("{y: class}", "{y: amplitude}").replace("project: waves", "project: numbers"))
    assert labrun("run", "project.yaml", "--only", "net", "--workers", 1).code == 0
    table = predicted("runs/numbers/models/net", TRAIN)
    assert list(table.columns) == ["member", "amplitude", "class", "prediction"]
    with h5py.File("runs/numbers/models/net/model.weights.h5") as file:
        weights, bias = (file[f"layers/dense/vars/{i}"][...] for i in (0, 1))
    x = (table["amplitude"].to_numpy()[:, None] * np.sin(2 * np.pi * np.arange(6) / 6)).astype(np.float32)
    np.testing.assert_allclose(table["prediction"], (x @ weights + bias)[:, 0], rtol=1e-4, atol=1e-5)


# -- what can be wrong ----


def test_data_that_do_not_suit(told):
    np.save("wrong.npy", np.zeros((2, 7)))
    assert told(NET, "wrong.npy") == (
        "the model 'net' expects examples of shape (6,) and was trained on (6,); the array in 'wrong.npy' has the shape (2, 7). "
        "Give one example of that shape, or several along an additional first axis"
    )
    Path("empty").mkdir()
    assert told(NET, "empty").startswith("'empty' cannot be read as examples: expected a file (.npy, ")
    assert told(NET, "gone.npy") == "there is no file or folder 'gone.npy'"
    np.savez("new.npz", u=waves())
    Path("new.npz").write_bytes(Path("new.npz").read_bytes()[:-30])
    assert told(NET, "new.npz") == "cannot read 'new.npz': File is not a zip file"
    np.save("objects.npy", np.array([{}, {}]), allow_pickle=True)
    assert told(NET, "objects.npy").startswith("cannot read 'objects.npy': ")


def test_a_value_that_is_no_number_shows_while_predicting(told):
    x = waves()
    x[4, 2] = np.nan
    np.save("new.npy", x)
    assert told(NET, "new.npy", code=1).startswith(
        "example 4 in 'new.npy' contains NaN, infinity, or numbers too large"
    )


def test_models_that_are_none(told):
    assert told("runs/waves/models/ney", TRAIN).startswith(
        "there is no trained model 'runs/waves/models/ney': neither a folder nor a model that a plugin ships (known: "
    )
    assert told("runs/waves", TRAIN) == (
        "'runs/waves' does not contain a trained model: model.json, examples.json, model.weights.h5, history.csv are missing. Give the "
        "folder of a model in a run, such as runs/gray_scott/models/cnn"
    )
    Path(NET, "model.weights.h5").unlink()
    assert "does not contain a trained model: model.weights.h5 is missing. " in told(NET, TRAIN)


def test_a_damaged_model(told):
    weights = Path(NET, "model.weights.h5")
    size = weights.stat().st_size
    weights.write_bytes(weights.read_bytes()[:1000])
    assert told(NET, TRAIN) == (
        f"'{weights}' is damaged (it has 1,000 bytes, and {size:,} were written): run its project again, which makes it again, "
        "or copy it again"
    )
    Path(NET, "manifest.json").unlink()  # a folder that somebody has made
    assert told(NET, TRAIN).startswith(
        f"the weights in '{weights}' are damaged, or do not belong to the 'line' network of"
    )
    Path(NET, "model.json").write_text('{"plugin": "line"')
    assert (
        told(NET, TRAIN) == f"'{NET}/model.json' is damaged: it must name a plugin, its version and its configuration"
    )


def test_flipped_bit_in_weights_and_in_data(told):
    """HDF5 would give other numbers, and say nothing."""
    changed = "is damaged (its content is not what was written): run its project again, which makes it again, or copy it again"
    part = Path(TRAIN, "parts", "000001.h5")
    for path in (part, Path(NET, "model.weights.h5")):
        content = bytearray(path.read_bytes())
        content[-9] ^= 1
        path.write_bytes(content)
        assert told(NET, TRAIN) == f"'{path}' {changed}"


def test_a_model_of_another_version_of_its_plugin(told):
    Path("lab.py").write_text(
        Path("lab.py").read_text().replace('"line"\n', '"line"\n    version: ClassVar[int] = 2\n')
    )
    assert told(NET, TRAIN) == (
        f"the model in '{NET}' was trained with version 1 of 'line', but version 2 is installed, whose networks may differ. Train it again"
    )


def test_a_plugin_that_is_not_there(told):
    problem = "cannot be built without its plugin (if that is a local file, name it with --plugin FILE)"
    expected = f"the model in '{NET}' {problem}: there is no model 'line' (known: "
    assert told(NET, TRAIN, plugin=()).startswith(expected)
    assert told(NET, TRAIN, plugin=("--plugin", "lob.py")) == (
        "the plugin file 'lob.py' could not be loaded: ImportError: there is no Python file 'lob.py'"
    )


def test_a_plugin_whose_network_fails(told):
    Path("lab.py").write_text(
        Path("lab.py")
        .read_text()
        .replace("import keras\n\n        inputs", "raise OSError('no\\n\\nlicence')\n        inputs")
    )
    assert told(NET, TRAIN, code=1) == f"predict {NET}: OSError: no licence"


def test_a_file_that_cannot_be_written(told):
    assert told(NET, TRAIN, "--output", "gone/table.csv", code=1).startswith("cannot write 'gone/table.csv': ")


def test_traceback_is_shown_if_asked_for(labrun):
    np.save("wrong.npy", np.zeros((2, 7)))
    outcome = labrun("--traceback", "predict", NET, "wrong.npy", *PLUGIN)
    assert outcome.err.startswith("Traceback (most recent call last):")
    assert outcome.code == 2


# -- models that come with a plugin, and pictures ----


@pytest.fixture
def shipped(write_model, monkeypatch) -> Path:
    """A small untrained pattern_cnn for three frames, as if it came with its plugin."""
    from labrun_pattern_cnn import PatternCNN

    plugin = PatternCNN(blocks=[{"filters": 4, "pool": 2}], dense=5, scale=3.0, normalize_blocks=True)
    spec = ExampleSpec(ArraySpec((16, 24, 3), "float32"), ArraySpec((), "int64"), ("flat", "rough", "spots"), True)
    folder = write_model(plugin, spec, "brought")
    monkeypatch.setattr(PatternCNN, "pretrained", {"gray_scott": folder})
    return folder


def cnn(x: np.ndarray, folder: Path) -> np.ndarray:
    """The network in plain NumPy: convolution, batch normalization as it is initialized, ReLU, pooling, two dense layers."""
    with h5py.File(folder / "model.weights.h5") as file:
        layers = {group["vars"].attrs["name"]: group["vars"] for group in file["layers"].values()}
        kernel = layers["block1_conv"]["0"][...].astype(float)
        dense, logits = ([layers[name][i][...] for i in "01"] for name in ("dense", "logits"))
    windows = np.lib.stride_tricks.sliding_window_view(3.0 * x.astype(float), (3, 3), axis=(1, 2))
    x = np.einsum("nyxcij,ijcf->nyxf", windows, kernel) / np.sqrt(1 + 1e-3)
    x = np.maximum(x, 0).max(axis=(1, 2))  # pooling and the global maximum after it: all pools are whole
    x = np.maximum(x @ dense[0] + dense[1], 0) @ logits[0] + logits[1]
    e = np.exp(x)
    return e / e.sum(axis=1, keepdims=True)


NAMES = ["p_flat", "p_rough", "p_spots"]


def test_a_model_by_its_name(predicted, labrun, shipped, rng):
    x = rng.random((3, 16, 24, 3))
    np.save("x.npy", x)
    table = predicted("gray_scott", "x.npy", plugin=())
    np.testing.assert_allclose(table[NAMES], cnn(x, shipped), rtol=1e-3)
    assert "\npretrained\tgray_scott\t" in labrun("describe", "pattern_cnn").out


def test_a_name_that_is_misspelt(told, shipped):
    assert told("grey_scott", TRAIN, plugin=()) == (
        "there is no trained model 'grey_scott': neither a folder nor a model that a plugin ships: did you mean 'gray_scott'?"
    )


def test_no_pretrained_model_is_described_where_there_is_none(labrun, monkeypatch):
    from labrun_pattern_cnn import PatternCNN

    monkeypatch.setattr(PatternCNN, "pretrained", {})
    assert "pretrained:" not in labrun("describe", "pattern_cnn").out


def test_three_colours_are_three_frames(predicted, shipped, rng):
    rgb = rng.integers(0, 256, (16, 24, 3), dtype=np.uint8)
    Image.fromarray(rgb).save("pattern.png")
    table = predicted("gray_scott", "pattern.png", plugin=())
    np.testing.assert_allclose(table[NAMES], cnn(rgb[None] / 255, shipped), rtol=1e-3)
    assert table["file"].tolist() == ["pattern.png"]


def test_a_folder_of_grey_pictures_of_several_sizes(predicted, told, shipped, rng):
    Path("all").mkdir()
    pictures = [rng.integers(0, 256, shape, dtype=np.uint8) for shape in ((16, 24), (20, 14), (16, 24))]
    for name, picture in zip(("b.png", "a.png", "c.png"), pictures, strict=True):
        Image.fromarray(picture).save(f"all/{name}")
    assert told("gray_scott", "all", plugin=()) == (
        "the model 'brought' expects examples of shape (any, any, 3) and was trained on (16, 24, 3); those in 'all' have the shape "
        "(20, 14, 1). The model expects 3 successive frames of a pattern along the last axis; for a single frame "
        "of a steady pattern, --still repeats it"
    )
    table = predicted("gray_scott", "all", "--still", plugin=())
    assert table["file"].tolist() == ["a.png", "b.png", "c.png"]
    for row, picture in zip((1, 0, 2), pictures, strict=True):
        x = np.repeat(picture[None, ..., None] / 255, 3, axis=-1)
        np.testing.assert_allclose(table[NAMES].iloc[[row]], cnn(x, shipped), rtol=1e-3)


def test_a_picture_too_small_for_the_network(told, shipped):
    Image.fromarray(np.zeros((2, 2, 3), np.uint8)).save("tiny.png")
    assert told("gray_scott", "tiny.png", plugin=(), code=1).startswith("predict gray_scott: ")


# -- a trained model in another project ----

USE = """\
project: use
plugins: [../lab.py]
simulations:
  more: {use: wave, with: {points: 6}, sweep: {grid: {amplitude: [0.5, 1, 2, 8, 9]}}}
models:
  a: {use: line, pretrained: ../runs/waves/models/net}
analyses:
  losses: {use: losses, from: {models: a}}
  named: {use: classification, from: {model: a, simulation: more}, with: {array: u}}
"""


@pytest.fixture
def use(here) -> Path:
    """A project in a folder of its own, that uses what another has trained."""
    (here / "other").mkdir()
    (here / "other" / "use.yaml").write_text(USE)
    return Path("other/use.yaml")


def key(labrun, project: Path) -> str:
    lines = dict(line.split("\t", 1) for line in labrun("plan", project).out.splitlines() if "\t" in line)
    return lines["models.a"]


def test_a_pretrained_model_is_not_trained_and_says_the_same(labrun, predicted, use, monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("it trains")

    monkeypatch.setattr("labrun.learning.training.train", refuse)
    assert key(labrun, use).startswith("line\ttrained already\tto do\t")
    assert labrun("run", use, "--workers", 1).code == 0
    expect(predicted("runs/use/models/a", TRAIN), waves(), "runs/use/models/a")
    pd.testing.assert_frame_equal(predicted("runs/use/models/a", TRAIN), predicted(NET, TRAIN))
    x = np.array([0.5, 1, 2, 8, 9])[:, None] * np.sin(2 * np.pi * np.arange(6) / 6)
    expect(pd.read_csv("runs/use/analyses/named/members.csv"), x)
    loss = pd.read_csv(f"{NET}/history.csv")["loss"].iloc[-1]
    assert json.loads(Path("runs/use/analyses/losses/metrics.json").read_text()) == {"a": pytest.approx(loss)}
    assert "other/../runs/waves/models/net" in Path("runs/use/report.html").read_text()
    again = labrun("run", use, "--workers", 1)
    assert again.code == 0
    assert "models.a: done" not in again.out


def test_other_weights_make_another_key(labrun, predicted, use):
    before = key(labrun, use)
    assert key(labrun, use) == before
    assert labrun("run", use, "--workers", 1).code == 0
    Path(NET, "manifest.json").unlink()  # else the weights would be damaged ones
    with h5py.File(f"{NET}/model.weights.h5", "a") as file:
        file["layers/dense/vars/0"][...] *= -1
    assert key(labrun, use) != before
    assert "to do" in key(labrun, use)
    assert "pretrained.model.weights.h5: " in labrun("why", use, "a").out
    assert labrun("run", use, "--workers", 1).code == 0
    expect(predicted("runs/use/models/a", TRAIN), waves(), NET)


def test_the_result_stands_by_itself(labrun, predicted, use):
    """A run's folder goes on to work when the folder that it took its model from is gone."""
    assert labrun("run", use, "--workers", 1).code == 0
    p = probabilities(waves())
    shutil.rmtree("runs/waves/models")
    np.testing.assert_allclose(predicted("runs/use/models/a", TRAIN)[["p_high", "p_low"]], p, rtol=1e-4, atol=1e-12)


def test_a_project_may_go_on_with_its_own_model_under_another_name(labrun, predicted):
    """A run removes what the project no longer has; not so a model that it still uses."""
    before = predicted(NET, TRAIN)
    text = WAVES.replace("  net:\n", "  kept:\n").replace(
        "    fit: {train: waves.train, validation: waves.test, epochs: 2}\n", f"    pretrained: {NET}\n"
    )
    Path("project.yaml").write_text(text.replace("[net]", "[kept]"))
    for _ in range(2):
        assert labrun("run", "project.yaml", "--workers", 1).code == 0
        pd.testing.assert_frame_equal(predicted("runs/waves/models/kept", TRAIN), before)
    Path("project.yaml").write_text(
        WAVES.replace("    fit: {train: waves.train, validation: waves.test, epochs: 2}\n", f"    pretrained: {NET}\n")
    )  # and under its own name
    for _ in range(2):
        assert labrun("run", "project.yaml", "--workers", 1).code == 0
        pd.testing.assert_frame_equal(predicted(NET, TRAIN), before)


def test_all_that_is_wrong_is_told_before_anything_runs(labrun, use):
    Path(NET, "manifest.json").unlink()
    Path(NET, "examples.json").write_text("{}")
    outcome = labrun("run", use, "--workers", 1)
    assert outcome.code == 2
    assert outcome.err.startswith(
        "other/use.yaml:6:30: models.a.pretrained: 'other/../runs/waves/models/net/examples.json' is damaged: it must give"
    )
    assert not Path("runs/use").exists()


def test_a_model_of_another_plugin(labrun, use):
    use.write_text(USE.replace("{use: line, pre", "{use: pattern_cnn, pre"))
    outcome = labrun("check", use)
    assert outcome.code == 2
    assert outcome.err.startswith(
        "other/use.yaml:6:37: models.a.pretrained: the model in 'other/../runs/waves/models/net' is a 'line', not a 'pattern_cnn'\n"
    )


def test_a_name_of_a_model_that_a_plugin_brings(labrun, use, shipped):
    text = USE.replace("line, pretrained: ../runs/waves/models/net", "pattern_cnn, pretrained: gray_scott")
    use.write_text(text)
    assert labrun("check", use).code == 0
    use.write_text(text.replace("gray_scott", "gray-scott"))
    assert "nor a model that a plugin ships: did you mean 'gray_scott'?" in labrun("check", use).err


# -- a dataset with a matrix, run to its end ----


def test_a_matrix_of_a_dataset(labrun, write_project, waves, predicted):
    text = waves.replace("project: waves", "project: matrix").replace(
        "    use: lines\n    from: train\n    with: {y: class}\n",
        "    use: labelled\n    from: train\n    with: {x: u, y: class, periodic: false}\n"
        "    matrix: {with.leave_out: [[], [low]]}\n",
    )
    write_project(text.replace("dataset: waves.test", ""))
    outcome = labrun("run", "project.yaml", "--workers", 1)
    assert outcome.code == 0
    losses = json.loads(Path("runs/matrix/analyses/losses/metrics.json").read_text())
    assert list(losses) == ["net[leave_out=_]", "net[leave_out=low]"]
    table = predicted("runs/matrix/models/net[leave_out=low]", TRAIN)
    assert set(table["class"]) == {"high"}  # the only class that it knows
    assert list(table.columns[-2:]) == ["entropy", "p_high"]
    assert list(predicted("runs/matrix/models/net[leave_out=_]", TRAIN).columns[-2:]) == ["p_low", "p_high"]
