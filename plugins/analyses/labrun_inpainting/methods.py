"""Networks and baselines that fill missing pixels, under one name each."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from labrun.kit.methods import Method
from labrun.kit.predictions import predict_pictures

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from labrun import Examples, TrainedModel

__all__ = ["Inpainter", "networks"]

Inpainter: TypeAlias = "Method[Examples, NDArray[np.float64]]"
"""Returns whole pictures, (pictures, height, width) [grey levels]."""


def networks(models: Sequence[TrainedModel]) -> list[Inpainter]:
    """Return the networks, in their order."""
    return [Method(model.name, partial(_inpaint_by, model), model) for model in models]


def _inpaint_by(model: TrainedModel, examples: Examples) -> NDArray[np.float64]:
    return predict_pictures(model, examples, examples.spec.y.shape)[..., 0]
