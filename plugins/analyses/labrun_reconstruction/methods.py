"""Networks and principal components that encode pictures and give them back, under one name each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA

from labrun.kit.choosing import evenly
from labrun.kit.methods import Method
from labrun.kit.predictions import predict_pictures

if TYPE_CHECKING:
    from labrun import Examples, TrainedModel

__all__ = ["CODE", "Reconstructor", "networks", "principal_components"]

CODE = "code"
"""The layer of an autoencoder whose output is the code"""


@dataclass(frozen=True)
class Reconstructor(Method["Examples", "NDArray[np.floating]"]):
    """A network, or principal components. `answer` returns reconstructions in the shape of x."""

    dimensions: int | None = None
    """Numbers that a picture is reduced to, if they are known"""
    remark: str = ""
    """What a reader must know of it"""


def networks(models: Sequence[TrainedModel], dataset: Examples) -> list[Reconstructor]:
    """Return the networks, in their order."""
    return [Reconstructor(m.name, partial(_reconstruct, m), m, _code_size(m, dataset)) for m in models]


def principal_components(train: Examples, dimensions: Sequence[int | None], at_most: int) -> list[Reconstructor]:
    """Return components of as many dimensions as each of the codes, from at most `at_most` training pictures, evenly chosen.

    Raises:
        ValueError: a training picture is not finite.
    """
    wanted = sorted({size for size in dimensions if size is not None})
    if not wanted:
        return []
    pictures = train.load_x(evenly(len(train), at_most))
    flat = pictures.reshape(len(pictures), -1)
    if not np.isfinite(flat).all():
        raise ValueError(f"x of '{train.name}' holds NaN or infinity, which has no principal components")
    limit = min(len(flat) - 1, flat.shape[1])
    fitted = PCA(min(wanted[-1], limit), random_state=0).fit(flat)
    methods = {}
    for size in wanted:
        kept = min(size, limit)
        remark = f"The code of {size:,} dimensions is compared with {kept:,} components: {len(flat):,} pictures have no more."
        methods[kept] = Reconstructor(
            f"PCA ({kept:,})", partial(_project, fitted, kept), None, kept, remark if kept < size else ""
        )
    return list(methods.values())


def _reconstruct(model: TrainedModel, examples: Examples) -> NDArray[np.floating]:
    return predict_pictures(model, examples, examples.spec.x.shape)  # type: ignore[union-attr]


def _code_size(model: TrainedModel, dataset: Examples) -> int | None:
    if CODE not in [layer.name for layer in model.network.layers]:
        return None
    return math.prod(model.activations(dataset.take([0]), CODE).shape)


def _project(fitted: PCA, kept: int, examples: Examples) -> NDArray[np.floating]:
    """Project pictures on the first `kept` components."""
    components = fitted.components_[:kept]
    x = examples.load_x(slice(None))
    centred = x.reshape(len(x), -1) - fitted.mean_
    return np.asarray(centred @ components.T @ components + fitted.mean_).reshape(x.shape)
