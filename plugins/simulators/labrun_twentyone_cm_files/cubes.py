"""Opening a cube, of whatever kind its file is, and looking whether it can be what it is said to be."""

from __future__ import annotations

from collections.abc import Mapping
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
PLAUSIBLE = {"brightness_temperature": (-1e5, 1e5), "density": (-1.001, 1e6), "neutral_fraction": (-0.001, 1.001)}
"""Limits beyond which a cube cannot be what it is called [mK, dimensionless, dimensionless]: those of nature, with room for rounding."""
MEAN_TOLERANCE = 1e-3
"""The mean neutral fraction in a name and that of its cube: sums of single precision may differ so much."""
COMPRESSED = {b"\x1f\x8b": "gzip", b"PK": "zip", b"BZh": "bzip2", b"\xfd7z": "xz"}


def open_cube(path: Path, array: str, dataset: str = "") -> tuple[Cube, Facts]:
    """The cube `array` of a file, three axes, and what attributes tell of it. It is mapped into memory where that is possible.

    Raises:
        ValueError: the file holds something else, or broke off.
    """
    with path.open("rb") as stream:
        head = stream.read(512)
    if h5py.is_hdf5(path):
        return _open_hdf5(path, array, dataset)
    if dataset:
        raise ValueError(f"dataset='{dataset}' names an array within an HDF5 file, but '{path}' is none: leave it out")
    if head.startswith(b"\x93NUMPY"):
        return _open_npy(path), Facts()
    _expect_binary(path, head)
    return _open_binary(path, facts_of_name(path).cells), Facts()


def map_dataset(path: Path, dataset: h5py.Dataset) -> Cube:
    """An array of an HDF5 file as float32: mapped where it lies there as it does in memory, else read.

    Raises:
        ValueError: it has not three axes, holds other things than real numbers, or is damaged.
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
    """An HDF5 file, opened to be read.

    Raises:
        ValueError: it is none, or broke off.
    """
    if not h5py.is_hdf5(path):
        raise ValueError(f"'{path}' is no HDF5 file")
    try:
        return open_hdf5(path)
    except OSError as error:
        raise ValueError(f"the HDF5 file '{path}' is damaged (a download that broke off?): {error}") from error


def expect_alike(cubes: Mapping[str, Cube], cells: float | None) -> None:
    """Cubes of one member, by their files, must be of one shape, and as many cells wide as the names tell.

    Raises:
        ValueError: they are not.
    """
    shapes = {path: cube.shape for path, cube in cubes.items()}
    for path, shape in shapes.items():
        first = next(iter(shapes))
        if shape != shapes[first]:
            raise ValueError(
                f"the cubes of one member must be of one shape: '{first}' has {shapes[first]}, '{path}' {shape}"
            )
        if cells is not None and shape[0] != cells:
            raise ValueError(f"'{path}' holds an array of {shape}, but a name tells {cells:g} cells along each side")


def expect_values(path: Path, array: str, cube: Cube, mean_neutral_fraction: float | None = None) -> None:
    """Refuse values that a cube of this kind cannot hold, or that contradict the neutral fraction in the name.

    Raises:
        ValueError: it holds NaN or infinities, values out of range (big-endian numbers, say), or another neutral fraction.
    """
    low, high = PLAUSIBLE[array]
    with np.errstate(invalid="ignore"):  # signalling NaNs are among what is looked for
        least, most = float(cube.min()), float(cube.max())
    if low <= least and most <= high:
        return _expect_neutral_fraction(path, array, cube, most, mean_neutral_fraction)
    with np.errstate(invalid="ignore"):
        turned = cube.byteswap()
        if low <= turned.min() and turned.max() <= high:
            raise ValueError(
                f"'{path}' holds big-endian numbers: expected little-endian float32; convert them with "
                "numpy.fromfile(path, '>f4').astype('<f4')"
            )
        wrong = int(np.count_nonzero(~np.isfinite(cube)))
    if wrong:
        raise ValueError(f"'{path}' holds NaN or infinity in {wrong:,} of {cube.size:,} cells: expected finite numbers")
    raise ValueError(
        f"'{path}' holds values from {least:.4g} to {most:.4g}; expected a {array.replace('_', ' ')} between {low:g} and {high:g}: it is "
        "another array, or of another unit or type"
    )


def _expect_neutral_fraction(path: Path, array: str, cube: Cube, most: float, told: float | None) -> None:
    if told is None:
        return
    if array == "brightness_temperature" and most == 0 and not cube.any() and told > MEAN_TOLERANCE:
        raise ValueError(
            f"'{path}' is 0 everywhere, which is an ionized sky, but a name tells a neutral fraction of {told:g}"
        )
    if array == "neutral_fraction" and abs((mean := cube.mean(dtype=np.float64)) - told) > MEAN_TOLERANCE:
        raise ValueError(
            f"'{path}' has the mean {mean:.6f}, but a name tells a neutral fraction of {told:.6f}: not its own name"
        )


def _expect_binary(path: Path, head: bytes) -> None:
    if not head:
        raise ValueError(f"'{path}' is empty: expected a cube")
    for magic, kind in COMPRESSED.items():
        if head.startswith(magic):
            raise ValueError(f"'{path}' is packed ({kind}): unpack it first")
    with suppress(UnicodeDecodeError):
        text = head.decode("ascii")
        if all(character.isprintable() or character.isspace() for character in text):
            raise ValueError(f"'{path}' is a text, beginning '{text[:20].strip()}': expected a cube of binary numbers")


def _open_binary(path: Path, cells: float | None) -> Cube:
    """float32, little endian, C order: index = z + N (y + N x)."""
    size = path.stat().st_size
    cells_along = int(cells) if cells else round((size / SINGLE.itemsize) ** (1 / 3))
    expected = SINGLE.itemsize * cells_along**3
    if size == expected:
        return np.memmap(path, SINGLE, "r", shape=(cells_along,) * 3)
    if cells is None:
        raise ValueError(
            f"'{path}' holds {size:,} bytes, which is not 4·N³ for any N: expected N³ float32 (its name tells no N either), .npy or HDF5"
        )
    raise ValueError(
        f"'{path}' holds {size:,} bytes; expected 4·{cells_along}³ = {expected:,}, float32, as its name tells: "
        f"{_about_size(size, cells_along)}"
    )


def _about_size(size: int, cells: int) -> str:
    """What a file of the wrong size probably is."""
    if size == 8 * cells**3:
        return "it has the size of float64; convert it, or save it as .npy"
    if size == 4 * cells**2 * (2 * (cells // 2 + 1)):
        return "it has the size of Fourier modes, complex numbers on half of k-space, which is no cube"
    if size < 4 * cells**3:
        return f"{size / (4 * cells**3):.1%} of it is there, as of a download that broke off; fetch it again"
    return "it is another file than its name tells"


def _open_npy(path: Path) -> Cube:
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except DAMAGE as error:
        raise ValueError(f"'{path}' is no whole .npy file of numbers: {error}") from error
    _expect_real(f"'{path}'", array.shape, array.dtype)
    return array if array.dtype == SINGLE else _single(array)


def _open_hdf5(path: Path, array: str, dataset: str) -> tuple[Cube, Facts]:
    with open_file(path) as file:
        chosen = _chosen(path, file, array, dataset)
        told = single_values(file) | single_values(chosen)
        facts = {name: float(told[name]) for name in ("redshift", "box") if name in told}
        return map_dataset(path, chosen), Facts(**facts)


def _chosen(path: Path, file: h5py.File, array: str, dataset: str) -> h5py.Dataset:
    found = [item for item in datasets_in(file) if item.ndim == 3]
    by_name = {item.name.lstrip("/"): item for item in found}
    wanted = dataset.lstrip("/") or array
    if wanted in by_name:
        return by_name[wanted]
    if len(found) == 1 and not dataset:
        return found[0]
    has = ", ".join(by_name) or "none of three axes"
    remedy = "" if dataset else ": name the right one as 'dataset', or a file of 21cmFAST 3 or 4 as 'file'"
    raise ValueError(f"'{path}' holds no array '{wanted}' of three axes; it has {has}{remedy}")


def _expect_real(what: str, shape: tuple[int, ...], dtype: np.dtype) -> None:
    if len(shape) != 3 or 0 in shape or dtype.kind not in "fiu":
        raise ValueError(f"{what} is an array of {shape}, {dtype}; expected real numbers, (N, N, N), or (N, N, planes)")


def _single(array: NDArray) -> Cube:
    with np.errstate(over="ignore"):  # becomes an infinity, which is told
        return np.asarray(array, np.float32)
