"""Analysis `learned_filters`: the kernels of a convolution layer of trained networks, as pictures and as numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from labrun import Analysis, Field, Findings, TrainedModel, hookimpl

if TYPE_CHECKING:
    import pandas as pd

    from labrun_learned_filters.layer import Convolution

FIGURES = 4
"""Models that are drawn; tables tell of all."""


class LearnedFilters(Analysis):
    """The kernels of a convolution layer of trained networks: one for each filter and each channel that it reads.

    A layer computes g_f = Σ_c k_fc ⋆ x_c + b_f from its channels x_c: a correlation, so that a kernel k_fc is laid over the input as it
    is drawn. What kind of filter has been learned shows in the squared norm of a filter, Σ_c Σ_p k_fc(p)² over the places p, in three
    parts that add up to it:

        mean   the part of the kernels' means: smoothing, as a Gaussian
        odd    the part that changes its sign when a kernel is turned by 180°: slopes and edges, as Sobel's kernels
        even   what is left, which stays as it is when turned: lines and spots, as a Laplacian

    Their shares of the squared norm are 0.79, 0, 0.21 for (1 2 1, 2 4 2, 1 2 1), and 0, 1, 0 and 0, 0, 1 for Sobel and Laplacian. Weights
    drawn at random for 3×3 places have 1/9, 4/9, 4/9 on the average: only what lies far from these has been learned.
    """

    name: ClassVar[str] = "learned_filters"
    version: ClassVar[int] = 1

    layer: str | None = Field(None, description="name of the convolution layer; without one, the first of the network")
    filters: int = Field(16, ge=1, le=64, description="filters that are drawn at most, the first ones")
    channels: int = Field(4, ge=1, le=16, description="channels that are drawn at most, the first ones")

    def analyse(self, model: list[TrainedModel]) -> Findings:
        """Figure `filters_<model>` for each of the first four models; tables `filters` (a row a filter) and `weights` (a row a weight).

        Metrics: `mean share <model>` and `odd share <model>`, of the squared norm of the whole layer.

        Raises:
            ValueError: a model has no convolution, no such layer, or its layer has no kernels that can be drawn.
        """
        import numpy as np
        import pandas as pd

        from labrun_learned_filters.drawing import draw_kernels
        from labrun_learned_filters.layer import find_convolution

        findings = Findings()
        filters, weights = [], []
        for number, one in enumerate(model):
            found = find_convolution(one.network, self.layer, one.name)
            filters.append(_filter_table(one, found))
            weights.append(_weight_table(one, found))
            if not np.isfinite(found.kernels).all():
                findings.warnings.append(
                    f"'{found.layer}' of the model '{one.name}' holds weights that are no finite numbers: its training has diverged. They "
                    "are drawn in grey; a smaller learning rate may help"
                )
            else:
                findings.metrics |= _shares_of_layer(one.name, filters[-1])
            if number < FIGURES:
                figure = f"filters_{one.name}"
                findings.figures[figure] = draw_kernels(
                    found, self.filters, self.channels, f"{one.name}: {found.layer}"
                )
                findings.captions[figure] = self._caption(found)
        if len(model) > FIGURES:
            findings.warnings.append(
                f"Of {len(model)} models the first {FIGURES} are drawn; the tables hold the filters of all."
            )
        findings.tables = {
            "filters": pd.concat(filters, ignore_index=True),
            "weights": pd.concat(weights, ignore_index=True),
        }
        findings.captions |= _CAPTIONS
        return findings

    def _caption(self, found: Convolution) -> str:
        """What a figure shows, and what it leaves out."""
        filters, channels = found.kernels.shape[:2]
        chosen = [
            f"the first {at_most} of {there} {kind}"
            for there, at_most, kind in ((filters, self.filters, "filters"), (channels, self.channels, "channels"))
            if there > at_most
        ]
        drawn = f"Drawn are {' and '.join(chosen)}. " if chosen else ""
        arranged = (
            "Each row is a channel of the layer's input, each column a filter. " if min(filters, channels) > 1 else ""
        )
        depth = "Planes of the last axis stand side by side. " if found.kernels.ndim == 5 else ""
        return (
            f"The kernels of '{found.layer}' ({found.kind}, {filters} filters of {found.size}). {drawn}{arranged}{depth}One scale for all: "
            "red above 0, blue below."
        )


_CAPTIONS = {
    "filters": "A row for each filter, over all channels: 'norm' is the root of the sum of its squared weights; 'mean', 'odd' and 'even "
    "share' are the parts of its square that smooth, that follow slopes, and the rest. Random 3×3 weights have 0.11, 0.44, 0.44 on the "
    "average.",
    "weights": "All weights of the layer; filters, channels and places are counted from 0.",
}


def _filter_table(model: TrainedModel, found: Convolution) -> pd.DataFrame:
    """A row for each filter."""
    import numpy as np
    import pandas as pd

    from labrun_learned_filters.shares import shares

    each = found.kernels.reshape(len(found.kernels), -1)
    columns: dict[str, Any] = {
        **_described(model, found),
        "filter": np.arange(len(each)),
        "norm": np.linalg.norm(each, axis=1),
        "mean": each.mean(axis=1),
        "standard deviation": each.std(axis=1),
        "min": each.min(axis=1),
        "max": each.max(axis=1),
        **{f"{name} share": share for name, share in shares(found.kernels).items()},
    }
    return pd.DataFrame(columns if found.bias is None else columns | {"bias": found.bias})


def _weight_table(model: TrainedModel, found: Convolution) -> pd.DataFrame:
    """A row for each weight."""
    import numpy as np
    import pandas as pd

    names = ("filter", "channel", *found.axes)
    places = dict(zip(names, np.indices(found.kernels.shape).reshape(len(names), -1), strict=True))
    return pd.DataFrame({**_described(model, found), **places, "value": found.kernels.ravel()})


def _described(model: TrainedModel, found: Convolution) -> dict[str, Any]:
    return {"model": model.name, **model.variant, "layer": found.layer}


def _shares_of_layer(name: str, filters: pd.DataFrame) -> dict[str, float]:
    """The shares of the layer as a whole: its filters weigh by their squared norms. A layer of zeros has none."""
    energy = filters["norm"] ** 2
    total = float(energy.sum())
    if not total:
        return {}
    return {
        f"{kind} share {name}": float((filters[f"{kind} share"] * energy).sum()) / total for kind in ("mean", "odd")
    }


@hookimpl
def labrun_analyses() -> list[type[Analysis]]:
    return [LearnedFilters]
