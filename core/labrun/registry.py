"""Which plugins there are: each loaded by itself, so that a broken one is set aside with its error and harms nobody.

Entry points of the group `labrun` are loaded one by one (pluggy's own loader raises for all when one fails, and drops
the second of two distributions that share an entry-point name). Two distributions may offer one name: that is a fault
only when the name is used, and `use: distribution:name` settles it.
"""

from __future__ import annotations

import importlib.util
import inspect
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Any

import pluggy

from labrun import hookspecs
from labrun.faults import did_you_mean
from labrun.files import is_file
from labrun.inputs import METHODS, SECTIONS, Section, inputs_of
from labrun.plugin import Model, Plugin

__all__ = ["BrokenPlugin", "Offer", "Registry", "UnknownPlugin"]

GROUP = "labrun"
HOOKS: dict[Section, str] = {
    "simulations": "labrun_simulators",
    "datasets": "labrun_datasets",
    "models": "labrun_models",
    "analyses": "labrun_analyses",
}


class UnknownPlugin(LookupError):
    """A name that no plugin offers, or that two offer. The message says what to do."""


@dataclass(frozen=True)
class Offer:
    """One plugin class and where it comes from."""

    section: Section
    plugin: type[Plugin]
    distribution: str
    distribution_version: str
    file: Path | None = None
    """The plugin's file, where a project names one instead of an installed package."""

    @property
    def name(self) -> str:
        return self.plugin.name

    @property
    def summary(self) -> str:
        """The first sentence of the docstring."""
        paragraph = " ".join(inspect.cleandoc(self.plugin.__doc__ or "").split("\n\n")[0].split())
        sentence, stop, _ = paragraph.partition(". ")
        return sentence + stop.strip()


@dataclass(frozen=True)
class _Source:
    label: str
    distribution: str
    version: str
    file: Path | None = None


@dataclass(frozen=True)
class BrokenPlugin:
    """What could not be loaded, and why."""

    source: str
    distribution_version: str
    error: str
    traceback: str

    @property
    def title(self) -> str:
        """The source with its version."""
        return f"{self.source} {self.distribution_version}".strip()


@dataclass
class Registry:
    """All plugins that were found. `Registry.installed()` looks at what is installed; `add_file` adds a local file."""

    offers: list[Offer] = field(default_factory=list)
    broken: list[BrokenPlugin] = field(default_factory=list)
    manager: pluggy.PluginManager = field(default_factory=lambda: _new_manager())

    @classmethod
    def installed(cls) -> Registry:
        """Load every entry point of the group `labrun`, each by itself."""
        registry = cls()
        for entry_point in metadata.entry_points(group=GROUP):
            distribution = entry_point.dist
            name, version = (distribution.name, distribution.version) if distribution else ("unknown", "")
            registry._add(entry_point.load, _Source(f"{name}:{entry_point.name}", name, version))
        return registry

    def add_file(self, path: Path) -> BrokenPlugin | None:
        """Load a plugin from one local file; return what was wrong with it, if something was."""
        return self._add(lambda: load_file(path), _Source(str(path), path.name, "", path))

    def add(self, plugin: Any, distribution: str, version: str = "") -> BrokenPlugin | None:
        """Register a module, or any object with hooks, that is loaded already."""
        return self._add(lambda: plugin, _Source(distribution, distribution, version))

    def _add(self, load: Callable[[], Any], source: _Source) -> BrokenPlugin | None:
        registered = None
        try:
            module = load()
            registered = self.manager.register(module, name=source.label)
            self.manager.check_pending()
            if not self.manager.get_hookcallers(module):
                raise TypeError("it has no hook: decorate a function such as 'labrun_simulators' with @hookimpl")
            self.offers.extend([*_offers(self.manager, module, source)])
            return None
        except (Exception, SystemExit) as error:  # whatever a stranger's module raises must not stop the others
            if registered is not None:
                self.manager.unregister(name=registered)
            message = f"{type(error).__name__}: {error}"
            broken = BrokenPlugin(source.label, source.version, message, traceback.format_exc())
            self.broken.append(broken)
            return broken

    def find(self, section: Section, use: str) -> Offer:
        """The plugin that `use` names: `name`, or `distribution:name`.

        Raises:
            UnknownPlugin: there is none (a plugin that failed to load is named then), or there are several.
        """
        distribution, _, name = use.rpartition(":")
        kind = SECTIONS[section].__name__.lower()
        fitting = [
            o for o in self.offers if o.section == section and o.name == name and distribution in ("", o.distribution)
        ]
        if len(fitting) == 1:
            return fitting[0]
        if fitting:
            choices = " or ".join(f"'{offer.distribution}:{name}'" for offer in fitting)
            raise UnknownPlugin(f"the {kind} '{name}' is offered by {len(fitting)} distributions; write {choices}")
        namesakes = sorted((o for o in self.offers if o.name == name), key=lambda o: o.section != section)
        if namesakes and namesakes[0].section == section:
            raise UnknownPlugin(f"'{distribution}' offers no {kind} '{name}'; '{namesakes[0].distribution}' does")
        if namesakes:
            belongs = namesakes[0].section
            found = SECTIONS[belongs].__name__.lower()
            raise UnknownPlugin(f"'{name}' is a {found} and belongs under '{belongs}'; a {kind} is wanted here")
        known = [o.name for o in self.offers if o.section == section]
        excuse = "; it may be in one of the plugins that could not be loaded" if self.broken else ""
        raise UnknownPlugin(f"there is no {kind} '{use}'{did_you_mean(name, known)}{excuse}")

    def pretrained(self) -> dict[str, Path]:
        """The trained models that plugins bring with them: the folder of each, by its name (or, where two plugins bring one
        of that name, by `plugin:name`)."""
        brought = [
            (o.name, name, folder)
            for o in self.offers
            if issubclass(o.plugin, Model)
            for name, folder in o.plugin.pretrained.items()
        ]
        times = Counter(name for _, name, _ in brought)
        return {name if times[name] == 1 else f"{plugin}:{name}": folder for plugin, name, folder in brought}


def _new_manager() -> pluggy.PluginManager:
    manager = pluggy.PluginManager(GROUP)
    manager.add_hookspecs(hookspecs)
    return manager


def load_file(path: Path) -> ModuleType:
    """Import a plugin's file under a name of its own, so that it shadows no module.

    Raises:
        ImportError: there is no such file, or it is no Python file.
    """
    name = f"labrun_file_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path) if is_file(path) else None
    if spec is None or spec.loader is None:
        raise ImportError(f"there is no Python file {path}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _offers(manager: pluggy.PluginManager, module: Any, source: _Source) -> Iterable[Offer]:
    for section, base in SECTIONS.items():
        for implementation in getattr(manager.hook, HOOKS[section]).get_hookimpls():
            if implementation.plugin is module:
                for plugin in implementation.function():
                    _check_class(plugin, base, METHODS[section])
                    yield Offer(section, plugin, source.distribution, source.version, source.file)


def _check_class(plugin: Any, base: type[Plugin], method: str) -> None:
    if not (isinstance(plugin, type) and issubclass(plugin, base)):
        raise TypeError(f"{plugin!r} is offered as a {base.__name__}, but is no subclass of labrun.{base.__name__}")
    if not isinstance(getattr(plugin, "name", None), str) or not plugin.name:
        raise TypeError(f"{plugin.__name__} needs a name: 'name: ClassVar[str] = \"…\"'")
    if getattr(plugin, method, None) is getattr(base, method, None):
        raise TypeError(f"{plugin.__name__} does not define '{method}', which makes it a {base.__name__}")
    inputs_of(plugin)
