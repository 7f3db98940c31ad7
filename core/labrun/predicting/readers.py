"""What can be read as examples for a trained model: an ensemble of a run, arrays in .npy, .npz or HDF5, pictures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labrun.faults import LabrunError, did_you_mean
from labrun.files.limits import expect_archive, expect_memory
from labrun.kit.pictures import open_picture
from labrun.records.run_folder import MEMBERS

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = ["Reading", "readings"]

ARRAYS = (".npy", ".npz", ".h5", ".hdf5")
PICTURES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp")
COLOURED = ("RGB", "RGBA", "P", "CMYK", "YCbCr")


@dataclass(frozen=True)
class Reading:
    """One way to understand a source: examples of `shape`, loaded one by one."""

    shape: tuple[int, ...]
    load: Callable[[int], np.ndarray]
    table: pd.DataFrame
    alike: bool = True
    """Whether all examples have one size."""

    def word(self, i: int) -> str:
        """What to call an example."""
        file = f" ('{self.table['file'].iloc[i]}')" if "file" in self.table else ""
        return f"{self.table.index.name} {self.table.index[i]}{file}"


def readings(path: Path, colours: bool, array: str | None) -> list[Reading]:
    """The ways to understand what lies at `path`, the likelier first. `colours` says whether the three colours of a picture are
    its frames, `array` which of several arrays is meant.

    Raises:
        LabrunError: it is nothing that can be read, or `array` names none of its arrays.
        labrun.files.limits.DAMAGE: it is damaged.
    """
    if (path / MEMBERS).is_file():
        return _ensemble(path, array)
    if path.suffix.lower() in ARRAYS:
        return _arrays(_open_array(path, array))
    if pictures := _pictures(path):
        return [_from_pictures(pictures, colours)]
    kinds = ", ".join((*ARRAYS, *PICTURES))
    raise LabrunError(
        f"'{path}' is nothing that a model can be given: expected a file ({kinds}), a folder of pictures, or the folder of a "
        "simulation in a run, such as runs/gray_scott/simulations/scan"
    )


def _ensemble(path: Path, array: str | None) -> list[Reading]:
    """Each member is an example, or has many along its first axis, as a trajectory has snapshots."""
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

    from labrun.files.hdf5 import datasets_in, open_hdf5

    if path.suffix.lower() in (".npy", ".npz"):
        with path.open("rb") as stream:
            if stream.read(2) != b"PK":  # no archive
                return np.load(path, mmap_mode="r", allow_pickle=False)
        expect_archive(path)
        with np.load(path, allow_pickle=False) as archive:
            return np.asarray(archive[_chosen(name, list(archive), path)])
    file = open_hdf5(path)  # open as long as its dataset is read from
    known = {dataset.name.lstrip("/"): dataset for dataset in datasets_in(file)}
    return known[_chosen(name, list(known), path)]


def _arrays(values: Any) -> list[Reading]:
    """An array is many examples along its first axis, or one."""
    import numpy as np

    _expect_numbers(values.dtype)
    shape = tuple(values.shape)
    if 0 in shape or not shape:
        raise ValueError(f"it holds no examples: its shape is {shape}")

    def load(selection: Any, size: int) -> np.ndarray:
        expect_memory("an example", size)
        return np.asarray(values[selection])

    many = Reading(shape[1:], lambda i: load(i, values.nbytes // shape[0]), _numbered(shape[0]))
    return [many, Reading(shape, lambda i: load(..., values.nbytes), _numbered(1))]


def _expect_numbers(dtype: np.dtype) -> None:
    if dtype.kind not in "biuf":
        raise ValueError(f"it holds {dtype}, not real numbers")


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


def _pictures(path: Path) -> list[Path]:
    candidates = sorted(path.iterdir()) if path.is_dir() else [path]
    # macOS lays '._x.png' beside x.png on foreign disks
    return [one for one in candidates if one.suffix.lower() in PICTURES and one.is_file() and one.name[0] != "."]


def _from_pictures(paths: list[Path], colours: bool) -> Reading:
    sizes = set()
    for path in paths:
        try:
            with open_picture(path) as picture:
                sizes.add(picture.size)
        except ValueError as error:
            raise LabrunError(f"cannot read the picture '{path}': {error}") from error
    table = _numbered(len(paths))
    table["file"] = [path.name for path in paths]
    return Reading(
        _read_picture(paths[0], colours).shape, lambda i: _read_picture(paths[i], colours), table, len(sizes) == 1
    )


def _read_picture(path: Path, colours: bool) -> np.ndarray:
    """A picture as float32 from 0 to 1: (height, width, 1), or (height, width, 3) if it has colours and they are wanted."""
    import numpy as np

    try:
        with open_picture(path) as picture:
            if picture.mode in ("I", "F"):
                raise LabrunError(
                    f"the picture '{path}' holds numbers of 32 bits, and nothing tells which of them is white: give it as .npy"
                )
            if picture.mode.startswith("I;16"):  # convert would cut them off at 255
                return np.asarray(picture).astype(np.float32)[..., None] / 65535
            rgb = colours and picture.mode in COLOURED
            values = np.asarray(picture.convert("RGB" if rgb else "L"), dtype=np.float32) / 255
    except ValueError as error:
        raise LabrunError(f"cannot read the picture '{path}': {error}") from error
    return values if rgb else values[..., None]


def _numbered(count: int) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(index=pd.RangeIndex(count, name="example"))
