"""A simulator whose arrays, parameters and warnings follow from its configuration."""

import numpy as np
import pytest

from labrun.engine.members import simulate_member
from labrun.faults import ProjectFaults
from labrun.project.load import load

PLUGIN = """\
from labrun import *
import numpy as np

class Table(Simulator):
    "Constants: any parameter that begins with p_ may be swept, and makes an array of its own."
    name = "table"
    model_config = {"extra": "allow"}
    folder: str = ""

    @classmethod
    def completed(cls, config, surroundings):
        return {**config, "folder": surroundings.folder.name}

    @classmethod
    def may_sweep(cls, name):
        return name.startswith("p_")

    def declared_outputs(self):
        return {name: "() float64, dimensionless" for name in self.model_extra}

    def remarks(self):
        yield "nothing here is random"

    def simulate(self, rng):
        return {name: np.float64(value) for name, value in self.model_extra.items()}

class Mean(Analysis):
    "The mean of an array."
    name = "mean"
    array: str

    def check(self, simulation):
        yield from simulation.missing_array("array", self.array)

    def analyse(self, simulation: Ensemble) -> Findings: ...

@hookimpl
def labrun_simulators(): return [Table]

@hookimpl
def labrun_analyses(): return [Mean]
"""


@pytest.fixture
def loaded(write_project):
    def loaded(column, array):
        text = "project: p\nplugins: [table.py]\nsimulations:\n  s: {use: table, with: {p_b: 2}, sweep: {grid: {COLUMN: [1, 3]}}}\n"
        text += "analyses: {m: {use: mean, from: s, with: {array: ARRAY}}}\n"
        path = write_project(text.replace("COLUMN", column).replace("ARRAY", array))
        path.with_name("table.py").write_text(PLUGIN)
        return load(path).stages["simulations.s"], path

    return loaded


def test_what_it_gives_and_remarks_follows_from_its_configuration(loaded):
    stage, path = loaded("p_a", "p_a")
    assert stage.config == {"folder": path.parent.name, "p_b": 2}
    assert [*stage.outline().outputs] == ["p_b", "p_a"]
    assert stage.remarks == ("nothing here is random",)
    assert simulate_member(stage.plugin, np.random.default_rng(0)) == {"p_a": 1, "p_b": 2}


def test_other_columns_are_not_swept(loaded):
    with pytest.raises(ProjectFaults, match="table has no parameter 'folder'"):
        loaded("folder", "p_b")


def test_an_array_that_it_does_not_declare_is_missed(loaded):
    with pytest.raises(ProjectFaults, match="'s' gives no array 'p_c': did you mean 'p_b'"):
        loaded("p_a", "p_c")
