"""Find the plugins, and load each by itself: a broken one is set aside with its error and does not affect the others.

Entry points of the group `labrun` are loaded one by one (pluggy's own loader raises for all when one fails, and drops the second of two
distributions that share an entry-point name). Two distributions may offer the same name: that is an error only when the name is used, and
`use: distribution:name` settles it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Any

import pluggy

from labrun.contracts.inputs import KINDS, Kind
from labrun.faults import did_you_mean
from labrun.registry.code import neighbours_of
from labrun.registry.import_watch import watch_import
from labrun.registry.local_file import load_file, module_name, take_names
from labrun.registry.offers import GROUP, Offer, Refusal, Source, expect_hooks, new_manager, offers_of
from labrun.registry.quarantine import BrokenPlugin

__all__ = ["BrokenPlugin", "Offer", "Registry", "Remark", "UnknownPlugin"]


class UnknownPlugin(LookupError):
    """A name that no plugin offers, or several do. The message says what to do."""


@dataclass(frozen=True)
class Remark:
    """Something a person should know about a working plugin."""

    source: str
    text: str


@dataclass
class Registry:
    """All plugins found. `Registry.installed()` loads the installed ones; `add_file` adds a local file."""

    offers: list[Offer] = field(default_factory=list)
    broken: list[BrokenPlugin] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)
    manager: pluggy.PluginManager = field(default_factory=new_manager)
    local: list[ModuleType] = field(default_factory=list)
    """The modules of local files."""

    @classmethod
    def installed(cls) -> Registry:
        """Load every entry point of the group `labrun`, each by itself."""
        registry = cls()
        for source, load in sorted(_installed(), key=lambda found: found[0].label):
            registry._add(load, source)
        return registry

    def add_file(self, path: Path) -> BrokenPlugin | None:
        """Load a plugin from one local file; return what is wrong with it, or None."""
        return self._add(lambda: self._load(path), Source(str(path), path.name, "", module_name(path), path))

    def take_names(self) -> None:
        """Give the modules of local files their names again, if another project was loaded since."""
        for module in self.local:
            take_names(module)

    def add(self, plugin: Any, distribution: str, version: str = "") -> BrokenPlugin | None:
        """Register a loaded module, or any other object with hooks; return what is wrong with it, or None."""
        return self._add(lambda: plugin, Source(distribution, distribution, version, type(plugin).__module__))

    def _load(self, path: Path) -> ModuleType:
        beside = neighbours_of(path)
        for other in self.local:
            theirs = neighbours_of(Path(str(other.__file__)))
            for name in beside.keys() & theirs.keys():
                if beside[name].resolve() != theirs[name].resolve():
                    raise Refusal(
                        f"it imports '{name}' from {beside[name]}, but {other.__file__} imports it from {theirs[name]}: rename one"
                    )
        module = load_file(path)
        self.local.append(module)
        return module

    def _add(self, load: Callable[[], Any], source: Source) -> BrokenPlugin | None:
        registered, broken = False, None
        try:
            with watch_import() as watch:
                module = load()
                self._expect_new(module, source)
                registered = True  # in part even if it is then refused
                self.manager.register(module, name=source.label)
                offers = [*offers_of(self.manager, module, source)]
                expect_hooks(self.manager, module)
            self.offers.extend(offer for offer in offers if offer not in self.offers)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(f"interrupted while the plugin {source.label} was imported") from None
        except BaseException as error:  # whatever one module raises must not stop the others
            if registered:
                self.manager.unregister(name=source.label)
            broken = BrokenPlugin.of(error, source)
            self.broken.append(broken)
        self.remarks.extend(Remark(source.label, text) for text in watch.remarks())
        return broken

    def _expect_new(self, module: Any, source: Source) -> None:
        if self.manager.is_registered(module) or self.manager.has_plugin(source.label):
            known = self.manager.get_name(module) or source.label
            raise Refusal(f"it is already loaded, as {known}: remove one of the two entries")

    def clashes(self) -> Iterator[tuple[str, str]]:
        """Yield names that several plugins of one kind share, with what to do."""
        times = Counter((offer.section, offer.name) for offer in self.offers)
        for section, name in [key for key, number in times.items() if number > 1]:
            yield name, _clash(section, name, [o for o in self.offers if (o.section, o.name) == (section, name)])

    def find(self, section: Kind, use: str) -> Offer:
        """Return the plugin that `use` names, as `name` or `distribution:name`.

        Raises:
            UnknownPlugin: there is none, or there are several.
        """
        distribution, _, name = use.rpartition(":")
        kind = KINDS[section].__name__.lower()
        fitting = [
            o for o in self.offers if o.section == section and o.name == name and distribution in ("", o.distribution)
        ]
        if len(fitting) == 1:
            return fitting[0]
        if fitting:
            raise UnknownPlugin(_clash(section, name, fitting))
        namesakes = sorted((o for o in self.offers if o.name == name), key=lambda o: o.section != section)
        if namesakes and namesakes[0].section == section:
            raise UnknownPlugin(f"'{distribution}' offers no {kind} '{name}'; '{namesakes[0].distribution}' does")
        if namesakes:
            belongs = namesakes[0].section
            found = KINDS[belongs].__name__.lower()
            place = "sweep.adaptive" if belongs == "samplers" else belongs
            raise UnknownPlugin(f"'{name}' is a {found} and belongs under '{place}'; a {kind} is wanted here")
        known = [o.name for o in self.offers if o.section == section]
        excuse = "; it may be in one of the plugins that could not be loaded" if self.broken else ""
        raise UnknownPlugin(f"there is no {kind} '{use}'{did_you_mean(name, known)}{excuse}")

    def pretrained(self) -> dict[str, Path]:
        """Return the folders of the trained models that plugins ship, by name (`plugin:name` if two plugins share a name)."""
        brought = [(o.name, name, folder) for o in self.offers for name, folder in o.pretrained.items()]
        times = Counter(name for _, name, _ in brought)
        return {name if times[name] == 1 else f"{plugin}:{name}": folder for plugin, name, folder in brought}


def _installed() -> Iterator[tuple[Source, Callable[[], Any]]]:
    """Yield every entry point of the group, with the function that imports it."""
    known: dict[metadata.Distribution, tuple[str, str]] = {}  # each is read from a file
    for entry_point in metadata.entry_points(group=GROUP):
        package = entry_point.dist
        if package is not None and package not in known:
            known[package] = package.name, package.version
        name, version = known[package] if package is not None else ("unknown", "")
        yield Source(f"{name}:{entry_point.name}", name, version, entry_point.module, package=package), entry_point.load


def _clash(section: Kind, name: str, offers: list[Offer]) -> str:
    kind = KINDS[section].__name__.lower()
    distributions = list(dict.fromkeys(offer.distribution for offer in offers))
    if len(distributions) > 1:
        choices = " or ".join(f"'{distribution}:{name}'" for distribution in distributions)
        return f"{len(distributions)} distributions offer the {kind} '{name}': write {choices}"
    classes = " and ".join(f"{offer.plugin.__module__}.{offer.plugin.__qualname__}" for offer in offers)
    return f"'{distributions[0]}' offers the {kind} '{name}' {len(offers)} times, by {classes}: rename all but one"
