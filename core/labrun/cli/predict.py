"""`labrun predict`: what a trained model says of new data, as a table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from labrun.faults import LabrunError
from labrun.pretrained import find_pretrained, load_trained
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
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Write the table here, not to the terminal.")
def predict(model: str, data: Path, array: str | None, still: bool, output: Path | None) -> None:
    """Let the trained MODEL predict DATA, and write a table as CSV.

    MODEL is the folder of a model in a run (runs/gray_scott/models/cnn), or the name of one that comes with a plugin.

    DATA is the folder of a simulation in a run (runs/gray_scott/simulations/scan), a file .npy, .npz or HDF5 with one
    example or many along the first axis, a picture, or a folder of pictures.
    """
    from labrun.newdata import read_new_data

    registry = Registry.installed()
    trained = load_trained(find_pretrained(model, registry.pretrained(), Path()), registry)
    table = _predicted(trained, read_new_data(data, trained, array, still))
    if output is None:
        click.echo(table.to_csv(float_format="%.6g"), nl=False)
        return
    try:
        table.to_csv(output)
    except OSError as error:
        raise LabrunError(f"cannot write '{output}': {error.strerror}") from error
    click.echo(f"wrote {output}: {len(table)} examples")


def _predicted(model: TrainedModel, data: NewData) -> pd.DataFrame:
    from labrun.classification import Classification

    if model.spec.classes is not None:
        return Classification(data.table, model.spec.classes, model.probabilities(data.examples)).table()
    values = model.predict(data.examples).reshape(len(data.examples), -1)
    names = ["prediction"] if values.shape[1] == 1 else [f"prediction_{i}" for i in range(values.shape[1])]
    return data.table.assign(**{name: values[:, i] for i, name in enumerate(names)})
