"""`labrun plan`: show what a run would do, and its cost."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

import click

from labrun.amounts import bytes_in_words, counted, roughly_in_words
from labrun.cli.inspect import state_in_words, tell_damage
from labrun.cli.options import project_argument, runs_option, set_option, workers_option
from labrun.cli.tables import print_table
from labrun.display.time_left import range_in_words
from labrun.faults import LabrunError
from labrun.store.places import store_of

if TYPE_CHECKING:
    from labrun.engine.rehearsal import Rehearsed
    from labrun.planning.experience import Experience
    from labrun.planning.plan import Plan

__all__ = ["measure_unknown", "plan"]


SIMULATING, ENOUGH = 24.0, 60.0
"""Seconds to measure all simulations, and after which no further training is begun."""


@click.command()
@project_argument
@workers_option
@click.option(
    "--measure/--no-measure",
    default=True,
    help="Measure what is not known: some members of a simulation, some steps of a training.",
)
@set_option
@runs_option
@click.pass_context
def plan(
    context: click.Context, project: Path, workers: int, measure: bool, overrides: tuple[str, ...], runs: Path
) -> None:
    """Show what a run would do, and estimate its cost.

    Some members from all over the sweep of each simulation are simulated twice, and each training does a few steps on its dataset, or
    on examples made of a few members. This takes about a minute; Ctrl-C ends it, and the rest stays unknown. What was measured is kept in
    the cache, as is the time of each stage that has run here, from which that of datasets, analyses and like trainings follows.
    """
    from labrun.contracts.estimate import Estimate
    from labrun.engine.costs import require_disk
    from labrun.files.disk_space import free_space
    from labrun.planning.costs import expected_time, known_cost, members_left
    from labrun.planning.experience import Experience
    from labrun.planning.plan import make_plan
    from labrun.project.load import load
    from labrun.project.trainable import expect_trainable

    loaded = load(project, overrides)
    expect_trainable(loaded.stages.values())
    made = make_plan(loaded, store_of(runs))
    experience = Experience(made)
    stopped = measure and not measure_unknown(made, experience)
    left = {planned.id: members_left(made, planned) for planned in made.stages.values()}
    costs = {p.id: cost for p in made.stages.values() if left[p.id] and (cost := known_cost(p))}
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
    if stopped:
        context.exit(128 + signal.SIGINT)


def measure_unknown(made: Plan, experience: Experience, enough: float = ENOUGH) -> bool:
    """Measure simulations and trainings whose time is not known, and begin no further training after `enough` seconds; return whether
    nobody interrupted this."""
    from labrun.engine.costs import measured_cost
    from labrun.engine.rehearsal import rehearse
    from labrun.planning.costs import known_cost, members_left
    from labrun.project.stage import FittedModelStage, SimulationStage

    to_do = [planned for planned in made.stages.values() if made.manifest(planned) is None]
    simulations = [p for p in to_do if members_left(made, p) and known_cost(p) is None]
    trainings = [p for p in to_do if isinstance(p.stage, FittedModelStage)]
    begun, is_first = monotonic(), True
    try:
        for planned in simulations:
            assert isinstance(planned.stage, SimulationStage)
            click.echo(f"{planned.id}: simulating some members …", err=True)
            with _reported():
                measured_cost(made, planned.stage, SIMULATING / len(simulations))
        for planned in trainings:
            assert isinstance(planned.stage, FittedModelStage)
            if experience.knows(planned) or monotonic() - begun > enough:
                continue
            click.echo(f"{planned.id}: training some steps …", err=True)
            with _reported():
                click.echo(_about(planned.id, rehearse(made, planned.stage, experience, is_first=is_first)), err=True)
                is_first = False
    except KeyboardInterrupt:
        click.echo("interrupted: what was not measured yet is not known", err=True)
        return False
    return True


@contextmanager
def _reported() -> Iterator[None]:
    """Report what could not be measured, and go on."""
    try:
        yield
    except LabrunError as error:
        click.echo(str(error), err=True)


def _about(stage: str, found: Rehearsed) -> str:
    on = f"examples of {counted(found.members, 'members')}" if found.members else "its dataset"
    compiled = roughly_in_words(found.times.build + found.times.compile)
    validation = f" and {found.validation_steps} of validation" if found.validation_steps else ""
    steps = f"{counted(found.steps, 'steps')}{validation}"
    return f"{stage}: {compiled} to build and compile, {found.epoch:.2g} s for an epoch of {steps}, measured on {on}"
