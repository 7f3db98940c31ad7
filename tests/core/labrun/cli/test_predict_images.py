"""`labrun predict` where the model answers by images, and where an analysis works on the answers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from labrun import Examples
from labrun.learning.checkpoint import checkpoint_in
from labrun.learning.settings import FitBlock
from labrun.learning.training import train
from labrun_unet import UNet

NET = "net"

COUNT = '''
from typing import ClassVar

from labrun import Analysis, Examples, Field, Findings, TrainedModel, hookimpl


class Darkness(Analysis):
    """How dark the answers are."""

    name: ClassVar[str] = "darkness"
    least: float = Field(0.0, description="below which all is dark")

    def analyse(self, model: TrainedModel, dataset: Examples) -> Findings:
        answers = model.predict(dataset, 1)
        return Findings(metrics={"dark": float((answers < self.least).mean())}, tables={"answers": dataset.table})


class Compared(Analysis):
    """Needs two datasets."""

    name: ClassVar[str] = "compared"

    def analyse(self, model: TrainedModel, dataset: Examples, train: Examples) -> Findings:
        return Findings()


@hookimpl
def labrun_analyses():
    return [Darkness, Compared]
'''


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Path:
    """A network that was shown pictures and their negatives for one epoch."""
    folder = tmp_path_factory.mktemp("trained")
    x = np.random.default_rng(0).random((24, 6, 9, 1)).astype(np.float32)
    examples = Examples(lambda i: x[i], lambda i: 1 - x[i], np.arange(24), name="negatives")
    (folder / NET).mkdir()
    settings = FitBlock.model_validate({"train": "negatives", "epochs": 1})
    plugin = UNet(depth=1, filters=2, loss="crossentropy")
    train(plugin, settings, examples, None, {}, 1, checkpoint_in(folder), folder / NET, lambda *_: None)
    return folder


@pytest.fixture(autouse=True)
def here(trained, monkeypatch) -> Path:
    monkeypatch.chdir(trained)
    (trained / "count.py").write_text(COUNT)
    pictures = trained / "pictures"
    pictures.mkdir(exist_ok=True)
    for name, size in (("a", (9, 6)), ("b", (12, 10))):
        levels = np.linspace(0, 255, size[0] * size[1]).reshape(size[::-1]).astype(np.uint8)
        Image.fromarray(levels).save(pictures / f"{name}.png")
    return trained


def test_pictures_are_answered_by_pictures_of_their_sizes(labrun, tmp_path):
    outcome = labrun("predict", NET, "pictures", "--output", tmp_path / "found")
    assert (outcome.code, outcome.out) == (0, f"wrote 2 images to {tmp_path / 'found'}\n"), outcome.err
    for name in ("a", "b"):
        with Image.open(tmp_path / "found" / f"{name}.png") as answer, Image.open(f"pictures/{name}.png") as asked:
            assert answer.mode == "L"
            assert answer.size == asked.size


def test_pictures_unlike_those_of_the_training_are_pointed_out(labrun, tmp_path):
    """A ramp has a far longer wavelength than the noise of the training."""
    outcome = labrun("predict", NET, "pictures", "--output", tmp_path / "found")
    assert outcome.err.startswith(
        "2 of 2 examples are unlike those of the training, so that their predictions may be wrong: example 0 ('a.png') has "
    )
    assert "wavelength" in outcome.err
    np.save("alike.npy", np.random.default_rng(0).random((24, 6, 9, 1)).astype(np.float32))
    assert labrun("predict", NET, "alike.npy", "--output", tmp_path / "found").err == ""


def test_pictures_of_dots_are_shown_at_the_spacing_of_the_training(labrun, tmp_path, monkeypatch):
    """Twice as large is alike, and a corner of a large white sheet too; fat dots are not."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    x = np.stack([dotted(40, 60, 8, 2 + i % 2, rng) for i in range(24)])
    examples = Examples(lambda i: x[i], lambda i: x[i], np.arange(24), name="dots")
    (tmp_path / NET).mkdir()
    settings = FitBlock.model_validate({"train": "dots", "epochs": 1})
    plugin = UNet(depth=1, filters=2, loss="crossentropy", spacing=8)
    train(plugin, settings, examples, None, {}, 1, checkpoint_in(tmp_path), tmp_path / NET, lambda *_: None)
    pictures = {
        "large": dotted(80, 120, 16, 4, rng),
        "sheet": dotted(200, 150, 16, 5, rng),
        "fat": dotted(40, 60, 8, 6, rng),
    }
    (tmp_path / "new").mkdir()
    for name, picture in pictures.items():
        Image.fromarray((255 * picture[..., 0]).astype(np.uint8)).save(f"new/{name}.png")
        outcome = labrun("predict", NET, f"new/{name}.png", "--output", "found")
        assert outcome.code == 0, outcome.err
        assert ("unlike those of the training" in outcome.err) == (name == "fat"), name
        with Image.open(f"found/{name}.png") as answer:
            assert answer.size == picture.shape[1::-1]


def dotted(height, width, step, side, rng):
    """A picture, (height, width, 1), with 4 × 5 dark squares, each of them up to a pixel beside its place in a square lattice."""
    picture = np.ones((height, width, 1), np.float32)
    for row, column in np.ndindex(4, 5):
        i, j = (4 + step * place + int(rng.integers(0, 1 + step // 8)) for place in (row, column))
        picture[i : i + side, j : j + side] = 0
    return picture


def test_arrays_are_answered_by_arrays(labrun, tmp_path):
    x = np.random.default_rng(1).random((2, 6, 9, 1)).astype(np.float32)
    np.save("many.npy", x)
    assert labrun("predict", NET, "many.npy", "--output", tmp_path).code == 0
    assert {path.name for path in tmp_path.iterdir()} == {"example-0.npy", "example-1.npy"}
    answer = np.load(tmp_path / "example-1.npy")
    assert answer.shape == (6, 9, 1)
    assert ((answer > 0) & (answer < 1)).all()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "the model predicts images, which are written into a folder: name one by --output FOLDER"),
        (("--output", "count.py"), "but 'count.py' is a file: name a folder by --output"),
        (
            ("--analyse", "darkness", "--plugin", "count.py"),
            "the results of darkness are written into a folder: name one by --output",
        ),
        (("--analyse", "darknes", "--plugin", "count.py"), "did you mean 'darkness'"),
        (("--analyse", "darkness", "--plugin", "count.py", "--with", "lest=1"), "did you mean 'least'"),
        (("--with", "least=1"), "--with sets a field of an analysis: name the analysis by --analyse"),
    ],
)
def test_what_is_missing_is_told(labrun, words, message):
    outcome = labrun("predict", NET, "pictures/a.png", *words)
    assert outcome.code == 2
    assert message in " ".join(outcome.err.split())


def test_an_analysis_works_on_new_data(labrun, tmp_path):
    words = ("--plugin", "count.py", "--analyse", "darkness", "--with", "least=2", "--output", tmp_path)
    outcome = labrun("predict", NET, "pictures/a.png", *words)
    assert outcome.code == 0, outcome.err
    assert (tmp_path / "metrics.json").read_text().split() == ["{", '"dark":', "1.0", "}"]
    assert (tmp_path / "answers.csv").read_text() == "example,file\n0,a.png\n"
    assert (tmp_path / "a.png").exists()


def test_an_analysis_that_needs_more_is_refused(labrun, tmp_path):
    words = ("--plugin", "count.py", "--analyse", "compared", "--output", tmp_path)
    outcome = labrun("predict", NET, "pictures/a.png", *words)
    assert outcome.code == 1
    assert (
        "'compared' needs 'model' (models), 'dataset' (datasets), 'train' (datasets), but here there are only one model"
        in outcome.err
    )
