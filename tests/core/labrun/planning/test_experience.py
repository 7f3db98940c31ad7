"""What stages took is remembered by plugin, and foretells like ones: their time is known here, since the test makes it up."""

from __future__ import annotations

import pytest

from labrun.contracts.estimate import Estimate
from labrun.planning.costs import Cost, expected_time, remember_cost
from labrun.planning.experience import ALIKE, UNLIKE, Experience, Taken, amount_of_work
from labrun.planning.plan import make_plan
from labrun.project.load import load


@pytest.fixture(autouse=True)
def _cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def planned(write_project, waves, tmp_path):
    """Plan the project of a stage of each kind, with some texts in it replaced."""

    def planned(*replacements):
        text = waves
        for before, after in replacements:
            assert before in text
            text = text.replace(before, after)
        return make_plan(load(write_project(text)), tmp_path / "runs/.store")

    return planned


def test_members_cost_what_was_measured():
    cost = Cost(2.0, 1.5, 3.0, 4.0, 10, 100)
    assert cost.of_members(1, 8) == Estimate(6.0, 5.5, 7.0)
    assert cost.of_members(10, 2) == Estimate(14.0, 11.5, 19.0)


def test_work_is_counted_in_members(planned):
    """The project has six members, of which half are trained on for two epochs."""
    plan = planned()
    work = {name: amount_of_work(plan, stage, 4) for name, stage in plan.stages.items()}
    share = plan.stages["datasets.waves"].stage.split.fractions
    assert work == {
        "simulations.train": 6 / 4,
        "datasets.waves": 6,
        "analyses.spread": 6,
        "models.net": pytest.approx(2 * 6 * share["train"]),
        "analyses.losses": pytest.approx(6 * share["test"]),
    }


def test_time_of_a_stage_that_was_seen_to_proceed_is_a_line_in_its_work(planned):
    plan = planned()
    net = plan.stages["models.net"]
    Experience(plan).remember(net, 6.0, 10.0, 1.0)
    again = Experience(plan)  # another process
    assert again.expect(net, 6.0) == Estimate(10.0, 10.0 / ALIKE, 10.0 * ALIKE)
    assert again.expect(net, 60.0).seconds == 64.0


def test_time_of_other_stages_lies_between_the_same_and_in_proportion(planned):
    plan = planned()
    spread = plan.stages["analyses.spread"]
    experience = Experience(plan)
    assert experience.expect(spread, 6.0) is None
    experience.remember(spread, 6.0, 3.0, None)
    assert experience.expect(spread, 24.0) == Estimate(6.0, 3.0 / ALIKE, 12.0 * ALIKE)
    assert experience.expect(spread, 6.0).seconds == 3.0


def test_epochs_and_seeds_are_alike_and_another_configuration_is_not(planned):
    plan = planned()
    Experience(plan).remember(plan.stages["models.net"], 6.0, 10.0, 1.0)
    for change, factor in (
        (("epochs: 2", "epochs: 200, seed: 3"), ALIKE),
        (("epochs: 2", "epochs: 2, batch_size: 1"), UNLIKE),
        (("use: line\n", "use: line\n    with: {learning_rate: 0.5}\n"), UNLIKE),
    ):
        other = planned(change)
        assert Experience(other).expect(other.stages["models.net"], 6.0) == Estimate(10.0, 10.0 / factor, 10.0 * factor)


def test_what_was_measured_goes_before_what_like_stages_took(planned):
    plan = planned()
    train = plan.stages["simulations.train"]
    experience = Experience(plan)
    experience.remember(train, 6.0, 60.0, 10.0)
    assert expected_time(plan, train, 2, experience).seconds == 30.0
    remember_cost(train, Cost(2.0, 1.0, 3.0, 1.0, 10, 10))
    assert expected_time(plan, train, 2, experience) == Estimate(7.0, 4.0, 10.0)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        '{"taken": 3}',
        '{"taken": [{"like": 1}]}',
        '{"taken": [{"like": "", "work": 0.0, "seconds": -1, "each": null}]}',
    ],
)
def test_damaged_memory_is_none(planned, tmp_path, content):
    plan = planned()
    net = plan.stages["models.net"]
    Experience(plan).remember(net, 6.0, 10.0, 1.0)
    (file,) = (tmp_path / "cache").rglob("times/*.json")
    file.write_text(content)
    assert Experience(plan).expect(net, 6.0) is None


def test_the_last_stages_count(planned):
    plan = planned()
    net = plan.stages["models.net"]
    experience = Experience(plan)
    for seconds in (100.0, 1.0, 2.0, 3.0):
        experience.remember(net, 6.0, seconds, None)
    assert experience.expect(net, 6.0) == Estimate(2.0, 1.0 / ALIKE, 3.0 * ALIKE)


def test_one_record_foretells():
    assert Taken("", 2.0, 8.0).expect(8.0) == Estimate(16.0, 8.0, 32.0)
    assert Taken("", 8.0, 8.0).expect(2.0) == Estimate(4.0, 2.0, 8.0)
