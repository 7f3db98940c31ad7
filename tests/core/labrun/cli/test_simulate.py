"""`labrun simulate`: one member, drawn or saved, and what can go wrong."""

import json
from types import SimpleNamespace
from typing import ClassVar

import h5py
import numpy as np
import pytest

from labrun import Field, Simulator, View, hookimpl
from labrun.registry.registry import Registry


class Disk(Simulator):
    """A disk on an oblong plane."""

    name = "disk"
    radius: float = Field(gt=0, description="radius [cells]")
    shape: tuple[int, int] = (6, 9)
    outputs: ClassVar[dict[str, str]] = {"u": "(height, width) float32: 1 in the disk, dimensionless"}
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


def read_record(path):
    if path.suffix == ".npz":
        with np.load(path) as file:
            return json.loads(str(file["labrun"]))
    with h5py.File(path) as file:
        return json.loads(file.attrs["labrun"])


@pytest.mark.parametrize("name", ["d.npz", "d.h5"])
def test_parameters_and_units_are_in_the_file(labrun, tmp_path, name):
    labrun("simulate", "disk", "radius=1.5", "--seed", 4, "--save", name)
    assert read_record(tmp_path / name) == {
        "simulator": "disk",
        "version": 1,
        "seed": 4,
        "parameters": {
            "radius": {"value": 1.5, "description": "radius [cells]"},
            "shape": {"value": [6, 9], "description": ""},
            "fail": {"value": False, "description": ""},
        },
        "arrays": {"u": "(height, width) float32: 1 in the disk, dimensionless"},
    }


@pytest.mark.parametrize("name", ["gone/x.npz", "gone/x.png", "gone/x.gif", "x.doc"])
def test_nothing_is_simulated_for_a_file_that_cannot_be_written(labrun, monkeypatch, name):
    monkeypatch.setattr(Disk, "simulate", lambda self, rng: pytest.fail("simulated"))
    assert labrun("simulate", "disk", "radius=2", "--save", name).code == 2


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
        (["disk", "radius=2", "--save", "gone/x.npz"], 2, "cannot write 'gone/x.npz': there is no folder 'gone'\n"),
        (["blind"], 1, "'blind' draws no pictures; save its arrays instead: --save blind.npz"),
    ],
)
def test_what_can_go_wrong(labrun, words, code, message):
    outcome = labrun("simulate", *words)
    assert outcome.err.startswith(message)
    assert (outcome.code, outcome.out) == (code, "")


PLUGIN = """
from labrun import Simulator, hookimpl

class Local(Simulator):
    "A simulator in a file."
    name = "local"
    def simulate(self, rng):
        return {"u": rng.random(3)}

@hookimpl
def labrun_simulators(): return [Local]
"""


@pytest.mark.parametrize("option", [("--plugin", "local.py"), ("--project", "p.yaml")])
@pytest.mark.parametrize(
    ("words", "said"),
    [(["simulate", "local", "--save", "x.npz"], "wrote x.npz"), (["describe", "local"], "A simulator in a file.")],
)
def test_a_plugin_in_a_file(labrun, tmp_path, option, words, said):
    (tmp_path / "local.py").write_text(PLUGIN)
    (tmp_path / "p.yaml").write_text("project: p\nplugins: [local.py]\nsimulations: {a: {use: nothing}}\n")
    outcome = labrun(*words, *option)
    assert (outcome.code, outcome.err) == (0, "")
    assert said in outcome.out


def test_a_plugin_file_that_does_not_load(labrun, tmp_path):
    (tmp_path / "broken.py").write_text("1 / 0\n")
    outcome = labrun("simulate", "local", "--plugin", "broken.py")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith(
        "the plugin file 'broken.py' could not be loaded: ZeroDivisionError: division by zero"
    )
