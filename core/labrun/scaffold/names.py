"""The names of a new plugin: in a project, as a package, as a distribution, as a class."""

from __future__ import annotations

import importlib.util
import keyword
import re
from dataclasses import dataclass

import labrun
from labrun.faults import Fault, ProjectFaults
from labrun.project.yaml12 import parse_scalar
from labrun.registry.registry import Registry

__all__ = ["Names", "choose_names"]

LONGEST = 32
"""Characters of a name: longer ones would need other line breaks in the templates."""
_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_CLASSES = {*labrun.__all__, *keyword.kwlist, "Any", "ClassVar"}
"""Names that the class of a plugin cannot have, since its module uses them already."""


@dataclass(frozen=True)
class Names:
    """The names that follow from the name of a plugin in a project."""

    name: str

    @property
    def package(self) -> str:
        """The package to import."""
        return f"labrun_{self.name}"

    @property
    def distribution(self) -> str:
        """The distribution to install, and its folder."""
        return self.package.replace("_", "-")

    @property
    def class_name(self) -> str:
        """The class of the plugin."""
        return "".join(word.capitalize() for word in self.name.split("_"))


def choose_names(name: str, registry: Registry) -> Names:
    """Return the names of a new plugin.

    Raises:
        ProjectFaults: the name is not valid for a package, or it is taken.
    """
    names = Names(name)
    if problem := _problem(names, registry):
        raise ProjectFaults([Fault(f"'{name}' cannot be the name of a new plugin: {problem}")])
    return names


def _problem(names: Names, registry: Registry) -> str:
    name = names.name
    if not _NAME.fullmatch(name):
        better = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
        hint = f". Take '{better}'" if _NAME.fullmatch(better) else ", as in 'random_walk'"
        return f"a package needs lower-case letters, digits and '_', beginning with a letter{hint}"
    if len(name) > LONGEST:
        return f"it has {len(name)} characters; take at most {LONGEST}"
    if names.class_name in _CLASSES or parse_scalar(name) != name:
        return f"'{names.class_name}', or '{name}' in YAML, has another meaning already. Take a word of your field"
    if offer := next((offer for offer in registry.offers if offer.name == name), None):
        return f"'{offer.distribution}' offers a plugin of that name. Take another name (labrun list-plugins shows all)"
    if importlib.util.find_spec(names.package) is not None:
        return f"the package '{names.package}' is installed already. Take another name"
    return ""
