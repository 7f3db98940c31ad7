"""Flatten nested mappings to dotted paths: `{"fit": {"epochs": 5}}` becomes `{"fit.epochs": 5}`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["flattened"]


def flattened(value: Mapping[str, Any], path: str = "") -> dict[str, Any]:
    """Return the leaves of nested mappings by their paths. Lists and empty mappings are leaves."""
    leaves: dict[str, Any] = {}
    for key, inner in value.items():
        place = f"{path}.{key}" if path else str(key)
        if isinstance(inner, Mapping) and inner:
            leaves |= flattened(inner, place)
        else:
            leaves[place] = inner
    return leaves
