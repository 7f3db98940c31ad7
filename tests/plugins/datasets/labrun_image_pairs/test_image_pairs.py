"""Pairs of pictures as examples, oblong ones: grey and coloured, both ranges, and only what a batch asks for is read."""

from __future__ import annotations

import numpy as np
import pytest

import labrun_image_pairs
from labrun import Ensemble, Outline
from labrun_image_pairs import ImagePairs
from labrun_mechanical_network import MechanicalNetwork

MEMBERS = 7


@pytest.fixture
def pictures(rng):
    """Grey dots and coloured drawings, 6 × 10."""
    return [
        {
            "dots": rng.integers(0, 256, (6, 10), dtype=np.uint8),
            "drawing": rng.integers(0, 256, (6, 10, 3), dtype=np.uint8),
        }
        for _ in range(MEMBERS)
    ]


@pytest.fixture
def ensemble(pictures):
    return Ensemble.from_arrays(pictures, {"lattice": ["kagome"] * 3 + ["square"] * 4}, "pairs")


def stacked(pictures, name):
    return np.stack([member[name] for member in pictures])


def test_black_is_0_and_white_is_1(ensemble, pictures):
    examples = ImagePairs().examples(ensemble)
    x, y = examples.load(slice(None))
    assert (x.shape, y.shape, x.dtype, y.dtype) == ((MEMBERS, 6, 10, 1), (MEMBERS, 6, 10, 1), np.float32, np.float32)
    np.testing.assert_allclose(x[..., 0], stacked(pictures, "dots") / 255, rtol=1e-6)
    np.testing.assert_allclose(y[..., 0], stacked(pictures, "drawing") @ [0.299, 0.587, 0.114] / 255, rtol=1e-5)
    assert (examples.periodic, examples.classes, examples.quantity) == (False, None, None)
    pictures[0]["dots"][:2], pictures[0]["drawing"][:] = [[0], [255]], 255
    x, y = examples.load([0])
    assert (x.min(), x.max(), x[0, 0, 0, 0], x[0, 1, 0, 0]) == (0, 1, 0, 1)
    np.testing.assert_allclose(y, 1, rtol=1e-6)


def test_black_is_minus_1_and_white_is_1(ensemble, pictures):
    x, y = ImagePairs(range="signed", channels="rgb").examples(ensemble).load([4, 2])
    assert (x.shape, y.shape) == ((2, 6, 10, 3), (2, 6, 10, 3))
    for channel in range(3):
        np.testing.assert_allclose(x[..., channel], stacked(pictures, "dots")[[4, 2]] / 127.5 - 1, atol=1e-6)
    np.testing.assert_allclose(y, stacked(pictures, "drawing")[[4, 2]] / 127.5 - 1, atol=1e-6)
    pictures[0]["dots"][:3], pictures[0]["dots"][3:] = 0, 255
    x = ImagePairs(range="signed").examples(ensemble).load_x([0])
    assert sorted(set(x.ravel().tolist())) == [-1, 1]


def test_other_arrays_the_other_way_round(ensemble):
    there, back = ImagePairs().examples(ensemble), ImagePairs(x="drawing", y="dots").examples(ensemble)
    for ours, theirs in zip(there.load([1]), reversed(back.load([1])), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_the_table_tells_the_member_through_splits(ensemble, pictures, rng):
    parts = ImagePairs().examples(ensemble).split({"a": 0.5, "b": 0.5}, rng)
    assert sorted([*parts["a"].table["member"], *parts["b"].table["member"]]) == list(range(MEMBERS))
    for part in parts.values():
        np.testing.assert_array_equal(part.groups, part.table["member"])
        expected = stacked([pictures[member] for member in part.table["member"]], "dots") / 255
        np.testing.assert_allclose(part.load_x(slice(None))[..., 0], expected, rtol=1e-6)


def test_a_batch_reads_its_members_only(ensemble, monkeypatch):
    examples = ImagePairs().examples(ensemble)
    read, seen = ensemble.read, []
    monkeypatch.setattr(ensemble, "read", lambda i, name, *rest: seen.append((i, name)) or read(i, name, *rest))
    examples.load_x([5, 3])
    assert seen == [(5, "dots"), (3, "dots")]


def test_members_after_a_failed_one_are_told_by_their_place(pictures, ensemble):
    """The index in the ensemble, for `Ensemble.read`, not the number of the member."""
    rest = Ensemble(ensemble._members, [0, 2, 3], {}, "pairs")
    examples = ImagePairs().examples(rest)
    assert examples.table["member"].tolist() == [0, 1, 2]
    np.testing.assert_allclose(examples.load_x([1])[0, ..., 0], pictures[2]["dots"] / 255, rtol=1e-6)


def test_what_is_no_pair_is_refused(pictures, ensemble):
    pictures[4]["drawing"] = np.zeros((6, 9, 3), np.uint8)
    message = r"'drawing' of member 4 of 'pairs' has the shape \(6, 9, 3\): expected .* as large as 'dots', which is \(6, 10\)"
    with pytest.raises(ValueError, match=message):
        ImagePairs().examples(ensemble)
    for shape in ((6, 10, 4), (60,), (6, 10, 1, 1)):
        with pytest.raises(ValueError, match="expected a picture"):
            ImagePairs(y="dots").examples(Ensemble.from_arrays([{"dots": np.zeros(shape, np.uint8)}], {}))
    with pytest.raises(ValueError, match="'u' of 'scan' holds float32: expected grey levels or colours, uint8"):
        ImagePairs(x="u", y="u").examples(Ensemble.from_arrays([{"u": np.zeros((3, 4), np.float32)}], {}, "scan"))
    with pytest.raises(KeyError, match="the simulation 'pairs' gives no array 'dot'; it gives dots, drawing"):
        ImagePairs(x="dot").examples(ensemble)


def test_mistakes_show_before_a_run():
    outline = Outline("pairs", MechanicalNetwork(lattice="kagome"), (), MechanicalNetwork.outputs)
    assert dict(ImagePairs(x="dot").check(outline)) == {"x": "'pairs' gives no array 'dot': did you mean 'dots'?"}
    assert dict(ImagePairs().check(outline)) == {}


PROJECT = """\
project: pairs
simulations:
  pairs:
    use: mechanical_network
    with: {size: 32, cells: 2}
    sweep: {grid: {lattice: [kagome, square]}, repeats: 4}
datasets:
  pairs: {use: image_pairs, from: pairs, split: {fractions: {train: 0.5, test: 0.5}}}
models:
  net:
    use: unet
    with: {filters: 2, depth: 2}
    fit: {train: pairs.train, validation: pairs.test, epochs: 1, batch_size: 4}
"""


@pytest.mark.slow
def test_a_network_learns_from_pairs_in_a_project(write_project, labrun_process, tmp_path):
    outcome = labrun_process(write_project(PROJECT), "--workers", "1")
    assert outcome.code == 0, outcome.err
    assert (tmp_path / "runs/pairs/models/net/history.csv").is_file()


def test_the_hook_offers_it():
    assert labrun_image_pairs.labrun_datasets() == [ImagePairs]
    assert all(field.description for field in ImagePairs.model_fields.values())
