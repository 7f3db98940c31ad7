"""A simulation of a project on the command line: its simulator with the configuration of its first member."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from labrun.contracts.plugin import Simulator
from labrun.faults import ProjectFaults
from labrun.project.pydantic_errors import explain
from labrun.project.yaml12 import Document

if TYPE_CHECKING:
    from labrun.project.stage import SimulationStage

__all__ = ["first_member", "simulation_of"]


def simulation_of(project: Path, name: str, overrides: Sequence[str] = ()) -> SimulationStage | None:
    """Return a simulation of a project; None if it has none of that name.

    Raises:
        ProjectFaults: the project has faults.
    """
    from labrun.project.extends import read_layers
    from labrun.project.load import load
    from labrun.project.stage import SimulationStage

    blocks = read_layers(project).value.get("simulations")
    if not isinstance(blocks, dict) or name not in blocks:
        return None
    stage = load(project, overrides).stages[f"simulations.{name}"]
    assert isinstance(stage, SimulationStage)
    return stage


def first_member(project: Path, name: str, values: Sequence[str]) -> Simulator | None:
    """Return the simulator of a simulation as its first member has it, apart from `values` (`KEY=VALUE`); None if the project has no
    simulation of that name.

    Raises:
        ProjectFaults: the project has faults, or a value is wrong.
    """
    stage = simulation_of(project, name)
    if stage is None:
        return None
    pairs = [value.partition("=")[::2] for value in values]
    fixed = [f"simulations.{name}.with.{key}={value}" for key, value in pairs if key not in stage.table.parameters]
    stage = simulation_of(project, name, fixed) if fixed else stage
    assert stage is not None
    swept = {key: Document.parse(value, key).value for key, value in pairs if key in stage.table.parameters}
    config = stage.fixed | stage.table.row(0) | swept
    try:
        return type(stage.plugin).configured(config)
    except ValidationError as error:
        where = f"simulate {name} ({stage.offer.name})"
        raise ProjectFaults(explain(error, type(stage.plugin), config, lambda _: where, lambda *_: None)) from error
