"""The networks in pictures that a model drew."""

from __future__ import annotations

from collections.abc import Iterator

from labrun import Examples, Findings, TrainedModel
from labrun.drawn_networks import generated_pictures, read_drawing
from labrun.networks import Network

__all__ = ["drawn_networks", "threshold_of"]


def drawn_networks(model: TrainedModel, dataset: Examples, threshold: float) -> Iterator[Network]:
    """Yield the network that is read from what the model draws of each example, free, in pixels, y up.

    Raises:
        ValueError: the model answers something else than pictures.
    """
    for picture in generated_pictures(model, dataset):
        yield read_drawing(picture).network(threshold)


def threshold_of(recovery: Findings, model: str) -> float:
    """The score from which a bond is one, as the analysis `bond_recovery` chose it for a model.

    Raises:
        ValueError: it has judged no such model.
    """
    table = recovery.tables.get("thresholds")
    chosen = {} if table is None else dict(zip(table["model"], table["threshold"], strict=True))
    if model not in chosen:
        raise ValueError(
            f"the findings under 'recovery' tell no threshold for '{model}': name an analysis 'bond_recovery' of that model, or leave them "
            "out and set 'threshold'"
        )
    return float(chosen[model])
