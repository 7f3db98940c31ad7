"""Make degenerate inputs from ordinary ones: one member, one class, constant data, data with NaN."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import replace
from typing import Any

from labrun.contracts.ensemble import Ensemble
from labrun.contracts.examples import Examples
from labrun.contracts.findings import Findings
from labrun.contracts.trained import TrainedModel
from labrun.testing.packing import described, examples_of

__all__ = ["constant", "odd_names", "one_class", "one_member", "unchanged", "with_nan"]

ODD_NAMES = ("a $b_{c$ d 斑点", "_[long] " * 38, "$$", " ", "R$ 5 to R$ 6", "हिन्दी", "$x^$", "لا", "<b>[x]</b>")
"""Names that stop figures or fill them: dollars, letters that Matplotlib's own font lacks, 300 letters, underscores, a blank."""


def one_member(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Keep the first member of each ensemble, its examples, and the first row of each table."""
    import numpy as np

    return _each(
        inputs,
        ensemble=lambda ensemble: ensemble.take([0]),
        examples=lambda examples: examples.take(np.flatnonzero(examples.groups == examples.groups[0])),
        table=lambda table: table.head(1),
    )


def one_class(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Keep the members that agree with the first in the first column of strings, the examples and rows of the first one's class."""

    def of_ensemble(ensemble: Ensemble) -> Ensemble:
        labels = next((values for values in ensemble.columns.values() if isinstance(values[0], str)), None)
        return ensemble.take([i for i, label in enumerate(labels) if label == labels[0]]) if labels else ensemble

    def of_examples(examples: Examples) -> Examples:
        if examples.classes is None or examples.spec.y.shape:
            return examples
        y = examples.load_y(slice(None))
        return examples.take(y == y[0])

    return _each(
        inputs,
        ensemble=of_ensemble,
        examples=of_examples,
        table=lambda table: table[table["class"] == table["class"].iloc[0]] if "class" in table else table,
    )


def constant(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Set real numbers and images to one value everywhere, in all members: that of the very first element. Keep indices and counts."""
    import numpy as np

    def level(array: np.ndarray, first: np.ndarray) -> np.ndarray:
        return (
            np.full_like(array, first.flat[0])
            if first.size and (array.dtype.kind == "f" or array.itemsize == 1)
            else array
        )

    return _changed(inputs, level, lambda y: level(y, y))


def with_nan(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Set the first element of each array of real numbers to NaN, and the first row of each such column of a table."""
    import numpy as np

    def spoilt(array: np.ndarray, _: np.ndarray) -> np.ndarray:
        if array.dtype.kind != "f" or not array.size:
            return array
        changed = array.copy()
        changed.flat[0] = np.nan
        return changed

    return _changed(inputs, spoilt, lambda y: y)


def odd_names(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Classes, and other texts in ensembles and tables, have names that are hard to draw."""
    odd: dict[str, str] = {}

    def of(name: Any) -> Any:
        if not isinstance(name, str):
            return name
        number = len(odd) // len(ODD_NAMES)
        return odd.setdefault(name, ODD_NAMES[len(odd) % len(ODD_NAMES)] + (f" {number}" if number else ""))

    def of_spec(model: TrainedModel) -> TrainedModel:
        if model.spec.classes is None:
            return model
        renamed = copy(model)
        vars(renamed)["spec"] = replace(model.spec, classes=tuple(map(of, model.spec.classes)))
        return renamed

    def of_examples(examples: Examples) -> Examples:
        if examples.classes is None:
            return examples
        renamed = examples.take(slice(None))
        renamed.classes = tuple(map(of, examples.classes))
        return renamed

    def of_ensemble(ensemble: Ensemble) -> Ensemble:
        columns = {name: [of(value) for value in values] for name, values in ensemble.columns.items()}
        if columns == ensemble.columns:
            return ensemble
        renamed = ensemble.take(slice(None))
        renamed.columns = columns
        return renamed

    def of_table(table: Any) -> Any:
        texts = [name for name in table if table[name].map(lambda value: isinstance(value, str)).any()]
        columns = {name: f"p_{of(name[2:])}" for name in table if name.startswith("p_")}
        return table.assign(**{name: table[name].map(of) for name in texts}).rename(columns=columns)

    return _each(inputs, of_ensemble, of_examples, of_table, of_spec)


def unchanged(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether all inputs are the same objects, since there was nothing to change."""

    def flat(inputs: Mapping[str, Any]) -> list[int]:
        return [id(part) for value in inputs.values() for part in (value if isinstance(value, list) else [value])]

    return flat(one) == flat(other)


def _changed(
    inputs: Mapping[str, Any], change: Callable[[Any, Any], Any], change_y: Callable[[Any], Any]
) -> dict[str, Any]:
    """Return inputs with changed arrays; `change` also gets the array of the first member."""

    def of_ensemble(ensemble: Ensemble) -> Ensemble:
        first = ensemble.member(0)
        members = [{name: change(array, first[name]) for name, array in member.items()} for member in ensemble]
        return Ensemble.from_arrays(members, ensemble.columns, ensemble.name, ensemble.groups.tolist())

    def of_examples(examples: Examples) -> Examples:
        x, y = examples.load(slice(None))
        x = {name: change(array, array) for name, array in x.items()} if isinstance(x, dict) else change(x, x)
        return examples_of(
            x, y if examples.classes is not None else change_y(y), examples.groups, **described(examples)
        )

    def of_table(table: Any) -> Any:
        reals = [name for name in table if table[name].dtype.kind == "f"]
        return table.assign(**{name: change(table[name].to_numpy(), table[name].to_numpy()) for name in reals})

    return _each(inputs, ensemble=of_ensemble, examples=of_examples, table=of_table)


def _each(
    inputs: Mapping[str, Any],
    ensemble: Callable[[Ensemble], Ensemble],
    examples: Callable[[Examples], Examples],
    table: Callable[[Any], Any],
    model: Callable[[TrainedModel], TrainedModel] = lambda model: model,
) -> dict[str, Any]:
    def of(value: Any) -> Any:
        if isinstance(value, list):
            return [of(one) for one in value]
        if isinstance(value, Ensemble):
            return ensemble(value)
        if isinstance(value, Examples):
            return examples(value)
        if isinstance(value, TrainedModel):
            return model(value)
        if isinstance(value, Findings):
            return replace(value, tables={name: table(one) for name, one in value.tables.items()})
        return value

    return {name: of(value) for name, value in inputs.items()}
