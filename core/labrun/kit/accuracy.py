"""The accuracy of predicted classes as a measure, with its interval over independent units."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from labrun.contracts.measure import Judged, Measure
from labrun.kit.comparison import against_baselines, judged_on, units_digest
from labrun.kit.intervals import share_interval, share_spread
from labrun.kit.units import independent_units

if TYPE_CHECKING:
    import numpy as np

    from labrun.contracts.examples import Examples
    from labrun.kit.units import Units

__all__ = ["accuracy_measure"]


def accuracy_measure(
    examples: Examples,
    predicted: Sequence[np.ndarray],
    model: str,
    confidence: float = 0.95,
    units: Units | None = None,
    **more: Any,
) -> Measure:
    """Return the mean accuracy of networks or forests that differ in their seed, beside that of the most frequent class.

    Args:
        predicted: for each of them the number of the predicted class, (examples,).
        model: the name that they share.
        units: what the interval is over; by default `independent_units`.
        more: further fields of the measure.
    """
    import numpy as np

    truth, units = examples.load_y(slice(None)), units or independent_units(examples)
    right = np.stack([one == truth for one in predicted])
    digest, most = units_digest(units, examples), np.bincount(truth).argmax()

    def judged(right: np.ndarray) -> Judged:
        return judged_on(share_spread(np.stack([units.sums(one) for one in right]), units.sizes), digest)

    interval = share_interval(np.stack([units.sums(one) for one in right]), units.sizes, confidence)
    known: dict[str, Any] = {"name": "accuracy", "dataset": examples.name, "better": "higher"}
    frequent = Measure(
        float(np.mean(truth == most)), model="most frequent class", judged=judged((truth == most)[None]), **known
    )
    known |= {"model": model, "ceiling": 1.0, "n": units.count, "units": units.words, "judged": judged(right)}
    found = Measure(float(right.mean()), interval=interval, **known | more)
    return against_baselines([found], [frequent])[0]
