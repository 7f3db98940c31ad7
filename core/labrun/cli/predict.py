"""`labrun predict`: what a trained model says of new data, as a table."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import click

from labrun.faults import Fault, LabrunError, ProjectFaults
from labrun.pretrained import find_pretrained, load_trained, made_by
from labrun.registry import Registry

if TYPE_CHECKING:
    import pandas as pd

    from labrun.newdata import NewData
    from labrun.trained import TrainedModel

__all__ = ["predict"]


@click.command()
@click.argument("model")
@click.argument("data", type=click.Path(path_type=Path))
@click.option("--array", metavar="NAME", help="Which array of DATA, where it holds several.")
@click.option("--still", is_flag=True, help="Take one frame for all frames that the model looks at.")
@click.option(
    "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write the table here, not to the terminal."
)
@click.option(
    "--plugin",
    "files",
    multiple=True,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="The file of a plugin that is not installed, as under 'plugins' of a project. May be repeated.",
)
def predict(
    model: str, data: Path, array: str | None, still: bool, output: Path | None, files: tuple[Path, ...]
) -> None:
    """Let the trained MODEL predict DATA, and write a table as CSV.

    MODEL is the folder of a model in a run (runs/gray_scott/models/cnn), or the name of one that comes with a plugin.

    DATA is the folder of a simulation in a run (runs/gray_scott/simulations/scan), a file .npy, .npz or HDF5 with one
    example or many along the first axis, a picture, or a folder of pictures.
    """
    try:
        trained, new = _opened(model, data, array, still, files)
        table = _predicted(trained, new)
    except LabrunError:
        raise
    except Exception as error:  # a model's plugin may raise what it likes
        raise LabrunError(f"predict {model}: {type(error).__name__}: {' '.join(str(error).split()):.500}") from error
    if output is None:
        click.echo(table.to_csv(float_format="%.6g"), nl=False)
        return
    try:
        table.to_csv(output)
    except OSError as error:
        raise LabrunError(f"cannot write '{output}': {error.strerror or error}") from error
    click.echo(f"wrote {output}: {len(table)} example{'s' if len(table) > 1 else ''}")


def _opened(
    model: str, data: Path, array: str | None, still: bool, files: tuple[Path, ...]
) -> tuple[TrainedModel, NewData]:
    """The model and the data.

    Raises:
        ProjectFaults: one of them is not there, or they do not suit each other; the call is wrong then.
    """
    from labrun.newdata import read_new_data

    registry = Registry.installed()
    try:
        for file in files:
            if broken := registry.add_file(file):
                raise LabrunError(f"the plugin file '{file}' could not be loaded: {broken.error}")
        folder = find_pretrained(model, registry.pretrained(), Path())
        trained = load_trained(folder, made_by(folder, registry))
        return trained, read_new_data(data, trained, array, still)
    except LabrunError as error:
        raise ProjectFaults([Fault(str(error))]) from error


def _predicted(model: TrainedModel, data: NewData) -> pd.DataFrame:
    """The table of the data, and beside it the classes with their probabilities, or the numbers that are predicted."""
    from labrun.classification import Classification

    if model.spec.classes is not None:
        probabilities = model.probabilities(data.examples, data.batch_size)
        return Classification(data.table, model.spec.classes, probabilities).table()
    if math.prod(model.spec.y.shape) == 1:
        name = model.spec.quantity.name if model.spec.quantity is not None else "prediction"
        columns = {name: model.estimates(data.examples, data.batch_size)}
    else:
        values = model.predict(data.examples, data.batch_size).reshape(len(data.examples), -1)
        columns = {f"prediction_{i}": values[:, i] for i in range(values.shape[1])}
    return data.table.rename(columns={name: f"given_{name}" for name in columns}).assign(**columns)
