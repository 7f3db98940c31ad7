"""A training is rehearsed on its dataset, or on examples of a few members."""

from __future__ import annotations

import pytest

from labrun.engine.rehearsal import rehearse
from labrun.engine.shortened import make_shortened
from labrun.faults import LabrunError
from labrun.planning.experience import Experience
from labrun.planning.plan import make_plan
from labrun.project.load import Ref, load


@pytest.fixture
def plan(write_project, waves, tmp_path):
    def plan(text=waves):
        return make_plan(load(write_project(text)), tmp_path / "runs/.store")

    return plan


def test_shortened_project_gives_whole_datasets_of_the_chosen_members(plan, tmp_path):
    project = plan().project
    results = make_shortened(project, ["models.net"], lambda stage: [1, 4], tmp_path / "short")
    examples = results.get(Ref("datasets", "waves"))
    x, y = examples.load(slice(None))
    amplitudes = [float(wave.max()) for wave in x]
    assert amplitudes == pytest.approx(
        [1.0 * 3**0.5 / 2, 8.0 * 3**0.5 / 2], rel=1e-6
    )  # at 6 points the sine reaches sin 60°
    assert [examples.classes[i] for i in y] == ["low", "high"]
    assert len(results.get(Ref("models", "net")).history) == 1


def test_member_that_fails_is_reported(plan, tmp_path):
    project = plan().project
    object.__setattr__(project.stages["simulations.train"], "fixed", {"points": -1})
    with pytest.raises(LabrunError, match="member 0 failed"):
        make_shortened(project, ["datasets.waves"], lambda stage: [0], tmp_path / "short")


def test_training_is_rehearsed_before_and_after_its_dataset_is_there(plan, labrun, waves, tmp_path):
    made = plan(waves.replace("epochs: 2", "epochs: 1000, batch_size: 2"))
    net = made.stages["models.net"]
    experience = Experience(made)
    assert not experience.knows(net)
    found = rehearse(made, net.stage, experience, is_first=True)
    assert (found.steps, found.validation_steps, found.members) == (2, 2, 4)
    expected = Experience(made).expect(net, 3000.0)
    assert Experience(made).knows(net)
    assert expected.seconds == pytest.approx(found.seconds(1000) + found.times.load)
    assert not made.store.root.exists()

    assert labrun("run", "project.yaml", "--only", "waves", "--workers", 1).code == 0
    again = rehearse(
        plan(waves.replace("epochs: 2", "epochs: 1000, batch_size: 2")), net.stage, experience, is_first=False
    )
    assert (again.steps, again.validation_steps, again.members) == (2, 2, 0)


def test_what_goes_wrong_is_reported(plan, waves):
    made = plan(waves.replace("epochs: 2", "epochs: 2, augment: [flip]"))
    with pytest.raises(LabrunError, match=r"models\.net: fit\.augment cannot be applied to the dataset 'waves'"):
        rehearse(made, made.stages["models.net"].stage, Experience(made), is_first=True)
