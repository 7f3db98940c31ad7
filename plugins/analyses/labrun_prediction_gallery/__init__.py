"""Analysis `prediction_gallery`: examples with their predicted classes."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from labrun import Analysis, Examples, Field, Findings, TrainedModel, hookimpl

if TYPE_CHECKING:
    import numpy as np


class PredictionGallery(Analysis):
    """Examples drawn at random, each with its picture, predicted class and probability, and the true class if the prediction is wrong.

    Pictures are (height, width), (height, width, 1) or, in colour, (height, width, 3). Grey values span the range of all pictures shown;
    colours are bytes, or numbers from 0 to 1.
    """

    name: ClassVar[str] = "prediction_gallery"
    version: ClassVar[int] = 1

    count: int = Field(12, ge=1, le=200, description="number of examples shown")

    def analyse(self, model: TrainedModel, dataset: Examples, rng: np.random.Generator) -> Findings:
        """Return figure `gallery`, and table `predictions` with a row for each picture: `example` (its index in the dataset), `true`,
        `predicted`, `probability`, `right`.

        Raises:
            ValueError: the dataset has no classes, or other classes than the model, or x is not a picture.
        """
        import numpy as np
        import pandas as pd

        from labrun_prediction_gallery.drawing import draw_gallery
        from labrun_prediction_gallery.pictures import as_pictures

        if dataset.classes is None or dataset.classes != model.spec.classes:
            raise ValueError(
                f"the model '{model.name}' has the classes {model.spec.classes}, the dataset '{dataset.name}' has {dataset.classes}; a "
                "gallery of predictions needs the same classes in the same order"
            )
        chosen = np.sort(rng.choice(len(dataset), min(self.count, len(dataset)), replace=False))
        shown = dataset.take(chosen)
        pictures = as_pictures(shown.load_x(slice(None)), dataset.name)
        probabilities = model.probabilities(shown)
        predicted, truth = probabilities.argmax(axis=1), shown.load_y(slice(None))
        table = pd.DataFrame(
            {
                "example": chosen,
                "true": [dataset.classes[i] for i in truth],
                "predicted": [dataset.classes[i] for i in predicted],
                "probability": probabilities.max(axis=1),
                "right": predicted == truth,
            }
        )
        return Findings(
            tables={"predictions": table},
            figures={"gallery": draw_gallery(pictures, table)},
            captions={
                "gallery": f"{len(chosen)} of {len(dataset):,} examples of '{dataset.name}', drawn at random, with predicted class and "
                "probability. Wrong predictions are framed, with the true class in brackets.",
                "predictions": "Examples shown; 'example' is the index in the dataset.",
            },
        )


@hookimpl
def labrun_analyses() -> list[type[Analysis]]:
    """Offer the analysis."""
    return [PredictionGallery]
