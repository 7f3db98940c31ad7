"""Arrays in .npz and HDF5 files, with the record of their origin."""

import json

import h5py
import numpy as np
import pytest

from labrun.files.arrays import arrays_in, save_arrays

ARRAYS = {"u": np.arange(6.0).reshape(2, 3), "count": np.array(3)}
RECORD = {"simulator": "disk", "parameters": {"radius": {"value": 1.5, "description": "r, radius [µm]"}}}


def test_npz(tmp_path):
    path = tmp_path / "x.npz"
    save_arrays(path, ARRAYS, RECORD)
    with np.load(path) as found:
        assert arrays_in(found) == ["u", "count"]
        np.testing.assert_array_equal(found["u"], ARRAYS["u"])
        assert json.loads(str(found["labrun"])) == RECORD


def test_hdf5(tmp_path):
    path = tmp_path / "x.h5"
    save_arrays(path, ARRAYS, RECORD)
    with h5py.File(path) as found:
        assert list(found) == ["count", "u"]
        np.testing.assert_array_equal(found["u"], ARRAYS["u"])
        assert json.loads(found.attrs["labrun"]) == RECORD


@pytest.mark.parametrize("suffix", [".npz", ".h5"])
def test_an_array_that_cannot_be_written_leaves_nothing(tmp_path, suffix):
    with pytest.raises((TypeError, ValueError)):
        save_arrays(tmp_path / f"x{suffix}", {"u": object()}, {"bad": object()})
    assert list(tmp_path.iterdir()) == []
