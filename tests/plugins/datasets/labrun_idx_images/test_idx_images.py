"""IDX files as MNIST and FashionMNIST have them, and files that are something else; written here, byte by byte."""

from __future__ import annotations

import gzip
import hashlib
import json
import struct
import tracemalloc

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

import labrun_idx_images
from labrun import Ensemble, Outline
from labrun.engine.members import simulate_member
from labrun_idx_images import IdxFiles, IdxImages
from labrun_idx_images.idx import read_idx

GREY = np.arange(5 * 3 * 4, dtype=np.uint8).reshape(5, 3, 4)
NUMBERS = np.array([3, 0, 9, 3, 1], np.uint8)


def idx(values: np.ndarray, code: int = 8) -> bytes:
    return bytes([0, 0, code, values.ndim]) + struct.pack(f">{values.ndim}I", *values.shape) + values.tobytes()


@pytest.fixture
def write(tmp_path):
    """Write a file, plain or (as its name says) compressed."""

    def write_file(name: str, content: bytes):
        path = tmp_path / name
        path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
        return path

    return write_file


@pytest.fixture
def pair(write):
    return {"images": write("i-idx3-ubyte.gz", idx(GREY)), "labels": write("l-idx1-ubyte", idx(NUMBERS))}


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


# --- the reader -------------------------------------------------------------------------------------------------------------


def test_a_file_is_read_as_the_format_says(write):
    """The example of the format's own description: 2 pictures of 1 × 3 bytes."""
    content = bytes.fromhex("00000803 00000002 00000001 00000003 000102 fdfeff".replace(" ", ""))
    for name in ("a", "a.gz"):
        np.testing.assert_array_equal(read_idx(write(name, content), "images"), [[[0, 1, 2]], [[253, 254, 255]]])


@pytest.mark.parametrize("named", ["as_it_is", "without_gz", "with_gz"])
def test_images_and_labels(pair, named, rng):
    config = dict(pair)
    if named == "without_gz":
        config["images"] = pair["images"].with_suffix("")
    if named == "with_gz":
        config["labels"] = pair["labels"].with_name("l-idx1-ubyte.gz")
    arrays = simulate_member(IdxFiles(**config), rng)
    np.testing.assert_array_equal(arrays["images"], GREY)
    np.testing.assert_array_equal(arrays["labels"], NUMBERS)
    assert {array.dtype for array in arrays.values()} == {np.dtype(np.uint8)}


def test_what_is_plain_or_compressed_the_content_tells_not_the_name(tmp_path):
    path = tmp_path / "unpacked-by-the-browser.gz"
    path.write_bytes(idx(NUMBERS))
    np.testing.assert_array_equal(read_idx(path, "labels"), NUMBERS)


def test_the_key_holds_what_the_files_hold_and_not_their_names(pair, write):
    def key(**config):
        return json.dumps(IdxFiles.configured({k: str(v) for k, v in config.items()}).model_dump(mode="json"))

    found = key(**pair)
    assert json.loads(found) == {f"{name}_sha256": digest(path) for name, path in pair.items()}
    assert key(images=write("b.gz", idx(GREY)), labels=pair["labels"]) == found
    write("l-idx1-ubyte", idx(NUMBERS[::-1]))
    assert key(**pair) != found


def test_sixty_thousand_images_are_in_memory_once(write, rng):
    images = np.zeros((60_000, 28, 28), np.uint8)
    images[:, 6:22, 8:20] = rng.integers(0, 256, (60_000, 16, 12), dtype=np.uint8)
    path = write("a", idx(images))
    (path.parent / "a.gz").write_bytes(gzip.compress(path.read_bytes(), compresslevel=1))
    for name in ("a", "a.gz"):
        np.testing.assert_array_equal(read_idx(path.parent / name, "images"), images)
    tracemalloc.start()
    read_idx(path.parent / "a.gz", "images")
    assert tracemalloc.get_traced_memory()[1] < 1.1 * images.nbytes
    tracemalloc.stop()


# --- what is refused --------------------------------------------------------------------------------------------------------


HEADER = bytes.fromhex("00000803")
WRONG = {
    "empty": (b"", "'.*' is not an IDX file: it has 0 bytes, fewer than its header"),
    "web page": (b"<!DOCTYPE html>", r"such files begin with two bytes 0, this one with b'<!DO'. Was a web page saved"),
    "type": (idx(GREY.astype(">f4"), 0x0D), r"holds 32-bit floats \(type code 0x0d\); images are unsigned bytes"),
    "no type": (idx(GREY, 0x0A), r"holds a type unknown to IDX \(type code 0x0a\)"),
    "labels": (idx(NUMBERS), "holds an array of 1 axis; images have 3: it is a file of labels. Are the two swapped?"),
    "axes": (idx(GREY[None]), "holds an array of 4 axes; images have 3$"),
    "header": (HEADER + b"\0\0\0\5\0\0", "ends within its header, which should contain the lengths of 3 axes"),
    "none": (HEADER + struct.pack(">3I", 0, 28, 28), r"holds no images: the shape in its header is \(0, 28, 28\)"),
    "short": (idx(GREY)[:-7], r"claims 60 bytes of values, 5 × 3 × 4, but .*: the file is damaged or cut off"),
    "long": (idx(GREY) + b"\0", "claims 60 bytes of values, 5 × 3 × 4, but there are more"),
    "huge": (HEADER + b"\xff" * 12 + bytes(100), "but it can hold no more than "),
}


@pytest.mark.parametrize("compressed", ["", ".gz"])
@pytest.mark.parametrize("fault", WRONG)
def test_a_malformed_file_is_explained(fault, compressed, write):
    content, message = WRONG[fault]
    with pytest.raises(ValueError, match=message):
        read_idx(write(f"a{compressed}", content), "images")


def test_a_file_that_ends_too_early_says_where(write):
    with pytest.raises(ValueError, match=r"60 bytes of values, 5 × 3 × 4, but it ends after 53: the file is damaged"):
        read_idx(write("a.gz", idx(GREY)[:-7]), "images")


def test_images_in_place_of_labels(write):
    with pytest.raises(ValueError, match="holds an array of 3 axes; labels have 1: it is a file of images"):
        read_idx(write("a", idx(GREY)), "labels")


@pytest.mark.parametrize("damage", ["cut", "bits", "checksum", "stub"])
def test_damaged_compression_is_explained(damage, tmp_path, rng):
    content = bytearray(gzip.compress(idx(rng.integers(0, 256, (20, 8, 8), dtype=np.uint8))))
    if damage == "bits":
        content[60:70] = bytes(10)
    if damage == "checksum":
        content[-8] ^= 1
    path = tmp_path / "a.gz"
    path.write_bytes(content[: {"cut": len(content) // 2, "stub": 5}.get(damage, len(content))])
    with pytest.raises(
        ValueError, match=r"a\.gz' is compressed by gzip, and damaged or cut off \(.*\): fetch it again"
    ):
        read_idx(path, "images")


def test_counts_that_differ(pair, write, rng):
    config = pair | {"labels": write("l-idx1-ubyte", idx(NUMBERS[:4]))}
    with pytest.raises(
        ValueError, match=r"ubyte.gz' holds 5 images, but '.*l-idx1-ubyte' 4 labels: one of them belongs"
    ):
        simulate_member(IdxFiles(**config), rng)


def test_files_that_are_not_there_are_named_together(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        ValidationError, match=r"there is no file 'a/i\.gz' and none 'a/l', seen from .*: put the files of"
    ):
        IdxFiles(images="a/i.gz", labels="a/l")


def test_files_whose_digests_are_given_may_be_gone_until_they_are_read(rng):
    gone = IdxFiles(images="i", labels="l", images_sha256="0" * 64, labels_sha256="1" * 64)
    with pytest.raises(FileNotFoundError, match="there is no file 'i' and none 'l'"):
        gone.simulate(rng)


def test_a_file_that_changed_is_noticed(pair, write, rng):
    plugin = IdxFiles(**pair)
    changed = write("l-idx1-ubyte", idx(NUMBERS[::-1]))
    with pytest.raises(ValueError, match=f"another file than the one asked for: its sha256 is {digest(changed)}, not"):
        plugin.simulate(rng)
    with pytest.raises(ValidationError, match="labels_sha256"):
        IdxFiles(**pair, labels_sha256="abc")


# --- the dataset ------------------------------------------------------------------------------------------------------------


def ensemble(*members):
    arrays = [{"images": images, "labels": labels} for images, labels in members]
    return Ensemble.from_arrays(arrays, {}, "files")


def test_examples_are_images_with_their_classes():
    more = np.arange(100, 100 + 2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)
    examples = IdxImages(classes="fashion_mnist").examples(
        ensemble((GREY, NUMBERS), (more, np.array([7, 8], np.uint8)))
    )
    assert len(examples) == 7
    assert examples.spec.x.shape == (3, 4)
    assert examples.spec.x.dtype == "uint8"
    assert [examples.classes[i] for i in examples.load_y(slice(None))] == [
        *("Dress", "T-shirt", "Ankle boot", "Dress", "Trouser"),
        *("Sneaker", "Bag"),
    ]
    for chosen in ([6, 0, 2, 2, 5], [1, 2, 3], [4]):
        np.testing.assert_array_equal(examples.load_x(chosen), np.concatenate([GREY, more])[chosen])


def test_a_split_by_member_parts_images(rng):
    images = np.zeros((40, 2, 3), np.uint8)
    parts = IdxImages().examples(ensemble((images, np.arange(40) % 10))).split({"train": 0.75, "test": 0.25}, rng)
    assert {name: len(part) for name, part in parts.items()} == {"train": 30, "test": 10}


@pytest.mark.parametrize(
    ("members", "config", "message"),
    [
        (
            [(GREY, NUMBERS)],
            {"classes": ["a", "b"]},
            "labels from 0 to 9, but 'classes' names 2 of them, numbered from 0: a, b",
        ),
        ([(GREY, NUMBERS), (GREY[:, :2], NUMBERS)], {}, r"differ in size: \(3, 4\) and \(2, 4\)"),
        ([(GREY, NUMBERS[:4])], {}, r"images of shape \(5, 3, 4\) and labels of shape \(4,\): give a label for each"),
    ],
)
def test_what_makes_no_examples_is_explained(members, config, message):
    with pytest.raises(ValueError, match=message):
        IdxImages(**config).examples(ensemble(*members))


def test_a_sweep_of_files_must_name_their_digests(pair):
    reader = IdxFiles(**pair)
    swept = Outline("files", reader, ("images", "labels", "images_sha256"), IdxFiles.outputs)
    ((field, message),) = IdxImages().check(swept)
    assert field == "labels"
    assert message.startswith(
        "the sweep of 'files' names files without their digests, so that a change of one would go"
    )
    assert message.endswith("give it a column labels_sha256 too, or make a simulation for each pair of files")
    assert not [*IdxImages().check(Outline("files", reader, (), IdxFiles.outputs))]
    ((field, message),) = IdxImages(images="image").check(Outline("files", reader, (), IdxFiles.outputs))
    assert (field, message) == ("images", "'files' gives no array 'image': did you mean 'images'?")


# --- in a project -----------------------------------------------------------------------------------------------------------


PROJECT = """\
project: fashion
simulations:
  train: {use: idx_images, with: {images: data/train-images-idx3-ubyte, labels: data/train-labels-idx1-ubyte}}
  test: {use: idx_images, with: {images: data/t10k-images-idx3-ubyte, labels: data/t10k-labels-idx1-ubyte}}
datasets:
  train: {use: idx_images, from: train, with: {classes: [dark, light]}, split: {fractions: {train: 0.8, validation: 0.2}}}
  test: {use: idx_images, from: test, with: {classes: [dark, light]}}
models:
  cnn:
    use: simple_cnn
    with: {filters: [4, 8], dense: 16, learning_rate: 5e-3}
    fit: {train: train.train, validation: train.validation, epochs: 6, batch_size: 16}
analyses:
  gallery: {use: prediction_gallery, from: {model: cnn, dataset: test}, with: {count: 6}}
  report: {use: classification_report, from: {model: cnn, dataset: [train, test]}}
  confusion: {use: confusion_matrix, from: {model: cnn, dataset: test}}
"""


def test_files_are_learned_from_and_noticed_when_they_change(write, labrun, write_project, tmp_path, rng):
    path = write_project(PROJECT)
    missing = labrun("check", path)
    assert missing.code == 2
    assert missing.err.count("there is no file 'data/t") == 2
    assert (
        "project.yaml:3:34: simulations.train.with (idx_images): there is no file 'data/train-images-idx3-ubyte'"
        in missing.err
    )

    (tmp_path / "data").mkdir()
    for part, count in (("train", 160), ("t10k", 40)):
        y = np.arange(count, dtype=np.uint8) % 2
        x = np.clip(rng.normal(70 + 110 * y[:, None, None], 30, (count, 8, 12)), 0, 255).astype(np.uint8)
        write(f"data/{part}-images-idx3-ubyte.gz", idx(x))
        write(f"data/{part}-labels-idx1-ubyte.gz", idx(y))
    outcome = labrun("run", path, "--workers", 1)
    assert outcome.code == 0, outcome.err
    analyses = tmp_path / "runs" / "fashion" / "analyses"
    metrics = json.loads((analyses / "report" / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["accuracy test"] > 0.9
    confusion = json.loads((analyses / "confusion" / "metrics.json").read_text(encoding="utf-8"))
    assert confusion["macro F1 test"] == pytest.approx(metrics["macro F1 test"])
    report = pd.read_csv(analyses / "report" / "report.csv")
    assert report.query("dataset == 'test' and `class` == 'light'")["support"].tolist() == [20]
    assert len(pd.read_csv(analyses / "gallery" / "predictions.csv")) == 6

    write("data/t10k-labels-idx1-ubyte.gz", idx(1 - y))
    again = labrun("run", path, "--workers", 1)
    assert again.code == 0, again.err
    metrics = json.loads((analyses / "report" / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["accuracy test"] < 0.1


def test_the_hooks_offer_both():
    assert labrun_idx_images.labrun_simulators() == [IdxFiles]
    assert labrun_idx_images.labrun_datasets() == [IdxImages]
    fields = [*IdxFiles.model_fields.values(), *IdxImages.model_fields.values()]
    assert all(field.description for field in fields)
