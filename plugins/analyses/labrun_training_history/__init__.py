"""Analysis `training_history`: how the loss and the metrics of models went, epoch by epoch."""

from __future__ import annotations

from typing import ClassVar

from labrun import Analysis, Field, Findings, TrainedModel, hookimpl

IN_A_ROW = 4
"""Panels beside each other."""


class TrainingHistory(Analysis):
    """Loss and metrics against the epoch, for training (thin) and validation (thick), one colour a model."""

    name: ClassVar[str] = "training_history"
    version: ClassVar[int] = 1

    log_loss: bool = Field(True, description="draw losses on a logarithmic axis")

    def analyse(self, model: list[TrainedModel]) -> Findings:
        """One panel for each quantity that Keras recorded; a table of the last and the best epoch of each model."""
        import matplotlib.pyplot as plt
        import pandas as pd

        histories = {m.name: m.history for m in model}
        columns = [c for history in histories.values() for c in history.columns if c != "epoch"]
        quantities = list(dict.fromkeys(c.removeprefix("val_") for c in columns))
        across = min(len(quantities), IN_A_ROW)
        down = -(-len(quantities) // across)
        figure, grid = plt.subplots(
            down, across, figsize=(5.2 * across, 3.6 * down), squeeze=False, layout="constrained"
        )
        panels = grid.ravel()
        for axes in panels[len(quantities) :]:
            axes.set_axis_off()
        for axes, quantity in zip(panels, quantities, strict=False):
            for number, (name, history) in enumerate(histories.items()):
                colour = f"C{number % 10}"
                if quantity in history:
                    axes.plot(
                        history["epoch"], history[quantity], color=colour, lw=0.9, alpha=0.55, label=f"{name}, training"
                    )
                if f"val_{quantity}" in history:
                    axes.plot(
                        history["epoch"], history[f"val_{quantity}"], color=colour, lw=1.8, label=f"{name}, validation"
                    )
            axes.set(xlabel="epoch", ylabel=quantity.replace("_", " "))
            if self.log_loss and "loss" in quantity:
                axes.set_yscale("log")
            axes.grid(alpha=0.25)
        handles, labels = panels[0].get_legend_handles_labels()
        if len(labels) <= 8:
            panels[0].legend(handles, labels, fontsize=8)
        rows = []
        for name, history in histories.items():
            monitored = "val_loss" if "val_loss" in history else "loss"
            best = history.loc[history[monitored].idxmin()]
            rows.append(
                {"model": name, "epochs": len(history), f"lowest {monitored} in epoch": int(best["epoch"])}
                | dict(history.iloc[-1])
            )
        table = pd.DataFrame(rows).drop(columns="epoch")
        return Findings(
            tables={"last_epoch": table},
            figures={"history": figure},
            captions={
                "history": "Training (thin) and validation (thick).",
                "last_epoch": "The numbers of the last epoch.",
            },
        )


@hookimpl
def labrun_analyses() -> list[type[Analysis]]:
    return [TrainingHistory]
