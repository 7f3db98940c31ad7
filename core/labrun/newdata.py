"""New data for a trained model: an ensemble of a run, arrays in .npy, .npz or HDF5, pictures."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labrun.examples import ArraySpec, Examples
from labrun.faults import LabrunError, did_you_mean
from labrun.trained import TrainedModel

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = ["NewData", "read_new_data"]

ARRAYS = (".npy", ".npz", ".h5", ".hdf5")
PICTURES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp")
MEMBERS = "members.csv"


@dataclass(frozen=True)
class NewData:
    """Examples without targets, and what is known of each: a table with one row an example."""

    examples: Examples
    table: pd.DataFrame


@dataclass(frozen=True)
class _Reading:
    """One way to understand a source: examples of `shape`, loaded one by one."""

    shape: tuple[int, ...]
    load: Callable[[int], np.ndarray]
    table: pd.DataFrame


def read_new_data(path: Path, model: TrainedModel, array: str | None = None, still: bool = False) -> NewData:
    """Open what a model shall predict; examples are read when they are asked for.

    Args:
        path: the folder of a simulation in a run (`runs/gray_scott/simulations/scan`), a file `.npy`, `.npz` or HDF5 (one example, or
            many along the first axis), a picture or a folder of pictures. Pictures become grey values from 0 to 1; their three
            colours are three frames where the model takes three.
        array: which array, where there are several.
        still: whether one frame stands for all that the model takes.

    Raises:
        LabrunError: there is no such file or array, or the shape does not suit the model.
    """
    if isinstance(model.spec.x, dict):
        raise LabrunError(f"the model '{model.name}' takes several inputs ({', '.join(model.spec.x)}): use it in a project")
    if not path.exists():
        raise LabrunError(f"there is no file or folder '{path}'")
    try:
        readings = _readings(path, model.spec.x, array)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise LabrunError(f"cannot read '{path}': {error}") from error
    for reading in readings:
        adapt = _adapter(reading.shape, model, still)
        if adapt is not None:
            return NewData(_examples(reading, adapt, model.spec.x.dtype, path.name), reading.table)
    raise LabrunError(_about_shapes(model, readings[0].shape, path))


def _examples(reading: _Reading, adapt: Callable[[np.ndarray], np.ndarray], dtype: str, name: str) -> Examples:
    import numpy as np

    def load_x(indices: np.ndarray) -> np.ndarray:
        return np.stack([adapt(reading.load(int(i))) for i in indices]).astype(dtype, copy=False)

    return Examples.inputs_only(load_x, len(reading.table), name)


# -- what can be read ----------------------------------------------------------------------------------------------------------


def _readings(path: Path, spec: ArraySpec, array: str | None) -> list[_Reading]:
    if (path / MEMBERS).is_file():
        return [_ensemble(path, array)]
    if path.suffix.lower() in ARRAYS:
        return _arrays(_open_array(path, array))
    if pictures := _pictures(path):
        return [_from_pictures(pictures, colours=spec.shape[-1:] == (3,))]
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
    table = pd.read_csv(path / MEMBERS).set_index("member").loc[numbers]
    return _Reading(members.shape(numbers[0], name), lambda i: members.read(numbers[i], name), table)


def _open_array(path: Path, name: str | None) -> Any:
    import h5py
    import numpy as np

    if path.suffix == ".npy":
        return np.load(path, mmap_mode="r", allow_pickle=False)
    if path.suffix == ".npz":
        with np.load(path, allow_pickle=False) as file:
            return file[_chosen(name, list(file), path)]
    file = h5py.File(path, "r")  # open as long as its dataset is read from
    found: list[str] = []
    file.visititems(lambda key, item: found.append(key) if isinstance(item, h5py.Dataset) else None)
    return file[_chosen(name, found, path)]


def _arrays(values: Any) -> list[_Reading]:
    """An array is many examples along its first axis, or one."""
    import numpy as np

    if values.dtype.kind not in "biuf":
        raise ValueError(f"it holds {values.dtype}, not numbers")
    shape = tuple(values.shape)
    if 0 in shape or not shape:
        raise ValueError(f"it holds no examples: its shape is {shape}")
    many = _Reading(shape[1:], lambda i: np.asarray(values[i]), _numbered(shape[0]))
    return [many, _Reading(shape, lambda i: np.asarray(values[...]), _numbered(1))]


def _chosen(name: str | None, known: list[str], path: Path) -> str:
    if name is None and len(known) == 1:
        return known[0]
    if name is None:
        held = f"{len(known)} arrays ({', '.join(known[:10])})" if known else "no array"
        raise LabrunError(f"'{path}' holds {held}: say which with --array NAME")
    if name not in known:
        raise LabrunError(f"'{path}' holds no array '{name}'{did_you_mean(name, known)}")
    return name


def _pictures(path: Path) -> list[Path]:
    candidates = sorted(path.iterdir()) if path.is_dir() else [path]
    return [one for one in candidates if one.suffix.lower() in PICTURES]


def _from_pictures(paths: list[Path], colours: bool) -> _Reading:
    def load(i: int) -> np.ndarray:
        import numpy as np
        from PIL import Image

        try:
            with Image.open(paths[i]) as picture:
                rgb = colours and picture.mode in ("RGB", "RGBA", "P", "CMYK", "YCbCr")
                values = np.asarray(picture.convert("RGB" if rgb else "L"), dtype=np.float32) / 255
        except (OSError, Image.DecompressionBombError) as error:
            raise LabrunError(f"cannot read the picture '{paths[i]}': {error}") from error
        return values if rgb else values[..., None]

    table = _numbered(len(paths))
    table["file"] = [path.name for path in paths]
    return _Reading(load(0).shape, load, table)


def _numbered(count: int) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(index=pd.RangeIndex(count, name="example"))


# -- whether it suits the model ------------------------------------------------------------------------------------------------


def _adapter(shape: tuple[int, ...], model: TrainedModel, still: bool) -> Callable[[np.ndarray], np.ndarray] | None:
    """What makes an input of the model out of an example of this shape; None if nothing does."""
    import numpy as np

    wanted = tuple(model.network.inputs[0].shape[1:])
    if _fits(shape, wanted):
        return lambda x: x
    frames = wanted[-1] if wanted else None
    if still and frames is not None:
        if _fits((*shape, frames), wanted):
            return lambda x: np.repeat(x[..., None], frames, axis=-1)
        if shape[-1:] == (1,) and _fits((*shape[:-1], frames), wanted):
            return lambda x: np.repeat(x, frames, axis=-1)
    return None


def _fits(shape: tuple[int, ...], wanted: tuple[int | None, ...]) -> bool:
    return len(shape) == len(wanted) and all(w in (None, s) for s, w in zip(shape, wanted, strict=True))


def _about_shapes(model: TrainedModel, shape: tuple[int, ...], path: Path) -> str:
    wanted = tuple(model.network.inputs[0].shape[1:])
    words = ", ".join("any" if size is None else str(size) for size in wanted)
    trained = model.spec.x.shape if isinstance(model.spec.x, ArraySpec) else ()
    advice = ""
    if wanted and wanted[-1] not in (None, 1) and (len(shape) < len(wanted) or shape[-1] == 1):
        advice = (
            f". The model looks at {wanted[-1]} frames of a pattern, one after the other on the last axis; where there is one "
            "frame only, and the pattern stands still, --still takes it for all"
        )
    return (
        f"the model '{model.name}' takes examples of shape ({words}) and was trained on {trained}; those in '{path}' have the "
        f"shape {shape}{advice}"
    )
