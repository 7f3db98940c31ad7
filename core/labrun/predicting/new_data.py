"""New data for a trained model: what was read, brought to the shape that its network takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from labrun.contracts.examples import ArraySpec, Examples
from labrun.contracts.trained import TrainedModel
from labrun.faults import LabrunError
from labrun.files.limits import DAMAGE
from labrun.predicting.readers import Reading, readings

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = ["NewData", "read_new_data"]

_Adapter: TypeAlias = "Callable[[np.ndarray], np.ndarray]"
_Way: TypeAlias = "Callable[[tuple[int, ...], TrainedModel], _Adapter | None]"
"""Makes an input of the model out of an example of a shape; None if that is not possible."""


@dataclass(frozen=True)
class NewData:
    """Examples without targets, and what is known of each: a table with one row an example."""

    examples: Examples
    table: pd.DataFrame
    batch_size: int
    """How many examples can be loaded at once: one, where they differ in size."""
    skipped: tuple[str, ...] = ()
    """Names of files beside the pictures of a folder that are not pictures."""


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
        found = readings(path, colours=model.spec.x.shape[-1:] == (3,) and not still, array=array)
    except (*DAMAGE, MemoryError) as error:
        said = getattr(error, "strerror", None) or " ".join(str(error).split())
        raise LabrunError(f"cannot read '{path}': {said}") from error
    for way in _ways(
        still
    ):  # each for all readings: (9, 5, 3) is one example of three frames, not nine frames of 5 × 3
        for reading in found:
            if way(reading.shape, model) is not None:
                return _new_data(reading, model, still, path)
    whole = f"the array in '{path}' has the shape {found[-1].shape}"  # of an array there are two readings
    whose = whole if len(found) > 1 else f"those in '{path}' have the shape {found[0].shape}"
    raise LabrunError(_about_shapes(model, found[0].shape, whose))


def _new_data(reading: Reading, model: TrainedModel, still: bool, path: Path) -> NewData:
    import numpy as np

    assert isinstance(model.spec.x, ArraySpec)
    dtype = np.dtype(model.spec.x.dtype)

    def load_one(i: int) -> np.ndarray:
        x = reading.load(i)
        adapt = next((found for way in _ways(still) if (found := way(x.shape, model)) is not None), None)
        if adapt is None:
            raise LabrunError(_about_shapes(model, x.shape, f"{reading.word(i)} in '{path}' has the shape {x.shape}"))
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
    return NewData(examples, reading.table, 32 if reading.alike else 1, reading.skipped)


def _ways(still: bool) -> tuple[_Way, ...]:
    return (_as_it_is, _repeat_last_axis, _repeat_on_new_axis) if still else (_as_it_is,)


def _as_it_is(shape: tuple[int, ...], model: TrainedModel) -> _Adapter | None:
    return (lambda x: x) if model.takes(shape) else None


def _repeat_last_axis(shape: tuple[int, ...], model: TrainedModel) -> _Adapter | None:
    frames = _frames(model)
    if frames is None or shape[-1:] != (1,) or not model.takes((*shape[:-1], frames)):
        return None
    return lambda x: x.repeat(frames, axis=-1)


def _repeat_on_new_axis(shape: tuple[int, ...], model: TrainedModel) -> _Adapter | None:
    frames = _frames(model)
    if frames is None or not model.takes((*shape, frames)):
        return None
    return lambda x: x[..., None].repeat(frames, axis=-1)


def _frames(model: TrainedModel) -> int | None:
    return model.input_shape[-1] if model.input_shape else None


def _about_shapes(model: TrainedModel, shape: tuple[int, ...], whose: str) -> str:
    wanted = model.input_shape
    trained = model.spec.x.shape if isinstance(model.spec.x, ArraySpec) else ()
    if len(wanted) > 1 and wanted[-1] not in (None, 1) and (len(shape) < len(wanted) or shape[-1] == 1):
        advice = (
            f"The model looks at {wanted[-1]} frames of a pattern, one after the other on the last axis; where there is one "
            "frame only, and the pattern stands still, --still takes it for all"
        )
    else:
        advice = "Give one example of that shape, or an array of several along an axis of their own, the first"
    return f"the model '{model.name}' takes examples of shape {model.shape_in_words} and was trained on {trained}; {whose}. {advice}"
