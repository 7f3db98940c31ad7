"""Read new examples for a trained model: an ensemble of a run, arrays in .npy, .npz or HDF5, pictures."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labrun.contracts.examples import ArraySpec
from labrun.faults import LabrunError, did_you_mean
from labrun.files.guarded import GuardedPath
from labrun.files.limits import expect_archive, expect_memory
from labrun.kit.pictures import SUFFIXES, grey_or_rgb, has_colours, open_picture, page_count
from labrun.records.run_folder import MEMBERS

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from PIL.Image import Image

__all__ = ["Reading", "readings"]

ARRAYS = (".npy", ".npz", ".h5", ".hdf5")
MISSING = ("_FillValue", "missing_value")
"""Attributes by which netCDF marks values that are missing."""
OWN_COLUMNS = ("file", "page")
"""Columns of the table of pictures."""
REMEDY = "not real numbers: save it as numbers, as with array.astype(np.float32)"


@dataclass(frozen=True)
class Reading:
    """One way to understand a source: examples of `shape`, loaded one by one, and a table with one row an example."""

    shape: tuple[int, ...]
    load: Callable[[int], np.ndarray]
    table: pd.DataFrame
    alike: bool = True
    """Whether all examples have one size."""
    skipped: tuple[str, ...] = ()
    """Names of files beside the pictures of a folder that are not pictures."""

    def word(self, i: int) -> str:
        """Name an example in messages."""
        row = self.table.iloc[i]
        page = f", page {row['page']}" if "page" in self.table else ""
        file = f" ('{row['file']}'{page})" if "file" in self.table else ""
        return f"{self.table.index.name} {self.table.index[i]}{file}"


def readings(path: Path, colours: bool, array: str | None) -> list[Reading]:
    """List the ways to understand the file or folder `path`, the likelier first.

    Args:
        path: what a person wants predicted.
        colours: whether the three colours of a picture are three frames.
        array: which of several arrays is meant.

    Raises:
        LabrunError: it cannot be read as examples, or `array` names none of its arrays.
        labrun.files.limits.DAMAGE: it is damaged.
    """
    if (GuardedPath(path) / MEMBERS).is_there():
        return _ensemble(path, array)
    if path.suffix.lower() in ARRAYS:
        return _arrays(*_open_array(path, array))
    pictures, skipped = _pictures(path)
    if pictures:
        return [_from_pictures(pictures, colours, skipped)]
    kinds = ", ".join((*ARRAYS, *SUFFIXES))
    raise LabrunError(
        f"'{path}' cannot be read as examples: expected a file ({kinds}), a folder of pictures, or the folder of a simulation in a run, "
        "such as runs/gray_scott/simulations/scan"
    )


def _ensemble(path: Path, array: str | None) -> list[Reading]:
    """Take each member as an example, or as many along its first axis, as a trajectory has snapshots."""
    import numpy as np
    import pandas as pd

    from labrun.store.parts import StoredMembers
    from labrun.store.store import expect_intact

    expect_intact(path)
    own = GuardedPath(path)
    members = StoredMembers.found_in(own / "parts")
    numbers = members.numbers
    if not numbers:
        raise LabrunError(f"the simulation in '{path}' has no members")
    shapes = {name: members.shape(numbers[0], name) for name in members.names(numbers[0])}
    name = _chosen(array, {one: ArraySpec(shape, "") for one, shape in shapes.items()}, path)
    _expect_numbers(members.read(numbers[0], name).dtype)
    # a class may be called 'NA' or 'null'
    with (own / MEMBERS).opened("r", encoding="utf-8") as stream:
        listed = pd.read_csv(stream, index_col="member", keep_default_na=False, na_values=[""])
    unlisted = sorted(set(numbers) - set(listed.index))
    if unlisted or not listed.index.is_unique:
        raise ValueError(
            f"its {MEMBERS} does not list each member once" + (f" (not {unlisted[0]})" if unlisted else "")
        )
    table = listed.loc[numbers]
    shape = members.shape(numbers[0], name)
    whole = Reading(shape, lambda i: members.read(numbers[i], name), table)
    counts = [members.shape(number, name)[0] if shape else 0 for number in numbers]
    if not sum(counts):
        return [whole]
    member_of, place_of = np.repeat(numbers, counts), np.concatenate([np.arange(count) for count in counts])
    within = table.loc[member_of].reset_index().assign(place=place_of).rename_axis("example")
    return [whole, Reading(shape[1:], lambda i: members.read(int(member_of[i]), name, int(place_of[i])), within)]


def _open_array(path: Path, name: str | None) -> tuple[Any, dict[str, np.ndarray]]:
    """Return an array of a file, and the arrays beside it that hold one entry for each of its rows: labels or parameters of examples."""
    import h5py
    import numpy as np

    from labrun.files.hdf5 import datasets_in, open_hdf5

    if path.suffix.lower() in (".npy", ".npz"):
        with path.open("rb") as stream:
            is_archive = stream.read(2) == b"PK"
        if not is_archive:
            with _expecting_numbers():
                return np.load(path, mmap_mode="r", allow_pickle=False), {}
        expect_archive(path)
        with np.load(path, allow_pickle=False) as archive, _expecting_numbers():
            headers = _headers(path)
            chosen = _chosen(name, headers, path)
            return np.asarray(archive[chosen]), {one: archive[one] for one in _beside(chosen, headers)}
    file = open_hdf5(path)  # stays open while its dataset is read
    known = {dataset.name.lstrip("/"): dataset for dataset in datasets_in(file)}
    headers = {one: ArraySpec(dataset.shape or (), dataset.dtype.str) for one, dataset in known.items()}
    chosen = _chosen(name, headers, path)
    texts = {one for one, dataset in known.items() if h5py.check_string_dtype(dataset.dtype)}
    beside = _beside(chosen, headers, texts)
    return known[chosen], {one: known[one].asstr()[...] if one in texts else known[one][...] for one in beside}


def _headers(path: Path) -> dict[str, ArraySpec]:
    """Return the shape and type of each array in a .npz file, without reading it."""
    from numpy.lib import format as npy

    from labrun.files.arrays import arrays_in

    headers = {}
    with zipfile.ZipFile(path) as archive:
        for name in arrays_in(entry.removesuffix(".npy") for entry in archive.namelist()):
            headers[name] = ArraySpec((), "O")
            if f"{name}.npy" in archive.namelist():  # else it is not an array, which reading it will say
                with archive.open(f"{name}.npy") as stream:
                    read = npy.read_array_header_1_0 if npy.read_magic(stream) == (1, 0) else npy.read_array_header_2_0
                    shape, _, dtype = read(stream)
                    headers[name] = ArraySpec(shape, dtype.str)
    return headers


def _beside(chosen: str, headers: Mapping[str, ArraySpec], texts: Collection[str] = ()) -> list[str]:
    """List the arrays of numbers and texts with one axis as long as the first of the chosen array."""
    rows = headers[chosen].shape[:1]
    others = {name: header for name, header in headers.items() if name != chosen and rows and header.shape == rows}
    return [name for name, header in others.items() if name in texts or header.dtype[1] in "biufU"]


@contextmanager
def _expecting_numbers() -> Iterator[None]:
    """Explain NumPy's refusal of an array of Python objects, whose file may hold code."""
    try:
        yield
    except ValueError as error:
        if "Object arrays" not in str(error) and "Python objects" not in str(error):
            raise
        raise ValueError(f"it holds Python objects (masked values, or rows of unlike length), {REMEDY}") from error


def _arrays(values: Any, beside: Mapping[str, np.ndarray]) -> list[Reading]:
    """Take an array as many examples along its first axis, or as one. Arrays beside it are columns of the many."""
    import numpy as np

    _expect_numbers(values.dtype)
    shape = tuple(values.shape)
    if 0 in shape or not shape:
        raise ValueError(f"it holds no examples: its shape is {shape}")

    marks = [mark for mark in map(getattr(values, "attrs", {}).get, MISSING) if mark is not None]

    def load(selection: Any, size: int) -> np.ndarray:
        expect_memory("an example", size)
        found = np.asarray(values[selection])
        if any(np.isin(found, mark).any() for mark in marks):
            raise LabrunError(
                f"'{values.name}' in '{values.file.filename}' has missing values, equal to its {' or '.join(MISSING)}: fill them, or leave "
                "their examples out"
            )
        return found

    columns = {f"given_{name}" if name in OWN_COLUMNS else name: column for name, column in beside.items()}
    table = _numbered(shape[0]).assign(**columns)
    many = Reading(shape[1:], lambda i: load(i, values.nbytes // shape[0]), table)
    return [many, Reading(shape, lambda i: load(..., values.nbytes), _numbered(1))]


def _expect_numbers(dtype: np.dtype) -> None:
    if dtype.kind == "c":
        raise ValueError(
            f"it holds complex numbers ({dtype}), and models take real ones: save what the model was trained on, their real part or modulus"
        )
    if dtype.kind not in "biuf":
        raise ValueError(f"it holds {dtype}, {REMEDY}")


def _chosen(name: str | None, known: Mapping[str, ArraySpec], path: Path) -> str:
    """Return the array that is named, or the only one, or the only one with several axes."""
    if name is None:
        whole = [one for one, header in known.items() if len(header.shape) > 1]
        for candidates in (list(known), whole):
            if len(candidates) == 1:
                return candidates[0]
        more = ", …" if len(known) > 10 else ""
        held = (
            f"{len(known)} arrays ({', '.join(list(known)[:10])}{more}): say which with --array NAME"
            if known
            else "no array"
        )
        raise LabrunError(f"'{path}' holds {held}")
    if name not in known:
        raise LabrunError(f"'{path}' holds no array '{name}'{did_you_mean(name, known)}")
    return name


def _pictures(path: Path) -> tuple[list[Path], list[str]]:
    """Find the pictures at `path`, and the names of other files beside them. Hidden files do not count."""
    if not path.is_dir():
        return ([path] if path.suffix.lower() in SUFFIXES else []), []
    # macOS writes '._x.png' beside x.png on disks of other systems
    files = [one for one in sorted(path.iterdir()) if one.is_file() and not one.name.startswith(".")]
    pictures = [one for one in files if one.suffix.lower() in SUFFIXES]
    return pictures, [one.name for one in files if one not in pictures]


def _from_pictures(paths: list[Path], colours: bool, skipped: list[str]) -> Reading:
    """Take each picture as an example, and of a file with several pages each page."""
    sizes, pages = set(), []
    for path in paths:
        with _readable(path) as picture:
            pages += [(path, page) for page in range(page_count(picture))]
            sizes.add(picture.size)
    table = _numbered(len(pages))
    table["file"] = [path.name for path, _ in pages]
    if len(pages) > len(paths):
        table["page"] = [page + 1 for _, page in pages]

    def load(i: int) -> np.ndarray:
        return _read_page(*pages[i], colours)

    return Reading(load(0).shape, load, table, len(sizes) == 1, tuple(skipped))


def _read_page(path: Path, page: int, colours: bool) -> np.ndarray:
    """Return a page as float32 from 0, black, to 1, white: (height, width, 1), or (height, width, 3) if it has colours and they are
    wanted."""
    import numpy as np

    with _readable(path) as picture:
        picture.seek(page)
        rgb = colours and has_colours(picture)
        values = grey_or_rgb(picture, "rgb" if rgb else "grey").astype(np.float32) / 255
    return values if rgb else values[..., None]


@contextmanager
def _readable(path: Path) -> Iterator[Image]:
    """Open a picture.

    Raises:
        LabrunError: it cannot be read.
    """
    try:
        with open_picture(path) as picture:
            yield picture
    except ValueError as error:
        raise LabrunError(str(error)) from error


def _numbered(count: int) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(index=pd.RangeIndex(count, name="example"))
