"""`labrun predict`: apply a trained model to new data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from labrun.amounts import counted
from labrun.cli.completion import complete_plugins
from labrun.cli.configured import configured
from labrun.cli.plugin_files import plugin_files_option, project_option, registry_with
from labrun.contracts.plugin import Analysis
from labrun.faults import Fault, LabrunError, ProjectFaults
from labrun.learning.pretrained import find_pretrained, load_trained, plugin_of
from labrun.predicting.prediction_output import (
    analyse_new_data,
    prediction_table,
    predicts_images,
    save_predicted_images,
)
from labrun.registry.registry import Registry

if TYPE_CHECKING:
    import pandas as pd

    from labrun.contracts.trained import TrainedModel
    from labrun.predicting.new_data import NewData

__all__ = ["predict"]


@click.command()
@click.argument("model")
@click.argument("data", type=click.Path(path_type=Path))
@click.option("--array", metavar="NAME", help="Array of DATA to use, if it holds several.")
@click.option("--still", is_flag=True, help="Use one frame for all frames that the model takes.")
@click.option(
    "--input",
    "inputs",
    multiple=True,
    metavar="NAME=VALUE",
    help="Further input of the model, such as density=0.3: a number for all examples, or a column of DATA. May be repeated.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    help="File for the table (default: the terminal); folder for pictures and the results of an analysis.",
)
@click.option(
    "--analyse",
    "analysis",
    metavar="PLUGIN",
    shell_complete=complete_plugins("analyses"),
    help="Also run this analysis of a model and a dataset: graph_export, saliency, …",
)
@click.option(
    "--with", "values", multiple=True, metavar="KEY=VALUE", help="Set a field of the analysis. May be repeated."
)
@plugin_files_option
@project_option
def predict(
    model: str,
    data: Path,
    array: str | None,
    still: bool,
    inputs: tuple[str, ...],
    output: Path | None,
    files: tuple[Path, ...],
    plugins_of: Path | None,
    analysis: str | None,
    values: tuple[str, ...],
) -> None:
    """Apply a trained model to new data.

    Writes the predictions as CSV, or as pictures if the model predicts pictures.

    MODEL is the folder of a model in a run (runs/gray_scott/models/cnn), or the name of a pretrained model of a plugin.

    DATA is the folder of a simulation in a run (runs/gray_scott/simulations/scan), a .npy, .npz or HDF5 file with one example or
    with many along the first axis, a picture, or a folder of pictures.
    """
    registry = registry_with(files, plugins_of)
    plugin = configured(registry, "analyses", analysis, values, "predict --analyse") if analysis else None
    if values and not analysis:
        raise ProjectFaults([Fault("--with sets a field of an analysis: name the analysis by --analyse")])
    try:
        trained, new = _opened(registry, model, data, array, still, _given(inputs))
        if new.skipped:
            names = ", ".join(new.skipped[:5]) + (", …" if len(new.skipped) > 5 else "")
            click.echo(
                f"skipped {len(new.skipped)} of the files in {data}, not pictures by their names: {names}", err=True
            )
        folder = _folder(output, trained, analysis)
        if isinstance(plugin, Analysis) and folder is not None:
            analyse_new_data(plugin, trained, new).save(folder)
            click.echo(f"wrote the results of {analysis} to {folder}")
        if predicts_images(trained) and folder is not None:
            written = save_predicted_images(trained, new, folder)
            click.echo(f"wrote {counted(len(written), 'images')} to {folder}")
        elif folder is not None:
            _write(prediction_table(trained, new), folder / "predictions.csv")
        else:
            _write(prediction_table(trained, new), output)
        if unlike := new.unlike_in_words():
            click.echo(unlike, err=True)
    except LabrunError:
        raise
    except Exception as error:  # a model's plugin may raise anything
        raise LabrunError(f"predict {model}: {type(error).__name__}: {' '.join(str(error).split()):.500}") from error


def _folder(output: Path | None, model: TrainedModel, analysis: str | None) -> Path | None:
    """The folder to write to, if the results are more than a table.

    Raises:
        ProjectFaults: no folder is named, or it is a file.
    """
    what = f"the results of {analysis} are" if analysis else "the model predicts images, which are"
    if not analysis and not predicts_images(model):
        return None
    if output is None:
        raise ProjectFaults([Fault(f"{what} written into a folder: name one by --output FOLDER")])
    if output.is_file():
        raise ProjectFaults(
            [Fault(f"{what} written into a folder, but '{output}' is a file: name a folder by --output")]
        )
    return output


def _write(table: pd.DataFrame, path: Path | None) -> None:
    if path is None:
        click.echo(table.to_csv(float_format="%.6g"), nl=False)
        return
    try:
        table.to_csv(path)
    except OSError as error:
        raise LabrunError(f"cannot write '{path}': {error.strerror or error}") from error
    click.echo(f"wrote {path}: {counted(len(table), 'examples')}")


def _given(inputs: tuple[str, ...]) -> dict[str, float | str]:
    """Read NAME=VALUE pairs, each a number or the name of a column.

    Raises:
        ProjectFaults: one of them is not such a pair.
    """
    given: dict[str, float | str] = {}
    for text in inputs:
        name, equals, value = text.partition("=")
        if not (name and equals and value):
            raise ProjectFaults([Fault(f"--input {text}: expected NAME=VALUE, as in density=0.3")])
        try:
            given[name] = float(value)
        except ValueError:
            given[name] = value
    return given


def _opened(
    registry: Registry, model: str, data: Path, array: str | None, still: bool, given: dict[str, float | str]
) -> tuple[TrainedModel, NewData]:
    """The model and the data.

    Raises:
        ProjectFaults: one of them is missing, or the data do not suit the model.
    """
    from labrun.predicting.new_data import read_new_data

    try:
        folder = find_pretrained(model, registry.pretrained(), Path())
        trained = load_trained(folder, plugin_of(folder, registry))
        return trained, read_new_data(data, trained, array, still, given)
    except LabrunError as error:
        raise ProjectFaults([Fault(str(error))]) from error
