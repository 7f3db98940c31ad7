"""`labrun simulate`: one member, drawn or saved, and what can go wrong."""

from types import SimpleNamespace

import numpy as np
import pytest

from labrun import Field, Simulator, View, hookimpl
from labrun.registry.registry import Registry


class Disk(Simulator):
    """A disk on an oblong plane."""

    name = "disk"
    radius: float = Field(gt=0, description="radius [cells]")
    shape: tuple[int, int] = (6, 9)
    fail: bool = False

    def simulate(self, rng):
        y, x = np.indices(self.shape)
        if self.fail:
            raise ArithmeticError("it diverged")
        return {"u": (np.hypot(y - 3, x - 4) < self.radius).astype(np.float32)}

    def watch(self, rng, pictures):
        for i in range(pictures):
            yield View(self.simulate(rng)["u"], f"picture {i}", 0, 1)


class Blind(Simulator):
    """Draws nothing."""

    name = "blind"

    def simulate(self, rng):
        return {"u": rng.random(3)}


@pytest.fixture(autouse=True)
def installed(monkeypatch, tmp_path):
    registry = Registry()
    registry.add(SimpleNamespace(labrun_simulators=hookimpl(lambda: [Disk, Blind])), "lab")
    assert registry.broken == []
    monkeypatch.setattr(Registry, "installed", lambda: registry)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)


def test_arrays(labrun, tmp_path):
    outcome = labrun("simulate", "disk", "radius=1.5", "shape=[7, 10]", "--save", "d.npz")
    assert (outcome.code, outcome.out) == (0, "wrote d.npz\n")
    with np.load(tmp_path / "d.npz") as arrays:
        assert arrays["u"].shape == (7, 10)
        assert arrays["u"].sum() == 9  # a cell and its eight neighbours


def test_the_seed_decides(labrun, tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        labrun("simulate", "blind", "--seed", seed, "--save", f"{name}.npz")
    a, b, c = (np.load(tmp_path / f"{name}.npz")["u"] for name in "abc")
    np.testing.assert_array_equal(a, b)
    assert (a != c).all()


@pytest.mark.parametrize(("name", "magic"), [("d.gif", b"GIF89a"), ("d.png", b"\x89PNG")])
def test_pictures(labrun, tmp_path, name, magic):
    outcome = labrun("simulate", "disk", "radius=2", "--pictures", 2, "--save", name)
    assert (outcome.code, outcome.out, outcome.err) == (0, f"wrote {name}\n", "")
    assert (tmp_path / name).read_bytes().startswith(magic)


def test_without_a_display_a_film_is_saved(labrun, tmp_path):
    assert labrun("simulate", "disk", "radius=2", "--pictures", 2).out == "wrote disk.gif\n"
    assert (tmp_path / "disk.gif").exists()


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["dsk"], 2, "there is no simulator 'dsk': did you mean 'disk'?"),
        (["disk", "raduis=2"], 2, "unknown key 'raduis' in simulate disk: did you mean 'radius'?"),
        (["disk", "radius=-2"], 2, "simulate disk: radius: must be above 0 (found -2)"),
        (["disk", "radius=big"], 2, "simulate disk: radius: expected a number, found the text 'big'"),
        (["disk"], 2, "simulate disk lacks the key 'radius'"),
        (["disk", "radius"], 2, "'radius' sets nothing; write KEY=VALUE, as in kill=0.06"),
        (["disk", f"radius={'1' * 2000}"], 2, "radius:1:1: this number has more than 1000 digits"),
        (["disk", "shape=[1"], 2, "shape:1:3: not valid YAML: "),
        (
            ["disk", "radius=2", "--save", "x.doc"],
            2,
            "--save takes a file that ends in .gif, .mp4, .png, .svg, .pdf, .jpg, ",
        ),
        (["disk", "radius=2", "fail=true"], 1, "simulate disk: ArithmeticError: it diverged"),
        (["disk", "radius=2", "fail=true", "--save", "x.npz"], 1, "simulate disk: ArithmeticError: it diverged"),
        (["disk", "radius=2", "--save", "gone/x.npz"], 1, "simulate disk: FileNotFoundError: "),
        (["blind"], 1, "'blind' draws no pictures; save its arrays instead: --save blind.npz"),
    ],
)
def test_what_can_go_wrong(labrun, words, code, message):
    outcome = labrun("simulate", *words)
    assert outcome.err.startswith(message)
    assert (outcome.code, outcome.out) == (code, "")
