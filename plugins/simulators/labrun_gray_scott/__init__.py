"""The Gray-Scott model: two chemicals that diffuse and react on a periodic plane and form patterns.

    ∂u/∂t = D_u ∇²u − u v² + F (1 − u)
    ∂v/∂t = D_v ∇²v + u v² − (F + k) v

The equation in plain NumPy is in `reference`, the fast one in `kernel`, the initial state in `initial`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

from pydantic import model_validator

from labrun import Arrays, Field, Simulator, View, hookimpl

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Share = Annotated[float, Field(ge=0, le=0.5)]
Degrees = Annotated[int, Field(ge=-360, le=360)]
Cells = Annotated[int, Field(ge=8, le=65536)]


class GrayScott(Simulator):
    """Gray-Scott reaction-diffusion on a periodic plane of square cells.

        ∂u/∂t = D_u ∇²u − u v² + F (1 − u)
        ∂v/∂t = D_v ∇²v + u v² − (F + k) v

    u, v: dimensionless concentrations of the substance that is consumed and of the one that it becomes; F: feed rate; k: removal rate of
    v; D_u, D_v: diffusion coefficients. Lengths are in cells, times in the model's own unit. Forward Euler with the
    nine-point Laplacian −3 a + ½ (edge neighbours) + ¼ (corner neighbours), as in C. Scholz and S. Scholz, Am. J. Phys. 90,
    141 (2022), doi:10.1119/5.0065458; the patterns' classes are those of J. E. Pearson, Science 261, 189 (1993).

    The homogeneous state (u, v) = (1, 0) always exists; two more do if F ≥ 4 (F + k)².

    A run starts from rest with three squares, rotated and rolled at random: see `labrun_gray_scott.initial`. Random numbers are drawn from
    the member's generator in the origin's order: position of the second square, noise of u, noise of v, angle, roll along axis 0, roll
    along axis 1; always all of them, whatever the options.

    Raises FloatingPointError if a concentration is no longer finite.
    """

    name: ClassVar[str] = "gray_scott"
    version: ClassVar[int] = 1
    outputs: ClassVar[Mapping[str, str]] = {
        "u": "(height, width, frames), float32 or, in double precision, float64: concentration u, dimensionless"
    }

    feed: float = Field(ge=0, description="F, feed rate of u [1/time]")
    kill: float = Field(ge=0, description="k, removal rate of v [1/time]")
    diffusion_u: float = Field(0.2, ge=0, description="D_u, diffusion coefficient of u [cells²/time]")
    diffusion_v: float = Field(0.1, ge=0, description="D_v, diffusion coefficient of v [cells²/time]")
    size: Cells | tuple[Cells, Cells] = Field(128, description="cells along each side, or [height, width]")
    time_step: float = Field(0.25, gt=0, description="Δt of forward Euler [time]")
    duration: float = Field(15000, gt=0, description="time simulated [time], a whole number of time steps")
    frames: int = Field(3, ge=1, description="number of saved frames; the last is at the end")
    frame_interval: float = Field(
        30, gt=0, description="time between saved frames [time], a whole number of time steps"
    )
    precision: Literal["single", "double"] = Field(
        "single", description="precision of the arithmetic and of the saved frames"
    )

    square_side: int = Field(20, ge=1, description="side of the square in the middle [cells]")
    square_u: float = Field(0.5, description="u in the square in the middle, dimensionless")
    square_v: float = Field(0.25, description="v in the square in the middle, dimensionless")
    second_distance: tuple[Share, Share] = Field(
        (0.2, 0.4),
        description="least and greatest chessboard distance of the second square from the middle [sides of the plane]",
    )
    second_side: int = Field(20, ge=1, description="side of the second square [cells]")
    second_u: float = Field(0.5, description="u in the second square, dimensionless")
    second_v: float = Field(0.25, description="v in the second square, dimensionless")
    cut_offset: tuple[int, int] = Field(
        (6, 9), description="shift of the third square, which covers part of the second [rows, columns]"
    )
    cut_side: int = Field(20, ge=1, description="side of the third square [cells]")
    cut_u: float = Field(0.99, description="u in the third square, dimensionless")
    cut_v: float = Field(0.01, description="v in the third square, dimensionless")
    noise: float = Field(0.0, ge=0, description="relative amplitude of normal noise on u and v")
    rotation: tuple[Degrees, Degrees] = Field(
        (0, 88), description="least and greatest angle by which the start is rotated [whole degrees]"
    )
    roll_axes: tuple[Literal[0, 1], ...] = Field(
        (0,),
        description="axes along which the start is rolled by a random distance: [0] as in the origin, [0, 1] as it intends",
    )

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width [cells]."""
        return (self.size, self.size) if isinstance(self.size, int) else self.size

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        faults = [*self._faults_of_time(), *self._faults_of_start()]
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def _faults_of_time(self) -> Iterator[str]:
        # The Laplacian's eigenvalues go from −4 to 0. With the decay rates at (1, 0), Euler multiplies the fastest mode of each field by
        # 1 − Δt (4 D + rate), which must not be below −1. For diffusion alone this is D Δt ≤ ½.
        for field, rate, of in (
            ("diffusion_u", self.feed, "feed"),
            ("diffusion_v", self.feed + self.kill, "feed + kill"),
        ):
            fastest = 4 * getattr(self, field) + rate
            if self.time_step * fastest > 2:
                yield (
                    f"time_step={self.time_step:g} is unstable with {field}={getattr(self, field):g}: forward Euler needs "
                    f"time_step <= 2 / (4 {field} + {of}) = {2 / fastest:.4g}"
                )
        for field in ("duration", "frame_interval"):
            steps = getattr(self, field) / self.time_step
            if round(steps) < 1 or abs(steps - round(steps)) > 1e-6:
                nearest = max(1, round(steps)) * self.time_step
                yield (
                    f"{field}={getattr(self, field):g} is not a whole number of steps of time_step={self.time_step:g}: "
                    f"the nearest is {nearest:.10g}"
                )
        earliest = self.duration - (self.frames - 1) * self.frame_interval
        if earliest < -1e-6 * self.time_step:
            yield (
                f"frames={self.frames} at frame_interval={self.frame_interval:g} reach {-earliest:g} before the start of "
                f"duration={self.duration:g}: at most {int(self.duration / self.frame_interval) + 1} fit"
            )

    def _faults_of_start(self) -> Iterator[str]:
        for field in ("square_side", "second_side", "cut_side"):
            if getattr(self, field) > min(self.shape):
                height, width = self.shape
                yield f"size={height}×{width} is too small for {field}={getattr(self, field)}: enlarge the one or reduce the other"
        if not self.second_distance[0] < self.second_distance[1]:
            yield f"second_distance={list(self.second_distance)}: expected the least distance first, then a greater one"
        if not self.rotation[0] <= self.rotation[1]:
            yield f"rotation={list(self.rotation)}: expected the least angle first"
        if len(set(self.roll_axes)) < len(self.roll_axes):
            yield f"roll_axes={list(self.roll_axes)}: expected each axis at most once"

    def initial_state(self, rng: np.random.Generator) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
        """Return u and v at the start, (height, width), dimensionless, in the precision of the run."""
        from labrun_gray_scott.initial import draw, initial_state

        u, v = initial_state(self, draw(self, rng))
        dtype = "float32" if self.precision == "single" else "float64"
        return u.astype(dtype), v.astype(dtype)

    def simulate(self, rng: np.random.Generator) -> Arrays:
        """Return `u`, (height, width, frames), dimensionless, at `duration` and at `frames` − 1 times before it.

        Raises:
            FloatingPointError: a concentration is no longer finite.
        """
        import numpy as np

        last, interval = round(self.duration / self.time_step), round(self.frame_interval / self.time_step)
        stops = [last - interval * before for before in reversed(range(self.frames))]
        return {"u": np.stack(list(self._run(rng, stops)), axis=-1)}

    def watch(self, rng: np.random.Generator, pictures: int) -> Iterator[View]:
        """Yield `pictures` pictures of u, evenly spaced in time from the start to `duration` (a single one: at `duration`)."""
        last = round(self.duration / self.time_step)
        stops = [round(last * i / (pictures - 1)) for i in range(pictures)] if pictures > 1 else [last] * pictures
        for stop, u in zip(stops, self._run(rng, stops), strict=True):
            caption = f"Gray-Scott, F = {self.feed:g}, k = {self.kill:g}, t = {stop * self.time_step:g}"
            yield View(image=u, caption=caption, low=0.0, high=1.0)

    def _run(self, rng: np.random.Generator, stops: list[int]) -> Iterator[NDArray[np.floating]]:
        from labrun_gray_scott.kernel import integrate  # Numba is loaded only where it runs

        u, v = self.initial_state(rng)
        numerics = {name: getattr(self, name) for name in ("feed", "kill", "diffusion_u", "diffusion_v", "time_step")}
        for later_u, _ in integrate(u, v, stops, **numerics):
            yield later_u


@hookimpl
def labrun_simulators() -> list[type[Simulator]]:
    """Offer the simulator."""
    return [GrayScott]
