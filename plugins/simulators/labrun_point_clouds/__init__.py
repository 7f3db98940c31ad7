"""Two classes of points in the plane that a perceptron separates fully, nearly, or not."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from pydantic import model_validator

from labrun import Arrays, Field, Simulator, hookimpl

if TYPE_CHECKING:
    import numpy as np

Kind = Literal["separable", "overlapping", "xor"]
USED: dict[Kind, tuple[str, ...]] = {"separable": ("line", "margin"), "overlapping": ("deviation",), "xor": ("margin",)}
"""Fields that matter to each kind"""


class PointClouds(Simulator):
    """Points x = (x₁, x₂) in the square [−1, 1]², each of class 0 or 1.

    * `separable`: uniform in the square, class 1 if w₁ x₁ + w₂ x₂ + b > 0, and no point nearer to that line than the margin γ. For a
      line through the origin (b = 0) the perceptron rule, from weights 0, makes at most 3 / γ² mistakes (A. B. J. Novikoff, 1962; 3 bounds
      |x|² + 1).
    * `overlapping`: a normal cloud for each class, half of the points each, around ∓(0.4, 0.4), with the same deviation σ along both axes;
      points outside the square are drawn again. The best rule is the line x₁ + x₂ = 0, which is right for 91 % at σ = 0.4.
    * `xor`: uniform in the four quadrants without a cross of half width `margin` around the axes, class 1 if x₁ and x₂ differ in sign. No
      line is right for more than 3 of the 4 quadrants.

    All quantities are dimensionless. Draws from the member's generator what the kind needs.
    """

    name: ClassVar[str] = "point_clouds"
    version: ClassVar[int] = 1
    outputs: ClassVar[Mapping[str, str]] = {
        "x": "(samples, 2) float32: the points, within [−1, 1]²",
        "label": "(samples,) uint8: class of each point, 0 or 1",
    }

    kind: Kind = Field("separable", description="separable by a line, two overlapping normal clouds, or xor")
    samples: int = Field(200, ge=2, description="number of points")
    line: tuple[float, float, float] = Field(
        (1.0, 1.0, 0.0), description="w₁, w₂ and b of the line w₁ x₁ + w₂ x₂ + b = 0, dimensionless (separable)"
    )
    margin: float = Field(
        0.1, ge=0, le=0.5, description="least distance of a point from the boundary, dimensionless (separable, xor)"
    )
    deviation: float = Field(0.4, gt=0, description="σ, standard deviation of a cloud, dimensionless (overlapping)")

    @model_validator(mode="after")
    def _check_fields(self) -> Self:
        used = USED[self.kind]
        for field in ("line", "margin", "deviation"):
            if field in self.model_fields_set and field not in used:
                raise ValueError(
                    f"{field} has no effect with kind={self.kind}, which uses {' and '.join(used)}: leave it out"
                )
        w1, w2, b = self.line
        length = math.hypot(w1, w2)
        if not length or (abs(w1) + abs(w2) - abs(b)) / length <= self.margin:
            raise ValueError(
                f"line=[{w1:g}, {w2:g}, {b:g}] with a margin of {self.margin:g} leaves no room for a class: expected weights that are not "
                "both 0, and a line that crosses [−1, 1]² farther than the margin from the corners"
            )
        return self

    def simulate(self, rng: np.random.Generator) -> Arrays:
        """Return points and classes (see `outputs`)."""
        from labrun_point_clouds import clouds

        match self.kind:
            case "separable":
                x, label = clouds.separable(self.samples, self.line, self.margin, rng)
            case "overlapping":
                x, label = clouds.overlapping(self.samples, self.deviation, rng)
            case "xor":
                x, label = clouds.xor(self.samples, self.margin, rng)
        return {"x": x, "label": label}


@hookimpl
def labrun_simulators() -> list[type[Simulator]]:
    """Offer the simulator."""
    return [PointClouds]
