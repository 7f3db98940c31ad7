"""Digests of what a plugin returns: equal if all bytes are, and comparable between processes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from labrun.contracts.examples import Examples
    from labrun.contracts.findings import Findings

__all__ = ["differing", "of_arrays", "of_examples", "of_findings"]


def of_arrays(arrays: Mapping[str, Any]) -> dict[str, str]:
    """Return the SHA-256 of each array's type, shape and bytes."""
    import numpy as np

    found = {}
    for name, value in arrays.items():
        array = np.ascontiguousarray(value)
        head = f"{array.dtype.str} {np.shape(value)} ".encode()
        found[name] = hashlib.sha256(head + array.tobytes()).hexdigest()
    return found


def of_examples(examples: Examples) -> dict[str, str]:
    """Return the digests of inputs, targets, groups, classes and table."""
    x, y = examples.load(slice(None))
    inputs = {f"x['{name}']": array for name, array in x.items()} if isinstance(x, dict) else {"x": x}
    digests = of_arrays({**inputs, "y": y, "groups": examples.groups})
    digests["classes"] = _of_text(examples.classes)
    if examples.table is not None:
        digests["table"] = _of_text(examples.table.to_csv())
    return digests


def of_findings(findings: Findings) -> dict[str, str]:
    """Return the digests of metrics, tables, fragments and files. Figures are drawn from the same numbers."""
    digests = {f"metric '{name}'": _of_text(float(value)) for name, value in findings.metrics.items()}
    digests |= {f"table '{name}'": _of_text(table.to_csv()) for name, table in findings.tables.items()}
    digests |= {f"fragment '{name}'": _of_text(text) for name, text in findings.html.items()}
    digests |= {f"file '{name}'": hashlib.sha256(content).hexdigest() for name, content in findings.files.items()}
    return digests


def _of_text(value: object) -> str:
    return hashlib.sha256(repr(value).encode()).hexdigest()


def differing(one: Mapping[str, str], other: Mapping[str, str]) -> list[str]:
    """Return the names of digests that differ or are in only one of the two."""
    return sorted(name for name in {*one, *other} if one.get(name) != other.get(name))
