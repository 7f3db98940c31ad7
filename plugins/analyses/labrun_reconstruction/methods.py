"""Who gives pictures back: networks, and principal components."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA

from labrun import Examples, TrainedModel

__all__ = ["CODE", "Method", "networks", "principal_components"]

CODE = "code"
"""The layer of an autoencoder whose output is the code"""


@dataclass(frozen=True)
class Method:
    """A network, or principal components. `answer` returns what it makes of examples, in the shape of their x."""

    name: str
    answer: Callable[[Examples], NDArray[np.floating]]
    dimensions: int | None
    """The numbers that a picture goes through, if they are known"""
    is_network: bool = True
    remark: str = ""
    """What a reader must know of it"""


def networks(models: Sequence[TrainedModel], dataset: Examples) -> list[Method]:
    """The networks, in their order."""
    return [Method(model.name, _answer_by(model), _code_size(model, dataset)) for model in models]


def principal_components(train: Examples, dimensions: Sequence[int | None], at_most: int) -> list[Method]:
    """Components of as many dimensions as each of the codes, made of at most so many training pictures, evenly taken."""
    wanted = sorted({size for size in dimensions if size is not None})
    if not wanted:
        return []
    chosen = np.unique(np.linspace(0, len(train) - 1, min(at_most, len(train))).astype(int))
    pictures = train.load_x(chosen)
    flat = pictures.reshape(len(pictures), -1)
    if not np.isfinite(flat).all():
        raise ValueError(f"x of '{train.name}' holds NaN or infinity, which has no principal components")
    limit = min(len(flat) - 1, flat.shape[1])
    fitted = PCA(min(wanted[-1], limit), random_state=0).fit(flat)
    methods = {}
    for size in wanted:
        kept = min(size, limit)
        remark = f"The code of {size:,} dimensions is compared with {kept:,} components: {len(flat):,} pictures have no more."
        methods[kept] = Method(f"PCA ({kept:,})", _project_on(fitted, kept), kept, False, remark if kept < size else "")
    return list(methods.values())


def _answer_by(model: TrainedModel) -> Callable[[Examples], NDArray[np.floating]]:
    def answer(examples: Examples) -> NDArray[np.floating]:
        found = model.predict(examples)
        expected = (len(examples), *examples.spec.x.shape)  # type: ignore[union-attr]
        if found.shape != expected:
            raise ValueError(
                f"the model '{model.name}' answers an array of shape {found.shape}; reconstruction wants pictures like those of "
                f"'{examples.name}', {expected}"
            )
        if lost := int(np.sum(~np.isfinite(found))):
            raise ValueError(
                f"the model '{model.name}' answers NaN or infinity in {lost} pixels of '{examples.name}': its training diverged; leave it "
                "out, or train it with a lower learning rate"
            )
        return found

    return answer


def _code_size(model: TrainedModel, dataset: Examples) -> int | None:
    if CODE not in [layer.name for layer in model.network.layers]:
        return None
    return math.prod(model.activations(dataset.take([0]), CODE).shape)


def _project_on(fitted: PCA, kept: int) -> Callable[[Examples], NDArray[np.floating]]:
    components = fitted.components_[:kept]

    def answer(examples: Examples) -> NDArray[np.floating]:
        x = examples.load_x(slice(None))
        apart = x.reshape(len(x), -1) - fitted.mean_
        return np.asarray(apart @ components.T @ components + fitted.mean_).reshape(x.shape)

    return answer
