"""Labels of columns, as axes and legends show them: the symbol and the unit that a simulator gives its parameter."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from labrun.contracts.plugin import Plugin

__all__ = ["labels_of"]

_SYMBOL = re.compile(r"^([^\W\d_]{1,2}(?:_[^\W_]{1,4})?[₀-₉]*), ")
_UNIT = re.compile(r"\[([^\],]+)")
_NUMBERS = (int, float, int | None, float | None)


def labels_of(plugin: type[Plugin]) -> dict[str, str]:
    """Return the labels of the fields of a plugin that hold a number and whose description begins with a symbol or names a unit: a field
    `feed`, described as "F, feed rate of u [1/time]", has the label "F [1/time]". Without a symbol, the name stands for it."""
    labels = {}
    for name, field in plugin.model_fields.items():
        if field.annotation not in _NUMBERS:
            continue
        symbol, unit = _SYMBOL.search(field.description or ""), _UNIT.search(field.description or "")
        word = symbol[1] if symbol else name.replace("_", " ")
        if unit is not None and unit[1] not in plugin.model_fields:  # a field may be the unit itself
            labels[name] = f"{word} [{unit[1]}]"
        elif symbol:
            labels[name] = word
    return labels
