"""Read the arrays that a program has written, one function for each format."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from labrun.faults import did_you_mean
from labrun.files.hdf5 import open_hdf5
from labrun.files.limits import DAMAGE, expect_archive, expect_memory
from labrun.kit.pictures import has_colours, open_picture, page_count, read_picture
from labrun_program.outputs import Format, Output
from labrun_program.placeholders import Value

__all__ = ["read_output"]

NETCDF_CLASSIC = b"CDF"


def read_output(name: str, output: Output, work: Path, printed: Path, values: Mapping[str, Value]) -> np.ndarray:
    """Return an array from the folder `work` of a program, or from the file of what it `printed`.

    Raises:
        ValueError: it is missing, incomplete, of another shape or format, or not finite.
    """
    path = work / output.file if output.file is not None else printed
    where = f"'{output.file}'" if output.file is not None else "what it printed"
    if not path.is_file():
        raise ValueError(f"it did not write '{output.file}', which holds '{name}'{_seen(work)}")
    sides = output.sides(values)
    try:
        array = _READERS[output.kind](path, output, sides)
    except DAMAGE as error:
        problem = " ".join(str(error).split()) or type(error).__name__
        raise ValueError(f"'{name}' cannot be read from {where}: {problem:.300}") from error
    if sides is not None:
        array = _shaped(array, sides, output, f"'{name}' from {where}")
    if array.dtype.kind not in "biufc":
        raise ValueError(f"'{name}' from {where} holds {array.dtype}, not numbers")
    _expect_finite(array, name)
    return array


def _seen(work: Path) -> str:
    """Name the files that a program wrote instead."""
    files = sorted(path.relative_to(work).as_posix() for path in work.rglob("*") if path.is_file())
    if not files:
        return "; its folder is empty"
    return f"; its folder holds {', '.join(files[:8])}{f' and {len(files) - 8} more' if len(files) > 8 else ''}"


def _shaped(array: np.ndarray, sides: tuple[int, ...], output: Output, what: str) -> np.ndarray:
    if array.shape == sides:
        return array
    if array.size != math.prod(sides):
        raise ValueError(f"{what} has the shape {array.shape}; expected {sides}, as ({_commas(output.shape)})")
    if array.ndim > 1:
        raise ValueError(f"{what} has the shape {array.shape}; expected {sides}. Are its axes in another order?")
    return array.reshape(sides, order=output.order or "C")


def _commas(shape: Any) -> str:
    return ", ".join(map(str, shape))


def _expect_finite(array: np.ndarray, name: str) -> None:
    if array.dtype.kind not in "fc" or (finite := np.isfinite(array)).all():
        return
    count, first = int(array.size - finite.sum()), tuple(map(int, np.argwhere(~finite)[0]))
    at = f", the first at {first}" if first else ""
    raise ValueError(f"'{name}' holds NaN or infinity ({count:,} of {array.size:,} numbers{at})")


# -- binary --------------------------------------------------------------------------------------------------------------------


def _dtype(output: Output) -> np.dtype:
    return np.dtype(output.dtype or "float64").newbyteorder("<" if output.byte_order == "little" else ">")


def _native(array: np.ndarray) -> np.ndarray:
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def _raw(path: Path, output: Output, sides: tuple[int, ...] | None) -> np.ndarray:
    dtype, size = _dtype(output), path.stat().st_size - output.skip
    if sides is not None and size != (wanted := math.prod(sides) * dtype.itemsize):
        raise ValueError(
            f"it has {size + output.skip:,} bytes; expected {wanted + output.skip:,}, {sides} numbers of {output.dtype}"
        )
    if size < 0 or size % dtype.itemsize:
        raise ValueError(f"it has {size + output.skip:,} bytes, which are not whole numbers of {output.dtype}")
    expect_memory(f"'{path.name}'", size)
    return _native(np.fromfile(path, dtype, offset=output.skip))


def _fortran(path: Path, output: Output, sides: tuple[int, ...] | None) -> np.ndarray:
    from scipy.io import FortranFile

    mark = np.dtype("uint32").newbyteorder("<" if output.byte_order == "little" else ">")
    with FortranFile(path, "r", mark) as file:
        for number in range(output.record + 1):
            try:
                if number < output.record:
                    file.read_record("u1")
                else:
                    found = file.read_record(_dtype(output))
            except (TypeError, EOFError, OSError, ValueError) as error:
                raise ValueError(f"record {number} is missing, cut off, or of another type: {error}") from error
    array = _native(found)
    if sides is not None and array.size == math.prod(sides):
        return array.reshape(sides, order=output.order or "F")
    return array


def _npy(path: Path, output: Output, sides: tuple[int, ...] | None) -> np.ndarray:
    array = np.load(path, mmap_mode="r", allow_pickle=False)
    expect_memory(f"'{path.name}'", array.nbytes)
    return _native(np.array(array))


def _npz(path: Path, output: Output, sides: tuple[int, ...] | None) -> np.ndarray:
    expect_archive(path)
    with np.load(path, allow_pickle=False) as archive:
        return _native(archive[_known(str(output.path), archive.files)])


def _hdf5(path: Path, output: Output, sides: tuple[int, ...] | None) -> np.ndarray:
    import h5py

    with open_hdf5(path) as file:
        found = file.get(str(output.path))
        if not isinstance(found, h5py.Dataset):
            names: list[str] = []
            file.visititems(lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None)
            raise ValueError(f"it has no dataset '{output.path}'{did_you_mean(str(output.path), names)}")
        expect_memory(f"'{output.path}'", found.nbytes)
        return _native(np.asarray(found[()]))


def _netcdf(path: Path, output: Output, sides: tuple[int, ...] | None) -> np.ndarray:
    with path.open("rb") as stream:
        classic = stream.read(3) == NETCDF_CLASSIC
    if not classic:
        return _hdf5(path, output, sides)
    from scipy.io import netcdf_file

    with netcdf_file(path, mmap=False) as file:
        return _native(np.array(file.variables[_known(str(output.path), list(file.variables))].data))


def _picture(path: Path, output: Output, sides: tuple[int, ...] | None) -> np.ndarray:
    with open_picture(path) as picture:
        channels, pages = "rgb" if has_colours(picture) else "grey", page_count(picture)
    if pages > 1:
        raise ValueError(f"it holds {pages} pictures; expected one")
    return read_picture(path, channels)  # type: ignore[arg-type]  # one of two words


# -- text ----------------------------------------------------------------------------------------------------------------------

_FORTRAN_EXPONENT = re.compile(r"(?<=[\d.])[dD](?=[+-]?\d)")


def _text_of(path: Path) -> str:
    expect_memory(f"'{path.name}'", path.stat().st_size)
    return path.read_text(encoding="utf-8", errors="replace")


def _pattern(path: Path, output: Output, sides: tuple[int, ...] | None) -> np.ndarray:
    found = re.findall(str(output.pattern), _text_of(path), re.MULTILINE)
    if not found:
        raise ValueError(f"nothing matches the pattern '{output.pattern}'")
    numbers = [_number(text) for text in (found if output.every else found[-1:])]
    return np.array(numbers if output.every else numbers[0], output.dtype or "float64")


def _number(text: str) -> complex | float | int:
    text = _FORTRAN_EXPONENT.sub("e", text.strip())
    for kind in (int, float, complex):
        try:
            return kind(text)
        except ValueError:
            continue
    raise ValueError(f"the pattern finds '{text:.60}', which is not a number")


def _table(delimiter: str | None) -> Callable[[Path, Output, tuple[int, ...] | None], np.ndarray]:
    def read(path: Path, output: Output, sides: tuple[int, ...] | None) -> np.ndarray:
        lines = [line for line in _FORTRAN_EXPONENT.sub("e", _text_of(path)).splitlines() if line.strip()]
        if not lines:
            raise ValueError("it is empty")
        headings = [cell.strip().strip('"') for cell in lines[0].lstrip("# \t").split(delimiter)]
        rows = [line for line in lines if not line.lstrip().startswith("#")]
        if rows and rows[0] is lines[0] and not _is_number(headings[0]):
            del rows[0]
        if not rows:
            raise ValueError("it has no rows of numbers")
        column = output.column
        if isinstance(column, str):
            column = headings.index(_known(column, headings))
        array = np.loadtxt(
            rows, output.dtype or "float64", delimiter=delimiter, usecols=column, ndmin=1 if column is not None else 2
        )
        return array[:, 0] if array.ndim == 2 and array.shape[1] == 1 else array

    return read


def _is_number(text: str) -> bool:
    try:
        _number(text)
    except ValueError:
        return False
    return True


def _json(path: Path, output: Output, sides: tuple[int, ...] | None) -> np.ndarray:
    try:
        value = json.loads(_text_of(path))
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    for step in output.path.split(".") if output.path else ():
        if isinstance(value, dict):
            value = value[_known(step, list(value))]
        elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            raise ValueError(f"nothing stands under '{output.path}'")
    return np.array(value, output.dtype) if output.dtype else np.array(value)


def _known(name: str, names: list[str]) -> str:
    if name not in names:
        raise ValueError(f"it has no '{name}'{did_you_mean(name, names)}")
    return name


_READERS: Mapping[Format, Callable[[Path, Output, tuple[int, ...] | None], np.ndarray]] = {
    "raw": _raw,
    "fortran": _fortran,
    "npy": _npy,
    "npz": _npz,
    "text": _table(None),
    "csv": _table(","),
    "hdf5": _hdf5,
    "netcdf": _netcdf,
    "json": _json,
    "picture": _picture,
    "pattern": _pattern,
}
