"""The conformance kit: a plugin of each kind that passes, and for each check one that must not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from pydantic import ConfigDict

from labrun import Analysis, Dataset, Ensemble, Examples, Field, Findings, Model, Simulator, View, hookimpl
from labrun.testing import (
    AnalysisContract,
    DatasetContract,
    ModelContract,
    SimulatorContract,
    degenerate,
    simulated_ensemble,
    toy_ensemble,
    toy_examples,
    toy_trained,
)
from labrun.testing.declared import Declaration, disagreements
from labrun.testing.fields import is_real, names_unit

ROOT = Path(__file__).parents[3]

# --- one that passes, of each kind ----------------------------------------------------------------------------------------------


class Walk(Simulator):
    """A random walk on a line, x_t = Σ ξ."""

    name: ClassVar[str] = "kit_walk"
    outputs: ClassVar[dict[str, str]] = {"x": "(steps,) float64: place after each step [step lengths]"}

    drift: float = Field(0.0, description="mean of a step [step lengths]")
    steps: int = Field(20, ge=1, description="number of steps")

    def simulate(self, rng):
        return {"x": rng.normal(self.drift, 1.0, self.steps).cumsum()}

    def watch(self, rng, pictures):
        for i in range(pictures):
            yield View(rng.random((4, 6)), f"step {i}", 0.0, 1.0)


class Rows(Dataset):
    """Members as examples: `u` is x, a column y."""

    name: ClassVar[str] = "kit_rows"

    y: str = Field(description="column that is to be found")

    def examples(self, simulation: Ensemble) -> Examples:
        classes = sorted({*simulation.columns[self.y]})
        y = np.array([classes.index(value) for value in simulation.columns[self.y]])
        return Examples(lambda i: simulation.stack(i, "u"), lambda i: y[i], np.arange(len(simulation)), classes=classes)


class Line(Model):
    """One dense layer on all of x."""

    name: ClassVar[str] = "kit_line"

    learning_rate: float = Field(0.1, gt=0, description="of plain gradient descent")

    def build(self, examples):
        import keras

        inputs = keras.Input(examples.x.shape, name="x")
        flat = keras.layers.Flatten(name="flat")(inputs)
        model = keras.Model(inputs, keras.layers.Dense(len(examples.classes), name="answer")(flat))
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(optimizer=keras.optimizers.SGD(self.learning_rate), loss=loss)
        return model


class Mean(Analysis):
    """The mean of an array over each member."""

    name: ClassVar[str] = "kit_mean"

    def analyse(self, simulation: Ensemble) -> Findings:
        import matplotlib.pyplot as plt
        import pandas as pd

        means = [float(member["u"].mean()) for member in simulation]
        if not np.isfinite(means).all():
            raise ValueError(f"'u' of '{simulation.name}' holds NaN")
        figure, axes = plt.subplots()
        axes.plot(means)
        return Findings(
            metrics={"mean": float(np.mean(means))},
            tables={"means": pd.DataFrame({"mean": means})},
            figures={"means": figure},
            captions={"means": "The mean of u of each member, dimensionless."},
        )


@hookimpl
def labrun_simulators():
    return [Walk]


@hookimpl
def labrun_datasets():
    return [Rows]


@hookimpl
def labrun_models():
    return [Line]


@hookimpl
def labrun_analyses():
    return [Mean]


class TestWalk(SimulatorContract):
    plugin = Walk
    config: ClassVar = {"steps": 7}


class TestRows(DatasetContract):
    plugin = Rows
    config: ClassVar = {"y": "class"}

    def inputs(self):
        return {"simulation": toy_ensemble({"u": (3, 4)})}


class TestLine(ModelContract):
    plugin = Line

    def examples(self):
        return toy_examples((3, 4))


class TestMean(AnalysisContract):
    plugin = Mean

    def inputs(self):
        return {"simulation": toy_ensemble({"u": (3, 4)})}


# --- all kinds ------------------------------------------------------------------------------------------------------------------


def failure(
    base: type, plugin: type, test: str, *arguments: Any, config: dict[str, Any] | None = None, **members: Any
) -> str:
    """What a check says of a plugin."""
    contract = type("Contract", (base,), {"plugin": plugin, "config": config or {}, **members})
    with pytest.raises(AssertionError) as caught:
        getattr(contract(), test)(*arguments)
    return str(caught.value)


class Undescribed(Walk):
    size: int = 3
    length: float = Field(1.0, description="how long it is")


class BadName(Walk):
    """Some walk."""

    name: ClassVar[str] = "My Walk"


class Open(Walk):
    """Takes anything."""

    model_config = ConfigDict(frozen=False, extra="allow")


class Unserializable(Walk):
    """Doubles its steps whenever it is read."""

    def model_post_init(self, _: Any) -> None:
        object.__setattr__(self, "steps", 2 * self.steps)


SAID = {
    ("test_fields_are_described", Undescribed): "These fields of Undescribed have no description: size.",
    (
        "test_real_numbers_have_units",
        Undescribed,
    ): "do not name a unit: length. Put the unit in brackets",
    ("test_docstring_begins_with_a_sentence", Undescribed): "The docstring of Undescribed begins ''.",
    ("test_names_are_valid", BadName): "BadName.name is 'My Walk'. Projects and folders use it",
    ("test_configuration_is_frozen", Open): "The fields of Open can be changed.",
    ("test_unknown_keys_are_refused", Open): "Open silently accepts the unknown key 'no_such_field'",
    (
        "test_configuration_survives_json",
        Unserializable,
    ): "Unserializable changes when it is read back from its own JSON",
    ("test_the_hook_offers_it", Open): "No hook of the module 'test_testing' offers Open",
}


@pytest.mark.parametrize(("test", "plugin"), SAID)
def test_what_is_wrong_with_any_plugin_is_said(test, plugin):
    said = failure(SimulatorContract, plugin, test, config={"steps": 5})
    assert SAID[test, plugin].replace("'test_testing'", f"'{__name__}'") in said


def test_a_heavy_import_is_found(tmp_path, monkeypatch):
    (tmp_path / "heavy_walk.py").write_text(
        "import numpy\nimport pandas\nfrom labrun import Simulator\n\n\nclass Heavy(Simulator):\n    pass\n"
    )
    (tmp_path / "broken_walk.py").write_text("from labrun import Simulator\n\n\nclass Heavy(Simulator):\n    pass\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    import broken_walk
    import heavy_walk

    (tmp_path / "broken_walk.py").write_text("raise RuntimeError('no')\n")
    said = failure(SimulatorContract, heavy_walk.Heavy, "test_registration_is_light")
    assert said.startswith("Importing 'heavy_walk' imports pandas, and every labrun command imports it")
    said = failure(SimulatorContract, broken_walk.Heavy, "test_registration_is_light")
    assert said == "'broken_walk' cannot be imported in a fresh process: RuntimeError: no"


def test_the_kit_itself_is_light():
    heavy = "{'tensorflow', 'keras', 'numba', 'scipy', 'pandas', 'matplotlib', 'pytest'}"
    code = f"import sys, labrun.testing; print(sorted({heavy} & {{*sys.modules}}))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


@pytest.mark.parametrize(
    ("text", "tells"),
    [
        ("side of the cube [Mpc]", True),
        ("share of the pixels", True),
        ("Probability", True),
        ("ρ, dimensionless", True),
        ("in lattice units", True),
        ("side of the cube", False),
        ("shared by all", False),
        ("empty []", False),
    ],
)
def test_units_in_descriptions(text, tells):
    assert names_unit(text) == tells


@pytest.mark.parametrize(
    ("annotation", "real"),
    [
        (float, True),
        (float | None, True),
        (tuple[float, float], True),
        (list[int | float], True),
        (int, False),
        (str, False),
        (dict[str, float | str], False),
    ],
)
def test_what_is_a_real_number(annotation, real):
    assert is_real(annotation) == real


# --- simulators -----------------------------------------------------------------------------------------------------------------


class GlobalWalk(Walk):
    """Draws from the library's own generator."""

    def simulate(self, rng):
        return {"x": np.random.normal(size=self.steps)}  # noqa: NPY002


class SetWalk(Walk):
    """Goes through a set of texts, whose order is another in each process."""

    def simulate(self, rng):
        return {"x": np.array([float(hash(text) % 1000) for text in ("a", "b", "c", "d")])}


class DeafWalk(Walk):
    """Draws, and forgets it."""

    def simulate(self, rng):
        rng.random()
        return {"x": np.zeros(self.steps)}


class ShortWalk(Walk):
    """Gives one step too few, in single precision."""

    def simulate(self, rng):
        return {"x": np.zeros(self.steps - 1, np.float32)}


class SlowWalk(Walk):
    """Takes its time."""

    def simulate(self, rng):
        import time

        time.sleep(0.01)
        return super().simulate(rng)


class BlindWalk(Walk):
    """Shows too much."""

    def watch(self, rng, pictures):
        yield from super().watch(rng, pictures + 1)


class NanWalk(Walk):
    """Diverges."""

    def simulate(self, rng):
        return {"x": np.full(self.steps, np.nan)}


WALKS = {
    (
        "test_the_same_seed_gives_the_same_bytes",
        GlobalWalk,
    ): "GlobalWalk.simulate returns different bytes in two calls with the same generator: x.",
    (
        "test_another_process_gives_the_same_bytes",
        SetWalk,
    ): "SetWalk.simulate returns different bytes in a spawned process with the same generator: x.",
    (
        "test_another_seed_gives_other_bytes",
        DeafWalk,
    ): "DeafWalk.simulate draws random numbers, but another seed gives the same arrays.",
    (
        "test_outputs_are_as_declared",
        ShortWalk,
    ): "'x' is declared as float64 but is float32; 'x' is declared as (steps) but has the "
    "shape (4,), with steps = 5. Declare each array as",
    ("test_it_ends_within_seconds", SlowWalk): "more than 0.005 s: nobody runs slow tests.",
    ("test_watching_yields_views", BlindWalk): "BlindWalk.watch was asked for 2 pictures and yielded 3",
    (
        "test_a_member_is_whole",
        NanWalk,
    ): "A run would count this member as failed: the array 'x' holds a NaN or an infinity.",
}


@pytest.mark.parametrize(("test", "plugin"), WALKS)
def test_what_is_wrong_with_a_simulator_is_said(test, plugin):
    assert WALKS[test, plugin] in failure(SimulatorContract, plugin, test, config={"steps": 5}, seconds=0.005)


def test_declarations_are_read():
    declared = Declaration.read("(height, width) or (height, width, 3) uint8: what it is, (not) a shape [mK]")
    assert declared.shapes == (("height", "width"), ("height", "width", "3"))
    assert (declared.dtypes, declared.has_unit) == (("uint8",), True)
    assert Declaration.read("() bool: whether").shapes == ((),)


@pytest.mark.parametrize(
    ("text", "array", "said"),
    [
        ("(n, 2) float32: places [m]", np.zeros((4, 2), np.float32), []),
        ("(height, width) or (height, width, 3) uint8: grey", np.zeros((4, 5, 3), np.uint8), []),
        (
            "(n, 2) float32: places [m]",
            np.zeros((4, 3), np.float32),
            ["'a' is declared as (n, 2) but has the shape (4, 3)"],
        ),
        ("(n, n) int8: counts", np.zeros((4, 3), np.int8), ["'a' is declared as (n, n) but has the shape (4, 3)"]),
        (
            "(side, 2) int8: counts",
            np.zeros((4, 2), np.int8),
            ["'a' is declared as (side, 2) but has the shape (4, 2), with side = 5"],
        ),
        (
            "(n,) float64: speed",
            np.zeros(3),
            ["'a' is declared without a unit: put it in brackets, '[mK]', or say 'dimensionless' or 'lattice units'"],
        ),
        (
            "some numbers",
            np.zeros(3),
            [
                "'a' is declared as 'some numbers', which does not begin with shape and type, such as '(height, width) float32: …'"
            ],
        ),
    ],
)
def test_arrays_are_compared_with_their_declaration(text, array, said):
    assert [*disagreements({"a": text}, {"a": array}, {"side": 5, "flag": True})] == said


def test_equal_names_are_equal_sizes_in_all_arrays():
    declared = {"a": "(n,) int8: counts", "b": "(n,) int8: counts"}
    arrays = {"a": np.zeros(3, np.int8), "b": np.zeros(4, np.int8)}
    assert [*disagreements(declared, arrays, {})] == ["'b' is declared as (n) but has the shape (4,), with n = 3"]


# --- datasets -------------------------------------------------------------------------------------------------------------------


class Shuffled(Rows):
    """Loads in ascending order, whatever is asked for."""

    def examples(self, simulation: Ensemble) -> Examples:
        found = super().examples(simulation)
        return Examples(lambda i: found.load_x(np.sort(i)), found.load_y, found.groups, classes=found.classes)


class Hashed(Rows):
    """Orders its classes as a set does."""

    def examples(self, simulation: Ensemble) -> Examples:
        found = super().examples(simulation)
        return Examples(lambda i: np.array([hash("text")] * len(i)), found.load_y, found.groups, classes=found.classes)


ROWS = {
    (
        "test_loading_does_not_depend_on_the_order",
        Shuffled,
    ): "Examples of Shuffled.examples loaded by another order differ from those",
    ("test_the_same_examples_again", Hashed): "Hashed.examples returns different examples in another process: x.",
}


@pytest.mark.parametrize(("test", "plugin"), ROWS)
def test_what_is_wrong_with_a_dataset_is_said(test, plugin, tmp_path):
    arguments = [tmp_path]
    said = failure(DatasetContract, plugin, test, *arguments, config={"y": "class"}, inputs=TestRows.inputs)
    assert ROWS[test, plugin] in said


def test_inputs_are_those_that_the_method_takes(tmp_path):
    said = failure(
        DatasetContract,
        Rows,
        "test_examples_are_whole",
        tmp_path,
        config={"y": "class"},
        inputs=lambda self: {"ensemble": 1},
    )
    assert (
        "takes, simulation: one. Unknown: ['ensemble']; missing: ['simulation']; a list instead of one, or the reverse: []."
        in said
    )


def test_too_few_members_cannot_be_split(tmp_path):
    def few(self):
        return {"simulation": toy_ensemble({"u": (3,)}, {"class": ["a", "b"]})}

    said = failure(
        DatasetContract, Rows, "test_a_split_keeps_members_together", tmp_path, config={"y": "class"}, inputs=few
    )
    assert said.endswith("Return more members from 'inputs'.")


# --- models ---------------------------------------------------------------------------------------------------------------------


class Sloppy(Line):
    """Its layers have no names, its weights come from nowhere, and it gives one number too many."""

    def build(self, examples):
        import keras

        inputs = keras.Input(examples.x.shape, name="x")
        start = keras.initializers.Constant(np.random.default_rng().random())
        outputs = keras.layers.Dense(len(examples.classes) + 1, kernel_initializer=start)(
            keras.layers.Flatten(name="flat")(inputs)
        )
        return keras.Model(inputs, outputs)


class Stubborn(Line):
    """Does not learn."""

    def fit(self, model, train, validation, epochs, callbacks):
        model.optimizer.learning_rate = 0.0
        super().fit(model, train, validation, epochs, callbacks)


LINES = {
    (
        "test_it_is_compiled",
        Sloppy,
    ): "Sloppy.build returns a network that is not compiled. End it with model.compile(optimizer=…, loss=…).",
    ("test_layers_are_named", Sloppy): "These layers of Sloppy.build have no fixed name: dense.",
    (
        "test_the_same_seed_gives_the_same_weights",
        Sloppy,
    ): "has different initial weights when built again from the same seed: weight 0.",
    (
        "test_the_output_fits_the_targets",
        Sloppy,
    ): "Sloppy.build has output shape (3, 3) for 3 examples; expected (3, 2)",
    ("test_it_learns", Stubborn): "The loss of Stubborn does not fall on the toy examples: ",
}


@pytest.mark.parametrize(("test", "plugin"), LINES)
def test_what_is_wrong_with_a_model_is_said(test, plugin):
    assert LINES[test, plugin] in failure(ModelContract, plugin, test, examples=TestLine.examples, epochs=2)


# --- analyses -------------------------------------------------------------------------------------------------------------------


class Silent(Mean):
    """Says nothing of what it finds."""

    def analyse(self, simulation: Ensemble) -> Findings:
        found = super().analyse(simulation)
        found.captions.clear()
        return found


class Unsure(Mean):
    """Finds no number."""

    def analyse(self, simulation: Ensemble) -> Findings:
        found = super().analyse(simulation)
        found.metrics["odd"] = float("nan")
        return found


class Blank(Mean):
    """Draws nothing."""

    def analyse(self, simulation: Ensemble) -> Findings:
        from matplotlib.figure import Figure

        found = super().analyse(simulation)
        found.figures["means"] = Figure()
        return found


class Fickle(Mean):
    """Draws from nowhere."""

    def analyse(self, simulation: Ensemble) -> Findings:
        found = super().analyse(simulation)
        found.metrics["mean"] += float(np.random.default_rng().random())
        return found


class Fragile(Mean):
    """Breaks at each edge."""

    def analyse(self, simulation: Ensemble) -> Findings:
        u = np.stack([member["u"] for member in simulation])
        if np.isnan(u).any():
            np.concatenate([])
        if len({*simulation.columns["class"]}) == 1 and len(simulation) > 1:
            raise KeyError("b")
        return Findings(metrics={"spread": float(np.float64(1.0) / np.ptp(u)), "second": float(u[1].mean())})


MEANS = {
    ("test_findings_are_whole", Silent): "Silent.analyse returns figures or tables without a caption: means, means.",
    (
        "test_findings_are_whole",
        Unsure,
    ): "Unsure.analyse returns metrics that are NaN or infinite without a warning: odd.",
    ("test_findings_are_whole", Blank): "Blank.analyse returns empty figures: means.",
    (
        "test_the_same_findings_again",
        Fickle,
    ): "Fickle.analyse returns different findings when called again: metric 'mean'.",
    (
        "test_it_survives_one_member",
        Fragile,
    ): "fails on data with one member, without a message written for people: IndexError",
    (
        "test_it_survives_one_class",
        Fragile,
    ): "fails on data with one class, without a message written for people: KeyError: 'b'",
    (
        "test_it_survives_constant_data",
        Fragile,
    ): "fails on data that are constant, without a message written for people: RuntimeWarning: divide by zero",
    (
        "test_it_survives_nan",
        Fragile,
    ): "without a message written for people: ValueError: need at least one array to concatenate",
}


@pytest.mark.parametrize(("test", "plugin"), MEANS)
def test_what_is_wrong_with_an_analysis_is_said(test, plugin, tmp_path):
    arguments = [tmp_path] if test == "test_findings_are_whole" else []
    assert MEANS[test, plugin] in failure(AnalysisContract, plugin, test, *arguments, inputs=TestMean.inputs)


def test_degenerate_inputs():
    import pandas as pd

    examples = toy_examples((2, 3), count=8)
    ensemble = toy_ensemble({"u": (2,)})
    table = pd.DataFrame({"class": ["a", "b", "a"], "score": [0.5, 0.25, 1.0]})
    inputs = {"simulation": ensemble, "dataset": [examples], "scores": Findings(tables={"scores": table})}

    one = degenerate.one_member(inputs)
    assert (len(one["simulation"]), len(one["dataset"][0]), len(one["scores"].tables["scores"])) == (1, 2, 1)
    same = degenerate.one_class(inputs)
    assert same["simulation"].columns["class"] == ["a"] * 3
    assert set(same["dataset"][0].load_y(slice(None))) == {0}
    assert same["scores"].tables["scores"]["score"].tolist() == [0.5, 1.0]
    level = degenerate.constant(inputs)
    assert np.ptp(level["dataset"][0].load_x(slice(None))) == 0
    assert {*level["dataset"][0].load_y(slice(None))} == {0, 1}
    spoilt = degenerate.with_nan(inputs)
    assert [np.isnan(member["u"]).tolist() for member in spoilt["simulation"]] == [[True, False]] * 6
    assert np.isnan(spoilt["dataset"][0].load_x([0])).sum() == 1
    assert not np.isnan(examples.load_x([0])).any()


# --- the page -------------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_what_the_page_shows_passes(tmp_path):
    """The files of the page on plugins, and the commands of the page on testing."""
    from tests.docs.test_pages import BLOCK, run_page

    for block in BLOCK.finditer((ROOT / "docs/plugins.md").read_text(encoding="utf-8")):
        if block["file"]:
            (tmp_path / block["file"]).write_text(block["body"], encoding="utf-8")
    assert run_page(ROOT / "docs/testing.md", tmp_path) == ["pytest -q test_my_plugin.py", "pytest -q test_kinds.py"]


# --- toys -----------------------------------------------------------------------------------------------------------------------


def test_toys_are_the_same_in_every_run():
    assert toy_ensemble({"u": (2,)}).read(3, "u").tolist() == toy_ensemble({"u": (2,)}).read(3, "u").tolist()
    classes, numbers, pictures = (
        toy_examples((4, 5)),
        toy_examples((4, 5), number=True),
        toy_examples((4, 5), picture=True),
    )
    assert (classes.classes, numbers.classes, pictures.classes) == (("a", "b"), None, None)
    assert (classes.spec.y.dtype, numbers.spec.y.dtype, pictures.spec.y.shape) == ("int64", "float32", (4, 5))
    assert str(numbers.spec.quantity) == "level"
    assert toy_examples((2,), classes=("x", "y", "z")).classes == ("x", "y", "z")
    with pytest.raises(ValueError, match=r"takes one of classes=\(…\), number=True and picture=True"):
        toy_examples((2,), number=True, picture=True)


def test_a_simulated_ensemble_has_its_sweep_as_table():
    ensemble = simulated_ensemble(Walk, {"drift": [0.0, 9.0]}, {"steps": 4}, {"class": ["a", "b"]})
    assert ensemble.columns == {"drift": [0.0, 9.0], "class": ["a", "b"]}
    assert [member["x"].shape for member in ensemble] == [(4,), (4,)]
    assert ensemble.read(1, "x")[-1] > 20 > ensemble.read(0, "x")[-1]


def test_files_of_a_toy_model_go_with_it():
    trained = toy_trained(Line(), toy_examples((2,), count=8), 1)
    folder = trained.folder
    assert (folder / "model.weights.h5").exists()
    assert trained.history["epoch"].tolist() == [1]
    del trained
    import gc

    gc.collect()
    assert not folder.exists()
