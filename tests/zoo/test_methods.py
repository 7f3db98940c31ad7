"""Plugins that raise in a method, or give back something else than the contracts say: one run holds a stage for each, and every fault is
told in its stage's words, while what does not need it is done."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.waiting import HANG
from tests.zoo.cages import install

SOURCE = Path(__file__).with_name("labrun_zoo.py").read_text(encoding="utf-8")
AT = r"\(SITE/labrun_zoo.py:\d+\)"

SIMULATORS = {
    "raises": "RuntimeError: the beast fell over",
    "leaves": "SystemExit: 3",
    "list": "TypeError: beast.simulate must return a dict of arrays, not list",
    "none": "TypeError: beast.simulate must return a dict of arrays, not NoneType",
    "empty": "TypeError: beast.simulate must return a dict of arrays, not an empty one",
    "objects": "TypeError: beast returned 'x' as an array of object: expected numbers",
    "ragged": "TypeError: beast returned 'x' as a list that is not an array: setting an array element with a sequence",
    "texts": "TypeError: beast returned 'x' as an array of <U1: expected numbers",
    "names": r"TypeError: beast declares the outputs \['x'\] but returned \['x', 'y'\]",
    "number as name": "TypeError: beast returned an array named 3; a name is a text of printable characters without '/'",
    "path as name": "TypeError: beast returned an array named 'a/b'; a name is a text of printable characters without '/'",
    "nan": "FloatingPointError: the array 'x' holds a NaN or an infinity",
}

RAISED = "the plugin '{}' of zoo 0.3 raised "

DATASETS = {
    "raises": RAISED.format("herd") + f"RuntimeError: the herd fell over {AT}",
    "tuple": "herd.examples must return labrun.Examples, not tuple",
    "load_x raises": RAISED.format("herd") + f"ZeroDivisionError: division by zero {AT}",
    "rows of x": r"the dataset 'STAGE' loaded x of shape \(6, 3\) for 1 indices: the first axis must have one entry per index",
    "list of x": "the dataset 'STAGE' must load x as a NumPy array of numbers, not list",
    "texts of x": "the dataset 'STAGE' must load x as a NumPy array of numbers, not an array of <U1",
    "rows of y": r"the dataset 'STAGE' loaded y of shape \(2,\) for 1 indices: the first axis must have one entry per index",
    "no row of y": "the dataset 'STAGE' must load y as a NumPy array of numbers, not int64",
    "scores for classes": r"the dataset 'STAGE' has classes, so y must hold class numbers \(int64\), not float32",
    "class of no name": "the dataset 'STAGE' loaded y from 1 to [12]; the numbers of 2 classes range from 0 to 1",
    "groups of texts": RAISED.format("herd")
    + r"ValueError: groups must be integers of shape \(examples,\), the member of each example; "
    rf"they are <U1 of shape \(6,\) {AT}",
    "two-dimensional groups": RAISED.format("herd")
    + r"ValueError: groups must be integers of shape \(examples,\), the member of each example; "
    rf"they are int64 of shape \(6, 1\) {AT}",
    "too many groups": RAISED.format("herd") + f"IndexError: index 6 is out of bounds for axis 0 with size 6 {AT}",
}

MODELS = {
    "raises": RAISED.format("brain") + f"RuntimeError: the brain fell over {AT}",
    "none": "brain.build must return a compiled keras.Model, not NoneType",
    "uncompiled": r"the model 'brain' is not compiled: its build must end with model.compile\(…\)",
    "fit raises": RAISED.format("brain") + f"RuntimeError: the training fell over {AT}",
    "fit does nothing": "'brain' has not trained: its fit must pass `callbacks` and `epochs` to model.fit",
}

ANALYSES = {
    "raises": RAISED.format("judge") + f"RuntimeError: the judge fell over {AT}",
    "none": "judge.analyse must return labrun.Findings, not NoneType",
    "text as metric": RAISED.format("judge")
    + r"TypeError: Findings.metrics\['mean'\] must be a number by name, not str",
    "list of metrics": RAISED.format("judge")
    + "TypeError: Findings.metrics must be a dict, from a name to a number, not list",
    "dict as table": RAISED.format("judge")
    + r"TypeError: Findings.tables\['rows'\] must be a pandas DataFrame by name, not dict",
    "axes as figure": RAISED.format("judge")
    + r"TypeError: Findings.figures\['plot'\] must be a Matplotlib Figure by name, not Axes",
    "text as file": RAISED.format("judge") + r"TypeError: Findings.files\['notes.txt'\] must be bytes by name, not str",
    "path as file": RAISED.format("judge") + "ValueError: 'a/b.txt' cannot be the name of a file among the findings",
    "warning is a text": RAISED.format("judge") + "TypeError: Findings.warnings must be a list of texts",
}


def stage(fault):
    return re.sub(r"\W", "_", fault) or "sound"


def project():
    """One stage for each fault, and a sound one of each kind."""
    lines = ["project: zoo", "simulations:"]
    for fault in ["", *SIMULATORS]:
        repeats = 6 if not fault else 1
        lines.append(
            f"  {stage(fault)}: {{use: beast, with: {{fault: '{fault}'}}, sweep: {{table: [{{}}], repeats: {repeats}}}}}"
        )
    lines.append("datasets:")
    lines += [f"  {stage(fault)}: {{use: herd, from: sound, with: {{fault: '{fault}'}}}}" for fault in ["", *DATASETS]]
    lines.append("models:")
    fit = "fit: {train: sound, epochs: 1}"
    lines += [f"  {stage(fault)}: {{use: brain, with: {{fault: '{fault}'}}, {fit}}}" for fault in ["", *MODELS]]
    lines.append(f"  narrow: {{use: narrow, with: {{units: 5}}, {fit}}}")
    lines.append("analyses:")
    lines += [f"  {stage(fault)}: {{use: judge, from: sound, with: {{fault: '{fault}'}}}}" for fault in ["", *ANALYSES]]
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def call(tmp_path_factory):
    site = tmp_path_factory.mktemp("site")
    install(site, "zoo", {"labrun_zoo": SOURCE})
    folder = tmp_path_factory.mktemp("projects")

    def call(*words):
        environment = os.environ | {"PYTHONPATH": str(site), "COLUMNS": "200"}
        command = [sys.executable, "-m", "labrun", *words]
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=HANG
        )
        done.stdout, done.stderr = done.stdout.replace(str(site), "SITE"), done.stderr.replace(str(site), "SITE")
        return done

    call.folder = folder
    return call


@pytest.fixture(scope="module")
def run(call):
    (call.folder / "zoo.yaml").write_text(project(), encoding="utf-8")
    return call("zoo.yaml", "--workers", "1")


@pytest.fixture(scope="module")
def told(run):
    assert run.returncode == 1
    assert "Traceback" not in run.stderr
    return dict(
        line.split(": ", 1) for line in run.stdout.splitlines() if re.match(r"\w+\.\w+: (done|failed|skipped)", line)
    )


@pytest.mark.parametrize("section", ["simulations", "datasets", "models", "analyses"])
def test_what_is_sound_is_done(told, section):
    assert told[f"{section}.sound"].startswith("done")


@pytest.mark.parametrize(("fault", "message"), SIMULATORS.items(), ids=stage)
def test_a_simulator(told, fault, message):
    assert re.match(rf"failed: 1 of 1 members failed: {message}", told[f"simulations.{stage(fault)}"])


@pytest.mark.parametrize(
    ("section", "fault", "message"),
    [
        (section, fault, message)
        for section, faults in {"datasets": DATASETS, "models": MODELS, "analyses": ANALYSES}.items()
        for fault, message in faults.items()
    ],
)
def test_a_stage(told, section, fault, message):
    name = stage(fault)
    assert re.match(f"failed: {message.replace('STAGE', name)}", told[f"{section}.{name}"])


def test_an_output_of_another_shape(told):
    assert told["models.narrow"] == (
        "failed: narrow.build returned a network with the output shape (None, 5), but the examples have 2 classes: expected (None, 2). "
        "Take the shape from the `examples` that build receives"
    )


def test_an_observer(run):
    left_out = "the observer 'zoo:labrun_zoo' failed in labrun_stage_finished and is left out from now on"
    assert re.search(f"{left_out}: RuntimeError: the observer fell over {AT}", run.stderr)
    assert run.stderr.count("the observer fell over") == 1


def test_before_the_run(call):
    """All of them at once, and no traceback."""
    faults = {
        "validator": rf"RuntimeError: the validator fell over {AT}",
        "validator leaves": rf"SystemExit: bye {AT}",
        "check": rf"KeyError: 'the check fell over' {AT}",
        "check is none": "TypeError: 'NoneType' object is not iterable",
    }
    stages = "".join(f"  {stage(fault)}: {{use: beast, with: {{fault: {fault}}}}}\n" for fault in faults)
    (call.folder / "early.yaml").write_text(f"project: early\nsimulations:\n{stages}")
    done = call("check", "early.yaml")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    for fault, message in faults.items():
        assert re.search(rf"simulations.{stage(fault)}\b.*the plugin's own check failed: {message}", done.stderr)


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("validator", rf"simulate beast: the plugin's own check failed: RuntimeError: the validator fell over {AT}\n"),
        ("raises", rf"simulate beast: RuntimeError: the watch fell over {AT}\n"),
        ("list", "simulate beast: TypeError: beast.watch must yield labrun.View, not list"),
        ("nothing", "simulate beast: TypeError: beast.watch yielded no picture; 100 were requested"),
    ],
)
def test_watched(call, fault, message):
    done = call("simulate", "beast", f"fault={fault}", "--save", "x.png")
    assert done.returncode == (2 if fault == "validator" else 1)
    assert re.match(message, done.stderr)
