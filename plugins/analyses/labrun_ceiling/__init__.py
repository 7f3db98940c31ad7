"""Analysis `ceiling`: the best accuracy that anything can reach where examples of several classes are the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from labrun import Analysis, Examples, Findings, TrainedModel, hookimpl

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from labrun_ceiling.identical import Identical


class Ceiling(Analysis):
    """The best accuracy that any classifier can reach on a dataset in which examples of different classes are identical; beside it that of
    each model. The slices of fully ionized cubes, for one, are 0 everywhere, whatever their redshift.

    Examples whose x is the same, number by number, get the same answer from whoever sees x alone; the best one is the class that most of
    them belong to. So with n_ic examples of class c among those that have the i-th distinct x,

        ceiling = Σ_i max_c n_ic / Σ_i Σ_c n_ic.

    Whoever does better has seen more than x. An example is empty if all of its numbers are equal; noise on the slices makes even these
    differ from each other, and the ceiling then tells nothing.
    """

    name: ClassVar[str] = "ceiling"
    version: ClassVar[int] = 1

    def analyse(self, dataset: Examples, model: list[TrainedModel] | None = None) -> Findings:
        """Metrics `ceiling`, `identical examples` (those that another class has too), `empty examples`, `accuracy <model>` and `share of
        the ceiling, <model>`; tables `classes`, and `scores` if there are models; figure `ceiling`.

        Raises:
            ValueError: y is no class, or a model has other classes.
        """
        import pandas as pd

        from labrun_ceiling.drawing import draw_ceiling
        from labrun_ceiling.identical import find_identical

        if dataset.classes is None:
            raise ValueError(f"ceiling is about classes; the y of '{dataset.name}' is none")
        found = find_identical(dataset)
        accuracies = {one.name: _accuracy(one, dataset) for one in model or []}
        classes = _class_table(found, dataset)
        findings = Findings(
            metrics={
                "ceiling": found.ceiling,
                "identical examples": float(found.shared.sum()),
                "empty examples": float(found.empty.sum()),
            },
            tables={"classes": classes},
            figures={"ceiling": draw_ceiling(classes, found.ceiling, accuracies)},
            captions=_captions(dataset, found),
        )
        for name, accuracy in accuracies.items():
            findings.metrics |= {
                f"accuracy {name}": accuracy,
                f"share of the ceiling, {name}": accuracy / found.ceiling,
            }
        if accuracies:
            rows = {"the best possible": found.ceiling} | accuracies
            findings.tables["scores"] = pd.DataFrame({"classifier": rows.keys(), "accuracy": rows.values()})
        return findings


def _accuracy(model: TrainedModel, dataset: Examples) -> float:
    if model.spec.classes != dataset.classes:
        raise ValueError(
            f"the model '{model.name}' learned the classes {', '.join(model.spec.classes or ['(none)'])}; those of '{dataset.name}' are "
            f"{', '.join(dataset.classes or [])}"
        )
    return float((model.predict(dataset).argmax(axis=-1) == dataset.load_y(slice(None))).mean())


def _class_table(found: Identical, dataset: Examples) -> pd.DataFrame:
    """One row a class: how many examples it has, how many of them are empty, and how many another class has too."""
    import numpy as np
    import pandas as pd

    assert dataset.classes is not None

    def count(where: np.ndarray) -> np.ndarray:
        return np.bincount(found.truth[where], minlength=len(dataset.classes or ()))

    columns = {
        "class": dataset.classes,
        "examples": count(np.ones(len(dataset), bool)),
        "empty": count(found.empty),
        "identical": count(found.shared),
    }
    return pd.DataFrame(columns)


def _captions(dataset: Examples, found: Identical) -> dict[str, str]:
    none = "" if found.shared.any() else " No two classes have an example in common, so that this sets no limit."
    return {
        "classes": f"The {len(dataset):,} examples of '{dataset.name}'. Empty ones have the same number everywhere; identical ones are the "
        "same, number by number, as an example of another class.",
        "ceiling": f"Of each class of '{dataset.name}', the share of the examples that are the same as one of another class; the best "
        f"accuracy that these leave is {found.ceiling:.4f}.{none}",
        "scores": f"Accuracy on '{dataset.name}', below the best that anything can reach which sees x alone.",
    }


@hookimpl
def labrun_analyses() -> list[type[Analysis]]:
    """Offer the analysis."""
    return [Ceiling]
