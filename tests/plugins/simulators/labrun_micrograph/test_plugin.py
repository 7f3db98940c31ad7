"""The plugin `micrograph`: generated or from a file, what it refuses, what it shows."""

from __future__ import annotations

import hashlib

import h5py
import numpy as np
import pytest
from PIL import Image
from pydantic import ValidationError

import labrun_micrograph
from labrun.engine.members import simulate_member
from labrun_micrograph import Micrograph

OBLONG = (40, 64)


@pytest.fixture
def picture(tmp_path, rng):
    """A picture and what the plugin is told of it."""
    grey = rng.integers(0, 256, (13, 21), dtype=np.uint8)
    Image.fromarray(grey).save(tmp_path / "a.png")
    return grey, {"file": tmp_path / "a.png", "file_sha256": digest(tmp_path / "a.png")}


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def message(**options):
    with pytest.raises(ValidationError) as error:
        Micrograph(**options)
    (fault,) = error.value.errors()
    return fault["msg"].removeprefix("Value error, ")


def simulated(seed=1, **options):
    return simulate_member(Micrograph(**options), np.random.default_rng(seed))


# --- generated --------------------------------------------------------------------------------------------------------------


def test_the_default_shows_all_that_a_micrograph_has():
    arrays = simulated()
    image, grains = arrays["image"], arrays["grains"]
    assert (image.shape, image.dtype, grains.dtype) == ((256, 256), np.uint8, np.int32)
    assert len(np.unique(grains)) == 61  # 60 grains, and voids
    void = grains == 0
    assert np.pi * 12 * 3**2 / 256**2 < void.mean() < np.pi * 12 * 9**2 / 256**2
    assert image[void].mean() < 40
    interior = np.ones_like(void)
    for axis in (0, 1):
        for shift in range(-3, 4):
            interior &= np.roll(grains, shift, axis) == grains
    assert image[interior & ~void].mean() == pytest.approx(150, abs=8)
    boundary = (np.roll(grains, 1, 1) != grains) & ~void & (np.roll(grains, 1, 1) > 0)
    assert image[boundary].mean() < 90


def test_without_voids_and_contrast(rng):
    arrays = simulated(size=OBLONG, grains=1, voids=0, contrast=0, noise=0)
    assert (arrays["image"] == 150).all()
    assert (arrays["grains"] == 1).all()
    assert arrays["image"].shape == OBLONG


def test_the_picture_follows_from_the_seed():
    first, again, other = (simulated(seed, size=OBLONG) for seed in (1, 1, 2))
    for name in first:
        np.testing.assert_array_equal(first[name], again[name])
        assert (first[name] != other[name]).mean() > 0.5


@pytest.mark.parametrize("field", ["voids", "void_radius", "boundary_width", "contrast", "noise", "grains"])
def test_every_field_changes_the_picture(field):
    changed = {"voids": 3, "void_radius": 9.0, "boundary_width": 4.0, "contrast": 5.0, "noise": 1.0, "grains": 9}
    assert (simulated(size=OBLONG)["image"] != simulated(size=OBLONG, **{field: changed[field]})["image"]).any()


# --- a file -----------------------------------------------------------------------------------------------------------------


def test_a_file_is_read_and_has_no_grains(picture):
    grey, config = picture
    arrays = simulated(**config)
    np.testing.assert_array_equal(arrays["image"], grey)
    assert set(arrays) == {"image"}
    assert Micrograph(**config).gives("grains") is False
    assert Micrograph().gives("grains") is None


def test_a_missing_digest_is_told(picture):
    _, config = picture
    assert message(file=config["file"]) == (
        "file_sha256 is missing: give it with the file, so that a change of the file is noticed. "
        f"For '{config['file']}' it is now {config['file_sha256']}"
    )


def test_a_file_that_is_not_there_is_told(tmp_path, rng):
    assert message(file="nothing.png").startswith("file: there is no file 'nothing.png', seen from ")
    known = Micrograph(file="nothing.png", file_sha256="0" * 64)  # its picture may be in the store
    with pytest.raises(FileNotFoundError, match=r"there is no file 'nothing\.png', seen from "):
        known.simulate(rng)


def test_a_file_that_changed_is_noticed(picture, rng):
    _, config = picture
    Image.fromarray(np.zeros((13, 21), np.uint8)).save(config["file"])
    with pytest.raises(
        ValueError, match=f"another file .* its sha256 is {digest(config['file'])}, not {config['file_sha256']}"
    ):
        simulated(**config)


def test_fields_that_change_nothing_are_refused(picture):
    _, config = picture
    assert message(**config, grains=5, noise=2.0) == (
        "grains and noise: a file is read as it is; leave out all fields but file and file_sha256"
    )
    assert message(file_sha256="0" * 64).startswith("file_sha256 without a file: name the file too")
    assert "pattern" in message(file_sha256="abc")


# --- pictures and projects --------------------------------------------------------------------------------------------------


def test_watch_shows_grains_that_grow_until_they_touch():
    micrograph = Micrograph(size=OBLONG, grains=5, voids=0)
    views = list(micrograph.watch(np.random.default_rng(1), 6))
    shares = [(view.image > 0).mean() for view in views]
    assert len(views) == 6
    assert shares == sorted(shares)
    assert shares[0] < 0.3
    for view in (views[-1], *micrograph.watch(np.random.default_rng(1), 1)):
        np.testing.assert_array_equal(view.image, micrograph.simulate(np.random.default_rng(1))["image"])


def test_watch_shows_a_file_once(picture, rng):
    grey, config = picture
    (view,) = Micrograph(**config).watch(rng, 100)
    np.testing.assert_array_equal(view.image, grey)
    assert view.caption == "a.png"


def test_it_is_watched_from_the_command_line(labrun_process, tmp_path):
    outcome = labrun_process("simulate", "micrograph", "size=[40, 64]", "--save", "film.gif", "--pictures", 4)
    assert outcome.code == 0, outcome.err
    with Image.open(tmp_path / "film.gif") as film:
        assert film.n_frames == 4


def test_a_file_in_a_project(picture, labrun_process, tmp_path):
    grey, config = picture
    (tmp_path / "project.yaml").write_text(
        "project: steel\nsimulations:\n"
        f"  steel: {{use: micrograph, with: {{file: a.png, file_sha256: {config['file_sha256']}}}}}\n"
        "  made_up: {use: micrograph, with: {size: [40, 64]}}\n",
        encoding="utf-8",
    )
    outcome = labrun_process("run", "project.yaml")
    assert outcome.code == 0, outcome.err
    (part,) = (tmp_path / "runs" / "steel" / "simulations" / "steel").rglob("*.h5")
    with h5py.File(part) as file:
        np.testing.assert_array_equal(file["0/image"][()], grey)
        assert set(file["0"]) == {"image"}


def test_the_hook_offers_it():
    assert labrun_micrograph.labrun_simulators() == [Micrograph]
    assert all(field.description for field in Micrograph.model_fields.values())
