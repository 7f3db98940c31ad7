"""Collect the plugin classes that a module offers through its hooks, and check each before use."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import pluggy

from labrun.contracts import hookspecs
from labrun.contracts.inputs import KINDS, METHODS, Kind, inputs_of
from labrun.contracts.plugin import API, Model, Plugin
from labrun.faults import did_you_mean

__all__ = ["GROUP", "HOOKS", "Offer", "Refusal", "Source", "expect_hooks", "new_manager", "offers_of"]

GROUP = "labrun"
HOOKS: dict[Kind, str] = {
    "simulations": "labrun_simulators",
    "datasets": "labrun_datasets",
    "models": "labrun_models",
    "analyses": "labrun_analyses",
    "samplers": "labrun_samplers",
}
"""The hook by which a module offers plugins of each kind."""


class Refusal(Exception):
    """A module is not a plugin, or its plugins break the contracts. The message says what is wrong and what to do."""


@dataclass(frozen=True)
class Source:
    """The origin of a module."""

    label: str
    distribution: str
    version: str
    module: str
    file: Path | None = None
    package: metadata.Distribution | None = None
    """The installed distribution; its metadata lists the requirements."""


@dataclass(frozen=True)
class Offer:
    """One plugin class and where it comes from."""

    section: Kind
    """The section of a project that names it; a sampler is named within one."""
    plugin: type[Plugin]
    distribution: str
    distribution_version: str
    file: Path | None = None
    """The plugin's file, where a project names one instead of an installed package."""

    @property
    def name(self) -> str:
        return self.plugin.name

    @property
    def called(self) -> str:
        """Name for messages: `'ising' of labrun-ising 0.3`; plugins of labrun itself and of local files by name alone."""
        own = self.file is not None or self.distribution == "labrun"
        return f"'{self.name}'" if own else f"'{self.name}' of {self.distribution} {self.distribution_version}".rstrip()

    @property
    def summary(self) -> str:
        """The first sentence of the docstring."""
        paragraph = " ".join(inspect.cleandoc(self.plugin.__doc__ or "").split("\n\n")[0].split())
        sentence, stop, _ = paragraph.partition(". ")
        return sentence + stop.strip()

    @property
    def pretrained(self) -> Mapping[str, Path]:
        """The folder of each trained model that comes with the plugin, by name."""
        return self.plugin.pretrained if issubclass(self.plugin, Model) else {}


def new_manager() -> pluggy.PluginManager:
    """Return a plugin manager with labrun's hooks."""
    manager = pluggy.PluginManager(GROUP)
    manager.add_hookspecs(hookspecs)
    return manager


def expect_hooks(manager: pluggy.PluginManager, module: Any) -> None:
    """Refuse a module whose hooks would never be called.

    Raises:
        Refusal: a hook is misspelt or lacks `@hookimpl`, or the module has none.
    """
    callers = manager.get_hookcallers(module) or []
    known = [name for name in vars(hookspecs) if name.startswith("labrun_")]
    for name in known:
        if callable(getattr(module, name, None)) and name not in [caller.name for caller in callers]:
            raise Refusal(f"its function '{name}' is not marked as a hook: decorate it with @hookimpl")
    if not callers:
        raise Refusal("it has no hook: decorate a function such as 'labrun_simulators' with @hookimpl")
    for caller in callers:
        mine = [hook for hook in caller.get_hookimpls() if hook.plugin is module]
        if not caller.has_spec() and not all(hook.optionalhook for hook in mine):
            raise Refusal(f"labrun {_version()} has no hook '{caller.name}'{did_you_mean(caller.name, known)}")


def offers_of(manager: pluggy.PluginManager, module: Any, source: Source) -> Iterator[Offer]:
    """Yield the plugins that a registered module offers.

    Raises:
        Refusal: one is not a plugin class, or is written for other contracts than this labrun's.
        TypeError: the signature of its method does not name its inputs.
    """
    for section in KINDS:
        hook = getattr(manager.hook, HOOKS[section])
        for implementation in hook.get_hookimpls():
            if implementation.plugin is module:
                for plugin in _returned(implementation.function(), HOOKS[section]):
                    _check_class(plugin, section, source)
                    yield Offer(section, plugin, source.distribution, source.version, source.file)


def _returned(classes: Any, hook: str) -> Sequence[Any]:
    if not isinstance(classes, (list, tuple)):
        found = classes.__name__ if isinstance(classes, type) else type(classes).__name__
        raise Refusal(f"'{hook}' must return a list of classes, not {found}")
    return classes


def _check_class(plugin: Any, section: Kind, source: Source) -> None:
    base, method = KINDS[section], METHODS[section]
    if not (isinstance(plugin, type) and issubclass(plugin, base)):
        raise Refusal(f"{plugin!r} is offered as a {base.__name__}, but is not a subclass of labrun.{base.__name__}")
    _check_api(plugin, source)
    if not isinstance(getattr(plugin, "name", None), str) or not plugin.name:
        raise Refusal(f"{plugin.__name__} needs a name: 'name: ClassVar[str] = \"…\"'")
    if getattr(plugin, method, None) is getattr(base, method, None):
        raise Refusal(f"{plugin.__name__} does not define '{method}', which makes it a {base.__name__}")
    inputs_of(plugin)


def _check_api(plugin: type[Plugin], source: Source) -> None:
    """Accept this labrun's version of the contracts, and the one before."""
    if plugin.api in (API, API - 1):
        return
    too_new = plugin.api > API
    what = f"{plugin.__name__} is written for version {plugin.api} of labrun's plugin contracts"
    known = str(API) if API == 1 else f"{API - 1} and {API}"
    outdated = "labrun" if too_new else source.distribution
    remedy = f"pip install --upgrade {outdated}" if too_new or source.file is None else "change it, and its 'api'"
    raise Refusal(f"{what}, but labrun {_version()} knows {known}: {remedy}")


def _version() -> str:
    return metadata.version("labrun")
