"""All files in a folder of runs are reached by `GuardedPath`: no other code of the core opens, lists, removes, links or asks for files.

The test reads the code. What works on other files (a person's data, a project, the installation) is listed here, with the reason.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

CORE = Path(__file__).parents[2] / "core/labrun"

METHODS = {
    *(
        "open",
        "read_text",
        "read_bytes",
        "write_text",
        "write_bytes",
        "unlink",
        "rmdir",
        "rename",
        "mkdir",
        "touch",
        "chmod",
    ),
    *(
        "symlink_to",
        "hardlink_to",
        "stat",
        "lstat",
        "exists",
        "is_file",
        "is_dir",
        "is_symlink",
        "iterdir",
        "glob",
        "rglob",
    ),
    *("readlink", "resolve", "samefile", "to_csv", "save_weights", "load_weights", "savefig"),
}
"""Methods of `Path`, and of libraries that take the name of a file."""
FUNCTIONS = {
    "os": {
        *(
            "open",
            "stat",
            "lstat",
            "unlink",
            "remove",
            "rename",
            "replace",
            "link",
            "symlink",
            "mkdir",
            "makedirs",
            "rmdir",
        ),
        *("removedirs", "walk", "scandir", "listdir", "utime", "chmod", "chown", "readlink", "truncate", "access"),
    },
    "os.path": {"exists", "lexists", "isfile", "isdir", "islink", "getsize", "getmtime", "realpath", "samefile"},
    "shutil": {"rmtree", "copy", "copy2", "copyfile", "copytree", "move"},
    "h5py": {"File"},
    "np": {"load", "memmap"},
    "pd": {"read_csv"},
    "zipfile": {"ZipFile"},
}

OTHER_FILES = {
    "doctor": "files of the system, and a probe folder of its own",
    "kit": "pictures of a person",
    "project": "the project and its tables",
    "registry": "code",
    "scaffold": "new projects and packages",
    "testing": "toys in a temporary folder",
    "cli/predict.py": "the output that a person names",
    "cli/schema.py": "the output that a person names",
    "cli/simulate.py": "the output that a person names",
    "cli/streams.py": "the null device",
    "contracts/keras_settings.py": "the configuration of Keras",
    "display/window.py": "the picture that a person names",
    "files/arrays.py": "the output that a person names",
    "files/atomic.py": "files of plugins, in folders of their own",
    "files/digests.py": "data that a project names",
    "files/disk_space.py": "which disk a folder is on",
    "files/guarded.py": "the door itself",
    "files/hdf5.py": "data that a person names",
    "files/kernel_cache.py": "compiled kernels",
    "files/limits.py": "data that a person names",
    "files/trust.py": "data that a person names",
    "predicting/prediction_output.py": "the output that a person names",
    "workers/dask_cluster.py": "the file that a scheduler writes",
    "workers/memory.py": "the system's account of memory",
}
"""Packages and modules that do not work in folders of runs, and what they touch instead."""

ALLOWED = {
    "cli/store.py": ({".is_dir"}, "whether there is a store: a root, which may be a link"),
    "contracts/figure_files.py": (
        {".savefig", ".write_bytes"},
        "a new folder under a random name, in which a result is built",
    ),
    "contracts/findings.py": (
        {".mkdir", ".write_text", ".to_csv", ".write_bytes", "pd.read_csv"},
        "a new folder under a random name, in which a result is built; tables are read from bytes",
    ),
    "contracts/samples.py": ({"np.load"}, "of a stream"),
    "contracts/trained.py": (
        {"pd.read_csv", ".load_weights"},
        "of a stream; Keras takes weights by name only, that of a private copy",
    ),
    "crate/writing.py": (
        {".exists", ".mkdir", ".rename", ".is_dir"},
        "the crate that a person names, and the root of a store",
    ),
    "engine/isolation.py": ({"open"}, "the null device"),
    "engine/making.py": ({".write_text"}, "a new folder under a random name, in which a result is built"),
    "learning/checkpoint.py": ({"np.load"}, "of a stream"),
    "learning/pretrained.py": ({".is_dir"}, "the folder that a project names: a root, which may be a link"),
    "learning/result_files.py": (
        {".to_csv", ".write_text", ".save_weights", "zipfile.ZipFile"},
        "a new folder under a random name, in which a result is built",
    ),
    "learning/sampling.py": ({"np.load"}, "of a stream"),
    "learning/seen.py": ({".write_bytes"}, "a new folder under a random name, in which a result is built"),
    "predicting/new_data.py": ({".exists"}, "data that a person names"),
    "predicting/readers.py": (
        {"pd.read_csv", ".is_dir", ".open", "np.load", ".iterdir", ".is_file", "zipfile.ZipFile"},
        "data that a person names; what is in a run is read by streams",
    ),
    "report/run_comparison.py": ({".write_text"}, "the page that a person names"),
    "records/run_record.py": ({".is_dir"}, "the folder that a person names: a root, which may be a link"),
    "records/sources.py": ({".open"}, "the files that a project names"),
    "store/parts.py": ({"h5py.File", "np.memmap"}, "by the name of an open descriptor; of a stream"),
    "store/places.py": (
        {".is_symlink", "os.path.realpath", ".exists", ".is_dir", ".readlink"},
        "the root of a store, which may be a link",
    ),
}
"""What else may touch files, by module: the calls, and which files they are for."""


def calls(tree: ast.AST) -> Iterator[str]:
    """Yield the calls that touch files by their names: `open`, `.unlink`, `os.stat`."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Name) and node.func.id == "open":
            yield "open"
        if not isinstance(node.func, ast.Attribute):
            continue
        module, name = ast.unparse(node.func.value), node.func.attr
        if module in FUNCTIONS:
            if name in FUNCTIONS[module]:
                yield f"{module}.{name}"
        elif name in METHODS and not any(word.arg == "columns" for word in node.keywords):  # a table's `rename`
            yield f".{name}"
        elif name == "replace" and len(node.args) == 1 and not node.keywords:  # of a text, it takes two
            yield ".replace"


def modules() -> Iterator[tuple[str, set[str]]]:
    for path in sorted(CORE.rglob("*.py")):
        name = path.relative_to(CORE).as_posix()
        if not {name, name.split("/")[0]} & {*OTHER_FILES}:
            yield name, {*calls(ast.parse(path.read_text(encoding="utf-8")))}


def test_nothing_but_the_guarded_door_touches_files_of_runs():
    beside = {name: found - ALLOWED.get(name, (set(), ""))[0] for name, found in modules()}
    assert {name: found for name, found in beside.items() if found} == {}, "use labrun.files.guarded.GuardedPath"


def test_the_list_names_what_is_there():
    found = dict(modules())
    assert {
        name: names - found.get(name, set()) for name, (names, _) in ALLOWED.items() if names - found.get(name, set())
    } == {}


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("open(path)", {"open"}),
        ("(folder / 'x').unlink()", {".unlink"}),
        ("os.path.exists(path)", {"os.path.exists"}),
        ("shutil.rmtree(path)", {"shutil.rmtree"}),
        ("path.replace(other)", {".replace"}),
        ("path.with_name('x').rename(other)", {".rename"}),
        ("h5py.File(path)", {"h5py.File"}),
        ("text.replace('a', 'b')", set()),
        ("table.rename(columns={})", set()),
        ("path.opened()", set()),
        ("np.stack(arrays)", set()),
    ],
)
def test_calls_are_recognised(code, found):
    assert {*calls(ast.parse(code))} == found
