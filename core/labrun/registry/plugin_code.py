"""Send a plugin's code to a worker: as the name of its module or, for a local file, as the file's text."""

from __future__ import annotations

import contextlib
import importlib
import pickletools
import tempfile
import threading
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from labrun.contracts.plugin import Plugin
from labrun.registry.code import neighbours_of
from labrun.registry.local_file import file_of, load_file, take_names
from labrun.registry.offers import Offer

__all__ = ["PluginCode", "PluginFile", "plugin_files_in"]

_LOCK = threading.Lock()


@dataclass(frozen=True)
class PluginFile:
    """A local plugin file as sent to a worker, with its text: the worker may not see the file, or see it changed."""

    path: Path
    text: str
    beside: tuple[tuple[str, str], ...] = ()
    """The modules beside it that it imports: their paths from its folder, and their texts."""

    @classmethod
    def of(cls, path: Path) -> PluginFile:
        beside = [
            (file.relative_to(path.parent).as_posix(), file.read_text(encoding="utf-8"))
            for file in neighbours_of(path).values()
        ]
        return cls(path, path.read_text(encoding="utf-8"), tuple(sorted(beside)))

    def load(self) -> ModuleType:
        """Return the module, which is executed once per process."""
        with _LOCK:
            module = _loaded(self)
            take_names(module)
            return module


@cache
def _loaded(source: PluginFile) -> ModuleType:
    with contextlib.suppress(OSError, ValueError):
        if PluginFile.of(source.path) == source:
            return load_file(source.path)
    folder = Path(tempfile.mkdtemp(dir=_own_folder().name))
    for name, text in [(source.path.name, source.text), *source.beside]:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return load_file(folder / source.path.name)


@cache
def _own_folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory()


@dataclass(frozen=True)
class PluginCode:
    """The code of a plugin class: its module and name and, for a local file, the file with its text."""

    module: str
    name: str
    file: PluginFile | None
    """The text of a local plugin file, since a worker may not see the file."""

    @classmethod
    def of(cls, offer: Offer) -> PluginCode:
        file = PluginFile.of(offer.file) if offer.file else None
        return cls(offer.plugin.__module__, offer.plugin.__qualname__, file)

    def load(self) -> type[Plugin]:
        """Return the class.

        Raises:
            ImportError: there is no such module or file.
        """
        found: Any = self._load_module()
        for name in self.name.split("."):
            found = getattr(found, name)
        return found

    def _load_module(self) -> ModuleType:
        return importlib.import_module(self.module) if self.file is None else self.file.load()


def plugin_files_in(pickled: bytes) -> list[PluginFile]:
    """Return the local plugin files whose functions or classes a pickle names: they must be loaded before it can be read."""
    words = {word for _, word, _ in pickletools.genops(pickled) if isinstance(word, str)}
    files = {file_of(word) for word in words} - {None}
    return [PluginFile.of(Path(str(file))) for file in sorted(files, key=str)]
