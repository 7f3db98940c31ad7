"""Measure the members of a round: the classes that models give them, or a number computed from their arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from labrun.contracts.ensemble import Ensemble
from labrun.contracts.examples import Examples
from labrun.contracts.sampling import Asked
from labrun.contracts.trained import TrainedModel
from labrun.faults import LabrunError
from labrun.kit.expression import Expression, names_in, parse_number
from labrun.project.adaptive import Measured
from labrun.store.rounds import MeasuredRound

if TYPE_CHECKING:
    import numpy as np

__all__ = ["asked_rows", "measure_round"]


def measure_round(
    measure: Measured, ensemble: Ensemble, members: Sequence[int], models: Sequence[TrainedModel]
) -> MeasuredRound:
    """Measure the members of a round. Those that the ensemble lacks, since they failed, have no value.

    Raises:
        LabrunError: what is measured is not one finite number a member, or the models do not classify the array.
    """
    try:
        if measure.class_of is not None:
            return _classify(measure.class_of, ensemble, members, models)
        return _evaluate(str(measure.number), ensemble, members)
    except (ValueError, KeyError) as error:
        raise LabrunError(f"cannot measure the members of '{ensemble.name}': {error.args[0]}") from error


def _classify(array: str, ensemble: Ensemble, members: Sequence[int], models: Sequence[TrainedModel]) -> MeasuredRound:
    import numpy as np
    from scipy.special import entr

    classes = models[0].spec.classes or ()
    if any(other.spec.classes != classes for other in models):
        raise ValueError("the models under 'from' have different classes, or another order")
    found: dict[int, tuple[list[float], float]] = {}
    if len(ensemble):
        examples = Examples.inputs_only(lambda i: ensemble.stack(i, array), len(ensemble), ensemble.name)
        each = np.stack([model.probabilities(examples) for model in models])
        mean = each.mean(axis=0)
        disagreement = entr(mean).sum(axis=-1) - entr(each).sum(axis=-1).mean(axis=0)
        rows = zip(mean.tolist(), np.maximum(disagreement, 0.0).tolist(), strict=True)
        found = dict(zip(ensemble.numbers, rows, strict=True))
    known = [found.get(member) for member in members]
    return MeasuredRound(
        values=[None if one is None else float(np.argmax(one[0])) for one in known],
        probabilities=[None if one is None else one[0] for one in known],
        disagreement=[None if one is None else one[1] for one in known],
        classes=list(classes),
    )


def _evaluate(text: str, ensemble: Ensemble, members: Sequence[int]) -> MeasuredRound:
    names = ensemble.names if len(ensemble) else []
    expression = parse_number(text, (*names, *ensemble.columns)) if names else None
    found = {number: _number(text, expression, ensemble, i) for i, number in enumerate(ensemble.numbers) if expression}
    return MeasuredRound([found.get(member) for member in members], [], [], [])


def _number(text: str, expression: Expression, ensemble: Ensemble, i: int) -> float | None:
    import numpy as np

    wanted = names_in(expression)
    arrays = {name: ensemble.read(i, name) for name in ensemble.names if name in wanted}
    columns = {name: np.asarray(values[i]) for name, values in ensemble.columns.items() if name in wanted}
    value = expression(columns | arrays)
    if value.shape != ():
        raise ValueError(
            f"'{text}' gives an array of shape {value.shape} for a member, not one number: take its mean(…)"
        )
    return float(value) if np.isfinite(value) else None


def asked_rows(points: np.ndarray, measured: Sequence[MeasuredRound], repeats: int) -> Asked:
    """Return the rows of all rounds, of which the first ones are measured: means over their repeats. `points` is (rows, coordinates)."""
    import numpy as np

    classes = tuple(measured[0].classes)
    rows = len(points)

    def spread(lists: Sequence[Sequence[Any]], width: tuple[int, ...]) -> np.ndarray:
        """Return (rows, repeats, …); NaN where nothing is known."""
        flat: list[Any] = [np.full(width, np.nan) if one is None else one for values in lists for one in values]
        whole = np.full((rows * repeats, *width), np.nan)
        whole[: len(flat)] = np.reshape(flat, (len(flat), *width))
        return whole.reshape(rows, repeats, *width)

    if not classes:
        values = spread([one.values for one in measured], ())
        mean, error = _mean_and_error(values)
        return Asked(points, mean, error)
    probabilities = _mean_and_error(spread([one.probabilities for one in measured], (len(classes),)))[0]
    disagreement = _mean_and_error(spread([one.disagreement for one in measured], ()))[0]
    known = np.isfinite(probabilities).all(axis=1)
    numbers = np.full(rows, np.nan)
    numbers[known] = probabilities[known].argmax(axis=1)
    return Asked(points, numbers, np.full(rows, np.nan), classes, probabilities, disagreement)


def _mean_and_error(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and standard error over axis 1, without what is not known; NaN where nothing is, or too little for an error."""
    import numpy as np

    known = np.isfinite(values)
    count = known.sum(axis=1)
    total = np.where(known, values, 0.0).sum(axis=1)
    mean = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    squares = np.where(known, (values - mean[:, None]) ** 2, 0.0).sum(axis=1)
    error = np.sqrt(squares / np.maximum(count - 1, 1) / np.maximum(count, 1))
    return mean, np.where(count > 1, error, np.nan)
