"""Checkpoints: what was written comes back, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from labrun.files.digests import append_digest
from labrun.files.guarded import GuardedPath
from labrun.files.integrity import CHANGED, Damage
from labrun.learning.checkpoint import Checkpoint, checkpoint_in, damage_of_checkpoint, epochs_done
from labrun.learning.history import History
from labrun.learning.sampling import sample_file


@pytest.fixture
def path(tmp_path) -> GuardedPath:
    """A checkpoint after four epochs, with a sample after every second."""
    rows = [{"epoch": epoch, "loss": 1 / epoch} for epoch in range(1, 5)]
    values = [np.arange(6.0).reshape(2, 3), np.array(7)]
    Checkpoint(History(rows), values, [values[0] + 1, values[1]]).save(checkpoint_in(tmp_path))
    for epoch in (2, 4):
        with sample_file(GuardedPath(tmp_path), epoch).written() as stream:
            stream.write(b"pictures")
            append_digest(stream)
    return checkpoint_in(tmp_path)


def test_comes_back_as_it_was(path):
    found = Checkpoint.load(path)
    assert found is not None
    assert found.history.rows[3] == {"epoch": 4, "loss": 0.25}
    for before, after in zip([np.arange(6.0).reshape(2, 3), np.array(7)], found.values, strict=True):
        np.testing.assert_array_equal(before, after)
    np.testing.assert_array_equal(found.best[0], found.values[0] + 1)
    assert damage_of_checkpoint(path, 2) == damage_of_checkpoint(path, None) == []


def test_no_flipped_bit_is_believed(path):
    """Not all are seen by the checksums of a zip archive: those of names, shapes and flags are not."""
    content = path.content()
    for bit in range(0, 8 * len(content), 13):
        damaged = bytearray(content)
        damaged[bit // 8] ^= 1 << bit % 8
        path.path.write_bytes(damaged)
        assert Checkpoint.load(path) is None
    assert damage_of_checkpoint(path, 2) == [Damage("checkpoint.npz", CHANGED)]
    assert epochs_done(path) == 0


def test_damaged_and_missing_samples(path):
    sample_file(path.parent, 2).path.write_bytes(b"half")
    sample_file(path.parent, 4).remove()
    assert damage_of_checkpoint(path, 2) == [Damage("sample-2.npy", CHANGED), Damage("sample-4.npy", "is missing")]
    assert damage_of_checkpoint(path, None) == []


def test_no_checkpoint_is_no_damage(tmp_path):
    assert damage_of_checkpoint(checkpoint_in(tmp_path), 1) == []
    assert Checkpoint.load(checkpoint_in(tmp_path)) is None
