"""Presets: named sets of values for a plugin's fields, kept as data beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labrun.faults import did_you_mean

__all__ = ["fill_from_preset"]


def fill_from_preset(values: Any, presets: Mapping[str, Mapping[str, Any]]) -> Any:
    """Return the values of a plugin's configuration, with values of the preset named in `preset` for fields that are not given.

    Use it in a validator of mode `before`.

    Raises:
        ValueError: there is no such preset.
    """
    if not isinstance(values, dict) or values.get("preset") is None:
        return values
    if values["preset"] not in presets:
        raise ValueError(f"there is no preset '{values['preset']}'{did_you_mean(str(values['preset']), presets)}")
    return {**presets[values["preset"]], **values}
