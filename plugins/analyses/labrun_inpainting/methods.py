"""Who tells missing pixels: networks and baselines."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labrun import Examples, TrainedModel

__all__ = ["Method", "networks"]


@dataclass(frozen=True)
class Method:
    """A network or a baseline. `inpaint` returns the whole pictures, (pictures, height, width) float64 [grey levels]."""

    name: str
    inpaint: Callable[[Examples], NDArray[np.float64]]
    is_network: bool = True
    variant: Mapping[str, Any] = field(default_factory=dict)
    """The values of its matrix."""


def networks(models: Sequence[TrainedModel]) -> Iterator[Method]:
    """The networks, in their order."""
    for model in models:
        yield Method(model.name, _inpaint_by(model), variant=model.variant)


def _inpaint_by(model: TrainedModel) -> Callable[[Examples], NDArray[np.float64]]:
    def inpaint(examples: Examples) -> NDArray[np.float64]:
        answer = np.asarray(model.predict(examples), np.float64)
        expected = (len(examples), *examples.spec.y.shape)
        if answer.shape != expected:
            raise ValueError(
                f"the model '{model.name}' answers an array of shape {answer.shape}; inpainting wants pictures, {expected}"
            )
        if lost := int(np.sum(~np.isfinite(answer))):
            raise ValueError(
                f"the model '{model.name}' answers NaN or infinity in {lost} pixels of '{examples.name}': its training diverged; leave "
                "it out, or train it with a lower learning rate"
            )
        return answer[..., 0]

    return inpaint
