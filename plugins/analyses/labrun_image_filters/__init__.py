"""Analysis `image_filters`: a picture filtered with classical or custom kernels."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, field_validator

from labrun import Analysis, Ensemble, Field, Findings, Outline, hookimpl
from labrun_image_filters.filter import Filter

if TYPE_CHECKING:
    import numpy as np

_Filter = Annotated[Filter, BeforeValidator(lambda value: value, json_schema_input_type=str | Filter)]
"""For the schema alone: `Filter` itself takes the bare word."""


class ImageFilters(Analysis):
    """A picture beside its filtered versions, with the kernel of each.

    With the picture f and a kernel k of (2a + 1) × (2b + 1) weights, at row i and column j

        convolution    g_ij = Σ_{m=−a…a} Σ_{n=−b…b} k_mn f_{i−m, j−n}
        correlation    g_ij = Σ_{m=−a…a} Σ_{n=−b…b} k_mn f_{i+m, j+n}

    computed by scipy.ndimage. A convolution lays the kernel, rotated by 180°, over each pixel; a correlation, which the convolution layers
    of networks compute, lays it over as it is written. `filters` are names of classical filters or custom kernels:

    * `gaussian`: (1 2 1, 2 4 2, 1 2 1)/16, a weighted mean; repeated n times, nearly a Gaussian of standard deviation √(n/2) pixels;
    * `sobel_x` (1 2 1 down times −1 0 1 across) and `sobel_y`, its transpose: 8 times the slope to the right and downwards, for both
      operations (I. Sobel and G. Feldman 1968); `sobel`: √(g_x² + g_y²), their magnitude;
    * `laplacian`: (0 1 0, 1 −4 1, 0 1 0), the sum of the second differences;
    * `{name: emboss, kernel: [[-2, -1, 0], [-1, 1, 1], [0, 1, 2]], repeat: 3}`: any kernel of odd sides, applied three times. `kernel` may
      also be a name from above; `normalize: true` divides the weights by their sum.

    Values are filtered as floating-point numbers in their own unit, without clipping or rounding.
    """

    name: ClassVar[str] = "image_filters"
    version: ClassVar[int] = 1

    array: str = Field(
        "image",
        description="array of the simulation, (height, width), or (images, height, width), of which one image is used",
    )
    member: int = Field(0, ge=0, description="number of the member")
    index: int = Field(0, ge=0, description="number of the image in an array of several, from 0")
    filters: list[_Filter] = Field(
        ["gaussian", "sobel_x", "sobel_y", "sobel", "laplacian"],
        validate_default=True,
        min_length=1,
        max_length=23,
        description="gaussian, sobel_x, sobel_y, sobel, laplacian, or mappings {name, kernel, normalize, repeat}",
    )
    operation: Literal["convolution", "correlation"] = Field(
        "convolution",
        description="whether kernels are rotated by 180° before they are laid over the picture (convolution) or not",
    )
    edge: Literal["reflect", "mirror", "nearest", "wrap", "constant"] = Field(
        "reflect",
        description="values beyond the edge: reflect (c b a | a b c), mirror (c b | a b c), nearest (a a | a b c), wrap (the other "
        "side: periodic pictures), constant (zeros)",
    )

    @field_validator("filters")
    @classmethod
    def _check_names(cls, filters: list[Filter]) -> list[Filter]:
        names = [one.name for one in filters]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"two filters are called '{twice}'; give each its own name")
        return filters

    def check(self, simulation: Outline, **_: Any) -> Iterable[tuple[str, str]]:
        """Check that the array exists."""
        yield from simulation.missing_array("array", self.array)

    def analyse(self, simulation: Ensemble) -> Findings:
        """Return the figure `filters` and the tables `numbers` (of the picture and of each result, in its unit) and `kernels`.

        Raises:
            ValueError: there is no such member or image, or the array does not hold images.
        """
        import pandas as pd

        from labrun_image_filters.drawing import Panel, draw_panels
        from labrun_image_filters.filtering import apply_filter, laid_kernels
        from labrun_image_filters.picture import read_picture

        picture = read_picture(simulation, self.array, self.member, self.index)
        panels = [Panel(self._title(simulation), picture)]
        kernels: list[dict[str, Any]] = []
        for one in self.filters:
            laid = laid_kernels(one, self.operation)
            result = apply_filter(picture, laid, one.repeat, self.operation, self.edge)
            panels.append(Panel(one.name, result, laid, one.repeat))
            kernels += [_kernel_row(one, kernel) for kernel in laid]
        return Findings(
            tables={
                "numbers": pd.DataFrame([_number_row(panel.title, panel.picture) for panel in panels]),
                "kernels": pd.DataFrame(kernels),
            },
            figures={"filters": draw_panels(panels)},
            captions=self._captions(),
        )

    def _title(self, simulation: Ensemble) -> str:
        number = (
            f", image {self.index}"
            if len(simulation.shape(simulation.numbers.index(self.member), self.array)) == 3
            else ""
        )
        member = f", member {self.member}" if len(simulation) > 1 else ""
        return f"{simulation.name or 'picture'}: {self.array}{member}{number}"

    def _captions(self) -> dict[str, str]:
        """Return the captions of the figure and the tables."""
        laid = "rotated by 180° and laid" if self.operation == "convolution" else "laid as it is written"
        return {
            "filters": f"The picture and its filtered versions by {self.operation}: the kernel below each is {laid} over every pixel; "
            f"{_BEYOND[self.edge]}. Results that scatter around 0 have a symmetric scale, red above 0 and blue below; others are grey. A "
            "colour bar with a pointed end leaves out the outermost half per cent.",
            "numbers": "In the unit of the picture.",
            "kernels": "Weights as they are applied, row by row, each to be divided by 'divided by'. The result of a filter with two "
            "kernels is the magnitude of both.",
        }


_BEYOND = {
    "reflect": "beyond the edge the picture is mirrored (reflect: the outermost pixel twice)",
    "mirror": "beyond the edge the picture is mirrored (mirror: the outermost pixel once)",
    "nearest": "beyond the edge the outermost pixel is repeated (nearest)",
    "wrap": "beyond the edge comes the other side of the picture (wrap)",
    "constant": "beyond the edge all is 0 (constant)",
}


def _number_row(name: str, values: np.ndarray) -> dict[str, Any]:
    return {
        "picture": name,
        "mean": float(values.mean()),
        "standard deviation": float(values.std()),
        "min": float(values.min()),
        "max": float(values.max()),
    }


def _kernel_row(one: Filter, kernel: np.ndarray) -> dict[str, Any]:
    from labrun_image_filters.drawing import whole_weights

    weights, divisor = whole_weights(kernel)
    return {
        "filter": one.name,
        "rows": kernel.shape[0],
        "columns": kernel.shape[1],
        "weights": "; ".join(" ".join(f"{weight:.10g}" for weight in row) for row in weights),
        "divided by": divisor,
        "sum": float(kernel.sum()),
        "repeat": one.repeat,
    }


@hookimpl
def labrun_analyses() -> list[type[Analysis]]:
    """Offer the analysis."""
    return [ImageFilters]
