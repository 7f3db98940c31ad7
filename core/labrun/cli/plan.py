"""`labrun plan`: show what a run would do, and its cost."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from labrun.amounts import bytes_in_words, counted
from labrun.cli.inspect import state_in_words, tell_damage
from labrun.cli.options import project_argument, runs_option, set_option, workers_option
from labrun.cli.tables import print_table
from labrun.display.time_left import range_in_words
from labrun.faults import LabrunError
from labrun.store.places import store_of

if TYPE_CHECKING:
    from labrun.planning.costs import Cost
    from labrun.planning.plan import Plan, Planned

__all__ = ["plan"]


@click.command()
@project_argument
@workers_option
@click.option("--measure/--no-measure", default=True, help="Simulate some members of each simulation of unknown cost.")
@set_option
@runs_option
def plan(project: Path, workers: int, measure: bool, overrides: tuple[str, ...], runs: Path) -> None:
    """Show what a run would do, and estimate its cost.

    Up to eight members from all over the sweep of each simulation are simulated twice, unless their cost is known. The time of other stages
    follows from what like ones took on this machine.
    """
    from labrun.contracts.estimate import Estimate
    from labrun.engine.costs import require_disk
    from labrun.files.disk_space import free_space
    from labrun.planning.costs import expected_time, members_left
    from labrun.planning.experience import Experience
    from labrun.planning.plan import make_plan
    from labrun.project.load import load
    from labrun.project.trainable import expect_trainable

    loaded = load(project, overrides)
    expect_trainable(loaded.stages.values())
    made = make_plan(loaded, store_of(runs))
    left = {planned.id: members_left(made, planned) for planned in made.stages.values()}
    costs = {p.id: cost for p in made.stages.values() if left[p.id] and (cost := _cost(made, p, measure))}
    experience = Experience(made)
    to_do = [planned for planned in made.stages.values() if made.manifest(planned) is None]
    expected = {planned.id: expected_time(made, planned, workers, experience) for planned in to_do}
    rows = []
    for planned in made.stages.values():
        cost, estimate = costs.get(planned.id), expected.get(planned.id)
        time = range_in_words(estimate) if estimate else "not known" if planned.id in expected else ""
        disk = bytes_in_words(cost.disk * left[planned.id]) if cost else ""
        state, stage = state_in_words(made, planned), planned.stage
        rows.append([planned.id, stage.offer.name, stage.work, state, time, disk, planned.key[:12]])
    print_table(["stage", "plugin", "work", "state", "time", "disk", "key"], rows)
    tell_damage(made)
    known = [estimate for estimate in expected.values() if estimate]
    if known:
        unknown = [identifier for identifier, estimate in expected.items() if estimate is None]
        stages = f"{counted(len(unknown), 'stages')} whose time is not known ({', '.join(unknown)})"
        without = f", without {stages}" if unknown else ""
        click.echo(f"in all: {range_in_words(sum(known, Estimate(0.0, 0.0, 0.0)))}{without}")
    if costs:
        disk = bytes_in_words(sum(cost.disk * left[identifier] for identifier, cost in costs.items()))
        memory = bytes_in_words(max(cost.memory for cost in costs.values()))
        click.echo(
            f"to simulate: {disk} of disk ({bytes_in_words(free_space(made.store.root))} are free), and {memory} of memory for each of "
            f"{workers} workers, judged by some members of each simulation"
        )
    require_disk(made)


def _cost(made: Plan, planned: Planned, measure: bool) -> Cost | None:
    """Return the cost of one member of a simulation; None, with a message, where measuring it failed."""
    from labrun.engine.costs import measured_cost
    from labrun.planning.costs import known_cost
    from labrun.project.stage import SimulationStage

    cost, stage = known_cost(planned), planned.stage
    if cost is None and measure and isinstance(stage, SimulationStage):
        click.echo(f"{planned.id}: simulating some members …", err=True)
        try:
            cost = measured_cost(made, stage)
        except LabrunError as error:
            click.echo(str(error), err=True)
    return cost
