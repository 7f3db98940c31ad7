"""Analysis `evolution_strip`: what a network made of a few pictures while it learned."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import model_validator

from labrun import Analysis, Field, Findings, TrainedModel, hookimpl


class EvolutionStrip(Analysis):
    """How did a network's pictures come about? A row for each of a few fixed examples that it never learned from, a column for each epoch.

    The project says how often to keep them, `fit: {samples: {every: 5, count: 4}}`. Beside the strip stands how far they lie from what is
    expected, the mean absolute error over all pixels, against the epoch.
    """

    name: ClassVar[str] = "evolution_strip"
    version: ClassVar[int] = 1

    columns: int = Field(
        8, ge=2, le=20, description="epochs in the strip at most, spread evenly, the first and the last among them"
    )
    kind: Literal["ink", "field"] = Field("ink", description="drawings on a white ground, or maps of a quantity")
    unit: str = Field("", description="unit of the pictures, once they are multiplied by 'scale'")
    scale: float = Field(1.0, gt=0, description="pictures are multiplied by this before all else [unit]")

    @model_validator(mode="after")
    def _check_together(self) -> EvolutionStrip:
        for name in ("unit", "scale"):
            if self.kind == "ink" and name in self.model_fields_set:
                raise ValueError(f"'{name}' belongs to fields: set 'kind: field', or leave it out")
        return self

    def analyse(self, model: list[TrainedModel]) -> Findings:
        """A figure `strip_<model>` for each model, figure and table `errors`; metrics `L1, unet`, …, of the last epoch.

        Raises:
            ValueError: a model was trained without samples, they are no pictures, or two models have one name.
        """
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
            figures={**figures, "errors": draw_errors(errors, self.unit)},
            captions={f"strip_{one.model}": one.caption(self.columns) for one in strips}
            | {
                "errors": f"How far the pictures of each epoch lie from what is expected: mean absolute error over all pixels{unit}."
            },
        )


@hookimpl
def labrun_analyses() -> list[type[Analysis]]:
    """Offer the analysis."""
    return [EvolutionStrip]
