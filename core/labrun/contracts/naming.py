"""The names of stages that a matrix makes. They are also names of folders, on every system."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from typing import Any

__all__ = ["LONGEST_NAME", "kind_of", "suffix"]

LONGEST_NAME = 100
"""Characters of a name that a project gives to itself or a stage. File systems take 255 bytes, with the endings of temporary files."""
LONGEST_SUFFIX = 120
"""Bytes of what a matrix adds to a name, without the digest."""


def suffix(values: dict[str, Any], *, exact: bool = False) -> str:
    """Return what distinguishes a stage from others of its matrix, as a part of its name: `[width=8,seed=1]`.

    Characters that cannot stand in the name of a folder become `_`, and long names are cut. `exact` adds a digest of all values but the
    seed, for stages whose names would agree: `[classes=a_b~1f2e3d4c]`. What is cut has one too.
    """
    if not values:
        return ""
    text = ",".join(f"{_word(axis.rsplit('.', 1)[-1])}={_label(value)}" for axis, value in values.items())
    if exact or len(text.encode()) > LONGEST_SUFFIX:
        text = f"{text.encode()[:LONGEST_SUFFIX].decode(errors='ignore')}~{_digest(values)}"
    return f"[{text}]"


def kind_of(name: str, values: dict[str, Any]) -> str:
    """Return the name of a stage of a matrix without its seed, which stages share that differ in the seed alone: `net[width=8]`.

    `values` are those that distinguish the stage, by their keys or the last words of these.
    """
    rest = {axis: value for axis, value in values.items() if axis.rpartition(".")[2] != "seed"}
    return name.partition("[")[0] + suffix(rest, exact="~" in name)


def _digest(values: dict[str, Any]) -> str:
    """Hash all values but the seed: what differs in the seed alone is of one kind."""
    words = [(axis.rpartition(".")[2], value) for axis, value in values.items()]
    rest = [(word, value) for word, value in words if word != "seed"]
    return hashlib.sha256(json.dumps(rest).encode()).hexdigest()[:8]


def _label(value: Any) -> str:
    if isinstance(value, list) and value:
        return "+".join(map(_label, value))[:60]
    text = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
    return _word(text)


def _word(text: str) -> str:
    """Return a text with `_` for everything that is neither a letter of any script, a digit nor one of `_.+,-`."""
    normal = unicodedata.normalize("NFC", text)
    kept = (c if c.isalnum() or c in "_.+,-" or unicodedata.category(c).startswith("M") else "\0" for c in normal)
    return re.sub("\0+", "_", "".join(kept))[:60]
