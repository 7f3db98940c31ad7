"""The code that a plugin's results rest on: its package and, transitively, every module that it imports and that is neither labrun's
engine nor an installed third-party library.

So the kit, packages that plugins share, a helper beside a local plugin file and other packages of the same distribution or in editable
mode all count, with the data files of these packages (templates, tables, weights). Modules are found from their source alone: nothing is
imported.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib import metadata
from importlib.machinery import EXTENSION_SUFFIXES, ModuleSpec, PathFinder
from pathlib import Path

from labrun.registry.offers import Offer
from labrun.registry.syntax import Import, Source

__all__ = ["CodeFile", "code_behind", "neighbours_of"]

TOOLKIT = ("kit", "files")
"""The packages of labrun whose modules belong to the keys of the plugins that import them. The rest is the engine, which
`labrun.planning.versions` covers."""

NOT_READ = (".pyc", ".pyo", ".md", ".rst", ".pyi", ".nbi", ".nbc")
"""Files of a package that no code reads."""

SUFFIXES = (".py", *EXTENSION_SUFFIXES)
"""Endings of modules, also of compiled ones."""

INSTALLED = {"site-packages", "dist-packages"}


@dataclass(frozen=True)
class CodeFile:
    """A module or a data file; `name` is the dotted name of the module, or the path within its package."""

    name: str
    path: Path
    source: Source | None = None
    """The parsed file; None for data."""
    imports: tuple[tuple[Import, str], ...] = ()
    """The imports of a module; beside each, the name of the `CodeFile` that it leads to, or an empty text for the engine, the standard
    library and third-party libraries."""


def code_behind(offer: Offer) -> dict[str, CodeFile]:
    """Find the code that the results of a plugin rest on, by name."""
    search = _Search.of(offer)
    for name in search.start:
        search.follow(name)
    for top in {name.split(".")[0] for name in search.found}:
        search.found.update((data.name, data) for data in search.data_of(top))
    return search.found


def neighbours_of(file: Path) -> dict[str, Path]:
    """Find the modules beside a local plugin file that it imports, directly or through others: their files, by name."""
    search = _Search(file.parent, [file.stem], "", True)
    search.follow(file.stem)
    return {
        name: code.path
        for name, code in search.found.items()
        if name != file.stem and search.root_of(name.split(".")[0]) == file.parent
    }


@dataclass
class _Search:
    """A walk along imports."""

    folder: Path
    """The folder of the plugin's package or file, in which its neighbours are found."""
    start: list[str]
    distribution: str
    local: bool
    """Whether the plugin is one local file of a project. Such files may change while Python runs, and are read anew each time."""
    found: dict[str, CodeFile] = field(default_factory=dict)
    roots: dict[str, Path | None] = field(default_factory=dict)
    """The folders of top-level modules that were looked up."""

    @classmethod
    def of(cls, offer: Offer) -> _Search:
        if offer.file is not None:
            return cls(offer.file.parent, [offer.file.stem], offer.distribution, True)
        package = offer.plugin.__module__.split(".")[0]
        file = getattr(sys.modules[package], "__file__", None)
        if file is None:  # a namespace, or an object that a test has registered
            file = sys.modules[offer.plugin.__module__].__file__
        path = Path(str(file))
        if path.name != "__init__.py":
            return cls(path.parent, [path.stem], offer.distribution, False)
        modules = [
            ".".join([package, *module.relative_to(path.parent).with_suffix("").parts]).removesuffix(".__init__")
            for module in sorted(path.parent.rglob("*.py"))
        ]
        return cls(path.parent.parent, modules, offer.distribution, False)

    def follow(self, name: str) -> None:
        """Add a module and all that it imports."""
        todo = [name]
        while todo:
            name = todo.pop()
            path = self.file_of(name)
            if name in self.found or path is None:
                continue
            if path.suffix != ".py":  # a compiled module
                self.found[name] = CodeFile(name, path)
                continue
            source = _parsed(path) if not self.local else Source.of(path.read_bytes())
            package = name if path.name == "__init__.py" else name.rpartition(".")[0]
            imports = tuple((one, self.target_of(one, package)) for one in source.imports)
            self.found[name] = CodeFile(name, path, source, imports)
            todo += [target for _, target in imports if target]
            todo += [package] if package else []

    def target_of(self, one: Import, package: str) -> str:
        """Return the name of the module that an import leads to; empty if it does not count."""
        above = package.split(".")[: len(package.split(".")) - one.level + 1] if one.level else []
        base = ".".join([*above, *([one.module] if one.module else [])])
        file = self.file_of(base)
        may_have_modules = file is None or file.name == "__init__.py"
        if one.name and may_have_modules and self.file_of(f"{base}.{one.name}") is not None:
            return f"{base}.{one.name}"
        return base if file is not None else ""

    def file_of(self, name: str) -> Path | None:
        """Return the file of a module that counts; None for any other."""
        top, *inner = name.split(".")
        if top == "labrun" and (len(inner) < 2 or inner[0] not in TOOLKIT):
            return None
        root = self.root_of(top)
        if root is None:
            return None
        place = root.joinpath(top, *inner)
        candidates = [place / "__init__.py", *(place.with_name(place.name + suffix) for suffix in SUFFIXES)]
        return next((path for path in candidates if path.is_file()), None)

    def root_of(self, top: str) -> Path | None:
        """Return the folder that holds a top-level module; None if the module does not count."""
        if top not in self.roots:
            self.roots[top] = None if top in sys.stdlib_module_names else self._find_root(top)
        return self.roots[top]

    def _find_root(self, top: str) -> Path | None:
        beside = self.folder / top
        is_beside = (beside / "__init__.py").is_file() or beside.with_suffix(".py").is_file()
        root = _root_of(top)
        is_installed = root is not None and INSTALLED & {*root.parts}
        if is_beside and not (is_installed if self.local else INSTALLED & {*self.folder.parts}):
            return self.folder
        if top == "labrun" or not is_installed:
            return root
        return root if top in _modules_of(self.distribution) | _modules_of("labrun") else None

    def data_of(self, top: str) -> Iterator[CodeFile]:
        """Yield the data files of a package. The toolkit of labrun reads none."""
        root = self.root_of(top)
        if root is None or top == "labrun" or not (root / top).is_dir():
            return
        for path in sorted((root / top).rglob("*")):
            parts = path.relative_to(root).parts
            hidden = any(part.startswith(".") or part == "__pycache__" for part in parts)
            if path.is_file() and not hidden and path.suffix not in (".py", *NOT_READ):
                yield CodeFile("/".join(parts), path)


@cache
def _parsed(path: Path) -> Source:
    """Parse a module once in a process, as Python imports it once, whatever is written to its file since."""
    return Source.of(path.read_bytes())


@cache
def _root_of(top: str) -> Path | None:
    """Find the folder on the import path that holds a top-level module or package; None if there is none."""
    spec = PathFinder.find_spec(top) or _spec_of_editable(top)
    if spec is None:
        return None
    if spec.submodule_search_locations:
        return Path(next(iter(spec.submodule_search_locations))).parent
    return Path(spec.origin).parent if spec.has_location and spec.origin else None


def _spec_of_editable(top: str) -> ModuleSpec | None:
    """Find a package by the import hook of its installer, which some editable installs use."""
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError):  # __main__, or a module that was made by hand
        return None
    return spec


@cache
def _modules_of(distribution: str) -> frozenset[str]:
    """List the top-level modules that a distribution installs."""
    try:
        files = metadata.files(distribution) or []
    except (metadata.PackageNotFoundError, ValueError):  # a local file, or an object of a test
        return frozenset()
    return frozenset(file.parts[0].removesuffix(".py") for file in files)
