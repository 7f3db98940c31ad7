"""Plugins of the browser tests: stripes and spots without any physics, and a made-up classification of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from labrun import Analysis, Arrays, Ensemble, Field, Findings, Simulator, hookimpl
from labrun.kit.classification import Classification

if TYPE_CHECKING:
    import numpy as np

CLASSES = ("low <b>", "middle & so on", "high", "never")


class Texture(Simulator):
    """Noise filtered to a wave number that grows with `kill`, cut off at a level that falls with `feed`."""

    name: ClassVar[str] = "texture"
    outputs: ClassVar[dict[str, str]] = {"u": "(48, 64) float32, dimensionless"}

    kill: float = Field(ge=0, description="k")
    feed: float = Field(ge=0, description="F")

    def simulate(self, rng: np.random.Generator) -> Arrays:
        """Return `u`: (48, 64) float32."""
        import numpy as np

        rows, columns = np.meshgrid(np.fft.fftfreq(48), np.fft.fftfreq(64), indexing="ij")
        band = np.exp(-(((np.hypot(rows, columns) - 0.06 - self.kill) / 0.02) ** 2))
        u = np.fft.ifft2(np.fft.fft2(rng.standard_normal((48, 64))) * band).real
        return {"u": (u / u.std() > 1 - 20 * self.feed).astype(np.float32) + 0.1 * u.astype(np.float32)}


class MadeUp(Analysis):
    """Classes in bands of feed: class i has the logit −(feed − i/30)² / 2·10⁻⁴, "never" none."""

    name: ClassVar[str] = "made_up"

    def analyse(self, simulation: Ensemble) -> Findings:
        import numpy as np

        feed = simulation.parameters["feed"].to_numpy()
        logits = -((feed[:, None] - np.array([0, 1 / 30, 2 / 30, 9])) ** 2) / 2e-4
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        table = simulation.parameters
        return Classification(table, CLASSES, odds / odds.sum(axis=1, keepdims=True)).findings()


class FarOut(Analysis):
    """Novelty is `kill`; above 0.06 it is novel."""

    name: ClassVar[str] = "far_out"

    def analyse(self, simulation: Ensemble) -> Findings:
        table = simulation.parameters
        return Findings(tables={"members": table.assign(score=table["kill"], novel=table["kill"] > 0.06)})


@hookimpl
def labrun_simulators() -> list[type[Simulator]]:
    return [Texture]


@hookimpl
def labrun_analyses() -> list[type[Analysis]]:
    return [MadeUp, FarOut]
