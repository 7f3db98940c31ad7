"""What a Dataset, Model or Analysis works on, read from the signature of its method."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from labrun.contracts.ensemble import Ensemble
from labrun.contracts.examples import Examples
from labrun.contracts.findings import Findings
from labrun.contracts.plugin import Analysis, Dataset, Model, Plugin, Simulator
from labrun.contracts.trained import TrainedModel
from labrun.faults import did_you_mean

__all__ = ["METHODS", "ONE_OF", "SECTIONS", "Input", "Outline", "Section", "inputs_of", "section_of", "wants"]

Section = Literal["simulations", "datasets", "models", "analyses"]
"""The four sections of a project; each holds the stages of one kind."""

SECTIONS: dict[Section, type[Plugin]] = {
    "simulations": Simulator,
    "datasets": Dataset,
    "models": Model,
    "analyses": Analysis,
}

ONE_OF: dict[Section, str] = {
    "simulations": "simulation",
    "datasets": "dataset",
    "models": "model",
    "analyses": "analysis",
}
"""What one stage of a section is called."""

_SECTION_OF: dict[Any, Section] = {
    Ensemble: "simulations",
    Examples: "datasets",
    TrainedModel: "models",
    Findings: "analyses",
}
"""What a parameter may be annotated with, and the section whose stages give it."""

_KINDS = {kind.__name__: kind for kind in _SECTION_OF}

METHODS: dict[Section, str] = {
    "simulations": "simulate",
    "datasets": "examples",
    "models": "build",
    "analyses": "analyse",
}
"""The method that makes the result of a plugin."""


_GIVEN: dict[Section, set[str]] = {"datasets": {"folder"}, "models": {"examples"}}
"""Parameters, beside `rng`, that are no stages."""


@dataclass(frozen=True)
class Input:
    """One input of a stage: the parameter's name, and the section that it takes a stage (or several) from."""

    name: str
    section: Section
    many: bool
    optional: bool


@dataclass(frozen=True)
class Outline:
    """What is known of an input before anything has run."""

    stage: str
    plugin: Plugin
    columns: tuple[str, ...] = ()
    """The columns of an ensemble's table: swept parameters and labels."""
    outputs: Mapping[str, str] | None = None
    """The arrays that a simulator says it gives, if it does."""

    def missing_array(self, field: str, name: str) -> Iterator[tuple[str, str]]:
        """A fault of `field` for `Plugin.check`, if the simulator says what it gives and `name` is not among it."""
        if self.outputs is not None and name not in self.outputs:
            yield field, f"'{self.stage}' gives no array '{name}'{did_you_mean(name, self.outputs)}"

    def missing_column(self, field: str, name: str) -> Iterator[tuple[str, str]]:
        """A fault of `field` for `Plugin.check`, if the sweep's table has no such column."""
        if name not in self.columns:
            yield field, f"the table of '{self.stage}' has no column '{name}'{did_you_mean(name, self.columns)}"


def section_of(plugin: type[Plugin]) -> Section:
    """The section of a project that a plugin class belongs to."""
    return next(section for section, base in SECTIONS.items() if issubclass(plugin, base))


def wants(plugin: type[Plugin], name: str) -> bool:
    """Whether the method has a parameter of this name: `rng`, the stage's random generator, or `folder`, that of a dataset."""
    return name in inspect.signature(getattr(plugin, METHODS[section_of(plugin)])).parameters


def inputs_of(plugin: type[Plugin]) -> tuple[Input, ...]:
    """Read the inputs of a plugin class from its signature.

    Raises:
        TypeError: a parameter has no annotation that names what it asks for.
    """
    section = section_of(plugin)
    if section == "simulations":
        return ()
    method = getattr(plugin, METHODS[section])
    parameters = list(inspect.signature(method).parameters.values())[1:]
    given = {"rng"} | _GIVEN.get(section, set())
    return tuple(_read(plugin, p, _annotation(method, p)) for p in parameters if p.name not in given)


def _annotation(method: Any, parameter: inspect.Parameter) -> Any:
    """The annotation itself; a text (`from __future__ import annotations`) is evaluated as `typing` does, one at a
    time, so that names which a plugin imports for type checkers only do no harm elsewhere."""
    annotation = parameter.annotation
    if not isinstance(annotation, str):
        return annotation
    try:
        return eval(annotation, {**method.__globals__, **_KINDS})
    except NameError:
        return annotation


def _read(plugin: type[Plugin], parameter: inspect.Parameter, annotation: Any) -> Input:
    optional = parameter.default is not inspect.Parameter.empty
    options = [a for a in _members(annotation) if a is not type(None)]
    kind = options[0] if len(options) == 1 else None
    many = typing.get_origin(kind) is list
    if many:
        kind = typing.get_args(kind)[0]
    section = next((section for of, section in _SECTION_OF.items() if of is kind), None)
    if section is None:
        found = "not annotated" if annotation is parameter.empty else f"annotated with {annotation!r}"
        raise TypeError(
            f"{plugin.__name__}: the parameter '{parameter.name}' must be annotated with {', '.join(_KINDS)}, or a list of one of "
            f"them; it is {found}"
        )
    return Input(parameter.name, section, many, optional)


def _members(annotation: Any) -> tuple[Any, ...]:
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return typing.get_args(annotation)
    return (annotation,)
