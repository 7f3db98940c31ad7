"""Pack inputs for another process, without what cannot be pickled (functions, networks, figures)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from labrun.contracts.examples import Examples
from labrun.contracts.findings import Findings
from labrun.contracts.inputs import METHODS, inputs_of, kind_of, wants
from labrun.contracts.plugin import Plugin
from labrun.contracts.trained import TrainedModel
from labrun.registry.plugin_code import PluginCode
from labrun.seeds import generator
from labrun.testing.processes import source_of

__all__ = ["call", "check_names", "holds_model", "packed", "unpacked"]


@dataclass(frozen=True)
class _Examples:
    x: Any
    y: Any
    groups: Any
    others: dict[str, Any]


@dataclass(frozen=True)
class _Model:
    source: PluginCode
    config: dict[str, Any]
    folder: Path
    name: str
    variant: dict[str, Any]
    place: int


def packed(value: Any) -> Any:
    """Return an input in a form that can be pickled."""
    if isinstance(value, list | tuple):
        return [packed(one) for one in value]
    if isinstance(value, Examples):
        x, y = value.load(slice(None))
        return _Examples(x, y, value.groups, described(value))
    if isinstance(value, TrainedModel):
        plugin = value.plugin
        config = plugin.model_dump(mode="json")
        return _Model(source_of(type(plugin)), config, value.folder, value.name, value.variant, value.place)
    return replace(value, figures={}) if isinstance(value, Findings) else value


def unpacked(value: Any) -> Any:
    """Return the input that `packed` was given."""
    if isinstance(value, list):
        return [unpacked(one) for one in value]
    if isinstance(value, _Examples):
        return examples_of(value.x, value.y, value.groups, **value.others)
    if isinstance(value, _Model):
        plugin: Any = value.source.load()
        return TrainedModel(
            plugin.configured(value.config), value.folder, value.name, variant=value.variant, place=value.place
        )
    return value


def examples_of(x: Any, y: Any, groups: Any, **others: Any) -> Examples:
    """Return examples held in memory: `x` (n, …), or a dict of such arrays, `y` (n, …)."""
    if isinstance(x, dict):
        return Examples(lambda i: {name: array[i] for name, array in x.items()}, lambda i: y[i], groups, **others)
    return Examples(lambda i: x[i], lambda i: y[i], groups, **others)


def described(examples: Examples) -> dict[str, Any]:
    """Return the attributes of examples besides their arrays, as keyword arguments of `Examples`."""
    return {key: getattr(examples, key) for key in ("classes", "periodic", "quantity", "table", "name")}


def holds_model(inputs: Mapping[str, Any]) -> bool:
    """Check whether a trained model is among the inputs, alone or in a list."""
    values = [one for value in inputs.values() for one in (value if isinstance(value, list) else [value])]
    return any(isinstance(one, TrainedModel) for one in values)


def check_names(plugin: type[Plugin], inputs: Mapping[str, Any]) -> None:
    """Check that the inputs are those of the plugin's method.

    Raises:
        AssertionError: one is unknown, missing, or a list instead of a single input (or the reverse).
    """
    wanted = {one.name: one for one in inputs_of(plugin)}
    unknown = sorted({*inputs} - {*wanted})
    missing = [name for name, one in wanted.items() if name not in inputs and not one.optional]
    odd = [name for name, value in inputs.items() if name in wanted and isinstance(value, list) != wanted[name].many]
    fits = not (unknown or missing or odd)
    assert fits, (
        f"'inputs' of this test must return the inputs that {plugin.__name__}.{METHODS[kind_of(plugin)]} takes, "
        f"{', '.join(f'{name}: ' + ('a list' if one.many else 'one') for name, one in wanted.items())}. Unknown: {unknown}; missing: "
        f"{missing}; a list instead of one, or the reverse: {odd}. 'rng' and 'folder' are given by the kit"
    )


def call(plugin: Plugin, inputs: Mapping[str, Any], folder: Path | None = None) -> Any:
    """Call the method of a plugin as a run does, with a random generator and a folder if it takes them."""
    kind = type(plugin)
    extra: dict[str, Any] = {}
    if wants(kind, "rng"):
        extra["rng"] = generator(0, "toy")
    if folder is not None and wants(kind, "folder"):
        folder.mkdir(parents=True, exist_ok=True)
        extra["folder"] = folder
    return getattr(plugin, METHODS[kind_of(kind)])(**inputs, **extra)
