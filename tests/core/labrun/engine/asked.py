"""An adaptive sweep of a noisy bowl, for tests and for the benchmark that kills it."""

from __future__ import annotations

__all__ = ["PLUGIN", "PROJECT"]

PLUGIN = '''
import os, time
from typing import ClassVar, Literal
import numpy as np
from labrun import Asked, Choice, Field, Sampler, Simulator, hookimpl

class Bowl(Simulator):
    """A noisy bowl around (0.4, 0.3)."""
    name: ClassVar[str] = "bowl"
    outputs: ClassVar[dict[str, str]] = {"height": "() float64, dimensionless", "u": "(8, 9) float32, dimensionless"}
    x: float = Field(description="place, dimensionless")
    y: float = Field(0.5, description="place, dimensionless")
    pause: float = Field(0.0, description="most time of a member [s]")
    hole: float = Field(-1.0, description="members with smaller x fail, dimensionless")
    def simulate(self, rng):
        if self.x < self.hole:
            raise ValueError("nothing here")
        time.sleep(self.pause * rng.random())
        height = (self.x - 0.4) ** 2 + (self.y - 0.3) ** 2 + 1e-3 * rng.normal()
        return {"height": np.array(height), "u": np.full((8, 9), height, np.float32)}

class Lowest(Sampler):
    """Places near low rows."""
    name: ClassVar[str] = "lowest"
    def propose(self, asked: Asked, candidates, count, rng):
        from scipy.spatial import cKDTree
        known = asked.known
        distance, nearest = cKDTree(asked.points[known]).query(candidates)
        score = 0.1 * distance - asked.values[known][nearest] + 1e-6 * rng.random(len(candidates))
        rows = np.argsort(-score, kind="stable")[:count]
        return Choice(rows, score[rows])

class Broken(Sampler):
    """A sampler with a fault of your choice."""
    name: ClassVar[str] = "broken"
    fault: Literal["none", "list", "twice", "far", "nan", "raises", "shape"] = Field("none", description="the fault")
    def propose(self, asked, candidates, count, rng):
        rows, scores = np.arange(count), np.zeros(count)
        match self.fault:
            case "list": return rows.tolist()
            case "twice": return Choice(rows * 0, scores)
            case "far": return Choice(rows + len(candidates), scores)
            case "nan": return Choice(rows, scores * np.nan)
            case "shape": return Choice(rows.astype(float), scores)
            case "raises": raise RuntimeError("no idea")
        return Choice(rows, scores)

@hookimpl
def labrun_simulators(): return [Bowl]
@hookimpl
def labrun_samplers(): return [Lowest, Broken]
'''

PROJECT = """\
project: asked
seed: 4
plugins: [plugin.py]
simulations:
  scan:
    use: bowl
    sweep:
      adaptive:
        columns: {x: {from: 0, to: 1}, y: {from: 0, to: 1}}
        start: {count: 12}
        batch: 6
        count: 40
        sampler: lowest
        measure: {number: mean(u)}
"""
