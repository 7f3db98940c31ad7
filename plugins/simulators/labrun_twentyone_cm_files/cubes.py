"""Open a cube, whatever the format of its file."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from labrun.files.hdf5 import datasets_in, open_hdf5, single_values
from labrun.files.limits import DAMAGE
from labrun_twentyone_cm_files.facts import Facts
from labrun_twentyone_cm_files.names import facts_of_name

Cube = NDArray[np.float32]

SINGLE = np.dtype("<f4")
COMPRESSED = {b"\x1f\x8b": "gzip", b"PK": "zip", b"BZh": "bzip2", b"\xfd7z": "xz"}


def open_cube(path: Path, array: str, dataset: str = "") -> tuple[Cube, Facts]:
    """Open the cube `array` of a file, three axes, mapped into memory where possible; and read the facts in its attributes.

    Raises:
        ValueError: the file holds something else, or is incomplete.
    """
    with path.open("rb") as stream:
        head = stream.read(512)
    if h5py.is_hdf5(path):
        return _open_hdf5(path, array, dataset)
    if dataset:
        raise ValueError(f"dataset='{dataset}' names an array in an HDF5 file, but '{path}' is not one: leave it out")
    if head.startswith(b"\x93NUMPY"):
        return _open_npy(path), Facts()
    _expect_binary(path, head)
    return _open_binary(path, facts_of_name(path).cells), Facts()


def map_dataset(path: Path, dataset: h5py.Dataset) -> Cube:
    """Return an array of an HDF5 file as float32: mapped if it is stored as it would lie in memory, else read.

    Raises:
        ValueError: it is not a cube of real numbers, or is damaged.
    """
    _expect_real(f"'{dataset.name}' in '{path}'", dataset.shape, dataset.dtype)
    start = dataset.id.get_offset()
    if start is not None and dataset.dtype == SINGLE:
        return np.memmap(path, SINGLE, "r", start, dataset.shape)
    try:
        return _single(dataset[()])
    except OSError as error:
        raise ValueError(f"'{dataset.name}' in '{path}' cannot be read, the file is damaged: {error}") from error


def open_file(path: Path) -> h5py.File:
    """Open an HDF5 file to read it.

    Raises:
        ValueError: it is not an HDF5 file, or is incomplete.
    """
    if not h5py.is_hdf5(path):
        raise ValueError(f"'{path}' is not an HDF5 file")
    try:
        return open_hdf5(path)
    except OSError as error:
        raise ValueError(f"the HDF5 file '{path}' is damaged (an incomplete download?): {error}") from error


def _expect_binary(path: Path, head: bytes) -> None:
    if not head:
        raise ValueError(f"'{path}' is empty: expected a cube")
    for magic, kind in COMPRESSED.items():
        if head.startswith(magic):
            raise ValueError(f"'{path}' is packed ({kind}): unpack it first")
    with suppress(UnicodeDecodeError):
        text = head.decode("ascii")
        if all(character.isprintable() or character.isspace() for character in text):
            raise ValueError(f"'{path}' is a text that begins with '{text[:20].strip()}': expected binary numbers")


def _open_binary(path: Path, cells: float | None) -> Cube:
    """Map a raw cube: float32, little endian, C order, index = z + N (y + N x)."""
    size = path.stat().st_size
    cells_along = int(cells) if cells else round((size / SINGLE.itemsize) ** (1 / 3))
    expected = SINGLE.itemsize * cells_along**3
    if size == expected:
        return np.memmap(path, SINGLE, "r", shape=(cells_along,) * 3)
    if cells is None:
        raise ValueError(
            f"'{path}' holds {size:,} bytes, which is not 4·N³ for any N: expected N³ float32 (its name has no N), .npy or HDF5"
        )
    raise ValueError(
        f"'{path}' holds {size:,} bytes; expected 4·{cells_along}³ = {expected:,}, float32, as its name says: "
        f"{_about_size(size, cells_along)}"
    )


def _about_size(size: int, cells: int) -> str:
    """Say what a file of the wrong size probably is."""
    if size == 8 * cells**3:
        return "it has the size of float64; convert it, or save it as .npy"
    if size in (cells**3, 2 * cells**3):
        return f"it has the size of numbers of {8 * size // cells**3} bits; convert it, or save it as .npy"
    if size == 4 * cells**2 * (2 * (cells // 2 + 1)):
        return "it has the size of Fourier modes, complex numbers on half of k-space, which are not a cube"
    if size < 4 * cells**3:
        return f"it holds {size / (4 * cells**3):.1%} of that, as of an incomplete download; fetch it again"
    return "it is another file than its name says"


def _open_npy(path: Path) -> Cube:
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except DAMAGE as error:
        raise ValueError(f"'{path}' is not a complete .npy file of numbers: {error}") from error
    _expect_real(f"'{path}'", array.shape, array.dtype)
    return array if array.dtype == SINGLE else _single(array)


def _open_hdf5(path: Path, array: str, dataset: str) -> tuple[Cube, Facts]:
    with open_file(path) as file:
        chosen = _chosen(path, file, array, dataset)
        attributes = single_values(file) | single_values(chosen)
        facts = {name: float(attributes[name]) for name in ("redshift", "box") if name in attributes}
        return map_dataset(path, chosen), Facts(**facts)


def _chosen(path: Path, file: h5py.File, array: str, dataset: str) -> h5py.Dataset:
    found = [item for item in datasets_in(file) if item.ndim == 3]
    by_name = {item.name.lstrip("/"): item for item in found}
    wanted = dataset.lstrip("/") or array
    if wanted in by_name:
        return by_name[wanted]
    if len(found) == 1 and not dataset:
        return found[0]
    has = ", ".join(by_name) or "none with three axes"
    remedy = "" if dataset else ": name the right one as 'dataset', or give a file of 21cmFAST 3 or 4 as 'file'"
    raise ValueError(f"'{path}' holds no array '{wanted}' with three axes; it has {has}{remedy}")


def _expect_real(what: str, shape: tuple[int, ...], dtype: np.dtype) -> None:
    if len(shape) != 3 or 0 in shape or dtype.kind not in "biuf":
        raise ValueError(f"{what} is an array of {shape}, {dtype}; expected real numbers, (N, N, N) or (N, N, planes)")
    if shape[0] != shape[1]:
        turn = "; move the line of sight to the last axis with numpy.moveaxis" if len(set(shape)) == 2 else ""
        raise ValueError(f"{what} is an array of {shape}; expected (N, N, N) or (N, N, planes){turn}")


def _single(array: NDArray) -> Cube:
    with np.errstate(over="ignore"):  # becomes infinity, which is refused later
        return np.asarray(array, np.float32)
