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
from labrun.files.guarded import GuardedPath
from labrun.store.places import store_of

if TYPE_CHECKING:
    from labrun.engine.costs import Cost, Estimate
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

    To measure the cost of a simulation, up to eight members from all over its sweep are simulated twice. Times of other stages are those
    of the last run.
    """
    from labrun.engine.costs import Estimate, members_left, require_disk
    from labrun.files.disk_space import free_space
    from labrun.planning.plan import make_plan
    from labrun.project.load import load
    from labrun.project.trainable import expect_trainable
    from labrun.records.run_folder import RunFolder

    loaded = load(project, overrides)
    expect_trainable(loaded.stages.values())
    made = make_plan(loaded, store_of(runs))
    before = RunFolder(GuardedPath(runs) / loaded.name).last_record().get("stages", {})
    left = {planned.id: members_left(made, planned) for planned in made.stages.values()}
    costs = {p.id: cost for p in made.stages.values() if left[p.id] and (cost := _cost(made, p, measure))}
    rows, total, unknown = [], Estimate(0.0, 0.0, 0.0), []
    for planned in made.stages.values():
        cost, members = costs.get(planned.id), left[planned.id]
        last = before.get(planned.id, {}).get("seconds")
        estimate = (
            cost.of_members(members, workers)
            if cost
            else None
            if members or last is None
            else Estimate(last, last, last)
        )
        is_done = made.manifest(planned) is not None
        if not is_done and estimate is None:
            unknown.append(planned.id)
        elif not is_done and estimate is not None:
            total += estimate
        rows.append(_row(made, planned, None if is_done else estimate, cost.disk * members if cost else None))
    print_table(["stage", "plugin", "work", "state", "time", "disk", "key"], rows)
    tell_damage(made)
    if total.seconds:
        without = f", without what has not run yet ({', '.join(unknown)})" if unknown else ""
        click.echo(f"in all: {_duration(total)}{without}")
    if costs:
        disk = sum(cost.disk * left[identifier] for identifier, cost in costs.items())
        click.echo(
            f"to simulate: {bytes_in_words(disk)} of disk ({bytes_in_words(free_space(made.store.root))} are free), and "
            f"{bytes_in_words(max(cost.memory for cost in costs.values()))} of memory for each of {workers} workers, judged by "
            "some members of each simulation"
        )
    require_disk(made)


def _row(made: Plan, planned: Planned, estimate: Estimate | None, disk: int | None) -> list[str]:
    state, time = state_in_words(made, planned), _duration(estimate) if estimate else ""
    size = bytes_in_words(disk) if disk is not None else ""
    return [planned.id, planned.stage.offer.name, planned.stage.work, state, time, size, planned.key[:12]]


def _duration(estimate: Estimate) -> str:
    """Return `about 40 s`, or with its range `about 40 s (30 s to 55 s)`."""
    low, mean, high = (duration_in_words(seconds) for seconds in (estimate.low, estimate.seconds, estimate.high))
    return f"about {mean}" if low == high else f"about {mean} ({low} to {high})"


def _cost(made: Plan, planned: Planned, measure: bool) -> Cost | None:
    """Return the cost of one member of a simulation; None, with a message, where measuring it failed."""
    from labrun.engine.costs import known_cost, measured_cost
    from labrun.project.stage import SimulationStage

    cost, stage = known_cost(planned), planned.stage
    if cost is None and measure and isinstance(stage, SimulationStage):
        click.echo(f"{planned.id}: simulating some members …", err=True)
        try:
            cost = measured_cost(made, stage)
        except LabrunError as error:
            click.echo(str(error), err=True)
    return cost
