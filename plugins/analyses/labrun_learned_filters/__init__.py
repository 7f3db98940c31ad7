"""Analysis `learned_filters`: kernels of a convolution layer of trained networks, as pictures and numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from labrun import Analysis, Field, Findings, TrainedModel, hookimpl

if TYPE_CHECKING:
    import pandas as pd

    from labrun_learned_filters.layer import Convolution

FIGURES = 4
"""Models that are drawn; the tables hold all."""


class LearnedFilters(Analysis):
    """Kernels of a convolution layer of trained networks: one for each filter and input channel.

    A layer computes g_f = Σ_c k_fc ⋆ x_c + b_f from its channels x_c. This is a correlation, so a kernel k_fc is laid over the input as
    drawn. The squared norm of a filter, Σ_c Σ_p k_fc(p)² over the positions p, has three parts that show the kind of filter:

        mean   the part of the kernels' means: smoothing, like a Gaussian
        odd    the part that changes sign when a kernel is rotated by 180°: slopes and edges, like a Sobel kernel
        even   the rest, unchanged by that rotation: lines and spots, like a Laplacian

    Their shares of the squared norm are 0.79, 0, 0.21 for (1 2 1, 2 4 2, 1 2 1), and 0, 1, 0 and 0, 0, 1 for Sobel and Laplacian. Random
    3×3 weights have 1/9, 4/9, 4/9 on average: only clear deviations from these have been learned.
    """

    name: ClassVar[str] = "learned_filters"
    version: ClassVar[int] = 1

    layer: str | None = Field(None, description="name of the convolution layer (default: the first of the network)")
    filters: int = Field(16, ge=1, le=64, description="maximum number of filters drawn, the first ones")
    channels: int = Field(4, ge=1, le=16, description="maximum number of channels drawn, the first ones")

    def analyse(self, model: list[TrainedModel]) -> Findings:
        """Return figure `filters_<model>` for each of the first four models, and tables `filters` (a row for each filter) and `weights` (a
        row for each weight).

        Metrics: `mean share <model>` and `odd share <model>`, of the squared norm of the whole layer.

        Raises:
            ValueError: a model has no convolution, lacks the named layer, or the layer has no kernels that can be drawn.
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
                    f"Weights of '{found.layer}' of the model '{one.name}' are not finite: its training has diverged. They are drawn in "
                    "grey. A smaller learning rate may help."
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
                f"The first {FIGURES} of {len(model)} models are drawn; the tables hold the filters of all."
            )
        findings.tables = {
            "filters": pd.concat(filters, ignore_index=True),
            "weights": pd.concat(weights, ignore_index=True),
        }
        findings.captions |= _CAPTIONS
        return findings

    def _caption(self, found: Convolution) -> str:
        """Describe a figure and what it leaves out."""
        filters, channels = found.kernels.shape[:2]
        chosen = [
            f"the first {at_most} of {there} {kind}"
            for there, at_most, kind in ((filters, self.filters, "filters"), (channels, self.channels, "channels"))
            if there > at_most
        ]
        drawn = f"Shown: {' and '.join(chosen)}. " if chosen else ""
        arranged = "Rows: input channels. Columns: filters. " if min(filters, channels) > 1 else ""
        depth = "Planes of the last axis are side by side. " if found.kernels.ndim == 5 else ""
        return (
            f"Kernels of '{found.layer}' ({found.kind}, {filters} filters of {found.size}). {drawn}{arranged}{depth}All on one scale: "
            "red is positive, blue negative."
        )


_CAPTIONS = {
    "filters": "One row per filter, over all channels. 'norm': root of the sum of its squared weights. 'mean', 'odd' and 'even share': "
    "parts of the squared norm that smooth, that respond to slopes, and the rest. Random 3×3 weights have 0.11, 0.44, 0.44 on average.",
    "weights": "All weights of the layer; filters, channels and positions are counted from 0.",
}


def _filter_table(model: TrainedModel, found: Convolution) -> pd.DataFrame:
    """Return a row for each filter."""
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
    """Return a row for each weight."""
    import numpy as np
    import pandas as pd

    names = ("filter", "channel", *found.axes)
    places = dict(zip(names, np.indices(found.kernels.shape).reshape(len(names), -1), strict=True))
    return pd.DataFrame({**_described(model, found), **places, "value": found.kernels.ravel()})


def _described(model: TrainedModel, found: Convolution) -> dict[str, Any]:
    return {"model": model.name, **model.variant, "layer": found.layer}


def _shares_of_layer(name: str, filters: pd.DataFrame) -> dict[str, float]:
    """Return the shares of the whole layer: means over its filters, weighted by squared norm; nothing for a layer of zeros."""
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
