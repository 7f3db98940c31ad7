"""How the code of a plugin reaches a worker: by the name of its module, or, of a local file, as the file's text."""

from __future__ import annotations

import contextlib
import importlib
import pickletools
import sys
import tempfile
import threading
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from labrun.contracts.plugin import Plugin
from labrun.registry.offers import Offer
from labrun.registry.registry import FILE_MODULE, load_file

__all__ = ["PluginSource", "SourceFile", "files_behind"]

_LOCK = threading.Lock()


@dataclass(frozen=True)
class SourceFile:
    """A plugin's file as a worker gets it. The text goes along, since a worker may not see the file, or see it changed."""

    path: Path
    text: str

    @classmethod
    def of(cls, path: Path) -> SourceFile:
        return cls(path, path.read_text(encoding="utf-8"))

    def load(self) -> ModuleType:
        """The module; it is executed once in a process."""
        with _LOCK:
            module = _loaded(self)
            sys.modules[module.__name__] = module  # another file of that name may have come between
            return module


@cache
def _loaded(source: SourceFile) -> ModuleType:
    with contextlib.suppress(OSError, ValueError):
        if source.path.read_text(encoding="utf-8") == source.text:
            return load_file(source.path)
    path = Path(_own_folder().name) / source.path.name
    path.write_text(source.text, encoding="utf-8")
    return load_file(path)


@cache
def _own_folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory()


@dataclass(frozen=True)
class PluginSource:
    """Where a worker finds a plugin class."""

    module: str
    name: str
    file: Path | None
    text: str | None = None
    """Of the file, for workers that do not see it."""

    @classmethod
    def of(cls, offer: Offer) -> PluginSource:
        text = offer.file.read_text(encoding="utf-8") if offer.file else None
        return cls(offer.plugin.__module__, offer.plugin.__qualname__, offer.file, text)

    def load(self) -> type[Plugin]:
        """The class.

        Raises:
            ImportError: it is not there.
        """
        found: Any = self._load_module()
        for name in self.name.split("."):
            found = getattr(found, name)
        return found

    def _load_module(self) -> ModuleType:
        if self.file is None:
            return importlib.import_module(self.module)
        return SourceFile.of(self.file).load() if self.text is None else SourceFile(self.file, self.text).load()


def files_behind(pickled: bytes) -> list[SourceFile]:
    """The local files whose functions or classes a pickle names: they must be loaded before it can be read."""
    words = {word for _, word, _ in pickletools.genops(pickled) if isinstance(word, str)}
    names = sorted(word for word in words if word.startswith(FILE_MODULE) and word in sys.modules)
    return [SourceFile.of(Path(str(sys.modules[name].__file__))) for name in names]
