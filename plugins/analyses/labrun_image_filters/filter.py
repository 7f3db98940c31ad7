"""One filter of a project: a classical one by its name, or a custom kernel."""

from __future__ import annotations

from typing import Any, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from labrun import did_you_mean

__all__ = ["CLASSICAL", "Filter", "Kernel"]

Kernel: TypeAlias = list[list[float]]

_SOBEL_X: Kernel = [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]
_SOBEL_Y: Kernel = [[-1, -2, -1], [0, 0, 0], [1, 2, 1]]

CLASSICAL: dict[str, list[Kernel]] = {
    "gaussian": [[[weight / 16 for weight in row] for row in ([1, 2, 1], [2, 4, 2], [1, 2, 1])]],
    "sobel_x": [_SOBEL_X],
    "sobel_y": [_SOBEL_Y],
    "sobel": [_SOBEL_X, _SOBEL_Y],
    "laplacian": [[[0, 1, 0], [1, -4, 1], [0, 1, 0]]],
}
"""Kernels of each classical filter, as laid over a picture; of two kernels, the magnitude of both results is used."""


class Filter(BaseModel):
    """A filter: a name, or `{name: …, kernel: a name or a matrix, normalize: …, repeat: …}`."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: str = Field(min_length=1, max_length=40, description="name in the figure and the tables")
    kernel: str | Kernel = Field(description="rows of weights, both sides odd, or the name of a classical filter")
    normalize: bool = Field(False, description="divide the weights by their sum, so a flat picture stays as it is")
    repeat: int = Field(1, ge=1, le=1000, description="number of times the filter is applied")

    @model_validator(mode="before")
    @classmethod
    def _from_word(cls, value: Any) -> Any:
        return {"name": value, "kernel": value} if isinstance(value, str) else value

    @field_validator("kernel")
    @classmethod
    def _check_kernel(cls, kernel: str | Kernel) -> str | Kernel:
        if isinstance(kernel, str):
            if kernel not in CLASSICAL:
                raise ValueError(f"there is no filter '{kernel}'{did_you_mean(kernel, CLASSICAL)}")
            return kernel
        lengths = {len(row) for row in kernel}
        if not kernel or lengths == {0}:
            raise ValueError("a kernel needs at least one weight")
        if len(lengths) > 1:
            numbers = ", ".join(str(len(row)) for row in kernel)
            raise ValueError(f"the rows of a kernel must have equally many weights; these have {numbers}")
        height, width = len(kernel), len(kernel[0])
        if height % 2 == 0 or width % 2 == 0:
            raise ValueError(
                f"a kernel of {height} × {width} weights has no central weight; both sides must be odd: add a row or a column of zeros on "
                "the side that you mean"
            )
        return kernel

    @model_validator(mode="after")
    def _check_sum(self) -> Filter:
        if self.normalize:
            for kernel in self.kernels:
                weights = [weight for row in kernel for weight in row]
                if abs(sum(weights)) <= 1e-9 * sum(map(abs, weights)):
                    raise ValueError(
                        f"normalize: the weights of '{self.name}' add up to 0 and cannot be normalized; leave it out"
                    )
        return self

    @property
    def kernels(self) -> list[Kernel]:
        """Kernels as they are written, before normalization."""
        return CLASSICAL[self.kernel] if isinstance(self.kernel, str) else [self.kernel]
