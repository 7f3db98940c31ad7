"""`labrun plan`: show what a run would do, and its cost."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from labrun.amounts import bytes_in_words, duration_in_words
from labrun.cli.inspect import state_in_words, tell_damage
from labrun.cli.options import project_argument, runs_option, set_option, workers_option
from labrun.cli.tables import print_table
from labrun.faults import LabrunError
from labrun.store.places import store_of

if TYPE_CHECKING:
    from labrun.engine.costs import Cost
    from labrun.planning.plan import Plan, Planned

__all__ = ["plan"]


@click.command()
@project_argument
@workers_option
@click.option("--measure/--no-measure", default=True, help="Simulate one member of each simulation of unknown cost.")
@set_option
@runs_option
def plan(project: Path, workers: int, measure: bool, overrides: tuple[str, ...], runs: Path) -> None:
    """Show what a run would do, and estimate its cost.

    One member of each simulation is simulated once to measure its cost. Times of other stages are those of the last run.
    """
    from labrun.engine.costs import members_left, require_disk
    from labrun.files.disk_space import free_space
    from labrun.planning.plan import make_plan
    from labrun.project.load import load
    from labrun.project.trainable import expect_trainable
    from labrun.records.run_folder import RunFolder

    loaded = load(project, overrides)
    expect_trainable(loaded.stages.values())
    made = make_plan(loaded, store_of(runs))
    before = RunFolder(runs / loaded.name).last_record().get("stages", {})
    left = {planned.id: members_left(made, planned) for planned in made.stages.values()}
    costs = {p.id: cost for p in made.stages.values() if left[p.id] and (cost := _cost(made, p, measure))}
    rows = []
    for planned in made.stages.values():
        cost, members = costs.get(planned.id), left[planned.id]
        last_time = before.get(planned.id, {}).get("seconds")
        seconds = cost.seconds * members / min(workers, members) if cost else None if members else last_time
        rows.append(_row(made, planned, seconds, cost.disk * members if cost else None))
    print_table(["stage", "plugin", "work", "state", "time", "disk", "key"], rows)
    tell_damage(made)
    if costs:
        disk = sum(cost.disk * left[identifier] for identifier, cost in costs.items())
        click.echo(
            f"to simulate: {bytes_in_words(disk)} of disk ({bytes_in_words(free_space(made.store.root))} are free), and "
            f"{bytes_in_words(max(cost.memory for cost in costs.values()))} of memory for each of {workers} workers, judged by "
            "one member of each simulation"
        )
    require_disk(made)


def _row(made: Plan, planned: Planned, seconds: float | None, disk: int | None) -> list[str]:
    state = state_in_words(made, planned)
    time = f"about {duration_in_words(seconds)}" if seconds is not None and state != "done" else ""
    size = bytes_in_words(disk) if disk is not None else ""
    return [planned.id, planned.stage.offer.name, planned.stage.work, state, time, size, planned.key[:12]]


def _cost(made: Plan, planned: Planned, measure: bool) -> Cost | None:
    """The cost of one member of a simulation; None, with a message, where measuring it failed."""
    from labrun.engine.costs import known_cost, measured_cost
    from labrun.project.stage import SimulationStage

    cost, stage = known_cost(planned), planned.stage
    if cost is None and measure and isinstance(stage, SimulationStage):
        click.echo(f"{planned.id}: simulating one member …", err=True)
        try:
            cost = measured_cost(made, stage)
        except LabrunError as error:
            click.echo(str(error), err=True)
    return cost
