"""New data for a trained model: an ensemble of a run, arrays in .npy, .npz or HDF5, pictures."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from labrun.examples import ArraySpec, Examples
from labrun.faults import LabrunError, did_you_mean
from labrun.trained import TrainedModel

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = ["NewData", "read_new_data"]

ARRAYS = (".npy", ".npz", ".h5", ".hdf5")
PICTURES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp")
COLOURED = ("RGB", "RGBA", "P", "CMYK", "YCbCr")
MEMBERS = "members.csv"

_Wanted: TypeAlias = tuple[int | None, ...]
_Adapter: TypeAlias = "Callable[[np.ndarray], np.ndarray]"
_Way: TypeAlias = "Callable[[tuple[int, ...], _Wanted], _Adapter | None]"
"""Makes an input of the model out of an example of a shape; None if that is not possible."""


@dataclass(frozen=True)
class NewData:
    """Examples without targets, and what is known of each: a table with one row an example."""

    examples: Examples
    table: pd.DataFrame
    batch_size: int
    """How many examples can be loaded at once: one, where they differ in size."""


@dataclass(frozen=True)
class _Reading:
    """One way to understand a source: examples of `shape`, loaded one by one."""

    shape: tuple[int, ...]
    load: Callable[[int], np.ndarray]
    table: pd.DataFrame
    alike: bool = True

    def word(self, i: int) -> str:
        """What to call an example."""
        file = f" ('{self.table['file'].iloc[i]}')" if "file" in self.table else ""
        return f"{self.table.index.name} {self.table.index[i]}{file}"


def read_new_data(path: Path, model: TrainedModel, array: str | None = None, still: bool = False) -> NewData:
    """Open what a model shall predict; examples are read when they are asked for.

    Args:
        path: the folder of a simulation in a run (`runs/gray_scott/simulations/scan`), a file `.npy`, `.npz` or HDF5 (one example, or
            many along the first axis), a picture or a folder of pictures. Arrays are taken as they are; pictures become
            grey values from 0 to 1, and their three colours are three frames where the model takes three.
        array: which array, where there are several.
        still: whether one frame stands for all that the model takes; a picture is then one frame, coloured or not.

    Raises:
        LabrunError: there is no such file or array, or the shape does not suit the model. Loading the examples raises it
            too, where a later one does not suit, or holds NaN or infinity.
    """
    if isinstance(model.spec.x, dict):
        raise LabrunError(
            f"the model '{model.name}' takes several inputs ({', '.join(model.spec.x)}): use it in a project"
        )
    try:
        if not path.exists():
            raise LabrunError(f"there is no file or folder '{path}'")
        readings = _readings(path, colours=model.spec.x.shape[-1:] == (3,) and not still, array=array)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        said = getattr(error, "strerror", None) or " ".join(str(error).split())
        raise LabrunError(f"cannot read '{path}': {said}") from error
    wanted = tuple(model.network.inputs[0].shape[1:])
    for way in _ways(
        still
    ):  # first for all readings: (9, 5, 3) is one example of three frames, not nine frames of 5 × 3
        for reading in readings:
            if way(reading.shape, wanted) is not None:
                return _new_data(reading, model, wanted, still, path)
    whole = f"the array in '{path}' has the shape {readings[-1].shape}"  # of an array there are two readings
    whose = whole if len(readings) > 1 else f"those in '{path}' have the shape {readings[0].shape}"
    raise LabrunError(_about_shapes(model, wanted, readings[0].shape, whose))


def _new_data(reading: _Reading, model: TrainedModel, wanted: _Wanted, still: bool, path: Path) -> NewData:
    import numpy as np

    assert isinstance(model.spec.x, ArraySpec)
    dtype = np.dtype(model.spec.x.dtype)

    def load_one(i: int) -> np.ndarray:
        x = reading.load(i)
        adapt = next((found for way in _ways(still) if (found := way(x.shape, wanted)) is not None), None)
        if adapt is None:
            raise LabrunError(
                _about_shapes(model, wanted, x.shape, f"{reading.word(i)} in '{path}' has the shape {x.shape}")
            )
        with np.errstate(over="ignore", invalid="ignore"):
            y = adapt(x).astype(dtype, copy=False)
        if not (np.isfinite(x).all() and np.isfinite(y).all()):
            problem = f"NaN, infinity, or numbers too large for {dtype}, of which a model can say nothing: leave it out"
            raise LabrunError(f"{reading.word(i)} in '{path}' holds {problem}")
        return y

    def load_x(indices: np.ndarray) -> np.ndarray:
        found = [load_one(int(i)) for i in indices]
        for i, x in zip(indices, found, strict=True):
            if x.shape != found[0].shape:
                problem = f"has the shape {x.shape}, but {reading.word(int(indices[0]))} has {found[0].shape}"
                raise LabrunError(f"{reading.word(int(i))} in '{path}' {problem}: give them one by one")
        return np.stack(found)

    examples = Examples.inputs_only(load_x, len(reading.table), path.name)
    return NewData(examples, reading.table, 32 if reading.alike else 1)


# -- what can be read ----------------------------------------------------------------------------------------------------------


def _readings(path: Path, colours: bool, array: str | None) -> list[_Reading]:
    if (path / MEMBERS).is_file():
        return [_ensemble(path, array)]
    if path.suffix.lower() in ARRAYS:
        return _arrays(_open_array(path, array))
    if pictures := _pictures(path):
        return [_from_pictures(pictures, colours)]
    kinds = ", ".join((*ARRAYS, *PICTURES))
    raise LabrunError(
        f"'{path}' is nothing that a model can be given: expected a file ({kinds}), a folder of pictures, or the folder of a "
        "simulation in a run, such as runs/gray_scott/simulations/scan"
    )


def _ensemble(path: Path, array: str | None) -> _Reading:
    import pandas as pd

    from labrun.parts import StoredMembers

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
    return _Reading(members.shape(numbers[0], name), lambda i: members.read(numbers[i], name), listed.loc[numbers])


def _open_array(path: Path, name: str | None) -> Any:
    import h5py
    import numpy as np

    if path.suffix.lower() in (".npy", ".npz"):
        with path.open("rb") as stream:
            if stream.read(2) != b"PK":  # no archive
                return np.load(path, mmap_mode="r", allow_pickle=False)
            stream.seek(0)
            with np.load(stream, allow_pickle=False) as archive:
                return np.asarray(archive[_chosen(name, list(archive), path)])
    file = h5py.File(path, "r", locking=False)  # open as long as its dataset is read from
    names: list[str] = []
    file.visititems(lambda key, item: names.append(key) if isinstance(item, h5py.Dataset) else None)
    return file[_chosen(name, names, path)]


def _arrays(values: Any) -> list[_Reading]:
    """An array is many examples along its first axis, or one."""
    import numpy as np

    _expect_numbers(values.dtype)
    shape = tuple(values.shape)
    if 0 in shape or not shape:
        raise ValueError(f"it holds no examples: its shape is {shape}")
    many = _Reading(shape[1:], lambda i: np.asarray(values[i]), _numbered(shape[0]))
    return [many, _Reading(shape, lambda i: np.asarray(values[...]), _numbered(1))]


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


def _from_pictures(paths: list[Path], colours: bool) -> _Reading:
    from PIL import Image

    sizes = set()
    for path in paths:
        try:
            with Image.open(path) as picture:
                sizes.add(picture.size)
        except (OSError, Image.DecompressionBombError) as error:
            raise LabrunError(f"cannot read the picture '{path}': {error}") from error
    table = _numbered(len(paths))
    table["file"] = [path.name for path in paths]
    return _Reading(
        _read_picture(paths[0], colours).shape, lambda i: _read_picture(paths[i], colours), table, len(sizes) == 1
    )


def _read_picture(path: Path, colours: bool) -> np.ndarray:
    """A picture as float32 from 0 to 1: (height, width, 1), or (height, width, 3) if it has colours and they are wanted."""
    import numpy as np
    from PIL import Image

    try:
        with Image.open(path) as picture:
            if picture.mode in ("I", "F"):
                raise LabrunError(
                    f"the picture '{path}' holds numbers of 32 bits, and nothing tells which of them is white: give it as .npy"
                )
            if picture.mode.startswith("I;16"):  # convert would cut them off at 255
                return np.asarray(picture).astype(np.float32)[..., None] / 65535
            rgb = colours and picture.mode in COLOURED
            values = np.asarray(picture.convert("RGB" if rgb else "L"), dtype=np.float32) / 255
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:  # all of them for damaged files
        raise LabrunError(f"cannot read the picture '{path}': {error}") from error
    return values if rgb else values[..., None]


def _numbered(count: int) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(index=pd.RangeIndex(count, name="example"))


# -- whether it suits the model ------------------------------------------------------------------------------------------------


def _ways(still: bool) -> tuple[_Way, ...]:
    return (_as_it_is, _repeat_last_axis, _repeat_on_new_axis) if still else (_as_it_is,)


def _as_it_is(shape: tuple[int, ...], wanted: _Wanted) -> _Adapter | None:
    return (lambda x: x) if _fits(shape, wanted) else None


def _repeat_last_axis(shape: tuple[int, ...], wanted: _Wanted) -> _Adapter | None:
    frames = wanted[-1] if wanted else None
    if frames is None or shape[-1:] != (1,) or not _fits((*shape[:-1], frames), wanted):
        return None
    return lambda x: x.repeat(frames, axis=-1)


def _repeat_on_new_axis(shape: tuple[int, ...], wanted: _Wanted) -> _Adapter | None:
    frames = wanted[-1] if wanted else None
    if frames is None or not _fits((*shape, frames), wanted):
        return None
    return lambda x: x[..., None].repeat(frames, axis=-1)


def _fits(shape: tuple[int, ...], wanted: _Wanted) -> bool:
    return len(shape) == len(wanted) and all(w in (None, s) for s, w in zip(shape, wanted, strict=True))


def _about_shapes(model: TrainedModel, wanted: _Wanted, shape: tuple[int, ...], whose: str) -> str:
    words = ", ".join("any" if size is None else str(size) for size in wanted) + ("," if len(wanted) == 1 else "")
    trained = model.spec.x.shape if isinstance(model.spec.x, ArraySpec) else ()
    if len(wanted) > 1 and wanted[-1] not in (None, 1) and (len(shape) < len(wanted) or shape[-1] == 1):
        advice = (
            f"The model looks at {wanted[-1]} frames of a pattern, one after the other on the last axis; where there is one "
            "frame only, and the pattern stands still, --still takes it for all"
        )
    else:
        advice = "Give one example of that shape, or an array of several along an axis of their own, the first"
    return f"the model '{model.name}' takes examples of shape ({words}) and was trained on {trained}; {whose}. {advice}"
