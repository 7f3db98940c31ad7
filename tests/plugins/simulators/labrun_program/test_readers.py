"""Every format, written by other hands than the reader's: NumPy, h5py, SciPy, Pillow, `struct`, and text as programs print it."""

from __future__ import annotations

import json
import struct

import h5py
import numpy as np
import pytest
from PIL import Image
from pydantic import ValidationError
from scipy.io import FortranFile, netcdf_file

from labrun_program.outputs import FORMATS, Output
from labrun_program.readers import read_output

SHAPE = (3, 5)
NUMBERS = np.arange(15.0).reshape(SHAPE) / 4


@pytest.fixture
def read(tmp_path):
    def read(output, values=None):
        return read_output("u", Output.model_validate(output), tmp_path, tmp_path / "printed.txt", values or {})

    return read


@pytest.mark.parametrize("byte_order", ["little", "big"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_raw(tmp_path, read, byte_order, order):
    sign = "<" if byte_order == "little" else ">"
    flat = [*NUMBERS.ravel(order)]
    (tmp_path / "u.dat").write_bytes(b"head" + struct.pack(f"{sign}15f", *flat))
    output = {"file": "u.dat", "dtype": "float32", "shape": ["rows", 5], "skip": 4}
    found = read(output | {"byte_order": byte_order, "order": order}, {"rows": 3})
    assert found.dtype == np.float32
    assert (found == NUMBERS).all()


def test_raw_without_a_shape_is_all_there_is(tmp_path, read):
    (tmp_path / "u.bin").write_bytes(struct.pack("<3h", 1, -2, 3))
    assert [*read({"file": "u.bin", "dtype": "int16"})] == [1, -2, 3]


@pytest.mark.parametrize("byte_order", ["little", "big"])
def test_fortran_records(tmp_path, read, byte_order):
    sign = "<" if byte_order == "little" else ">"
    with FortranFile(tmp_path / "u.dat", "w", f"{sign}u4") as file:
        file.write_record(np.array([7], f"{sign}i4"))
        file.write_record(np.asfortranarray(NUMBERS.astype(f"{sign}f8")).T)
    output = {"file": "u.dat", "record": 1, "dtype": "float64", "shape": [3, 5], "byte_order": byte_order}
    assert (read(output) == NUMBERS).all()
    first = read(output | {"record": 0, "dtype": "int32", "shape": None})
    assert [*first] == [7]
    with pytest.raises(ValueError, match="record 2 is missing, cut off, or of another type"):
        read(output | {"record": 2})
    content = (tmp_path / "u.dat").read_bytes()
    (tmp_path / "u.dat").write_bytes(content[:-20])
    with pytest.raises(ValueError, match="record 1 is missing, cut off"):
        read(output)


def test_npy_npz_hdf5_netcdf(tmp_path, read):
    np.save(tmp_path / "u.npy", NUMBERS.astype(">f8"))
    np.savez(tmp_path / "u.npz", other=1, field=NUMBERS)
    with h5py.File(tmp_path / "u.h5", "w") as file:
        file["run/field"] = NUMBERS
    with h5py.File(tmp_path / "four.nc", "w") as file:
        file["field"] = NUMBERS
    with netcdf_file(tmp_path / "three.nc", "w") as file:
        for name, size in zip("yx", SHAPE, strict=True):
            file.createDimension(name, size)
        file.createVariable("field", "d", ("y", "x"))[:] = NUMBERS
    for output in [
        {"file": "u.npy"},
        {"file": "u.npz", "path": "field"},
        {"file": "u.h5", "path": "/run/field"},
        {"file": "four.nc", "path": "field"},
        {"file": "three.nc", "path": "field"},
    ]:
        found = read(output | {"shape": [3, 5]})
        assert (found == NUMBERS).all(), output
        assert found.dtype.isnative
        if "path" in output:
            with pytest.raises(ValueError, match=r"it has no (dataset )?'fields': did you mean '(run/)?field'"):
                read(output | {"path": "fields"})


def test_tables(tmp_path, read):
    (tmp_path / "u.csv").write_text('sweep,"m",e\n1,0.5,-1\n2,0.25,-1.5\n')
    (tmp_path / "u.txt").write_text("# t  x\n 0.0  1.0D0\n# half way\n 0.5  2.5d-1\n\n")
    (tmp_path / "bare.txt").write_text("1 2 3\n4 5 6\n")
    assert [*read({"file": "u.csv", "column": "m"})] == [0.5, 0.25]
    assert [*read({"file": "u.csv", "column": 0, "dtype": "int64"})] == [1, 2]
    assert [*read({"file": "u.txt", "column": "x"})] == [1, 0.25]
    assert read({"file": "u.txt"}).tolist() == [[0, 1], [0.5, 0.25]]
    assert read({"file": "bare.txt", "shape": [2, 3]}).tolist() == [[1, 2, 3], [4, 5, 6]]
    with pytest.raises(ValueError, match=r"it has no 'n' \(known: e, m, sweep"):
        read({"file": "u.csv", "column": "n"})


def test_patterns_in_files_and_in_what_is_printed(tmp_path, read):
    (tmp_path / "printed.txt").write_text("E = -1.5\nE = -1.75D+00\nspins: 12\n")
    assert read({"stdout": True, "pattern": "^E = (.*)$"}) == -1.75
    assert [*read({"stdout": True, "pattern": "E = (.*)", "every": True})] == [-1.5, -1.75]
    spins = read({"stdout": True, "pattern": r"spins: (\d+)", "dtype": "int32"})
    assert (spins, spins.dtype, spins.shape) == (12, np.int32, ())
    with pytest.raises(ValueError, match=r"nothing matches the pattern 'M = \(\.\*\)'"):
        read({"stdout": True, "pattern": "M = (.*)"})
    with pytest.raises(ValueError, match="finds 'spins', which is not a number"):
        read({"stdout": True, "pattern": "(spins)"})


def test_json(tmp_path, read):
    (tmp_path / "u.json").write_text(json.dumps({"runs": [{"m": 1}, {"m": [[1, 2], [3, 4]]}]}))
    assert read({"file": "u.json", "path": "runs.1.m", "dtype": "float32"}).tolist() == [[1, 2], [3, 4]]
    with pytest.raises(ValueError, match=r"nothing stands under 'runs\.2\.m'"):
        read({"file": "u.json", "path": "runs.2.m"})
    (tmp_path / "u.json").write_text('{"m": ["a"]}')
    with pytest.raises(ValueError, match="not numbers"):
        read({"file": "u.json", "path": "m"})


def test_pictures(tmp_path, read):
    grey = np.arange(15, dtype=np.uint8).reshape(SHAPE)
    Image.fromarray(grey).save(tmp_path / "u.png")
    Image.fromarray(np.stack([grey, grey + 1, grey + 2], -1)).save(tmp_path / "c.ppm")
    assert (read({"file": "u.png", "shape": [3, 5]}) == grey).all()
    assert read({"file": "c.ppm"}).shape == (3, 5, 3)


# -- what is wrong ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ({"file": "no.npy"}, "it did not write 'no.npy', which holds 'u'; its folder holds cut.npy, few.bin, odd.h5"),
        (
            {"file": "few.bin", "dtype": "float32", "shape": [3, 5]},
            "it has 10 bytes; expected 60, .3, 5. numbers of float32",
        ),
        ({"file": "few.bin", "dtype": "float32"}, "10 bytes, which are not whole numbers of float32"),
        ({"file": "cut.npy"}, "'u' cannot be read from 'cut.npy'"),
        ({"file": "odd.h5", "path": "u"}, "'u' cannot be read from 'odd.h5'"),
        ({"file": "odd.h5", "format": "netcdf", "path": "u"}, "'u' cannot be read from 'odd.h5'"),
        ({"file": "odd.h5", "format": "npz", "path": "u"}, "'u' cannot be read from 'odd.h5'"),
        ({"file": "odd.h5", "format": "json"}, "'u' cannot be read from 'odd.h5'"),
        ({"file": "odd.h5", "format": "picture"}, "'u' cannot be read from 'odd.h5'"),
        ({"file": "odd.h5", "format": "csv", "column": 1}, "'u' cannot be read from 'odd.h5'"),
    ],
)
def test_what_is_missing_or_malformed(tmp_path, read, output, message):
    np.save(tmp_path / "whole.npy", NUMBERS)
    (tmp_path / "cut.npy").write_bytes((tmp_path / "whole.npy").read_bytes()[:-9])
    (tmp_path / "whole.npy").unlink()
    (tmp_path / "few.bin").write_bytes(b"0123456789")
    (tmp_path / "odd.h5").write_bytes(b"not at all\n")
    with pytest.raises(ValueError, match=message):
        read(output)


def test_nan_objects_and_other_shapes_are_refused(tmp_path, read):
    np.save(tmp_path / "nan.npy", np.where(NUMBERS == 1.5, np.nan, NUMBERS))
    np.save(tmp_path / "texts.npy", np.array(["a"]))
    np.save(tmp_path / "turned.npy", NUMBERS.T)
    with pytest.raises(ValueError, match=r"'u' holds NaN or infinity \(1 of 15 numbers, the first at \(1, 1\)\)"):
        read({"file": "nan.npy"})
    with pytest.raises(ValueError, match="not numbers"):
        read({"file": "texts.npy"})
    with pytest.raises(ValueError, match=r"has the shape \(5, 3\); expected \(3, 5\). Are its axes in another order"):
        read({"file": "turned.npy", "shape": [3, 5]})
    with pytest.raises(ValueError, match=r"has the shape \(5, 3\); expected \(4, 4\), as \(n, 4\)"):
        read({"file": "turned.npy", "shape": ["n", 4]}, {"n": 4})


def test_a_pickle_is_not_loaded(tmp_path, read):
    np.save(tmp_path / "u.npy", np.array([{}]), allow_pickle=True)
    with pytest.raises(ValueError, match="'u' cannot be read"):
        read({"file": "u.npy"})


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ({}, "expected either 'file', which the program writes, or 'stdout: true'"),
        ({"file": "u.npy", "stdout": True}, "expected either 'file'"),
        ({"file": "u.dat"}, "the format is not clear; add 'format', which is one of raw, fortran"),
        ({"file": "u.bin"}, "a raw binary needs 'dtype'"),
        ({"file": "u.h5"}, "the format hdf5 needs 'path'"),
        ({"file": "u.npy", "column": 1}, "the format npy has no use for 'column'"),
        ({"file": "u.log", "pattern": "E = .*"}, "has 0 groups; put the number, and nothing else, into .parentheses."),
        ({"file": "u.log", "pattern": "E = ("}, "is not a regular expression"),
        ({"stdout": True, "dtype": "int8"}, "what a program prints is text: a raw binary must be in a file"),
        ({"file": "../u.npy"}, "must be inside the folder of the member"),
        ({"file": "/etc/passwd", "pattern": "(.*)"}, "must be inside the folder of the member"),
        ({"file": "u.npy", "shape": [-1]}, "greater than or equal to 0"),
    ],
)
def test_declarations_that_do_not_fit_together(output, message):
    with pytest.raises(ValidationError, match=message):
        Output.model_validate(output)


def test_every_format_has_a_reader_and_is_named_by_no_other_key():
    from labrun_program import readers

    assert set(readers._READERS) == set(FORMATS)


@pytest.mark.parametrize(
    ("output", "text"),
    [
        (
            {"file": "s.bin", "dtype": "int8", "shape": ["n", 3], "unit": "ħ/2", "description": "spins"},
            "(n, 3) int8: spins [ħ/2]",
        ),
        ({"stdout": True, "pattern": "(.*)"}, "() float64: dimensionless"),
    ],
)
def test_they_are_shown_as_other_simulators_declare_theirs(output, text):
    assert Output.model_validate(output).declaration() == text
