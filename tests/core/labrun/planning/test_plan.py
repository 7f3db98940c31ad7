"""Keys: what changes them, and what follows from a change."""

import json
import sys

import pytest

from labrun.faults import ProjectFaults
from labrun.planning.plan import make_plan
from labrun.project.load import load, stage_ids
from labrun.registry.fingerprint import Fingerprint


@pytest.fixture
def keys(write_project, tmp_path, waves):
    """Keys of all stages after a replacement in the project, its table, its plugin."""

    def keys(old="", new="", file="project.yaml", overrides=(), store="store"):
        path = write_project()
        target = tmp_path / file
        text = target.read_text()
        assert old in text
        target.write_text(text.replace(old, new, 1))
        plan = make_plan(load(path, overrides), tmp_path / store)
        return {planned.id: planned.key for planned in plan.stages.values()}

    return keys


ALL = {"simulations.train", "datasets.waves", "models.net", "analyses.spread", "analyses.losses"}


@pytest.mark.parametrize(
    ("change", "anew"),
    [
        ({"old": "seed: 3", "new": "seed: 4"}, ALL),
        ({"old": "points: 6", "new": "points: 7"}, ALL),
        ({"old": "low,1.0", "new": "low,1.1", "file": "waves.csv"}, ALL),
        ({"old": "high,9.5\n", "new": "", "file": "waves.csv"}, ALL),
        ({"old": "y: class", "new": "y: amplitude"}, ALL - {"simulations.train", "analyses.spread"}),
        ({"old": "low,1.0", "new": "high,1.0", "file": "waves.csv"}, ALL - {"simulations.train"}),
        ({"old": "train: 0.5", "new": "train: 0.4"}, {"models.net", "analyses.losses"}),
        ({"old": "epochs: 2", "new": "epochs: 3"}, {"models.net", "analyses.losses"}),
        ({"overrides": ["models.net.with.learning_rate=0.02"]}, {"models.net", "analyses.losses"}),
        ({"old": "return [Wave]", "new": "return [Wave]  # one", "file": "lab.py"}, set()),
        ({"old": "One dense layer.", "new": "A dense layer.", "file": "lab.py"}, set()),
        ({"old": "np.sin(2", "new": "np.cos(2", "file": "lab.py"}, ALL),
        (
            {
                "old": 'name: ClassVar[str] = "line"',
                "new": 'name: ClassVar[str] = "line"; version: ClassVar[int] = 2',
                "file": "lab.py",
            },
            ALL,
        ),
        ({"old": "Field(0.01", "new": "Field(0.02", "file": "lab.py"}, ALL),
        ({"old": "project: waves", "new": "project: waves\ndescription: What?"}, set()),
        ({"old": "project: waves", "new": "project: other"}, set()),
        (
            {"old": "project: waves", "new": 'project: waves\nlabel: {amplitude: "A [m]"}'},
            {"analyses.spread", "analyses.losses"},
        ),
        ({"old": "points: 6", "new": "points: 6, noise: none"}, set()),
        ({"old": "epochs: 2", "new": "epochs: 2, tensorboard: true"}, set()),
        ({"old": "epochs: 2", "new": "epochs: 2, threads: 3"}, {"models.net", "analyses.losses"}),
        ({"store": "elsewhere"}, set()),
        ({"overrides": ["simulations.train.failures=skip"]}, set()),
    ],
    ids=lambda value: str(
        sorted(value) if isinstance(value, set) else value
    ),  # the same in every process of pytest-xdist
)
def test_what_is_made_anew(keys, change, anew):
    before = keys()
    after = keys(**change)
    assert {name for name in before if before[name] != after[name]} == anew


def test_version_and_defaults_are_in_the_key(write_project, tmp_path, monkeypatch):
    """With the source held fixed: the version and a default each change the key."""
    project = load(write_project())
    monkeypatch.setattr("labrun.planning.plan.fingerprint", lambda offer: Fingerprint("the same", {}))
    before = make_plan(project, tmp_path).stages["models.net"]
    monkeypatch.setattr(project.stages["models.net"].offer.plugin, "version", 2)
    after = make_plan(project, tmp_path).stages["models.net"]
    assert before.inputs["config"] == {"learning_rate": 0.01}
    assert before.key != after.key


def test_neither_workers_nor_paths_are_in_the_key(write_project, tmp_path, labrun, monkeypatch):
    monkeypatch.setenv("LABRUN_WORKERS", "7")
    project = load(write_project())
    for planned in make_plan(project, tmp_path).stages.values():
        assert str(tmp_path) not in str(planned.inputs)
        assert "workers" not in str(planned.inputs)


def test_seed_by_is_in_the_key_of_a_simulation(keys):
    assert (
        keys()["simulations.train"] != keys("labels: [class]", "labels: [class], seed_by: [class]")["simulations.train"]
    )


def test_only_a_stage_and_what_it_needs(write_project, tmp_path):
    project = load(write_project())
    assert set(make_plan(project, tmp_path, ["models.net"]).stages) == {
        "simulations.train",
        "datasets.waves",
        "models.net",
    }


def test_names_on_the_command_line(write_project):
    project = load(write_project())
    assert stage_ids(project, ["net", "datasets.waves"]) == ["models.net", "datasets.waves"]
    assert stage_ids(project, ["spread"]) == ["analyses.spread"]
    with pytest.raises(ProjectFaults, match=r"^there is no stage 'nett': did you mean 'net'\?$"):
        stage_ids(project, ["nett"])


@pytest.mark.parametrize(
    ("content", "environment"),
    [
        ({"epsilon": 1e-6}, {}),
        ({"floatx": "float64"}, {}),
        ({"image_data_format": "channels_first"}, {}),
        ({"backend": "jax"}, {}),
        ({}, {"KERAS_BACKEND": "torch"}),
        ({}, {"KERAS_MAX_STEPS_PER_EPOCH": "5"}),
    ],
)
def test_settings_of_keras_are_in_the_key_of_models(keys, tmp_path, monkeypatch, content, environment):
    monkeypatch.delitem(sys.modules, "keras", raising=False)
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    before = keys()
    (tmp_path / "keras.json").write_text(json.dumps(content))
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    after = keys()
    assert {identifier for identifier in after if after[identifier] != before[identifier]} == {
        "models.net",
        "analyses.losses",
    }


def test_a_precision_that_the_process_has_set_is_in_the_key_of_models(keys):
    import keras

    before = keys()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        after = keys()
    finally:
        keras.config.set_dtype_policy("float32")
    assert {identifier for identifier in after if after[identifier] != before[identifier]} == {
        "models.net",
        "analyses.losses",
    }
