"""Start other processes: a fresh one to see what a plugin imports, and a worker spawned like those of a run."""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from labrun.contracts.plugin import Plugin
from labrun.registry.plugin_code import PluginCode, PluginFile
from labrun.workers.pool import Pool

__all__ = ["HEAVY", "imported_by", "in_a_worker", "source_of"]

HEAVY = (
    *("tensorflow", "keras", "torch", "jax", "numba", "scipy", "pandas", "matplotlib", "h5py", "sklearn", "skimage"),
    *("networkx", "dask", "xarray"),
)
"""Libraries that take a tenth of a second or more to import."""

_SCRIPT = """
import importlib, json, sys, time
import labrun.registry.local_file
heavy, modules = json.loads(sys.argv[1])
found = {}
for name, file in modules:
    before = set(sys.modules)
    try:
        labrun.registry.local_file.load_file(__import__("pathlib").Path(file)) if file else importlib.import_module(name)
        found[name] = [library for library in heavy if library in sys.modules and library not in before]
    except BaseException as error:
        found[name] = f"{type(error).__name__}: {error}"
sys.__stdout__.write("\\n" + json.dumps(found))
"""

Result = TypeVar("Result")


@cache
def imported_by(modules: tuple[tuple[str, Path | None], ...]) -> dict[str, list[str] | str]:
    """Return the heavy libraries that each module (given by name or file) imports, or a message why it cannot be imported.

    One fresh process imports all modules: a library counts for the first that imports it.
    """
    given = [HEAVY, [[name, str(file) if file else None] for name, file in modules]]
    paths = os.pathsep.join(path for path in sys.path if path)
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT, json.dumps(given)],
        env=os.environ | {"PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout.rpartition("\n")[2]))


def source_of(plugin: type[Plugin]) -> PluginCode:
    """Return the code of a plugin class for another process: by module name, or by file if the module is not on the path."""
    package = plugin.__module__.partition(".")[0]
    finders = [finder for finder in sys.meta_path if hasattr(finder, "find_spec")]
    if package == "__main__" or not any(finder.find_spec(package, None) for finder in finders):
        file = PluginFile.of(Path(str(sys.modules[plugin.__module__].__file__)))
        return PluginCode(plugin.__module__, plugin.__qualname__, file)
    return PluginCode(plugin.__module__, plugin.__qualname__, None)


def in_a_worker(function: Callable[..., Result], *arguments: Any) -> Result:
    """Call a module's function in a process spawned like a worker of a run; one process serves all tests."""
    return _worker().executor().submit(function, *arguments).result()


@cache
def _worker() -> Pool:
    worker = Pool(1)
    atexit.register(worker.stop)
    return worker
