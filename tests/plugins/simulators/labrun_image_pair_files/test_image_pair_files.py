"""Pairs of pictures of each kind that people keep, oblong ones; and files that are broken, unlike, or something else."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydantic import ValidationError

import labrun_image_pair_files
from labrun.engine.members import simulate_member
from labrun.kit import pictures
from labrun.predicting.readers import readings
from labrun_image_pair_files import ImagePairFiles
from labrun_micrograph import Micrograph


@pytest.fixture
def colours(rng):
    return rng.integers(0, 256, (2, 24, 40, 3), dtype=np.uint8)


@pytest.fixture
def write(tmp_path):
    """Write two pictures, or what bytes are given in their stead; return what the plugin is given."""

    def write_files(dots, drawing, suffix=".png", **options):
        config = {}
        for field, picture in (("dots", dots), ("drawing", drawing)):
            path = tmp_path / f"{field}{suffix}"
            if isinstance(picture, bytes):
                path.write_bytes(picture)
            else:
                image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
                image.save(path, **options)
            config |= {field: str(path), f"{field}_sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
        return config

    return write_files


def read(config, rng, **fields):
    return simulate_member(ImagePairFiles.configured({**config, **fields}), rng)


@pytest.mark.parametrize("suffix", [".png", ".tif", ".bmp", ".webp"])
def test_colours_are_kept_or_become_grey(write, colours, rng, suffix):
    config = write(*colours, suffix, **({"lossless": True} if suffix == ".webp" else {}))
    arrays = read(config, rng, channels="rgb")
    grey = read(config, rng)
    for name, picture in zip(("dots", "drawing"), colours, strict=True):
        np.testing.assert_array_equal(arrays[name], picture)
        np.testing.assert_allclose(grey[name], picture @ [0.299, 0.587, 0.114], atol=0.51)
        assert grey[name].dtype == np.uint8


def test_grey_pictures_become_colours_if_asked_for(write, colours, rng):
    arrays = read(write(*colours[..., 0]), rng, channels="rgb")
    np.testing.assert_array_equal(arrays["drawing"], np.repeat(colours[1, ..., :1], 3, axis=-1))


def test_jpeg_is_what_pillow_makes_of_it(write, colours, rng):
    config = write(*colours[..., 0], ".jpg", quality=75)
    expected = np.asarray(Image.open(config["dots"]))
    np.testing.assert_array_equal(read(config, rng)["dots"], expected)
    assert (expected != colours[0, ..., 0]).any()


def test_black_and_white_deep_and_transparent_pictures(write, rng):
    grey = rng.integers(0, 256, (5, 9), dtype=np.uint8)
    deep = grey.astype(np.uint16) * 257
    bits = Image.fromarray(grey > 128)
    arrays = read(write(deep, bits), rng)
    np.testing.assert_array_equal(arrays["dots"], grey)
    np.testing.assert_array_equal(arrays["drawing"], np.where(grey > 128, 255, 0))

    ink = np.zeros((5, 9, 4), np.uint8)  # black, as transparent as grey tells
    ink[..., 3] = 255 - grey
    arrays = read(write(ink, Image.fromarray(ink).getchannel("A")), rng)
    np.testing.assert_allclose(arrays["dots"], grey, atol=1)


def test_a_photograph_is_turned_upright(write, colours, rng):
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    arrays = read(write(*colours[..., 0], exif=exif), rng)
    np.testing.assert_array_equal(arrays["dots"], np.rot90(colours[0, ..., 0], -1))


def test_prediction_and_training_read_one_picture_alike(tmp_path, rng):
    """One drawing, stored in five ways: with a white ground, with none, and turned by the camera."""
    grey = rng.integers(0, 256, (6, 10), dtype=np.uint8)
    ink = np.dstack([np.zeros_like(grey), 255 - grey])
    turned = Image.Exif()
    turned[0x0112] = 6
    pictures = {
        "opaque": Image.fromarray(grey),
        "la": Image.fromarray(ink),
        "rgba": Image.fromarray(ink).convert("RGBA"),
        "deep": Image.fromarray(grey.astype(np.uint16) * 257),
        "turned": Image.fromarray(np.rot90(grey).copy()),
    }
    for name, picture in pictures.items():
        path = tmp_path / f"{name}.png"
        picture.save(path, **({"exif": turned} if name == "turned" else {}))
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        config = {"dots": str(path), "dots_sha256": digest, "drawing": str(path), "drawing_sha256": digest}
        (predicted,) = readings(path, False, None)
        np.testing.assert_array_equal(read(config, rng)["dots"], grey, err_msg=name)
        np.testing.assert_array_equal(
            Micrograph(file=path, file_sha256=digest).simulate(rng)["image"], grey, err_msg=name
        )
        np.testing.assert_array_equal(predicted.load(0)[..., 0], grey.astype(np.float32) / 255, err_msg=name)


@pytest.mark.parametrize("channels", ["grey", "rgb"])
def test_pictures_are_resampled_without_losing_thin_lines(write, rng, channels):
    """A line of one pixel in 80 keeps its ink at a quarter of the size, and its place."""
    picture = np.full((80, 120), 255, np.uint8)
    picture[:, 41] = 0
    arrays = read(write(picture, picture), rng, size=[20, 30], channels=channels)
    small = arrays["dots"].reshape(20, 30, -1)[..., 0]
    ink = (255 - small.astype(float)).sum(axis=1)
    np.testing.assert_allclose(ink, 255 / 4, atol=2)
    np.testing.assert_allclose((255.0 - small) @ np.arange(30) / ink, (41 + 0.5) / 4 - 0.5, atol=0.05)
    assert read(write(picture, picture), rng, size=16)["drawing"].shape == (16, 16)


# --- what is refused --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("field", ["dots", "drawing"])
def test_a_missing_digest_is_told(write, colours, field):
    config = write(*colours)
    digest = config.pop(f"{field}_sha256")
    with pytest.raises(ValidationError, match=f"{field}_sha256 is missing: .* it is now {digest}"):
        ImagePairFiles.configured(config)


def test_files_that_are_missing_or_changed_are_told(write, colours, rng, tmp_path):
    config = write(*colours)
    (tmp_path / "dots.png").write_bytes((tmp_path / "drawing.png").read_bytes())
    with pytest.raises(ValueError, match=r"dots\.png' is another file than the one asked for: its sha256 is"):
        read(config, rng)
    (tmp_path / "dots.png").unlink()
    with pytest.raises(FileNotFoundError, match=r"there is no file '.*dots\.png', seen from "):
        read(config, rng)
    with pytest.raises(ValidationError, match=r"drawing: there is no file 'nothing\.png', seen from"):
        ImagePairFiles.configured({**config, "drawing": "nothing.png", "drawing_sha256": ""})


def test_unlike_sizes_are_told(write, colours, rng):
    message = r"two pictures of one size; '.*dots\.png' has 24 × 40 pixels, '.*drawing\.png' 20 × 40. Crop the larger"
    for size in (None, 16):
        with pytest.raises(ValueError, match=message):
            read(write(colours[0], colours[1, :20]), rng, size=size)


def test_what_is_no_picture_is_told(write, colours, rng):
    with pytest.raises(ValueError, match=r"dots\.png': it is not a picture of a known kind"):
        read(write(b"site,x,y", colours[1]), rng)
    whole = write(*colours)
    content = Path(whole["drawing"]).read_bytes()
    with pytest.raises(ValueError, match=r"cannot read the picture '.*drawing\.png': .*truncated"):
        read(write(colours[0], content[: len(content) // 2]), rng)
    with pytest.raises(ValueError, match=r"dots\.tif': it holds numbers of 32 bits, and none is known to be white"):
        read(write(colours[0, ..., 0].astype(np.float32), colours[1], ".tif"), rng)


def test_several_pages_are_refused(write, colours, rng):
    pages = [Image.fromarray(picture) for picture in colours]
    with pytest.raises(ValueError, match=r"dots\.gif': it holds 2 pictures; save the one that you need"):
        read(write(pages[0], pages[0], ".gif", save_all=True, append_images=pages[1:]), rng)


def test_an_enormous_picture_is_refused(write, colours, rng, monkeypatch):
    monkeypatch.setattr(pictures, "MAX_PIXELS", 900)
    with pytest.raises(ValueError, match=r"cannot read the picture '.*dots\.png': it has 24 × 40 pixels; at most 900"):
        read(write(*colours), rng)


PROJECT = """\
project: pairs
simulations:
  pairs:
    use: image_pair_files
    with: {size: 16}
    sweep: {table: pairs.csv, labels: [lattice]}
"""


def test_a_project_reads_pairs(write_project, labrun_process, write, colours, tmp_path):
    path, config = write_project(PROJECT), write(*colours)
    (tmp_path / "pairs.csv").write_text(
        f"{','.join(config)},lattice\n{','.join(config.values())},kagome\n", encoding="utf-8"
    )
    outcome = labrun_process(path, "--workers", "1")
    assert outcome.code == 0, outcome.err
    assert "kagome" in (tmp_path / "runs/pairs/simulations/pairs/members.csv").read_text(encoding="utf-8")


def test_the_hook_offers_it():
    assert labrun_image_pair_files.labrun_simulators() == [ImagePairFiles]
    assert all(field.description for field in ImagePairFiles.model_fields.values())
