"""Analysis `ceiling`: the best accuracy that any classifier can reach where examples of several classes are identical."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from labrun import Analysis, Examples, Findings, Measure, TrainedModel, hookimpl

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from labrun_ceiling.identical import Identical


class Ceiling(Analysis):
    """What is the best accuracy that any classifier can reach on a dataset with identical examples of different classes? Beside it stands
    the accuracy of each model. Slices of fully ionized cubes, for instance, are 0 everywhere, whatever their redshift.

    For examples with the same x, number by number, a classifier that sees x alone predicts the same class; the best prediction is the class
    of most of them. With n_ic examples of class c among those with the i-th distinct x,

        ceiling = Σ_i max_c n_ic / Σ_i Σ_c n_ic.

    A classifier with a higher accuracy has seen more than x. An example is empty if all of its numbers are equal. Noise makes even empty
    slices differ from each other; the ceiling is then 1 and sets no limit.
    """

    name: ClassVar[str] = "ceiling"
    version: ClassVar[int] = 1

    def analyse(self, dataset: Examples, model: list[TrainedModel] | None = None) -> Findings:
        """Return the metrics `ceiling`, `identical examples` (with an example of another class), `empty examples`, `accuracy <model>` and
        `share of the ceiling, <model>`; the tables `classes` and, if there are models, `scores`; the figure `ceiling`.

        Raises:
            ValueError: y is not a class, or a model has other classes.
        """
        import pandas as pd

        from labrun.kit.palette import network_colours
        from labrun_ceiling.drawing import draw_ceiling
        from labrun_ceiling.identical import find_identical

        if dataset.classes is None:
            raise ValueError(f"ceiling needs classes, but the y of '{dataset.name}' is not a class")
        found = find_identical(dataset)
        accuracies = {one.name: _accuracy(one, dataset, found.ceiling) for one in model or []}
        classes = _class_table(found, dataset)
        findings = Findings(
            metrics={
                "ceiling": Measure(found.ceiling, name="ceiling", dataset=dataset.name, key=not accuracies),
                "identical examples": float(found.shared.sum()),
                "empty examples": float(found.empty.sum()),
            },
            tables={"classes": classes},
            figures={"ceiling": draw_ceiling(classes, found.ceiling, accuracies, network_colours(model or []))},
            captions=_captions(dataset, found),
        )
        for name, accuracy in accuracies.items():
            findings.metrics |= {
                f"accuracy {name}": accuracy,
                f"share of the ceiling, {name}": Measure(
                    accuracy / found.ceiling,
                    name="share of the ceiling",
                    model=name,
                    dataset=dataset.name,
                    better="higher",
                ),
            }
        if accuracies:
            rows = {"the best possible": found.ceiling} | accuracies
            findings.tables["scores"] = pd.DataFrame({"classifier": rows.keys(), "accuracy": rows.values()})
        return findings


def _accuracy(model: TrainedModel, dataset: Examples, ceiling: float) -> Measure:
    from labrun.kit.accuracy import accuracy_measure

    if model.spec.classes != dataset.classes:
        raise ValueError(
            f"the model '{model.name}' learned the classes {', '.join(model.spec.classes or ['(none)'])}, but those of '{dataset.name}' "
            f"are {', '.join(dataset.classes or [])}"
        )
    return accuracy_measure(dataset, [model.predict(dataset).argmax(axis=-1)], model.name, ceiling=ceiling, key=True)


def _class_table(found: Identical, dataset: Examples) -> pd.DataFrame:
    """Return a row for each class: its examples, and how many of them are empty or identical to one of another class."""
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
    none = "" if found.shared.any() else " No two classes have an example in common, so this sets no limit."
    return {
        "classes": f"The {len(dataset):,} examples of '{dataset.name}'. Empty ones have the same number everywhere; identical ones equal "
        "an example of another class, number by number.",
        "ceiling": f"For each class of '{dataset.name}', the share of examples that are identical to one of another class. The best "
        f"accuracy that these leave is {found.ceiling:.4f}.{none}",
        "scores": f"Accuracy on '{dataset.name}', beside the best that a classifier that sees x alone can reach.",
    }


@hookimpl
def labrun_analyses() -> list[type[Analysis]]:
    """Offer the analysis."""
    return [Ceiling]
