"""Output of predictions for new data: a table, pictures, or the findings of an analysis."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from labrun.contracts.findings import Findings
from labrun.contracts.inputs import inputs_of
from labrun.contracts.plugin import Analysis
from labrun.faults import LabrunError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from labrun.contracts.trained import TrainedModel
    from labrun.predicting.new_data import NewData

__all__ = ["analyse_new_data", "prediction_table", "predicts_images", "save_predicted_images"]


def predicts_images(model: TrainedModel) -> bool:
    """Check whether the model predicts images, or other arrays with at least two axes."""
    return model.spec.classes is None and len(model.spec.y.shape) > 1


def prediction_table(model: TrainedModel, data: NewData) -> pd.DataFrame:
    """Return the table of the data with columns for the predicted class and the probabilities of all classes, or the predicted numbers."""
    from labrun.kit.classification import Classification

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


def save_predicted_images(model: TrainedModel, data: NewData, folder: Path) -> list[Path]:
    """Predict and write one image at a time. For a picture it is a PNG, 0 black and 1 white, of the same name (`x.png`; `x-2.png` for page
    2 of several; `x.tif.png` if files differ only in their suffix). For an array it is an array, `example-0.npy`.

    Raises:
        OSError: the folder cannot be written.
    """
    import numpy as np

    folder.mkdir(parents=True, exist_ok=True)
    are_pictures = "file" in data.table
    names = _picture_names(data.table) if are_pictures else [f"{data.table.index.name}-{i}" for i in data.table.index]
    written = []
    for i, name in enumerate(names):
        image = model.predict(data.examples.take([i]))[0]
        written.append(folder / f"{name}{'.png' if are_pictures else '.npy'}")
        if are_pictures:
            _save_picture(image, written[-1])
        else:
            np.save(written[-1], image)
    return written


def _picture_names(table: pd.DataFrame) -> list[str]:
    """Name an image for each row: no two alike, whatever the case of letters."""
    files = [str(name) for name in table["file"]]
    count_of = Counter(files)
    pages = table["page"] if "page" in table else [1] * len(files)
    ends = [f"-{page}" if count_of[name] > 1 else "" for name, page in zip(files, pages, strict=True)]
    short, full = ([f"{word(name)}{end}" for name, end in zip(files, ends, strict=True)] for word in (_stem, str))
    taken = Counter(name.casefold() for name in short)
    return [s if taken[s.casefold()] == 1 else f for s, f in zip(short, full, strict=True)]


def _stem(name: str) -> str:
    return Path(name).stem


def _save_picture(image: np.ndarray, path: Path) -> None:
    import numpy as np
    from PIL import Image

    levels = np.round(255 * np.clip(image, 0, 1)).astype(np.uint8)
    Image.fromarray(levels[..., 0] if levels.shape[-1:] == (1,) else levels).save(path)


def analyse_new_data(analysis: Analysis, model: TrainedModel, data: NewData) -> Findings:
    """Run an analysis of a model and a dataset on new data, which has no targets to compare with.

    Raises:
        LabrunError: the analysis needs other stages too.
    """
    inputs = inputs_of(type(analysis))
    wanted = [one for one in inputs if not one.optional]
    if sorted(one.section for one in wanted) != ["datasets", "models"]:
        needs = ", ".join(f"'{one.name}' ({one.section})" for one in wanted)
        raise LabrunError(
            f"the analysis '{analysis.name}' needs {needs}, but here there are only one model and one dataset: use it in a project"
        )
    import matplotlib as mpl

    from labrun.kit.figure_text import make_legible

    mpl.use("agg")
    of = {"datasets": data.examples, "models": model}
    given = {one.name: [of[one.section]] if one.many else of[one.section] for one in wanted}
    findings = analysis.analyse(**given)
    assert isinstance(findings, Findings)
    make_legible(findings, given)
    return findings
