"""Analysis `training_history`: losses and metrics of models against the epoch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from labrun import Analysis, Field, Findings, TrainedModel, hookimpl

if TYPE_CHECKING:
    import pandas as pd


FEW = 4
"""Networks that a caption names"""


class TrainingHistory(Analysis):
    """Losses and metrics of models against the epoch, for training (thin) and validation (thick), with one colour for each model."""

    name: ClassVar[str] = "training_history"
    version: ClassVar[int] = 1

    log_loss: bool = Field(True, description="whether the axes of losses are logarithmic, if all losses are positive")

    def analyse(self, model: list[TrainedModel]) -> Findings:
        """Return figure `history` with one panel for each quantity that Keras recorded, and table `last_epoch`: the values of the last
        epoch of each model, and the epoch with the lowest loss."""
        import pandas as pd

        from labrun.kit.palette import network_colours
        from labrun_training_history.drawing import draw_histories

        histories = {one.name: one.history for one in model}
        findings = Findings(
            tables={"last_epoch": pd.DataFrame([{"model": one.name, **_last(one.history)} for one in model])},
            captions={
                "history": f"Training (thin) and validation (thick) against the epoch.{_lowest(histories)}",
                "last_epoch": "Values of the last epoch, and the epoch with the lowest loss.",
            },
            warnings=[warning for name, history in histories.items() for warning in _warn(name, history)],
        )
        if any(len(history) for history in histories.values()):
            findings.figures["history"] = draw_histories(histories, network_colours(model), self.log_loss)
        return findings


def _last(history: pd.DataFrame) -> dict[str, float]:
    """The number of epochs, the one with the lowest loss, and the values of the last."""
    if history.empty:
        return {"epochs": 0}
    monitored = "val_loss" if "val_loss" in history else "loss"
    losses = history[monitored].dropna() if monitored in history else history.iloc[:0, 0]
    best = {f"lowest {monitored} in epoch": int(history["epoch"][losses.idxmin()])} if len(losses) else {}
    return {"epochs": len(history)} | best | history.iloc[-1].drop("epoch").to_dict()


def _lowest(histories: Mapping[str, pd.DataFrame]) -> str:
    """Say in which epoch each of a few networks had its lowest loss, and whether that was the last one."""
    words = []
    for name, history in histories.items():
        monitored = "val_loss" if "val_loss" in history else "loss"
        losses = history[monitored].dropna() if monitored in history else history.iloc[:0, 0]
        if len(losses):
            epoch, last = int(history["epoch"][losses.idxmin()]), int(history["epoch"].iloc[-1])
            words.append(f"'{name}' in epoch {epoch} of {last}" + (", the last" if epoch == last else ""))
    if not words or len(words) > FEW:
        return ""
    return (
        f" The lowest loss: {'; '.join(words)}. Where it is the last, a longer training may still improve the network."
    )


def _warn(name: str, history: pd.DataFrame) -> list[str]:
    """Report an empty history, and the first epoch with values that are not finite."""
    import numpy as np

    if history.empty:
        return [f"The history of '{name}' is empty: the model was not trained."]
    infinite = ~np.isfinite(history.select_dtypes("number"))
    if not infinite.to_numpy().any():
        return []
    epoch = int(history["epoch"][infinite.any(axis=1)].iloc[0])
    return [
        f"'{name}' has values that are not finite from epoch {epoch} on ({', '.join(infinite.columns[infinite.any()])})."
    ]


@hookimpl
def labrun_analyses() -> list[type[Analysis]]:
    return [TrainingHistory]
