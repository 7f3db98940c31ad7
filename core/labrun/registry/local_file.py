"""A plugin in one local file, and the modules that lie beside it.

The file is imported under a name of its own, so that it does not shadow another module. The modules beside it that it imports keep their
names, but come after the standard library and installed packages. Two projects in one Python may each have a `helper.py`: the names are
those of the project that was loaded last, or that runs.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from weakref import WeakKeyDictionary

from labrun.files.trust import is_file
from labrun.registry.code import neighbours_of

__all__ = ["FILE_MODULE", "file_of", "load_file", "module_name", "take_names"]

FILE_MODULE = "labrun_file_"
"""Prefix of the module names of local files."""


def module_name(path: Path) -> str:
    """Return the name under which a plugin's file is imported."""
    return f"{FILE_MODULE}{path.stem}"


def load_file(path: Path) -> ModuleType:
    """Import a plugin's file, and what it imports from beside it, anew.

    Raises:
        ImportError: there is no such file, or it is not a Python file.
    """
    name = module_name(path)
    spec = importlib.util.spec_from_file_location(name, path) if is_file(path) else None
    if spec is None or spec.loader is None:
        raise ImportError(f"there is no Python file '{path}'")
    module = importlib.util.module_from_spec(spec)
    beside = _Neighbours(path, _tops(path))
    beside.take_names()
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    _NEIGHBOURS[module] = beside
    return module


def take_names(module: ModuleType) -> None:
    """Give a module that `load_file` returned its names again, and those of its neighbours: another file of that name may have been loaded
    since."""
    sys.modules[module.__name__] = module
    _NEIGHBOURS[module].take_names()


def file_of(module: str) -> Path | None:
    """Return the plugin file to which a module belongs, as the file itself or a neighbour; None for any other module."""
    if module.startswith(FILE_MODULE) and module in sys.modules:
        return Path(str(sys.modules[module].__file__))
    owner = _FINDER.owners.get(module.split(".")[0])
    return owner.plugin if owner else None


def _tops(path: Path) -> dict[str, Path]:
    """Return the top-level modules beside a file that it imports, directly or through others."""
    return {name: file for name, file in neighbours_of(path).items() if "." not in name}


@dataclass(eq=False)
class _Neighbours:
    """The modules beside one plugin file."""

    plugin: Path
    files: dict[str, Path]
    modules: dict[str, ModuleType] = field(default_factory=dict)
    """Those that were imported, while other files have their names."""

    def take_names(self) -> None:
        if _FINDER not in sys.meta_path:
            sys.meta_path.insert(0, _FINDER)
        for top, file in self.files.items():
            before = _FINDER.owners.get(top)
            if before is self:
                continue
            gone = {name: sys.modules.pop(name) for name in [*sys.modules] if name.split(".")[0] == top}
            if before is not None:
                before.modules.update(gone)
            sys.modules.update({name: one for name, one in self.modules.items() if name.split(".")[0] == top})
            _FINDER.owners[top], _FINDER.files[top] = self, file


@dataclass
class _Finder(MetaPathFinder):
    """Finds the neighbours of the plugin file that has their names."""

    owners: dict[str, _Neighbours] = field(default_factory=dict)
    files: dict[str, Path] = field(default_factory=dict)

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        file = self.files.get(name)
        if file is None or path is not None:
            return None
        inner = [str(file.parent)] if file.name == "__init__.py" else None
        return importlib.util.spec_from_file_location(name, file, submodule_search_locations=inner)


_FINDER = _Finder()
_NEIGHBOURS: WeakKeyDictionary[ModuleType, _Neighbours] = WeakKeyDictionary()
