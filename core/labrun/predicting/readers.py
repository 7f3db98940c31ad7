"""Read new examples for a trained model: an ensemble of a run, arrays in .npy, .npz or HDF5, pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labrun.faults import LabrunError, did_you_mean
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
    if (path / MEMBERS).is_file():
        return _ensemble(path, array)
    if path.suffix.lower() in ARRAYS:
        return _arrays(_open_array(path, array))
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
    members = StoredMembers.found_in(path / "parts")
    numbers = members.numbers
    if not numbers:
        raise LabrunError(f"the simulation in '{path}' has no members")
    name = _chosen(array, members.names(numbers[0]), path)
    _expect_numbers(members.read(numbers[0], name).dtype)
    # a class may be called 'NA' or 'null'
    listed = pd.read_csv(path / MEMBERS, index_col="member", keep_default_na=False, na_values=[""])
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


def _open_array(path: Path, name: str | None) -> Any:
    import numpy as np

    from labrun.files.arrays import arrays_in
    from labrun.files.hdf5 import datasets_in, open_hdf5

    if path.suffix.lower() in (".npy", ".npz"):
        with path.open("rb") as stream:
            is_archive = stream.read(2) == b"PK"
        if not is_archive:
            with _expecting_numbers():
                return np.load(path, mmap_mode="r", allow_pickle=False)
        expect_archive(path)
        with np.load(path, allow_pickle=False) as archive, _expecting_numbers():
            return np.asarray(archive[_chosen(name, arrays_in(archive), path)])
    file = open_hdf5(path)  # stays open while its dataset is read
    known = {dataset.name.lstrip("/"): dataset for dataset in datasets_in(file)}
    return known[_chosen(name, list(known), path)]


@contextmanager
def _expecting_numbers() -> Iterator[None]:
    """Explain NumPy's refusal of an array of Python objects, whose file may hold code."""
    try:
        yield
    except ValueError as error:
        if "Object arrays" not in str(error) and "Python objects" not in str(error):
            raise
        raise ValueError(f"it holds Python objects (masked values, or rows of unlike length), {REMEDY}") from error


def _arrays(values: Any) -> list[Reading]:
    """Take an array as many examples along its first axis, or as one."""
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

    many = Reading(shape[1:], lambda i: load(i, values.nbytes // shape[0]), _numbered(shape[0]))
    return [many, Reading(shape, lambda i: load(..., values.nbytes), _numbered(1))]


def _expect_numbers(dtype: np.dtype) -> None:
    if dtype.kind == "c":
        raise ValueError(
            f"it holds complex numbers ({dtype}), and models take real ones: save what the model was trained on, their real part or modulus"
        )
    if dtype.kind not in "biuf":
        raise ValueError(f"it holds {dtype}, {REMEDY}")


def _chosen(name: str | None, known: list[str], path: Path) -> str:
    if name is None and len(known) == 1:
        return known[0]
    if name is None:
        more = ", …" if len(known) > 10 else ""
        held = (
            f"{len(known)} arrays ({', '.join(known[:10])}{more}): say which with --array NAME" if known else "no array"
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
