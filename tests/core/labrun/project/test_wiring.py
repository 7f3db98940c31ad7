"""How stages are joined: matrices that meet, parts, order."""

import re

import pytest

from labrun.faults import ProjectFaults
from labrun.project.load import load

HEAD = """\
project: wiring
plugins: [lab.py]
simulations:
  train: {use: wave, sweep: {grid: {amplitude: [1, 2, 3, 4]}}}
datasets:
  waves: {use: lines, from: train, with: {y: amplitude}, split: {fractions: {train: 0.5, test: 0.5}}}
"""
MODEL = """\
models:
  net:
    use: line
    fit: {train: waves.train, epochs: 1}
    matrix: {with.learning_rate: [0.1, 0.01], fit.seed: [0, 1]}
"""


@pytest.fixture
def stages(write_project):
    def stages(text):
        return load(write_project(text)).stages

    return stages


@pytest.fixture
def told(write_project):
    def told(text):
        with pytest.raises(ProjectFaults) as caught:
            load(write_project(text))
        return [fault.message for fault in caught.value.faults]

    return told


def test_a_matrix_makes_stages(stages):
    found = stages(HEAD + MODEL)
    nets = {s.name: (s.plugin.learning_rate, s.fit.seed) for s in found.values() if s.section == "models"}
    assert nets == {f"net[learning_rate={rate},seed={seed}]": (rate, seed) for rate in (0.1, 0.01) for seed in (0, 1)}


def test_what_takes_one_stage_becomes_a_matrix_too(stages):
    found = stages(
        HEAD.replace("lines,", "lines, matrix: {with.y: [amplitude, class]},").replace(
            "{grid: {amplitude: [1, 2, 3, 4]}}", "{table: waves.csv, labels: [class]}"
        )
        + MODEL
    )
    nets = [s for s in found.values() if s.section == "models"]
    assert len(nets) == 8
    assert {net.values["with.y"] for net in nets} == {"amplitude", "class"}
    assert all(net.train.stage == f"waves[y={net.values['with.y']}]" for net in nets)


def test_what_takes_a_list_takes_all(stages):
    found = stages(HEAD + MODEL + "analyses:\n  losses: {use: losses, from: {models: net}}\n")
    assert [ref.stage for ref in found["analyses.losses"].inputs["models"]] == [
        f"net[learning_rate={rate},seed={seed}]" for rate in (0.1, 0.01) for seed in (0, 1)
    ]


def test_matrices_are_joined_along_shared_values(stages, write_project):
    """A model of each of two datasets and that dataset itself meet in two stages, not in four."""
    text = HEAD.replace("lines,", "lines, matrix: {with.y: [amplitude, class]},").replace(
        "{grid: {amplitude: [1, 2, 3, 4]}}", "{table: waves.csv, labels: [class]}"
    )
    text += "models:\n  net: {use: line, fit: {train: waves.train, validation: waves.test, epochs: 1}}\n"
    nets = [s for s in stages(text).values() if s.section == "models"]
    assert [(n.train.stage, n.validation.stage) for n in nets] == [
        (f"waves[y={y}]", f"waves[y={y}]") for y in ("amplitude", "class")
    ]


def test_one_of_a_matrix(stages):
    text = HEAD + MODEL + 'analyses:\n  losses: {use: losses, from: {models: ["net[learning_rate=0.1,seed=1]"]}}\n'
    assert [ref.stage for ref in stages(text)["analyses.losses"].inputs["models"]] == ["net[learning_rate=0.1,seed=1]"]


def test_none_of_a_matrix(told):
    text = HEAD + MODEL + 'analyses:\n  losses: {use: losses, from: {models: ["net[seed=1]"]}}\n'
    assert told(text)[0].startswith(
        "analyses.losses.from.models: there is no 'net[seed=1]' (there are: net[learning_rate=0.1,seed=0], "
    )


def test_two_values_of_one_name(told):
    assert told(HEAD + MODEL.replace("[0, 1]", "[0, 0]")) == [
        f"models.net.matrix: it makes 'net[learning_rate={rate},seed=0]' twice" for rate in (0.1, 0.01)
    ]


def test_matrices_that_do_not_meet(told):
    text = HEAD.replace("lines,", "lines, matrix: {with.y: [amplitude]},")
    text += "models:\n  net: {use: line, fit: {train: waves.train, epochs: 1}, matrix: {with.y: [other]}}\n"
    assert told(text)[0] == "models.net: joining its matrices with 'fit.train' leaves no combination of values"


def test_order_follows_needs(stages):
    """Written backwards, each stage still follows what it needs."""
    order = list(stages(HEAD + MODEL + "analyses:\n  a: {use: losses, from: net}\n  b: {use: spread, from: train}\n"))
    assert (
        order.index("simulations.train")
        < order.index("datasets.waves")
        < order.index("models.net[learning_rate=0.1,seed=0]")
    )
    assert order.index("models.net[learning_rate=0.01,seed=1]") < order.index("analyses.a")


def test_what_has_faults_brings_no_further_ones(told):
    assert told(HEAD.replace("split:", "splits:") + MODEL) == [
        "unknown key 'splits' in datasets.waves: did you mean 'split'?"
    ]


def test_a_matrix_of_plugins(write_project, told):
    text = "project: p\nplugins: [lab.py]\nsimulations:\n  s: {use: wave}\nanalyses:\n"
    text += "  a: {matrix: {use: [spread, lab.py:spread]}, from: s}\n"
    found = load(write_project(text)).stages
    assert {s.name: s.offer.name for s in found.values() if s.section == "analyses"} == {
        "a[use=spread]": "spread",
        "a[use=lab.py_spread]": "spread",
    }
    assert told(text.replace("lab.py:spread", "spred")) == [
        "analyses.a: there is no analysis 'spred': did you mean 'spread'?"
    ]


LEFT_OUT = """\
project: left_out
plugins: [lab.py]
simulations:
  train: &train
    use: wave
    sweep: {table: [{amplitude: 1, class: low}, {amplitude: 4, class: high}, {amplitude: 9, class: higher}], labels: [class]}
  other: *train
datasets:
  waves:
    use: labelled
    from: train
    with: {x: u, y: class, periodic: false}
    matrix: {with.leave_out: [[], [low], [high, low]]}
    split: {fractions: {train: 0.5, test: 0.5}}
models:
  net: {use: line, fit: {train: waves.train, validation: waves.test, epochs: 1}}
  seeds: {use: line, fit: {train: waves.train, epochs: 1}, matrix: {fit.seed: [0, 1]}}
"""


def test_a_matrix_of_a_dataset_makes_a_stage_for_each_value(stages):
    found = stages(LEFT_OUT)
    waves = {s.name: s.plugin.leave_out for s in found.values() if s.section == "datasets"}
    assert waves == {
        "waves[leave_out=_]": [],
        "waves[leave_out=low]": ["low"],
        "waves[leave_out=high+low]": ["high", "low"],
    }


def test_a_model_that_trains_on_a_matrix_of_a_dataset_is_made_once_for_each(stages):
    nets = [s for s in stages(LEFT_OUT).values() if s.base == "net"]
    assert [(n.train.stage, n.train.part, n.validation.stage) for n in nets] == [
        (f"waves[leave_out={names}]", "train", f"waves[leave_out={names}]") for names in ("_", "low", "high+low")
    ]


def test_a_matrix_of_a_dataset_and_one_of_a_model_are_multiplied(stages):
    seeds = [s for s in stages(LEFT_OUT).values() if s.base == "seeds"]
    assert {(s.fit.seed, s.train.stage) for s in seeds} == {
        (seed, f"waves[leave_out={names}]") for seed in (0, 1) for names in ("_", "low", "high+low")
    }
    assert len(seeds) == 6


def test_an_analysis_of_several_models_gets_those_of_every_dataset(stages):
    found = stages(LEFT_OUT + "analyses:\n  losses: {use: losses, from: {models: [net, seeds]}}\n")
    analyses = [s for s in found.values() if s.section == "analyses"]
    assert len(analyses) == 1
    assert len(analyses[0].inputs["models"]) == 9


def test_several_models_and_one_dataset_of_a_matrix_meet_once_for_each_dataset(stages):
    found = stages(LEFT_OUT + "analyses:\n  losses: {use: losses, from: {models: net, dataset: waves.test}}\n")
    analyses = [s for s in found.values() if s.section == "analyses"]
    assert [s.inputs["dataset"].stage for s in analyses] == [
        f"waves[leave_out={names}]" for names in ("_", "low", "high+low")
    ]
    assert all(len(s.inputs["models"]) == 3 for s in analyses)


EACH = """\
analyses:
  losses: {use: losses, from: {models: [net, seeds], dataset: waves.test}, each: [with.leave_out]}
  by_seed: {use: losses, from: {models: [net, seeds]}, each: [fit.seed]}
"""


def test_an_analysis_for_each_value_takes_the_models_that_agree(stages):
    found = [s for s in stages(LEFT_OUT + EACH).values() if s.base == "losses"]
    assert [s.name for s in found] == [f"losses[leave_out={names}]" for names in ("_", "low", "high+low")]
    for stage, names in zip(found, ("_", "low", "high+low"), strict=True):
        assert stage.inputs["dataset"].stage == f"waves[leave_out={names}]"
        assert [ref.stage for ref in stage.inputs["models"]] == [
            f"net[leave_out={names}]",
            *(f"seeds[seed={seed},leave_out={names}]" for seed in (0, 1)),
        ]


def test_a_model_without_that_key_is_in_each(stages):
    found = [s for s in stages(LEFT_OUT + EACH).values() if s.base == "by_seed"]
    assert [s.values for s in found] == [{"fit.seed": 0}, {"fit.seed": 1}]
    for stage in found:
        bases = [ref.stage.partition("[")[0] for ref in stage.inputs["models"]]
        assert bases == ["net"] * 3 + ["seeds"] * 3


def test_each_names_a_key_of_a_matrix(told):
    assert told(LEFT_OUT + EACH.replace("[fit.seed]", "[fit.sed]")) == [
        "analyses.by_seed.each: no matrix of its inputs has the key 'fit.sed': did you mean 'fit.seed'?"
    ]


def test_a_matrix_of_simulations_of_a_dataset(stages):
    text = LEFT_OUT.replace("with.leave_out: [[], [low], [high, low]]", "from: [train, other]")
    assert [
        (s.name, s.inputs["simulation"].stage)
        for s in stages(text.replace("{from:", "{from.simulation:").replace("    from: train\n", "")).values()
        if s.section == "datasets"
    ] == [
        ("waves[simulation=train]", "train"),
        ("waves[simulation=other]", "other"),
    ]


def test_one_value_of_a_matrix_of_a_dataset_that_is_wrong(told):
    assert told(LEFT_OUT.replace("[high, low]]", "5]")) == [
        "datasets.waves.with (labelled): leave_out: expected a list, found 5"
    ]


def test_a_pretrained_model_cannot_vary_in_its_training(told, write_model, write_project):
    write_project()
    text = HEAD + "models:\n  net: {use: line, pretrained: net, matrix: {fit.seed: [0, 1]}}\n"
    assert told(text)[0] == "models.net.fit lacks the key 'train'"


def test_values_whose_names_would_agree(stages):
    """Each stage has a name of its own, also where case is not seen; others of the matrix keep theirs."""
    text = HEAD.replace("lines,", "lines, matrix: {with.y: [a/b, a b, Low, low, plain]},").replace(
        ", with: {y: amplitude}", ""
    )
    names = [s.name for s in stages(text).values() if s.section == "datasets"]
    assert len({name.casefold() for name in names}) == 5
    assert names[4] == "waves[y=plain]"
    assert all(re.fullmatch(r"waves\[y=(a_b|Low|low)~[0-9a-f]{8}\]", name) for name in names[:4])


@pytest.mark.parametrize(
    ("matrix", "place", "message"),
    [
        (
            "{with.learning_rat: [0.1, 0.01]}",
            "11:14",
            "unknown key 'learning_rat' in models.net.with (line): did you mean",
        ),
        ("{fit.sed: [0, 1]}", "11:14", "unknown key 'sed' in models.net.fit: did you mean 'seed'?"),
        ("{fit.seed: [0, x]}", "11:28", "models.net: fit.seed: expected a whole number, found the text 'x'"),
        ("{fit.seed: [0], wth.a: [1]}", "11:29", "models.net.matrix: 'wth.a': a key of a matrix is 'use', or"),
        ("{with.rates.a: [0, 1]}", "11:14", "unknown key 'rates' in models.net.with (line)"),
    ],
)
def test_a_fault_of_a_matrix_is_placed_in_it(write_project, matrix, place, message):
    text = HEAD + MODEL.replace("{with.learning_rate: [0.1, 0.01], fit.seed: [0, 1]}", matrix)
    with pytest.raises(ProjectFaults) as caught:
        load(write_project(text))
    (fault,) = caught.value.faults
    assert str(fault.place) == f"project.yaml:{place}"
    assert fault.message.startswith(message)
