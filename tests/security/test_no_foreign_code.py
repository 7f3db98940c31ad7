"""Nothing that is handed to labrun as data is run as code."""

from __future__ import annotations

import ast
import contextlib
import shutil
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from tests.waiting import HANG

from labrun import open_run
from labrun.contracts.samples import FILE, Samples
from labrun.faults import LabrunError
from labrun.files.guarded import GuardedPath
from labrun.kit.expression import parse
from labrun.kit.pictures import open_picture
from labrun.learning.checkpoint import Checkpoint
from labrun.predicting.readers import readings
from labrun.records.git_commit import commit_of

ROOT = Path(__file__).parents[2]
SOURCES = sorted(path for folder in ("core", "plugins") for path in (ROOT / folder).rglob("*.py"))

# -- the source ----------------------------------------------------------------------------------------------------------------

FORBIDDEN_MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "jsonpickle"}
FORBIDDEN_BUILTINS = {"eval", "exec", "compile", "__import__"}
FORBIDDEN_CALLS = {
    *("read_pickle", "read_hdf", "load_model", "model_from_json", "enable_unsafe_deserialization"),
    *("unsafe_load", "full_load", "system", "popen", "literal_eval"),
}
KNOWN = {("core/labrun/contracts/inputs.py", "eval")}
"""The annotations of a plugin's own method."""
OWN_PICTURES = {"core/labrun/testing/analyses.py"}
"""Read what a plugin has just drawn."""
BETWEEN_OWN_PROCESSES = {
    *("core/labrun/engine/isolation.py", "core/labrun/workers/crossing.py", "core/labrun/workers/map_members.py"),
}
"""Pickle what goes from a run to its own processes and back; no file is concerned."""
HDF5_READERS = {"core/labrun/files/hdf5.py", "core/labrun/store/parts.py", "core/labrun/doctor/storage.py"}
"""The second looks at arrays one by one, the last reads what it has just written."""


def calls_in(tree: ast.AST) -> list[tuple[str, ast.Call]]:
    """Every call, by the last word of what is called."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [(getattr(call.func, "attr", getattr(call.func, "id", "")), call) for call in calls]


def modules_in(tree: ast.AST) -> set[str]:
    found = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    return found | {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_source_unpickles_or_evaluates(path):
    name = str(path.relative_to(ROOT))
    tree = ast.parse(path.read_text(encoding="utf-8"))
    if name not in BETWEEN_OWN_PROCESSES:
        assert not {module.partition(".")[0] for module in modules_in(tree)} & FORBIDDEN_MODULES
    for called, call in calls_in(tree):
        of = getattr(getattr(call.func, "value", None), "id", "")
        keywords = {word.arg: word.value for word in call.keywords}
        if called in FORBIDDEN_CALLS or (called in FORBIDDEN_BUILTINS and isinstance(call.func, ast.Name)):
            assert (name, called) in KNOWN, f"line {call.lineno}"
        if called == "load" and of in ("np", "numpy", "yaml"):
            allowed = keywords.get("allow_pickle")
            assert isinstance(allowed, ast.Constant), f"line {call.lineno}"
            assert allowed.value is False, f"line {call.lineno}"
        if called == "File" and of == "h5py" and name not in HDF5_READERS:
            mode = call.args[1] if len(call.args) > 1 else keywords.get("mode")
            assert isinstance(mode, ast.Constant), f"line {call.lineno}: open_hdf5 looks for links first"
            assert mode.value in ("w", "x"), f"line {call.lineno}: open_hdf5 looks for links first"
        if called == "open" and of == "Image" and name not in OWN_PICTURES:
            assert "formats" in keywords, f"line {call.lineno}: Pillow would hand PostScript to Ghostscript"
        if "shell" in keywords:
            raise AssertionError(f"line {call.lineno}: no shell")


# -- arrays --------------------------------------------------------------------------------------------------------------------


def test_the_pickle_of_these_tests_does_run_code(pickled, crater, tmp_path):
    np.save(tmp_path / "x.npy", pickled)
    np.load(tmp_path / "x.npy", allow_pickle=True)
    assert crater.is_dir()


def test_a_pickle_in_new_data_is_refused(pickled, crater, tmp_path):
    np.save(tmp_path / "x.npy", pickled)
    with pytest.raises(ValueError, match="it holds Python objects"):
        readings(tmp_path / "x.npy", False, None)
    np.savez(tmp_path / "x.npz", a=pickled)
    with pytest.raises(ValueError, match="it holds Python objects"):
        readings(tmp_path / "x.npz", False, None)
    assert not crater.exists()


def test_a_pickle_in_a_checkpoint_or_in_samples_is_refused(pickled, crater, tmp_path):
    np.savez(tmp_path / "checkpoint.npz", **{"history": np.array("[]"), "values/0": pickled})
    assert Checkpoint.load(GuardedPath(tmp_path) / "checkpoint.npz") is None
    np.savez(tmp_path / FILE, epochs=pickled, pictures=pickled, x=pickled, y=pickled)
    with pytest.raises(ValueError, match="allow_pickle=False"):
        Samples.load(tmp_path)
    assert not crater.exists()


def test_objects_in_hdf5_are_not_taken_for_arrays(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file.create_dataset("texts", (20_000,), h5py.string_dtype())
        file.create_dataset("references", data=np.array([file.ref] * 3, dtype=h5py.ref_dtype))
    for name in ("texts", "references"):
        with pytest.raises(ValueError, match=r"it holds object, not real numbers"):
            readings(tmp_path / "x.h5", False, name)


# -- expressions ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').mkdir('crater')",
        "x.__class__",
        "(lambda: x)()",
        "[x for x in (1,)]",
        "x if x else y",
        "f'{x}'",
        "x[0]",
        "open('a')",
        "getattr(x, 'real')",
        "sin(x=1)",
        "x; y",
        "x := 1",
        "'a' * x",
    ],
)
def test_an_expression_is_arithmetic_and_nothing_else(text):
    with pytest.raises(ValueError, match=r"not allowed|is not an expression"):
        parse(text, ("x", "y"))


@pytest.mark.parametrize(
    "text",
    ["x + 9**9**9**9", "x + exp(exp(9))", "x*" + "(" * 300 + "1" + ")" * 300, "-" * 490 + "x", "x" + "**9" * 160],
)
def test_an_expression_takes_no_time_and_no_memory(text):
    with contextlib.suppress(ValueError):
        parse(text, ("x", "y"))({"x": np.ones(3), "y": np.ones(3)})


# -- pictures ------------------------------------------------------------------------------------------------------------------

POSTSCRIPT = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n(crater) (w) file closefile showpage\n"


def test_postscript_is_no_picture(tmp_path):
    (tmp_path / "x.png").write_bytes(POSTSCRIPT)
    with pytest.raises(ValueError, match=r"not a picture of a known kind"), open_picture(tmp_path / "x.png"):
        pass
    with pytest.raises(LabrunError, match=r"not a picture of a known kind"):
        readings(tmp_path, False, None)


# -- what lies beside the data -------------------------------------------------------------------------------------------------


def test_modules_beside_the_data_are_not_imported_by_workers(waves, write_project, tmp_path):
    """A worker of `spawn` begins as `python -c …`, which looks into the working directory first."""
    write_project(waves)
    for name in ("socket", "numpy", "multiprocessing", "h5py"):
        (tmp_path / f"{name}.py").write_text("import os\nos.mkdir('crater')\n", encoding="utf-8")
    command = shutil.which("labrun", path=Path(sys.executable).parent)
    assert command is not None
    words = ["project.yaml", "--only", "spread", "--workers", "1"]
    done = subprocess.run([command, *words], cwd=tmp_path, capture_output=True, text=True, timeout=HANG, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert not (tmp_path / "crater").exists()


def git(folder, *words):
    identity = ("-c", "user.name=A", "-c", "user.email=a@b.c")
    subprocess.run(["git", "-C", folder, *identity, *words], check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path):
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "-q")
    (folder / "a.txt").write_text("a\n", encoding="utf-8")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "a")
    return folder


def test_the_commit_of_a_repository(repository):
    assert commit_of(repository)["dirty"] is False
    (repository / "a.txt").write_text("b\n", encoding="utf-8")
    found = commit_of(repository)
    assert found["dirty"] is True
    assert len(found["commit"]) == 40


def test_a_repository_starts_no_program_as_its_commit_is_asked_for(repository, crater):
    program = repository / "program.sh"
    program.write_text(f"#!/bin/sh\nmkdir -p '{crater}'\ncat\n", encoding="utf-8")
    program.chmod(0o755)
    git(repository, "config", "core.fsmonitor", str(program))
    assert commit_of(repository)["dirty"] is True  # of the program itself
    assert not crater.exists()
    git(repository, "config", "filter.evil.clean", str(program))
    (repository / ".gitattributes").write_text("*.txt filter=evil\n", encoding="utf-8")
    (repository / "a.txt").write_text("c\n", encoding="utf-8")
    assert commit_of(repository)["dirty"] is None
    assert not crater.exists()
    git(repository, "-c", "core.fsmonitor=false", "status", "--porcelain")
    assert crater.is_dir()  # which is what git does by itself


# -- plugins -------------------------------------------------------------------------------------------------------------------

PLUGIN = "import os\nos.mkdir('crater')\nfrom lab import *\n"
USING = "project: p\nplugins: [mine.py]\nsimulations: {a: {use: wave}}\n"


def test_check_without_plugins_runs_nothing(write_project, labrun, tmp_path, crater):
    path = write_project(USING)
    (tmp_path / "mine.py").write_text(PLUGIN, encoding="utf-8")
    outcome = labrun("check", "--no-plugins", path)
    assert outcome.code == 2
    assert outcome.err.startswith(
        "project.yaml:2:11: the plugin file 'mine.py' is code of this project, which --no-plugins does not run: read it first\n"
    )
    assert not crater.exists()


def test_without_plugin_files_there_is_nothing_to_forbid(write_project, labrun):
    path = write_project("project: p\nsimulations: {a: {use: gray_scott, with: {feed: 0.03, kill: 0.06}}}\n")
    outcome = labrun("check", "--no-plugins", path)
    assert (outcome.code, outcome.out) == (0, "project.yaml: no faults; 1 simulation\n")


@pytest.mark.parametrize(
    "value", ["!!python/object/apply:os.mkdir [crater]", "!!python/name:os.system", "!x y", "!!binary aGk="]
)
def test_a_tag_is_a_fault(write_project, labrun, value, crater):
    outcome = labrun("check", write_project(f"project: p\ndescription: {value}\n"))
    assert outcome.code == 2
    assert "a tag (!) is not allowed: a project holds plain values only" in outcome.err
    assert not crater.exists()


def test_a_run_is_opened_compared_and_exported_without_its_plugin_files(write_project, labrun, tmp_path, crater):
    path = write_project("project: p\nplugins: [lab.py]\nsimulations: {a: {use: wave}}\n")
    assert labrun("run", path, "--workers", 1).code == 0
    run = Path("runs/p")
    for place in (tmp_path, run, run / "sources"):
        (place / "lab.py").write_text("import os\nos.mkdir('crater')\n", encoding="utf-8")
    opened = open_run(run)
    assert len(opened["a"]) == 1
    assert labrun("compare", run, run).code == 0
    assert labrun("runs").code == 0
    assert labrun("export", run, "--ro-crate", "crate").code == 0
    assert not crater.exists()
