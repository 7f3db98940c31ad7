"""`load`: what a checked project holds, and what plugins have a say in."""

import pytest

from labrun.faults import ProjectFaults
from labrun.project.load import Ref, load


def test_a_project(write_project):
    project = load(write_project())
    assert (project.name, project.seed) == ("waves", 3)
    assert {s.id for s in project.stages.values()} == set(project.stages)
    train = project.stages["simulations.train"]
    assert train.table.parameters == {"amplitude": [0.5, 1.0, 1.5, 7.0, 8.0, 9.5]}
    assert train.table.labels == {"class": ["low"] * 3 + ["high"] * 3}
    assert train.fixed == {"points": 6}
    assert (train.plugin.amplitude, train.plugin.points) == (0.5, 6)
    net = project.stages["models.net"]
    assert (net.train, net.validation) == (Ref("datasets", "waves", "train"), Ref("datasets", "waves", "test"))
    assert list(net.refs()) == [net.train, net.validation]
    assert list(project.stages["analyses.losses"].refs()) == [Ref("models", "net"), Ref("datasets", "waves", "test")]


def test_every_stage_follows_what_it_needs(write_project):
    seen = set()
    for stage in load(write_project()).stages.values():
        assert {ref.id for ref in stage.refs()} <= seen
        seen.add(stage.id)


PLUGIN = """\
from labrun import *
from pydantic import model_validator

class Stern(Simulator):
    "Refuses, in several ways."
    name = "stern"
    step: float = Field(1.0, description="step")
    limit: float = 1.0
    outputs = {"u": "(3,) float32"}

    @model_validator(mode="after")
    def _together(self):
        if self.step > self.limit:
            raise ValueError(f"step={self.step:g} is unstable above {self.limit:g}")
        if self.step < 0:
            raise TypeError("a bug")
        return self

    def simulate(self, rng): return {}

class Picky(Dataset):
    "Checks its input."
    name = "picky"
    x: str = "u"

    def check(self, simulation):
        if self.x == "boom":
            raise RuntimeError("boom")
        if self.x not in simulation.outputs:
            yield "x", f"'{simulation.stage}' gives no array '{self.x}'{did_you_mean(self.x, simulation.outputs)}"
        if "kind" not in simulation.columns:
            yield "x", "a column 'kind' is needed"

    def examples(self, simulation: Ensemble) -> Examples: ...

@hookimpl
def labrun_simulators(): return [Stern]

@hookimpl
def labrun_datasets(): return [Picky]
"""


@pytest.fixture
def told(write_project):
    def told(text):
        path = write_project("project: p\nplugins: [stern.py]\n" + text)
        path.with_name("stern.py").write_text(PLUGIN)
        with pytest.raises(ProjectFaults) as caught:
            load(path)
        return [(str(fault.place), fault.message) for fault in caught.value.faults]

    return told


def test_a_check_of_several_fields(told):
    assert told("simulations:\n  s: {use: stern, with: {step: 2}}\n") == [
        ("project.yaml:4:25", "simulations.s.with (stern): step=2 is unstable above 1")
    ]


def test_a_check_of_swept_and_fixed_fields_together(told):
    text = "simulations:\n  s: {use: stern, with: {step: 2}, sweep: {table: [{limit: 3}, {limit: 1.5}]}}\n"
    assert told(text) == [("project.yaml:4:64", "simulations.s.with (stern), row 2: step=2 is unstable above 1.5")]


def test_a_check_that_has_a_bug(told, tmp_path):
    text = "simulations:\n  s: {use: stern, sweep: {grid: {step: [1, -1]}}}\n"
    assert [message for _, message in told(text)] == [
        f"simulations.s.with (stern), member 1: the plugin's own check failed: TypeError: a bug ({tmp_path}/stern.py:16)"
    ]


def test_a_check_of_the_inputs(told, tmp_path):
    text = "simulations:\n  s: {use: stern}\ndatasets:\n  d: {use: picky, from: s, with: {x: v}}\n"
    assert told(text) == [
        ("project.yaml:6:38", "datasets.d.with.x: 's' gives no array 'v' (known: u)"),
        ("project.yaml:6:38", "datasets.d.with.x: a column 'kind' is needed"),
    ]
    assert told(text.replace("x: v", "x: boom")) == [
        (
            "project.yaml:6:6",
            f"datasets.d (picky): the plugin's own check failed: RuntimeError: boom ({tmp_path}/stern.py:28)",
        )
    ]


def test_inputs_with_faults_are_not_checked(told):
    """What is wrong with a simulation is told once, and not again as a column that its dataset misses."""
    text = "simulations:\n  s: {use: stern, sweep: {table: gone.csv}}\ndatasets:\n  d: {use: picky, from: s}\n"
    assert told(text) == [("project.yaml:4:34", "simulations.s.sweep: there is no table gone.csv")]


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("simulations: [a]\n", "4:14", "'simulations' is a mapping from the name of a stage to the stage"),
        (
            "simulations: {a b: {use: stern}}\n",
            "4:15",
            "'a b' cannot name a stage: begin with a letter, and use only letters, digits, '_' and '-'",
        ),
        (
            "simulations: {Net: {use: stern}, net: {use: stern}}\n",
            "4:34",
            "simulations.Net and simulations.net differ in case only: macOS and Windows would put both into one folder. Rename one of them",
        ),
        (
            f"simulations: {{{'a' * 300}: {{use: stern}}}}\n",
            "4:15",
            "'aaaaaaaaaaaaaaaaaaaa…' has 300 characters: the name of a stage has at most 100",
        ),
        ("simulations: {a: stern}\n", "4:18", "simulations.a is a mapping that begins with 'use: plugin'"),
        ("simulations: {a: {}}\n", "4:15", "simulations.a lacks the key 'use'"),
        ("simulations: {a: {use: 3}}\n", "4:24", "simulations.a: use: expected a text, found 3"),
        (
            "simulations: {a: {use: stern, timeout: soon}}\n",
            "4:40",
            "simulations.a: timeout: expected a number of seconds, or a duration such as '90 s', '10 min' or '1 h 30 min'",
        ),
        (
            "simulations: {a: {use: stern, timeout: 0 s}}\n",
            "4:40",
            "simulations.a: timeout: must be above 0 (found 0)",
        ),
        (
            "simulations: {a: {use: stern, with: [1]}}\n",
            "4:37",
            "simulations.a: with: expected a mapping, found a list",
        ),
    ],
)
def test_blocks_of_the_wrong_shape(told, text, place, message):
    assert (f"project.yaml:{place}", message) in told("\n" + text)


def test_a_missing_name_of_the_project(write_project, waves):
    with pytest.raises(ProjectFaults, match=r"^project.yaml:1:1: the project lacks the key 'project'"):
        load(write_project(waves.replace("project: waves\n", "")))


def test_a_long_name_of_the_project(write_project, waves):
    with pytest.raises(ProjectFaults, match=r"project: must be at most 100 characters long \(found the text 'www"):
        load(write_project(waves.replace("project: waves", f"project: {'w' * 300}")))


def test_a_plugin_file_that_does_not_load_is_the_first_fault(write_project, waves, tmp_path):
    """At its place, and once: other faults follow from it."""
    (tmp_path / "broken.py").write_text("import nothing_of_this_name")
    text = waves.replace("[lab.py]", "[broken.py]").replace("seed: 3", "seed: -3")
    with pytest.raises(ProjectFaults) as caught:
        load(write_project(text))
    places = [str(fault.place) for fault in caught.value.faults]
    assert places[:2] == ["project.yaml:3:11", "project.yaml:2:7"]
    assert str(caught.value).count("No module named 'nothing_of_this_name'") == 1


def test_rows_that_are_left_out_are_reported(write_project, waves, tmp_path):
    path = write_project(waves.replace("labels: [class]", "labels: [class], missing: drop"))
    (tmp_path / "waves.csv").write_text("class,amplitude\nlow,1.0\n,2.0\n")
    assert load(path).stages["simulations.train"].remarks == (
        "1 of 2 rows of the table waves.csv are left out, because values are missing: 'class' in row 2 (empty)",
    )


def test_whole_numbers_with_a_point_in_a_table(write_project, waves, tmp_path):
    """Spreadsheets write 8 as 8.0; a field that takes any number keeps what is written."""
    path = write_project(waves.replace("with: {points: 6}\n    ", ""))
    (tmp_path / "waves.csv").write_text("class,points,amplitude\nlow,8.0,2.0\n")
    table = load(path).stages["simulations.train"].table
    assert [*map(repr, table.row(0).values())] == ["8", "2.0"]
    (tmp_path / "waves.csv").write_text("class,points,amplitude\nlow,8.5,2.0\n")
    with pytest.raises(ProjectFaults, match=r"waves.csv:2:5: .* points: expected a whole number, found 8.5"):
        load(path)
