"""New data for a trained model: read from files and brought to the shape that its network expects."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias

from labrun.contracts.examples import Examples
from labrun.contracts.trained import TrainedModel
from labrun.faults import LabrunError
from labrun.files.limits import DAMAGE
from labrun.predicting.further_inputs import further_specs, further_values, main_spec
from labrun.predicting.readers import Reading, readings

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = ["NewData", "read_new_data"]

_Adapter: TypeAlias = "Callable[[np.ndarray], np.ndarray]"
_Way: TypeAlias = "Callable[[tuple[int, ...], TrainedModel], _Adapter | None]"
"""Returns a function that turns an example of a shape into an input of the model; None if that is impossible."""


@dataclass(frozen=True)
class NewData:
    """Examples without targets, and a table with one row per example."""

    examples: Examples
    table: pd.DataFrame
    batch_size: int
    """The number of examples to load at once: one if they differ in size."""
    word: Callable[[int], str]
    """Returns the name of an example for messages."""
    unlike: dict[int, str]
    """The examples loaded so far that are unlike those of the training, and how they differ."""
    skipped: tuple[str, ...] = ()
    """The names of files in a folder of pictures that are not pictures."""

    def unlike_in_words(self) -> str:
        """Say how many examples are unlike those of the training, and how the first differs; empty if none is."""
        if not self.unlike:
            return ""
        first = min(self.unlike)
        return (
            f"{len(self.unlike)} of {len(self.examples)} examples are unlike those of the training, so that their predictions may be "
            f"wrong: {self.word(first)} has {self.unlike[first]}"
        )


def read_new_data(
    path: Path,
    model: TrainedModel,
    array: str | None = None,
    still: bool = False,
    given: Mapping[str, float | str] = MappingProxyType({}),
) -> NewData:
    """Open the data that a model is to predict; examples are read when they are used.

    Args:
        path: the folder of a simulation in a run (`runs/gray_scott/simulations/scan`), a file `.npy`, `.npz` or HDF5 (one example, or
            many along the first axis), a picture or a folder of pictures. Arrays are taken as they are; pictures become grey values from
            0 to 1, or three frames, one for each colour, if the model expects three.
        array: the name of the array, if there are several.
        still: whether to repeat one frame for all frames that the model expects; a picture, coloured or not, is then one frame.
        given: for each further input of the model (such as the density of a snapshot), a number for all examples or the name of a column;
            by default, the column of the input's own name.

    Raises:
        LabrunError: there is no such file, array or column, or it does not suit the model. Loading the examples raises it too, if a later
            one does not suit, or contains NaN or infinity.
    """
    specs = further_specs(model, given)
    try:
        if not path.exists():
            raise LabrunError(f"there is no file or folder '{path}'")
        found = readings(path, colours=main_spec(model).shape[-1:] == (3,) and not still, array=array)
    except (*DAMAGE, MemoryError) as error:
        reason = getattr(error, "strerror", None) or " ".join(str(error).split())
        raise LabrunError(f"cannot read '{path}': {reason}") from error
    for way in _ways(still):  # each for all readings: (9, 5, 3) is one example of three frames, not nine of 5 × 3
        for reading in found:
            if way(reading.shape, model) is not None:
                return _new_data(reading, model, still, path, further_values(specs, given, reading.table, path))
    whole = f"the array in '{path}' has the shape {found[-1].shape}"  # of an array there are two readings
    whose = whole if len(found) > 1 else f"those in '{path}' have the shape {found[0].shape}"
    raise LabrunError(_about_shapes(model, found[0].shape, whose))


def _new_data(
    reading: Reading, model: TrainedModel, still: bool, path: Path, further: Mapping[str, np.ndarray]
) -> NewData:
    import numpy as np

    dtype = np.dtype(main_spec(model).dtype)
    ranges = model.input_ranges
    unlike: dict[int, str] = {}

    def load_one(i: int) -> np.ndarray:
        x = reading.load(i)
        adapt = next((found for way in _ways(still) if (found := way(x.shape, model)) is not None), None)
        if adapt is None:
            raise LabrunError(_about_shapes(model, x.shape, f"{reading.word(i)} in '{path}' has the shape {x.shape}"))
        with np.errstate(over="ignore", invalid="ignore"):
            y = adapt(x).astype(dtype, copy=False)
        if not (np.isfinite(x).all() and np.isfinite(y).all()):
            problem = f"NaN, infinity, or numbers too large for {dtype}, which no model can predict from: leave it out"
            raise LabrunError(f"{reading.word(i)} in '{path}' contains {problem}")
        if ranges is not None and (difference := ranges.unlike(model.plugin.shown(y[None])[0])):
            unlike[i] = difference
        return y

    def load_main(indices: np.ndarray) -> np.ndarray:
        found = [load_one(int(i)) for i in indices]
        for i, x in zip(indices, found, strict=True):
            if x.shape != found[0].shape:
                problem = f"has the shape {x.shape}, but {reading.word(int(indices[0]))} has {found[0].shape}"
                raise LabrunError(f"{reading.word(int(i))} in '{path}' {problem}: predict them one by one")
        return np.stack(found)

    def load_x(indices: np.ndarray) -> Any:
        x = load_main(indices)
        beside = {name: values[indices] for name, values in further.items()}
        return {model.main_input: x} | beside if beside else x

    table = reading.table.assign(**{name: values.reshape(len(values)) for name, values in further.items()})
    examples = Examples.inputs_only(load_x, len(table), path.name, table)
    return NewData(examples, table, 32 if reading.alike else 1, reading.word, unlike, reading.skipped)


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
    trained = main_spec(model).shape
    if len(wanted) > 1 and wanted[-1] not in (None, 1) and (len(shape) < len(wanted) or shape[-1] == 1):
        advice = (
            f"The model expects {wanted[-1]} successive frames of a pattern along the last axis; for a single frame of a steady pattern, "
            "--still repeats it"
        )
    else:
        advice = "Give one example of that shape, or several along an additional first axis"
    return f"the model '{model.name}' expects examples of shape {model.shape_in_words} and was trained on {trained}; {whose}. {advice}"
