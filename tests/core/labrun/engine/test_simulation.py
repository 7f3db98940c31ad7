"""Simulations: the same members for any number of workers, and in any order."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from labrun import Simulator
from labrun.engine.members import simulate_member
from labrun.files.digests import sha256_of

NOISE = '''
from typing import ClassVar
import numpy as np
from labrun import Field, Simulator, hookimpl

class Noise(Simulator):
    """Noise of a given strength."""
    name: ClassVar[str] = "noise"
    strength: float = Field(description="standard deviation")
    shift: float = Field(0.0, description="mean")

    def simulate(self, rng):
        return {"u": self.shift + self.strength * rng.normal(size=(6, 8, 2)), "steps": np.arange(3000)}

@hookimpl
def labrun_simulators():
    return [Noise]
'''

PROJECT = """
project: noise
seed: 5
plugins: [noise.py]
simulations:
  first:
    use: noise
    sweep: {grid: {strength: [0.5, 1, 2], shift: [0, 1]}, repeats: 50}
  second:
    use: noise
    with: {strength: 1}
    sweep: {grid: {shift: [0, 1, 2, 3]}, repeats: 2}
"""


@pytest.fixture
def noise(write_project, tmp_path) -> Callable[[str], Path]:
    (tmp_path / "noise.py").write_text(NOISE)
    return write_project


def parts_of(runs: Path, stage: str) -> dict[str, str]:
    folder = runs / "noise" / "simulations" / stage
    return {str(path.relative_to(folder)): sha256_of(path) for path in sorted(folder.rglob("*.h5"))}


def members_of(runs: Path, stage: str) -> dict[str, np.ndarray]:
    import h5py

    found = {}
    for path in sorted((runs / "noise" / "simulations" / stage).rglob("*.h5")):
        with h5py.File(path) as file:
            found |= {member: file[member]["u"][()] for member in file}
    return found


def test_same_bytes_for_any_number_of_workers(noise, labrun):
    path = noise(PROJECT)
    for count in (1, 2, 3):
        assert labrun("run", path, "--workers", count, "--runs", f"runs{count}").code == 0
    for stage, parts in (("first", 300), ("second", 8)):
        once = parts_of(Path("runs1"), stage)
        assert len(once) == parts
        assert once == parts_of(Path("runs2"), stage) == parts_of(Path("runs3"), stage)
    members = members_of(Path("runs1"), "first")
    assert len(members) == 300
    assert len({array.tobytes() for array in members.values()}) == 300


def test_order_of_stages_changes_nothing(noise, labrun):
    head, simulations = PROJECT.split("simulations:\n")
    first, second = simulations.split("  second:\n")
    assert labrun("run", noise(PROJECT), "--runs", "a", "--only", "second").code == 0
    turned = f"{head}simulations:\n  second:\n{second}{first}".replace("50", "3")
    assert labrun("run", noise(turned, "turned.yaml"), "--runs", "b", "--workers", 2).code == 0
    assert parts_of(Path("a"), "second") == parts_of(Path("b"), "second")


def test_members_that_agree_in_seed_by_draw_the_same_numbers(noise, labrun):
    text = PROJECT.replace("repeats: 2", "repeats: 1").replace("[0, 1, 2, 3]}", "[0, 1]}, seed_by: [shift]")
    text = text.replace("with: {strength: 1}", "").replace(
        "grid: {shift: [0, 1]}", "grid: {strength: [1, 2], shift: [0, 1]}"
    )
    assert labrun("run", noise(text), "--only", "second").code == 0
    u = members_of(Path("runs"), "second")
    # rows: strength varies slowest: (1, 0), (1, 1), (2, 0), (2, 1)
    np.testing.assert_allclose(u["2"], 2 * u["0"], rtol=1e-15)
    np.testing.assert_allclose(u["3"] - 1, 2 * (u["1"] - 1), rtol=1e-12)
    assert not np.allclose(u["0"], u["1"] - 1)


def test_stage_of_another_name_draws_other_numbers(noise, labrun):
    assert labrun("run", noise(PROJECT.replace("repeats: 50", "repeats: 2")), "--runs", "a").code == 0
    renamed = PROJECT.replace("first:", "third:").replace("repeats: 50", "repeats: 2")
    assert labrun("run", noise(renamed, "renamed.yaml"), "--runs", "b", "--only", "third").code == 0
    first, third = members_of(Path("a"), "first"), members_of(Path("b"), "third")
    assert not np.allclose(first["0"], third["0"])


class Returns(Simulator):
    """Returns what it is told."""

    name: ClassVar[str] = "returns"
    outputs: ClassVar[dict[str, str]] = {}

    def simulate(self, rng):
        return RETURNED


RETURNED: Any = None


@pytest.mark.parametrize(
    ("returned", "error", "message"),
    [
        (np.zeros(3), TypeError, "returns.simulate must return a dict of arrays, not ndarray"),
        (None, TypeError, "must return a dict of arrays, not NoneType"),
        ({}, TypeError, "must return a dict of arrays, not an empty one"),
        ({"u": np.array([object()])}, TypeError, "returned 'u' as an array of object: expected numbers"),
        (
            {"u": np.ma.masked_greater(np.arange(3.0), 1)},
            TypeError,
            "returned 'u' as a masked array, whose mask would be lost: fill it, and return the mask as an array of its own",
        ),
        ({"u": [np.ma.masked_greater(np.arange(3), 1), np.arange(3)]}, TypeError, "'u' as a masked array"),
        ({"u": "text"}, TypeError, "returned 'u' as an array of <U4: expected numbers"),
        ({"a/b": 1}, TypeError, "returned an array named 'a/b'; a name is a text of printable characters without '/'"),
        ({3: 1}, TypeError, "returned an array named 3"),
        ({"u": [1.0, np.nan]}, FloatingPointError, "the array 'u' holds a NaN or an infinity"),
        ({"u": [1.0, -np.inf]}, FloatingPointError, "the array 'u' holds a NaN or an infinity"),
        ({"u": np.array([1j * np.nan])}, FloatingPointError, "the array 'u' holds a NaN or an infinity"),
    ],
)
def test_what_comes_back_is_checked(monkeypatch, rng, returned, error, message):
    monkeypatch.setitem(globals(), "RETURNED", returned)
    with pytest.raises(error, match=re.escape(message)):
        simulate_member(Returns(), rng)


def test_declared_outputs_must_come_back(monkeypatch, rng):
    monkeypatch.setitem(globals(), "RETURNED", {"u": 1})
    monkeypatch.setattr(Returns, "outputs", {"u": "", "v": ""})
    with pytest.raises(TypeError, match=r"returns declares the outputs \['u', 'v'\] but returned \['u'\]"):
        simulate_member(Returns(), rng)


def test_declared_output_that_a_configuration_does_not_give_may_be_left_out(monkeypatch, rng):
    monkeypatch.setitem(globals(), "RETURNED", {"u": 1})
    monkeypatch.setattr(Returns, "outputs", {"u": "", "v": ""})
    monkeypatch.setattr(Returns, "gives", lambda self, array: array != "v")
    assert set(simulate_member(Returns(), rng)) == {"u"}
    monkeypatch.setitem(globals(), "RETURNED", {"v": 1})
    with pytest.raises(TypeError, match="declares the outputs"):
        simulate_member(Returns(), rng)


@pytest.mark.parametrize("value", [1, [True, False], np.float16(2), np.arange(3, dtype=">i4"), 2j, np.ma.array([1, 2])])
def test_numbers_of_all_kinds_are_arrays(monkeypatch, rng, value):
    monkeypatch.setitem(globals(), "RETURNED", {"u": value})
    np.testing.assert_array_equal(simulate_member(Returns(), rng)["u"], value)
