"""Conformance tests for samplers."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from labrun.contracts.plugin import Sampler
from labrun.contracts.sampling import Asked, Choice
from labrun.engine.asking import problem_with_choice
from labrun.registry.plugin_code import PluginCode
from labrun.seeds import generator
from labrun.testing.contract import PluginContract
from labrun.testing.processes import in_a_worker, source_of

if TYPE_CHECKING:
    import numpy as np

__all__ = ["SamplerContract", "toy_asked"]


def toy_asked(
    needs: Literal["classes", "numbers"] = "numbers",
    coordinates: int = 2,
    rows: int = 40,
    in_work: int = 5,
    repeats: int = 2,
    seed: int = 0,
) -> Asked:
    """Return rows of a toy sweep over the unit cube, the last `in_work` of which have no value yet.

    The number is the distance from a corner, with a standard error where there are `repeats`; the classes a, b and c are shells around
    that corner, with probabilities that are less certain between two of them.
    """
    import numpy as np

    rng = generator(seed, "toy", coordinates, rows)
    points = rng.random((rows, coordinates))
    distance = np.linalg.norm(points, axis=1)
    unknown = np.arange(rows) >= rows - in_work
    errors = np.where(unknown, np.nan, 0.01) if repeats > 1 else np.full(rows, np.nan)
    if needs == "numbers":
        return Asked(points, np.where(unknown, np.nan, distance), errors)
    centres = np.array([0.2, 0.6, 1.0]) * np.sqrt(coordinates)
    weights = np.exp(-(((distance[:, None] - centres) / 0.2) ** 2)) + 1e-6
    probabilities = weights / weights.sum(axis=1, keepdims=True)
    probabilities[unknown] = np.nan
    values = np.where(unknown, np.nan, np.nan_to_num(probabilities).argmax(axis=1))
    disagreement = np.where(unknown, np.nan, 0.1 * (1 - probabilities.max(axis=1)))
    return Asked(points, values, np.full(rows, np.nan), ("a", "b", "c"), probabilities, disagreement)


class SamplerContract(PluginContract):
    """Check a sampler: subclass it, and give `plugin` and, if it needs one, `config`."""

    plugin: ClassVar[type[Sampler]]

    seconds: ClassVar[float] = 20.0
    """Most processor time for a choice of 50 rows by 1,000 rows among 8,192 places of a plane [s]."""

    def test_it_chooses_what_it_is_asked_for(self) -> None:
        for coordinates in (1, 2, 4):
            asked = toy_asked(self.plugin.needs, coordinates)
            for count, candidates in ((1, 30), (8, 200), (25, 25)):
                self._choose(asked, places(candidates, coordinates), count)

    def test_it_copes_with_little_to_go_by(self) -> None:
        import numpy as np

        for rows, in_work in ((1, 0), (3, 2), (2, 0)):
            self._choose(toy_asked(self.plugin.needs, rows=rows, in_work=in_work), places(50), 5)
        alike = toy_asked(self.plugin.needs, repeats=1)
        same = np.where(alike.known, 1.0, np.nan)
        probabilities = None if alike.probabilities is None else np.where(alike.known[:, None], [0.0, 1.0, 0.0], np.nan)
        one = Asked(alike.points, same, alike.errors, alike.classes, probabilities, alike.disagreement)
        self._choose(one, places(50), 5)

    def test_the_choice_follows_from_the_arguments(self) -> None:
        import random

        import numpy as np

        found = []
        for seed in (1, 2):  # the libraries' global generators differ
            random.seed(seed)
            np.random.seed(seed)  # noqa: NPY002
            found.append(as_lists(choose(self.configured())))
        found.append(in_a_worker(chosen_there, source_of(self.plugin), dict(self.config)))
        assert found[0] == found[1] == found[2], (
            f"{self.method()} chooses other rows, or gives other scores, when it is called again with the same arguments, or in another "
            "process. A run that was interrupted must choose the same rows again: draw random numbers from 'rng' alone."
        )

    def test_what_it_is_given_stays_as_it_is(self) -> None:
        asked, candidates = toy_asked(self.plugin.needs), places(60)
        before = asked.points.copy(), asked.values.copy(), candidates.copy()
        self._choose(asked, candidates, 5)
        unchanged = all(
            equal(one, other) for one, other in zip(before, (asked.points, asked.values, candidates), strict=True)
        )
        assert unchanged, f"{self.method()} changes the arrays that it is given. Copy what you change."

    def test_predictions_are_finite(self) -> None:
        import numpy as np

        found = self.configured().predict(toy_asked(self.plugin.needs), places(30))
        fits = np.shape(found) == (30,) and np.isfinite(found).all()
        assert fits, f"{self.plugin.__name__}.predict must return a finite number for each of 30 points, not {found!r}"

    def test_it_chooses_within_seconds(self) -> None:
        asked, candidates = toy_asked(self.plugin.needs, rows=1000, in_work=50), places(8192)
        begin = time.process_time()
        self._choose(asked, candidates, 50)
        taken = time.process_time() - begin
        assert taken < self.seconds, (
            f"{self.method()} took {taken:.1f} s to choose 50 rows by 1,000 rows, more than {self.seconds:g} s: simulations wait meanwhile."
        )

    def _choose(self, asked: Asked, candidates: np.ndarray, count: int) -> None:
        choice = self.configured().propose(asked, candidates, count, generator(0, "choice"))
        problem = problem_with_choice(choice, len(candidates), count)
        rows, known, width = len(asked.points), int(asked.known.sum()), candidates.shape[1]
        assert not problem, (
            f"With {rows} rows ({known} of them with a value) in {width} dimensions, {self.method()} {problem}."
        )


def places(count: int, coordinates: int = 2) -> np.ndarray:
    """Return places of the unit cube, (count, coordinates)."""
    return generator(1, "places", coordinates).random((count, coordinates))


def equal(one: np.ndarray, other: np.ndarray) -> bool:
    """Check whether two arrays hold the same numbers and the same NaN."""
    import numpy as np

    return bool(np.array_equal(one, other, equal_nan=True))


def choose(sampler: Any) -> Choice:
    """Choose rows of the toy sweep, always with the same seed."""
    choice: Choice = sampler.propose(toy_asked(sampler.needs), places(100), 7, generator(0, "choice"))
    return choice


def as_lists(choice: Choice) -> tuple[list[int], list[float]]:
    """Return a choice as plain numbers."""
    import numpy as np

    return np.asarray(choice.rows).tolist(), np.asarray(choice.scores).tolist()


def chosen_there(source: PluginCode, config: dict[str, Any]) -> tuple[list[int], list[float]]:
    """Load a sampler in another process, and choose."""
    plugin: Any = source.load()
    return as_lists(choose(plugin.configured(config)))
