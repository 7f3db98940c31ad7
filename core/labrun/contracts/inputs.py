"""The inputs of a Dataset, Model or Analysis, read from the signature of its method."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from labrun.contracts.ensemble import Ensemble
from labrun.contracts.examples import Examples
from labrun.contracts.findings import Findings
from labrun.contracts.plugin import Analysis, Dataset, Model, Plugin, Sampler, Simulator
from labrun.contracts.trained import TrainedModel
from labrun.faults import did_you_mean

__all__ = [
    "KINDS",
    "METHODS",
    "ONE_OF",
    "SECTIONS",
    "Input",
    "Kind",
    "Outline",
    "Section",
    "inputs_of",
    "kind_of",
    "wants",
]

Section = Literal["simulations", "datasets", "models", "analyses"]
"""The four sections of a project; each holds the stages of one kind."""

SECTIONS: dict[Section, type[Plugin]] = {
    "simulations": Simulator,
    "datasets": Dataset,
    "models": Model,
    "analyses": Analysis,
}

Kind = Section | Literal["samplers"]
"""The kinds of plugins: one for each section, and samplers, which a sweep names."""

KINDS: dict[Kind, type[Plugin]] = dict(SECTIONS.items()) | {"samplers": Sampler}

ONE_OF: dict[Kind, str] = {
    "simulations": "simulation",
    "datasets": "dataset",
    "models": "model",
    "analyses": "analysis",
    "samplers": "sampler",
}
"""The word for one stage of a section."""

_SECTION_OF: dict[Any, Section] = {
    Ensemble: "simulations",
    Examples: "datasets",
    TrainedModel: "models",
    Findings: "analyses",
}
"""The annotations that a parameter may have, and the section whose stages provide it."""

_KINDS = {kind.__name__: kind for kind in _SECTION_OF}

METHODS: dict[Kind, str] = {
    "simulations": "simulate",
    "datasets": "examples",
    "models": "build",
    "analyses": "analyse",
    "samplers": "propose",
}
"""The method that makes the result of a plugin."""

_GIVEN: dict[Kind, set[str]] = {"datasets": {"folder"}, "models": {"examples"}}
"""Parameters other than `rng` that are not stages."""


@dataclass(frozen=True)
class Input:
    """One input of a stage: the name of the parameter, and the section from which it takes a stage, or several."""

    name: str
    section: Section
    many: bool
    optional: bool


@dataclass(frozen=True)
class Outline:
    """An input as it is known before anything has run."""

    stage: str
    plugin: Plugin
    columns: tuple[str, ...] = ()
    """The columns of an ensemble's table: swept parameters and labels."""
    outputs: Mapping[str, str] | None = None
    """The arrays that the simulator declares, if it does."""
    values: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    """The values of the columns, one a member, as far as they are known before anything has run."""

    def missing_array(self, field: str, name: str) -> Iterator[tuple[str, str]]:
        """Yield a fault of `field`, for `Plugin.check`, if the simulator declares its arrays and `name` is not among them, or if it knows
        that its configuration gives no such array (`Simulator.gives`)."""
        lacks = isinstance(self.plugin, Simulator) and self.plugin.gives(name) is False
        if lacks or (self.outputs is not None and name not in self.outputs):
            yield field, f"'{self.stage}' gives no array '{name}'{did_you_mean(name, {*(self.outputs or ())} - {name})}"

    def missing_column(self, field: str, name: str) -> Iterator[tuple[str, str]]:
        """Yield a fault of `field`, for `Plugin.check`, if the table of the sweep has no such column."""
        if name not in self.columns:
            yield field, f"the table of '{self.stage}' has no column '{name}'{did_you_mean(name, self.columns)}"

    def missing_number(self, field: str, name: str) -> Iterator[tuple[str, str]]:
        """Yield a fault of `field`, for `Plugin.check`, if neither the table of the sweep nor the simulator can give such a number a member
        (see `Ensemble.with_numbers`)."""
        if self.outputs is not None and name not in self.outputs:
            yield from self.missing_column(field, name)


def kind_of(plugin: type[Plugin]) -> Kind:
    """Return the kind of a plugin class."""
    return next(kind for kind, base in KINDS.items() if issubclass(plugin, base))


def wants(plugin: type[Plugin], name: str) -> bool:
    """Check whether the method has a parameter of this name: `rng`, the random generator of the stage, or `folder`, that of a dataset."""
    return name in inspect.signature(getattr(plugin, METHODS[kind_of(plugin)])).parameters


def inputs_of(plugin: type[Plugin]) -> tuple[Input, ...]:
    """Read the inputs of a plugin class from its signature.

    Raises:
        TypeError: a parameter is not annotated with one of the kinds.
    """
    kind = kind_of(plugin)
    if kind in ("simulations", "samplers"):
        return ()
    method = getattr(plugin, METHODS[kind])
    parameters = list(inspect.signature(method).parameters.values())[1:]
    given = {"rng"} | _GIVEN.get(kind, set())
    return tuple(_read(plugin, p, _annotation(method, p)) for p in parameters if p.name not in given)


def _annotation(method: Any, parameter: inspect.Parameter) -> Any:
    """Return the annotation of a parameter; one that is a text (`from __future__ import annotations`) is evaluated. They are evaluated one
    by one, so that a name that a plugin imports only for type checkers does no harm to the other parameters."""
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
