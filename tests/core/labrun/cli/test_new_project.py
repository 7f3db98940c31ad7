"""`labrun new project`: plugins joined, all their fields told, and what cannot be known said."""

from __future__ import annotations

import re

import pytest

from labrun.contracts.fields import fields_in_words
from labrun.project.yaml12 import Document
from labrun.registry.registry import Registry

REGISTRY = Registry.installed()
CHAINS = {
    "numbers": ("gray_scott", "labelled", "mlp", "regression", "training_history"),
    "snapshots": ("persistent_exclusion", "snapshots", "snapshot_cnn", "percolation", "regression"),
    "cubes": ("reionization", "slices", "slice_cnn", "power_spectrum"),
    "patterns": ("gray_scott", "labelled", "pattern_cnn", "classification", "novelty", "phase_map", "montage"),
    "drawings": ("mechanical_network", "image_pairs", "pix2pix", "mechanics", "bond_recovery"),
    "dots": ("point_clouds", "rows", "perceptron", "decision_boundary"),
}
"""Plugins that go together, one chain for each of the shipped domains."""


def options(chain: tuple[str, ...]) -> list[str]:
    simulator, dataset, model, *analyses = chain
    chosen = ["--simulator", simulator, "--dataset", dataset, "--model", model]
    return chosen + [word for name in analyses for word in ("--analysis", name)]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def uncommented(text: str) -> str:
    """With every default set."""
    return re.sub(r"^( +)#(\w+:)", r"\1\2", text, flags=re.MULTILINE)


@pytest.mark.parametrize("name", CHAINS)
def test_plugins_that_go_together_make_a_project_without_faults(labrun, folder, name):
    outcome = labrun("new", "project", name, *options(CHAINS[name]))
    assert (outcome.code, outcome.err) == (0, "")
    assert "\nlabrun check finds no faults.\n" in outcome.out
    assert f"{name}.yaml: no faults" in labrun("check", f"{name}.yaml").out
    text = (folder / f"{name}.yaml").read_text(encoding="utf-8")
    assert max(len(line) for line in text.splitlines() if not re.match(" *#[a-z]", line)) <= 140


@pytest.mark.parametrize("name", CHAINS)
def test_defaults_are_written_as_yaml_reads_them(labrun, folder, name):
    """Without the '#', each is what the plugin has when it is left out."""
    labrun("new", "project", name, *options(CHAINS[name]))
    text = (folder / f"{name}.yaml").read_text(encoding="utf-8")
    written = Document.parse(text, "as it is").value
    complete = Document.parse(uncommented(text), "without '#'").value
    for section, stages in complete.items():
        for plugin, stage in stages.items() if isinstance(stages, dict) else ():
            defaults = {told.path: told.default for told in fields_in_words(REGISTRY.find(section, plugin).plugin)}
            given = written[section][plugin].get("with", {})
            for key, value in stage["with"].items():
                assert value == (given[key] if key in given else defaults[key])


@pytest.mark.parametrize("name", CHAINS)
def test_every_field_is_told(labrun, folder, name):
    labrun("new", "project", name, *options(CHAINS[name]))
    text = (folder / f"{name}.yaml").read_text(encoding="utf-8")
    words = " ".join(re.sub(r"^ *# ?", "", line) for line in text.splitlines())
    for plugin in CHAINS[name]:
        offer = next(offer for offer in REGISTRY.offers if offer.name == plugin)
        for told in fields_in_words(offer.plugin):
            assert " ".join(f"{told.description or told.path} ({told.type}".split()) in " ".join(words.split())


STAGES = [offer for offer in REGISTRY.offers if offer.section != "samplers"]


@pytest.mark.parametrize("offer", STAGES, ids=lambda offer: f"{offer.section}.{offer.name}")
def test_every_plugin_makes_yaml_that_can_be_read(labrun, folder, offer):
    chosen = {"simulations": "gray_scott", "datasets": "labelled", "models": "mlp", "analyses": "regression"}
    words = ["--simulator", "--dataset", "--model", "--analysis"]
    picked = [[word, name] for word, name in zip(words, (chosen | {offer.section: offer.name}).values(), strict=True)]
    if offer.section == "analyses":  # some look at what another has found
        picked.insert(3, ["--analysis", "classification"])
    if offer.name == "encoded":
        picked.append(["--dataset", "labelled"])
    outcome = labrun("new", "project", "p", *[word for pair in picked for word in pair])
    assert (outcome.code, outcome.err) == (0, "")
    value = Document.read(folder / "p.yaml").value
    assert offer.name in value[offer.section]
    assert value[offer.section][offer.name]["use"] == offer.name


def test_stages_are_joined_by_what_the_plugins_ask_for(labrun, folder):
    labrun("new", "project", "p", *options(CHAINS["patterns"]), "--analysis", "pca")
    value = Document.read(folder / "p.yaml").value
    assert value["datasets"]["labelled"]["from"] == "gray_scott"
    assert value["datasets"]["labelled"]["with"] == {"x": "u", "y": "feed"}
    assert value["models"]["pattern_cnn"]["fit"]["train"] == "labelled.train"
    assert [*value["models"]["pattern_cnn"]["with"]] == ["preset"]
    assert value["analyses"]["novelty"]["from"] == {
        "model": "pattern_cnn",
        "train": "labelled.train",
        "validation": "labelled.validation",
        "simulation": "gray_scott",
    }
    assert value["analyses"]["montage"]["from"] == {"classes": "classification", "simulation": "gray_scott"}
    assert value["analyses"]["pca"]["from"] == {"train": "labelled.train", "dataset": "labelled.test"}


def test_what_must_be_given_is_told(labrun, folder):
    outcome = labrun("new", "project", "p", "--simulator", "idx_images")
    assert outcome.out == (
        "wrote p.yaml\n"
        "\n"
        "These values must still be given:\n"
        "\n"
        "  simulations.idx_images.with.images: IDX file of the images, relative to the folder in which labrun is started\n"
        "  simulations.idx_images.with.labels: IDX file of the labels, relative to the folder in which labrun is started\n"
        "\n"
        "  labrun check p.yaml\n"
        "  labrun p.yaml\n"
    )
    assert "      #images: # must be given\n" in (folder / "p.yaml").read_text()
    assert "idx_images) lacks the key 'images'" in labrun("check", "p.yaml").err


def test_placeholders_are_told(labrun, folder):
    outcome = labrun("new", "project", "p", "--simulator", "persistent_exclusion")
    told = re.findall(r"^  (simulations\S+)$", outcome.out, re.MULTILINE)
    text = (folder / "p.yaml").read_text()
    assert told == [
        "simulations.persistent_exclusion.sweep.grid.density",
        "simulations.persistent_exclusion.with.tumbling_rate",
    ]
    assert "      tumbling_rate: 0.5 # a placeholder: replace it\n" in text
    assert "      grid: {density: [0.25, 0.5, 1.0]}\n      repeats: 2\n" in text


def test_a_dataset_that_needs_a_model_comes_after_it(labrun, folder):
    """The model trains on the other one, and its encoder makes the examples of this one."""
    words = ["--simulator", "gray_scott", "--dataset", "encoded", "--dataset", "labelled", "--model", "autoencoder"]
    labrun("new", "project", "p", *words)
    value = Document.read(folder / "p.yaml").value
    assert value["models"]["autoencoder"]["fit"]["train"] == "labelled.train"
    assert value["datasets"]["encoded"]["from"] == {"dataset": "labelled", "encoder": "autoencoder"}


def test_what_check_finds_is_told(labrun, folder):
    outcome = labrun("new", "project", "p", "--simulator", "twentyone_cm_files")
    assert outcome.code == 0
    assert (
        "labrun check finds these faults:\n\n  simulations.twentyone_cm_files.with (twentyone_cm_files): "
        in outcome.out
    )


def test_examples_of_a_field_are_its_value(labrun, folder):
    """`Field(examples=[…])` says what a field may well be."""
    (folder / "walk.py").write_text(
        "from typing import ClassVar\n"
        "from labrun import Field, Simulator, hookimpl\n"
        "class Walk(Simulator):\n"
        '    """A walk."""\n'
        "    name: ClassVar[str] = 'walk'\n"
        "    drift: float = Field(examples=[0.04], description='mean of a step [sites]')\n"
        "    law: str = Field(examples=['yes: #no'], description='of steps')\n"
        "    def simulate(self, rng):\n"
        "        return {}\n"
        "@hookimpl\n"
        "def labrun_simulators():\n"
        "    return [Walk]\n"
    )
    from labrun.scaffold.project import write_project

    registry = Registry.installed()
    assert registry.add_file(folder / "walk.py") is None
    written = write_project("p", {"simulations": ["walk"]}, registry, folder)
    assert (list(written.missing), list(written.guessed), list(written.faults)) == ([], [], [])
    stage = Document.read(written.path).value["simulations"]["walk"]
    assert stage["with"] == {"law": "yes: #no"}
    assert stage["sweep"]["grid"] == {"drift": [0.02, 0.04, 0.08]}


def test_without_plugins_it_runs_as_it_is(labrun, folder):
    outcome = labrun("new", "project", "first")
    assert (
        outcome.out
        == "wrote first.yaml\n\nlabrun check finds no faults.\n\n  labrun check first.yaml\n  labrun first.yaml\n"
    )
    assert Document.read(folder / "first.yaml").value["project"] == "first"


@pytest.mark.slow
def test_without_plugins_it_runs(labrun_process, tmp_path):
    labrun_process("new", "project", "first")
    outcome = labrun_process("first.yaml")
    assert outcome.code == 0, outcome.err
    assert (tmp_path / "runs/first/report.html").is_file()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["1p"], "'1p' cannot be the name of a project: use letters, digits, '_' and '-', beginning with a letter"),
        (["p", "--simulator", "gray_scot"], "there is no simulator 'gray_scot': did you mean 'gray_scott'?"),
        (["p", "--analysis", "regression"], "'regression' needs a dataset as 'dataset': choose one with --dataset"),
        (["p", "--dataset", "labelled"], "'labelled' needs a simulation as 'simulation': choose one with --simulator"),
        (["p", "--model", "mlp"], "'mlp' needs a dataset as 'fit.train': choose one with --dataset"),
        (["there"], "'there.yaml' exists already: take another name, or another folder with --output"),
    ],
)
def test_mistakes(labrun, folder, words, message):
    (folder / "there.yaml").write_text("mine")
    outcome = labrun("new", "project", *words)
    assert (outcome.code, outcome.out, outcome.err) == (2, "", message + "\n")
    assert [path.name for path in folder.iterdir()] == ["there.yaml"]
    assert (folder / "there.yaml").read_text() == "mine"
