"""Analysis `evolution_strip`: pictures that a network generated during training."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import model_validator

from labrun import Analysis, Field, Findings, TrainedModel, hookimpl

if TYPE_CHECKING:
    import pandas as pd

FEW = 4
"""Networks that a caption names"""


class EvolutionStrip(Analysis):
    """Pictures that a network generated during training: a row for each of a few fixed validation examples, a column for each epoch.

    The project sets how often they are kept: `fit: {samples: {every: 5, count: 4}}`. A second figure shows the mean absolute error over
    all pixels against the epoch.
    """

    name: ClassVar[str] = "evolution_strip"
    version: ClassVar[int] = 1

    columns: int = Field(
        8,
        ge=2,
        le=20,
        description="maximum number of epochs in the strip, evenly spaced, including the first and the last",
    )
    kind: Literal["ink", "field"] = Field("ink", description="ink: drawings on white; field: maps of a quantity")
    unit: str = Field("", description="unit of the pictures after multiplication by 'scale'")
    scale: float = Field(1.0, gt=0, description="factor that converts the pictures to 'unit' [unit]")

    @model_validator(mode="after")
    def _check_together(self) -> EvolutionStrip:
        for name in ("unit", "scale"):
            if self.kind == "ink" and name in self.model_fields_set:
                raise ValueError(f"'{name}' applies to fields only: set 'kind: field', or leave it out")
        return self

    def analyse(self, model: list[TrainedModel]) -> Findings:
        """Return a figure `strip_<model>` for each model, figure and table `errors`, and metrics `L1, <model>` of the last epoch.

        Raises:
            ValueError: a model was trained without samples, they are not pictures, or two models have the same name.
        """
        from labrun.kit.palette import network_colours
        from labrun_evolution_strip.drawing import draw_errors, draw_strip
        from labrun_evolution_strip.strips import error_table, read_strip

        strips = [read_strip(one, self.scale) for one in model]
        errors = error_table(strips)
        last = errors.groupby("model", sort=False)["L1"].last()
        figures = {f"strip_{one.model}": draw_strip(one, self.columns, self.kind == "ink", self.unit) for one in strips}
        unit = f" [{self.unit}]" if self.unit else ""
        return Findings(
            metrics={f"L1, {name}": float(value) for name, value in last.items()},
            tables={"errors": errors},
            figures={**figures, "errors": draw_errors(errors, network_colours(model), self.unit)},
            captions={f"strip_{one.model}": one.caption(self.columns) for one in strips}
            | {
                "errors": f"Mean absolute error over all pixels of the generated pictures{unit}, against the epoch.{_least(errors)}"
            },
        )


def _least(errors: pd.DataFrame) -> str:
    """Say in which epoch each of a few networks had its least error."""
    least = errors.loc[errors.groupby("model", sort=False)["L1"].idxmin()]
    words = [
        f"'{name}' in epoch {epoch}, {error:.3g}" for name, epoch, error in least[["model", "epoch", "L1"]].to_numpy()
    ]
    return f" It is least for {'; '.join(words)}." if len(words) <= FEW else ""


@hookimpl
def labrun_analyses() -> list[type[Analysis]]:
    """Offer the analysis."""
    return [EvolutionStrip]
