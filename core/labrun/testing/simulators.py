"""Conformance tests for simulators."""

from __future__ import annotations

import time
from typing import Any, ClassVar

from labrun.contracts.plugin import Arrays, Simulator, View
from labrun.engine.members import simulate_member
from labrun.registry.plugin_code import PluginCode
from labrun.seeds import generator
from labrun.testing import digest
from labrun.testing.contract import PluginContract
from labrun.testing.declared import disagreements
from labrun.testing.processes import in_a_worker, source_of

__all__ = ["SimulatorContract"]


class SimulatorContract(PluginContract):
    """Check a simulator: subclass it, and give `plugin` and `config`.

    Choose a toy configuration in which random numbers matter, if they ever do, and sides of different lengths.
    """

    plugin: ClassVar[type[Simulator]]

    seconds: ClassVar[float] = 10.0
    """Most time for one member in the toy configuration, without compilation [s]."""

    def test_a_member_is_whole(self) -> None:
        try:
            simulate(self.configured())
        except (TypeError, FloatingPointError) as error:
            raise AssertionError(
                f"A run would count this member as failed: {error}. {self.method()} must return a dict of arrays of numbers, all finite, "
                "and exactly those declared in 'outputs'."
            ) from error

    def test_the_same_seed_gives_the_same_bytes(self) -> None:
        import random

        import numpy as np

        found = []
        for seed in (1, 2):  # the libraries' global generators differ
            random.seed(seed)
            np.random.seed(seed)  # noqa: NPY002
            found.append(digest.of_arrays(simulate(self.configured())))
        self._expect_equal(found[0], found[1], "in two calls with the same generator")

    def test_another_process_gives_the_same_bytes(self) -> None:
        here = digest.of_arrays(simulate(self.configured()))
        there = in_a_worker(digests_there, source_of(self.plugin), dict(self.config))
        self._expect_equal(here, there, "in a spawned process with the same generator")

    def _expect_equal(self, one: dict[str, str], other: dict[str, str], where: str) -> None:
        names = digest.differing(one, other)
        assert not names, (
            f"{self.method()} returns different bytes {where}: {', '.join(names)}. Draw every random number from 'rng' (never from "
            "np.random or random, whose state is shared), seed compiled code from it, do not iterate over sets of strings, whose order "
            "differs between processes, and do not sum in parallel in an arbitrary order."
        )

    def test_another_seed_gives_other_bytes(self) -> None:
        rng = generator(0, "toy")
        before = state(rng)
        one = digest.of_arrays(simulate_member(self.configured(), rng))
        if state(rng) == before:
            return  # it draws nothing
        other = digest.of_arrays(simulate_member(self.configured(), generator(1, "toy")))
        assert one != other, (
            f"{self.method()} draws random numbers, but another seed gives the same arrays. Are they used? If they do not matter in this "
            "configuration, choose a toy configuration in which they do."
        )

    def test_outputs_are_as_declared(self) -> None:
        plugin = self.configured()
        declared = plugin.declared_outputs()
        if not declared:
            return
        arrays = simulate(plugin)
        found = [*disagreements({name: declared[name] for name in arrays}, arrays, dict(plugin))]
        assert not found, (
            f"{self.plugin.__name__}.outputs and the arrays of {self.method()} do not agree: {'; '.join(found)}. Declare each array as "
            "'(height, width) float32: what it is [unit]'; equal names are equal sizes, and the name of a field is its value."
        )

    def test_it_ends_within_seconds(self) -> None:
        plugin = self.configured()
        simulate(plugin)  # compiles
        begin = time.perf_counter()
        simulate(plugin)
        taken = time.perf_counter() - begin
        assert taken < self.seconds, (
            f"One member of the toy configuration took {taken:.1f} s, more than {self.seconds:g} s: nobody runs slow tests. Choose a "
            "smaller 'config' for this test."
        )

    def test_watching_yields_views(self) -> None:
        if self.plugin.watch is Simulator.watch:
            return
        views: list[Any] = [*self.configured().watch(generator(0, "toy"), 2)]
        odd = [
            view
            for view in views
            if not isinstance(view, View) or view.image.ndim not in (2, 3) or view.low > view.high
        ]
        fits = 1 <= len(views) <= 2 and not odd
        assert fits, (
            f"{self.plugin.__name__}.watch was asked for 2 pictures and yielded {len(views)}, {len(odd)} of which are not a View of an "
            "image (height, width) with low ≤ high. Yield as many labrun.View as 'pictures' says."
        )


def simulate(plugin: Any) -> Arrays:
    """Simulate one member, always with the same seed."""
    return simulate_member(plugin, generator(0, "toy"))


def state(rng: Any) -> tuple[str, int]:
    """Return the state of a generator, including how many it has spawned."""
    return repr(rng.bit_generator.state), rng.bit_generator.seed_seq.n_children_spawned


def digests_there(source: PluginCode, config: dict[str, Any]) -> dict[str, str]:
    """Return the digests of one member, simulated in another process."""
    plugin: Any = source.load()
    return digest.of_arrays(simulate(plugin.configured(config)))
