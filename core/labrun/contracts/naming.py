"""The names of stages that a matrix makes."""

from __future__ import annotations

import json
import re
from typing import Any

__all__ = ["suffix"]


def suffix(values: dict[str, Any]) -> str:
    """What distinguishes a stage from others of its matrix, as a part of its name: `[width=8,seed=1]`."""
    if not values:
        return ""
    return "[" + ",".join(f"{_word(axis.rsplit('.', 1)[-1])}={_label(value)}" for axis, value in values.items()) + "]"


def _label(value: Any) -> str:
    if isinstance(value, list) and value:
        return "+".join(map(_label, value))[:60]
    text = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
    return _word(text)


def _word(text: str) -> str:
    """What may stand in the name of a folder."""
    return re.sub(r"[^A-Za-z0-9_.+,-]+", "_", text)[:60]
