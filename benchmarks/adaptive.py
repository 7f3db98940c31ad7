"""Compare adaptive sweeps with a Sobol sequence, a regular grid and uniform random rows: what each needs for the same accuracy.

    python -m benchmarks.adaptive map runs/fine/analyses/classes/members.csv --x kill --y feed
    python -m benchmarks.adaptive percolation
    python -m benchmarks.adaptive times

`map` takes the classified members of a whole scan (the table of the analysis `classification`), asks for some of its cells in rounds, and
gives all others the class of the nearest. `percolation` looks for the threshold of site percolation on the square lattice. Both print
means over five seeds with 95 % intervals (Student's t). `times` prints how long samplers take to choose 50 rows. Rounds are those of the
engine's default: a round is chosen while the one before it is simulated (`in_flight: 2`).

The focus of `boundary` was chosen on synthetic maps (warped cells, 5 to 14 classes, other seeds), not on the scan; `level` has no constant
that was chosen by results.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.ndimage import label
from scipy.spatial import cKDTree
from scipy.stats import qmc, t

from labrun import Asked, Sampler
from labrun.kit.classification import Classification
from labrun.testing import toy_asked
from labrun.testing.samplers import places
from labrun_boundary import Boundary
from labrun_kriging.process import Process
from labrun_level import Level
from labrun_optimum import Optimum
from labrun_surface import Surface

SEEDS = range(5)
START, BATCH = 200, 50
SHARE = 0.2
"""Share of the cells of a map that are asked."""
P_C = 0.592746
"""Threshold of site percolation on the square lattice (J. L. Jacobsen, J. Phys. A 48, 454003 (2015), rounded)."""
LATTICE = 128
"""Sites along each side."""


def interval(values: Iterable[float]) -> str:
    """Return the mean over seeds with its 95 % interval."""
    found = np.array([*values])
    half = t.ppf(0.975, len(found) - 1) * found.std(ddof=1) / np.sqrt(len(found))
    return f"{found.mean():.4f} ± {half:.4f}"


def in_rounds(
    sampler: Sampler,
    candidates: Callable[[np.ndarray, np.random.Generator], np.ndarray],
    measure: Callable[[np.ndarray], np.ndarray],
    first: np.ndarray,
    batch: int,
    count: int,
    seed: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Return points and values of a sweep in rounds, of which the last is in work when the next is chosen."""
    rng = np.random.default_rng(seed)
    points, values, known = first, measure(first), len(first)
    while len(points) < count:
        seen = np.where(np.arange(len(points)) < known, values, np.nan)
        left = candidates(points, rng)
        choice = sampler.propose(
            Asked(points, seen, np.full(len(seen), np.nan)), left, min(batch, count - len(points)), rng
        )
        new, known = left[choice.rows], len(points)
        points, values = np.vstack([points, new]), np.append(values, measure(new))
    return points, values


# -- a map of classes --------------------------------------------------------------------------------------------------------------


class Map:
    """The cells of a whole scan, on the unit square, with their classes."""

    def __init__(self, path: Path, x: str, y: str) -> None:
        found = Classification.from_table(pd.read_csv(path))
        table = pd.DataFrame(found.probabilities).groupby(
            [found.parameters[x].to_numpy(), found.parameters[y].to_numpy()]
        )
        mean = table.mean()
        self.classes = mean.to_numpy().argmax(axis=1)
        plane = np.array([*mean.index], float)
        self.points = (plane - plane.min(axis=0)) / np.ptp(plane, axis=0)
        self.tree = cKDTree(self.points)

    def snapped(self, points: np.ndarray) -> np.ndarray:
        """Return the cells nearest to some points, each once."""
        return np.unique(self.tree.query(points)[1])

    def agreement(self, cells: np.ndarray) -> float:
        """Return the share of all cells that have the class of the nearest of these cells."""
        nearest = cKDTree(self.points[cells]).query(self.points)[1]
        return float(np.mean(self.classes[cells][nearest] == self.classes))

    def spread(self, method: str, count: int, seed: int) -> np.ndarray:
        """Return about `count` cells, spread evenly or at random; those that fall between cells are drawn again."""
        rng = np.random.default_rng(seed)
        if method == "random":
            return rng.permutation(len(self.points))[:count]
        drawn = count
        while True:
            if method == "sobol":
                unit = qmc.Sobol(2, rng=np.random.default_rng(seed)).random_base2((drawn - 1).bit_length())[:drawn]
            else:
                side = np.sqrt(drawn)
                axis = (np.arange(int(np.ceil(side)) + 1) + rng.random()) / side
                unit = np.stack(np.meshgrid(axis[axis <= 1], axis[axis <= 1]), axis=-1).reshape(-1, 2)
            near = self.tree.query(unit)[0] < 0.02  # a scan need not fill the square
            cells = self.snapped(unit[near])
            if len(cells) >= count:
                return cells if method == "grid" else rng.permutation(cells)[:count]
            drawn = max(drawn + 1, int(1.05 * drawn))

    def adaptive(self, count: int, seed: int) -> np.ndarray:
        """Return `count` cells that `boundary` chooses."""

        def left(points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
            return self.points[np.setdiff1d(np.arange(len(self.points)), self.tree.query(points)[1])]

        def measure(points: np.ndarray) -> np.ndarray:
            return self.classes[self.tree.query(points)[1]].astype(float)

        first = self.points[self.spread("sobol", START, seed)]
        return self.tree.query(in_rounds(Boundary(), left, measure, first, BATCH, count, seed)[0])[1]


def compare_maps(path: Path, x: str, y: str) -> None:
    """Print the agreement of each method at a fifth of the cells, and the cells that the others need for that of `boundary`."""
    whole = Map(path, x, y)
    count = int(SHARE * len(whole.points))
    print(f"{len(whole.points)} cells, {len(np.unique(whole.classes))} classes; {count} asked ({SHARE:.0%})")
    reached = [whole.agreement(whole.adaptive(count, seed)) for seed in SEEDS]
    print(f"boundary  {interval(reached)}", flush=True)
    for method in ("sobol", "grid", "random"):
        at_equal = [whole.agreement(whole.spread(method, count, seed)) for seed in SEEDS]
        needed = next(
            (
                some
                for some in range(count, len(whole.points), max(1, len(whole.points) // 50))
                if np.mean([whole.agreement(whole.spread(method, some, seed)) for seed in SEEDS]) >= np.mean(reached)
            ),
            len(whole.points),
        )
        print(
            f"{method:8}  {interval(at_equal)}; needs {needed} cells ({needed / count:.1f} times as many)", flush=True
        )


# -- a threshold -------------------------------------------------------------------------------------------------------------------


def spans(points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Simulate site percolation at occupations 0.4 to 0.8, one lattice for each: 1 where a cluster joins top and bottom."""
    found = []
    for (unit,) in points:
        clusters = label(rng.random((LATTICE, LATTICE)) < 0.4 + 0.4 * unit)[0]
        joined = np.intersect1d(clusters[0], clusters[-1])
        found.append(float((joined > 0).any()))
    return np.array(found)


def crossing(points: np.ndarray, values: np.ndarray) -> float:
    """Return the occupation at which the fitted surface crosses 1/2."""
    process = Process.fitted(Asked(points, values, np.full(len(values), np.nan)), np.random.default_rng(0))
    line = np.linspace(0, 1, 2001)
    above = process.predict(line[:, None])[0] > 0.5
    return 0.4 + 0.4 * float(line[above.argmax()])


def _anywhere(points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return rng.random((1000, 1))


def find_threshold() -> None:
    """Print the relative error of the threshold for some numbers of lattices."""
    print(f"site percolation, {LATTICE} × {LATTICE} sites, occupations 0.4 … 0.8: |error of p_c| / p_c")
    for count in (16, 24, 32, 48, 64, 96, 128, 192):
        errors: dict[str, list[float]] = {"level": [], "grid": [], "random": []}
        for seed in SEEDS:
            rng = np.random.default_rng(1000 + seed)
            grid = ((np.arange(count) + rng.random()) / count)[:, None]
            rows = {"grid": grid, "random": rng.random((count, 1))}
            for method, points in rows.items():
                errors[method].append(abs(crossing(points, spans(points, rng)) / P_C - 1))
            if count <= 64:
                first = ((np.arange(8) + 0.5) / 8)[:, None]
                measure = partial(spans, rng=rng)
                found = in_rounds(Level(value=0.5), _anywhere, measure, first, 4, count, seed)
                errors["level"].append(abs(crossing(*found) / P_C - 1))
        print(
            f"{count:4} lattices: " + ", ".join(f"{name} {interval(e)}" for name, e in errors.items() if e), flush=True
        )


# -- the time of a choice ----------------------------------------------------------------------------------------------------------


def print_times() -> None:
    """Print the processor time of a choice of 50 of 8,192 places."""
    for rows in (100, 1000, 10_000):
        for sampler in (Boundary(), Surface(), Level(value=0.7), Optimum()):
            asked = toy_asked(sampler.needs, rows=rows, in_work=50)
            begun = time.process_time()
            sampler.propose(asked, places(8192), 50, np.random.default_rng(0))
            print(f"{rows:6} rows  {sampler.name:9} {time.process_time() - begun:.2f} s", flush=True)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["map", "percolation", "times"])
    parser.add_argument("table", type=Path, nargs="?")
    parser.add_argument("--x", default="kill")
    parser.add_argument("--y", default="feed")
    given = parser.parse_args()
    if given.what == "map":
        compare_maps(given.table, given.x, given.y)
    elif given.what == "percolation":
        find_threshold()
    else:
        print_times()


if __name__ == "__main__":
    main()
