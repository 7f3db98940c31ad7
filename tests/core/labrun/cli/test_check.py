"""`labrun check`: every fault that shows before a run, as a person sees it."""

import sys

import pytest

HEAVY = {"tensorflow", "keras", "numba", "torch", "jax"}


def test_a_sound_project(write_project, labrun):
    outcome = labrun("check", write_project())
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out == "project.yaml: no faults; 1 simulation, 1 dataset, 2 analyses, 1 model\n"


@pytest.mark.parametrize(
    "words", [("check", "project.yaml"), ("list-plugins",), ("status", "project.yaml"), ("why", "project.yaml", "net")]
)
def test_nothing_heavy_is_imported(write_project, labrun_process, words):
    write_project()
    outcome = labrun_process(*words, python=("-X", "importtime"))
    imported = {line.split("|")[-1].strip().split(".")[0] for line in outcome.err.splitlines()}
    assert outcome.code == 0
    assert "labrun" in imported
    assert not imported & HEAVY


# what is replaced in the project, what it is replaced by, and what a person sees then
FAULTS = {
    "unknown plugin": (
        "use: wave",
        "use: wav",
        "project.yaml:7:10: simulations.train: there is no simulator 'wav': did you mean 'wave'?\n"
        "    7 |     use: wav\n"
        "      |          ^^^",
    ),
    "plugin of another kind": (
        "use: lines",
        "use: wave",
        "project.yaml:13:10: datasets.waves: 'wave' is a simulator and belongs under 'simulations'; a dataset is wanted here\n"
        "   13 |     use: wave\n"
        "      |          ^^^^",
    ),
    "misspelt field": (
        "points: 6",
        "point: 6",
        "project.yaml:8:12: unknown key 'point' in simulations.train.with (wave): did you mean 'points'?\n"
        "    8 |     with: {point: 6}\n"
        "      |            ^^^^^",
    ),
    "misspelt key of a stage": (
        "    split: {",
        "    splits: {",
        "project.yaml:16:5: unknown key 'splits' in datasets.waves: did you mean 'split'?\n"
        "   16 |     splits: {fractions: {train: 0.5, test: 0.5}}\n"
        "      |     ^^^^^^",
    ),
    "misspelt key of the head": (
        "seed: 3",
        "sed: 3",
        "project.yaml:2:1: unknown key 'sed': did you mean 'seed'?\n    2 | sed: 3\n      | ^^^",
    ),
    "wrong type": (
        "points: 6",
        "points: six",
        "project.yaml:8:20: simulations.train.with (wave): points: expected a whole number, found the text 'six'\n"
        "    8 |     with: {points: six}\n"
        "      |                    ^^^",
    ),
    "number with a fraction": (
        "epochs: 2",
        "epochs: 2.5",
        "project.yaml:21:63: models.net: fit.epochs: expected a whole number, found 2.5\n"
        "   21 |     fit: {train: waves.train, validation: waves.test, epochs: 2.5}\n"
        f"      | {' ' * 62}^^^",
    ),
    "no such choice": (
        "points: 6",
        "noise: norml",
        "project.yaml:8:19: simulations.train.with (wave): noise: expected 'none' or 'normal', found the text 'norml': "
        "did you mean 'normal'?\n"
        "    8 |     with: {noise: norml}\n"
        "      |                   ^^^^^",
    ),
    "missing table": (
        "waves.csv",
        "wave.csv",
        "project.yaml:9:20: simulations.train.sweep: there is no table wave.csv\n"
        "    9 |     sweep: {table: wave.csv, labels: [class]}\n"
        "      |                    ^^^^^^^^",
    ),
    "column that the table lacks": (
        "labels: [class]",
        "labels: [clas]",
        "project.yaml:9:40: simulations.train.sweep: the table waves.csv has no column 'clas': did you mean 'class'?\n"
        "    9 |     sweep: {table: waves.csv, labels: [clas]}\n"
        "      |                                        ^^^^",
    ),
    "label that is not named as one": (
        ", labels: [class]",
        "",
        "waves.csv:1:1: simulations.train.sweep: wave has no parameter 'class' (known: amplitude, noise, points). "
        "A column that is not a parameter belongs in 'labels', or list the parameters in 'columns'\n"
        "    1 | class,amplitude\n"
        "      | ^^^^^",
    ),
    "misspelt axis": (
        "{table: waves.csv, labels: [class]}",
        "{grid: {amplitud: [1, 2]}}",
        "project.yaml:9:20: simulations.train.sweep: wave has no parameter 'amplitud': did you mean 'amplitude'?\n"
        "    9 |     sweep: {grid: {amplitud: [1, 2]}}\n"
        "      |                    ^^^^^^^^",
    ),
    "value of a grid out of bounds": (
        "{table: waves.csv, labels: [class]}",
        "{grid: {amplitude: [1, 11], noise: [none, normal]}}",
        "project.yaml:9:35: simulations.train.with (wave), member 2: amplitude: must be at most 10 (found 11)\n"
        "    9 |     sweep: {grid: {amplitude: [1, 11], noise: [none, normal]}}\n"
        "      |                                   ^^",
    ),
    "row in line out of bounds": (
        "{table: waves.csv, labels: [class]}",
        "{table: [{amplitude: 1}, {amplitude: 11}]}",
        "project.yaml:9:49: simulations.train.with (wave), row 2: amplitude: must be at most 10 (found 11)\n"
        "    9 |     sweep: {table: [{amplitude: 1}, {amplitude: 11}]}\n"
        f"      | {' ' * 48}^^",
    ),
    "interval out of bounds": (
        "{table: waves.csv, labels: [class]}",
        "{random: {count: 1, columns: {amplitude: {from: 11, to: 11.5}}}}",
        "project.yaml:9:53: simulations.train.with (wave), member 0: amplitude: must be at most 10 (found 11.",
    ),
    "misspelt key of a range": (
        "{table: waves.csv, labels: [class]}",
        "{grid: {amplitude: {from: 1, too: 3, step: 1}}}",
        "project.yaml:9:41: unknown key 'too' in simulations.train.sweep.grid.amplitude: did you mean 'to'?\n"
        "    9 |     sweep: {grid: {amplitude: {from: 1, too: 3, step: 1}}}\n"
        "      |                                         ^^^",
    ),
    "fixed and swept": (
        "points: 6",
        "points: 6, amplitude: 1",
        "project.yaml:8:23: simulations.train: 'amplitude' is fixed under 'with' and swept too; remove one\n"
        "    8 |     with: {points: 6, amplitude: 1}\n"
        "      |                       ^^^^^^^^^",
    ),
    "empty sweep": (
        "{table: waves.csv, labels: [class]}",
        "{grid: {amplitude: []}}",
        "project.yaml:9:19: simulations.train.sweep: the sweep is empty: it makes no member\n"
        "    9 |     sweep: {grid: {amplitude: []}}\n"
        "      |                   ^^^^^^^^^^^^^^^",
    ),
    "a stage that is not there": (
        "models: [net]",
        "models: [nett]",
        "project.yaml:25:40: analyses.losses.from.models: there is no model 'nett': did you mean 'net'?\n"
        "   25 |   losses: {use: losses, from: {models: [nett], dataset: waves.test}}\n"
        "      |                                        ^^^^^^",
    ),
    "a stage of another kind": (
        "dataset: waves.test",
        "dataset: train",
        "project.yaml:25:56: analyses.losses.from.dataset: there is no dataset 'train': 'train' is one of the simulations\n"
        "   25 |   losses: {use: losses, from: {models: [net], dataset: train}}\n"
        f"      | {' ' * 55}^^^^^",
    ),
    "a part that is not there": (
        "dataset: waves.test",
        "dataset: waves.tests",
        "project.yaml:25:56: analyses.losses.from.dataset: 'waves' has no part 'tests': did you mean 'test'?\n"
        "   25 |   losses: {use: losses, from: {models: [net], dataset: waves.tests}}\n"
        f"      | {' ' * 55}^^^^^^^^^^^",
    ),
    "an input that the plugin lacks": (
        "models: [net]",
        "model: net",
        "project.yaml:25:32: analyses.losses.from: losses has no input 'model': did you mean 'models'?\n"
        "   25 |   losses: {use: losses, from: {model: net, dataset: waves.test}}\n"
        "      |                                ^^^^^",
    ),
    "an input that is missing": (
        "    from: train\n",
        "",
        "project.yaml:12:3: datasets.waves: lines needs 'simulation', a stage of 'simulations': add it under 'from'\n"
        "   12 |   waves:\n"
        "      |   ^^^^^",
    ),
    "several stages for one": (
        "    from: train\n",
        "    from: [train, train]\n",
        "project.yaml:14:11: datasets.waves.from: 'simulation' takes one stage, not 2\n"
        "   14 |     from: [train, train]\n"
        "      |           ^^^^^^^^^^^^^^",
    ),
    "a key that is missing": (
        "    fit: {train: waves.train, validation: waves.test, epochs: 2}\n",
        "",
        "project.yaml:20:5: models.net: a model needs 'fit' (how it is trained) or 'pretrained' (one that is)\n"
        "   20 |     use: line\n      |     ^",
    ),
    "trained and to be trained": (
        "    use: line\n",
        "    use: line\n    pretrained: models/net\n",
        "project.yaml:21:17: models.net: pretrained: it is trained already: remove 'fit', or remove 'pretrained' to train "
        "it\n   21 |     pretrained: models/net\n      |                 ^^^^^^^^^^",
    ),
    "a pretrained model that is configured": (
        "    fit: {train: waves.train, validation: waves.test, epochs: 2}\n",
        "    pretrained: models/net\n    with: {learning_rate: 0.1}\n",
        "project.yaml:21:17: models.net: pretrained: a pretrained model brings its own configuration: remove 'with'\n"
        "   21 |     pretrained: models/net\n      |                 ^^^^^^^^^^",
    ),
    "a pretrained model that is not there": (
        "    fit: {train: waves.train, validation: waves.test, epochs: 2}\n",
        "    pretrained: runs/waves/models/net\n",
        "project.yaml:21:17: models.net.pretrained: there is no trained model 'runs/waves/models/net': neither a "
        "folder nor a model that a plugin ships\n   21 |     pretrained: runs/waves/models/net\n"
        "      |                 ^^^^^^^^^^^^^^^^^^^^^",
    ),
    "shares above one": (
        "train: 0.5",
        "train: 0.6",
        "project.yaml:16:24: datasets.waves: split.fractions: the fractions add up to 1.1, more than 1\n"
        "   16 |     split: {fractions: {train: 0.6, test: 0.5}}\n"
        "      |                        ^^^^^^^^^^^^^^^^^^^^^^^",
    ),
    "value of a matrix out of bounds": (
        "    use: line\n",
        "    use: line\n    matrix: {with.learning_rate: [0.1, -1]}\n",
        "project.yaml:21:40: models.net.with (line): learning_rate: must be above 0 (found -1)\n"
        "   21 |     matrix: {with.learning_rate: [0.1, -1]}\n"
        "      |                                        ^^",
    ),
    "repeated key": (
        "seed: 3",
        "seed: 3\nseed: 4",
        "project.yaml:3:1: the key 'seed' stands here a second time (first in line 2); remove one\n"
        "    3 | seed: 4\n"
        "      | ^^^^",
    ),
    "tab": (
        "    with: {points",
        "\twith: {points",
        "project.yaml:8:1: not valid YAML: a tab stands here; YAML is indented by spaces\n"
        "    8 | \twith: {points: 6}\n"
        "      | ^",
    ),
    "not installed": (
        "seed: 3",
        'seed: 3\nrequires: ["labrun>=900"]',
        "project.yaml:3:12: the project needs 'labrun>=900', but version 1.0.0 is installed: "
        "pip install --upgrade 'labrun>=900'\n"
        '    3 | requires: ["labrun>=900"]\n'
        "      |            ^^^^^^^^^^^^^",
    ),
    "missing plugin file": (
        "[lab.py]",
        "[lab.py, gone.py]",
        "project.yaml:3:19: the plugin file 'gone.py' could not be loaded: ImportError: there is no Python file 'gone.py'\n"
        "    3 | plugins: [lab.py, gone.py]\n"
        "      |                   ^^^^^^^",
    ),
}


@pytest.mark.parametrize("case", FAULTS)
def test_one_fault_with_its_place(write_project, labrun, waves, case):
    old, new, message = FAULTS[case]
    assert waves.count(old) == 1
    outcome = labrun("check", write_project(waves.replace(old, new)))
    first = outcome.err.split("\nproject.yaml:")[0].rstrip("\n")
    assert (outcome.code, outcome.out) == (2, "")
    assert first == message or (message.endswith("11.") and first.startswith(message))


WHOLE_FILES = {
    "empty": ("", "project.yaml: this file is empty; a project begins with 'project: name'\n"),
    "comments only": (
        "# nothing\n",
        "project.yaml: this file is empty; a project begins with 'project: name'\n",
    ),
    "a text": (
        "hello\n",
        "project.yaml:1:1: a project is a mapping ('project: name', 'simulations: …')\n    1 | hello\n      | ^^^^^\n",
    ),
    "a list": (
        "- a\n- b\n",
        "project.yaml:1:1: a project is a mapping ('project: name', 'simulations: …')\n    1 | - a\n      | ^\n",
    ),
    "an open bracket": (
        "{a: [1, 2",
        "project.yaml:1:10: not valid YAML: expected ',' or ']', but got '<stream end>' (while parsing a flow sequence)\n"
        "    1 | {a: [1, 2\n"
        "      |          ^\n",
    ),
    "a tag": (
        "project: !!python/object/apply:os.system [ls]\n",
        "project.yaml:1:10: a tag (!) is not allowed: a project holds plain values only\n"
        "    1 | project: !!python/object/apply:os.system [ls]\n"
        f"      |          {'^' * 36}\n",
    ),
    "a head alone": (
        "project: x\n",
        "project.yaml:1:1: this project has no stages: add 'simulations', 'datasets', 'models' or 'analyses'\n"
        "    1 | project: x\n"
        "      | ^\n",
    ),
}


@pytest.mark.parametrize("case", WHOLE_FILES)
def test_a_file_that_is_no_project(write_project, labrun, case):
    text, message = WHOLE_FILES[case]
    outcome = labrun("check", write_project(text))
    assert (outcome.code, outcome.out, outcome.err) == (2, "", message)


def test_a_file_that_is_no_text(tmp_path, write_project, labrun):
    path = write_project()
    (tmp_path / path).write_bytes(b"project: x\nseed: \xff\xfe\n")
    outcome = labrun("check", path)
    assert outcome.err == "project.yaml:2:1: this is not text in UTF-8; save it in that encoding\n"
    assert outcome.code == 2


def test_a_project_that_is_not_there(write_project, labrun):
    write_project()
    outcome = labrun("check", "gone.yaml")
    assert (outcome.code, outcome.err) == (2, "gone.yaml: cannot read this file: No such file or directory\n")


def test_row_17_of_the_table(tmp_path, write_project, labrun, waves):
    """The place is in the CSV file: its line, and the column in it."""
    path = write_project()
    amplitudes = ["1.5"] * 16 + ["10.5"] + ["2.5"] * 3
    (tmp_path / "waves.csv").write_text("class,amplitude\n" + "".join(f"low,{a}\n" for a in amplitudes))
    outcome = labrun("check", path)
    assert outcome.code == 2
    assert outcome.err == (
        "waves.csv:18:5: simulations.train.with (wave), row 17: amplitude: must be at most 10 (found 10.5)\n"
        "   18 | low,10.5\n"
        "      |     ^^^^\n"
    )


def test_many_bad_rows_are_not_all_told(tmp_path, write_project, labrun):
    path = write_project()
    (tmp_path / "waves.csv").write_text("class,amplitude\n" + "".join(f"low,{a}\n" for a in range(11, 1000)))
    told = [line for line in labrun("check", path).err.splitlines() if line.startswith(("waves", "project"))]
    assert [line.split(":")[1] for line in told] == ["2", "3", "4", "5", "6", "9"]
    assert told[-1] == "project.yaml:9:5: simulations.train: of the rows with faults, only the first 5 are shown"


def test_a_fault_of_all_rows_is_told_once(write_project, labrun, waves):
    outcome = labrun("check", write_project(waves.replace("points: 6", "points: 1")))
    assert outcome.err == (
        "project.yaml:8:20: simulations.train.with (wave): points: must be at least 2 (found 1)\n"
        "    8 |     with: {points: 1}\n"
        "      |                    ^\n"
    )


def test_stages_that_need_each_other(write_project, labrun):
    text = """\
project: circle
plugins: [circle.py]
datasets:
  a: {use: recoded, from: net}
models:
  net: {use: line, fit: {train: a, epochs: 1}}
"""
    path = write_project(text)
    path.with_name("circle.py").write_text(
        "from lab import *\n"
        "class Recoded(Dataset):\n"
        "    name = 'recoded'\n"
        "    def examples(self, model: TrainedModel) -> Examples: ...\n"
        "@hookimpl\n"
        "def labrun_datasets(): return [Recoded]\n"
    )
    sys.path.insert(0, ".")
    try:
        outcome = labrun("check", path)
    finally:
        sys.path.remove(".")
    assert outcome.code == 2
    assert outcome.err.splitlines()[0] in (
        "project.yaml:4:27: these stages need each other: datasets.a needs models.net needs datasets.a",
        "project.yaml:6:33: these stages need each other: models.net needs datasets.a needs models.net",
    )


def test_all_faults_at_once(write_project, labrun, waves):
    text = (
        waves.replace("seed: 3", "sed: 3")
        .replace("points: 6", "point: 6")
        .replace("class]", "clas]")
        .replace("models: [net]", "models: [nett]")
        .replace("epochs: 2", "epoch: 2")
    )
    told = [line.split(": ")[0] for line in labrun("check", write_project(text)).err.splitlines() if line[0] == "p"]
    assert told == ["project.yaml:2:1", "project.yaml:21:55", "project.yaml:9:40", "project.yaml:25:40"]


def test_an_unexpected_word(labrun):
    outcome = labrun("chek", "project.yaml")
    assert outcome.code == 2
    assert "'chek' is neither a command nor a project (PROJECT.yaml): did you mean 'check'?" in outcome.err


def test_set_is_checked_too(write_project, labrun):
    outcome = labrun("check", write_project(), "--set", "models.net.fit.epochs=0")
    assert (outcome.code, outcome.err) == (
        2,
        "--set:1:23: models.net: fit.epochs: must be at least 1 (found 0)\n"
        "    1 | models.net.fit.epochs=0\n"
        "      |                       ^\n",
    )


def test_traceback_on_request(write_project, labrun):
    outcome = labrun("--traceback", "check", write_project(""))
    assert outcome.err.startswith("Traceback (most recent call last):")
    assert outcome.code == 2
