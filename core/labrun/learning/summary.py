"""Summarize a dataset for the report."""

from __future__ import annotations

from typing import Any

from labrun.contracts.examples import Examples

__all__ = ["summarize_examples"]


def summarize_examples(examples: Examples, parts: dict[str, Examples]) -> dict[str, Any]:
    """Count examples, members and classes (or give the range of y, if it is a number), in the whole dataset and in each of its `parts`.
    Shapes, types and warnings are included."""
    spec = examples.spec.record()
    return {
        "x": spec["x"],
        "y": spec["y"],
        "whole": _count(examples),
        "parts": {name: _count(part) for name, part in parts.items()},
        "warnings": examples.warnings + _warn_of_leaks(parts),
    }


def _warn_of_leaks(parts: dict[str, Examples]) -> list[str]:
    """Warn if examples of one group lie in several parts."""
    import numpy as np

    groups = [np.unique(part.groups) for part in parts.values()]
    names, sides = np.unique(np.concatenate(groups), return_counts=True) if groups else ((), np.zeros(0))
    if not (sides > 1).any():
        return []
    leaking = f"{np.count_nonzero(sides > 1)} of {len(names)} groups of examples (one for each member or set of related members)"
    return [f"possible leakage: {leaking} lie in several parts. If examples of a group are alike, use 'by: member'"]


def _count(examples: Examples) -> dict[str, Any]:
    import numpy as np

    counts: dict[str, Any] = {"examples": len(examples), "members": len(np.unique(examples.groups))}
    if examples.spec.y.shape:
        return counts
    if examples.classes is not None:
        numbers = np.bincount(examples.load_y(slice(None)), minlength=len(examples.classes))
        counts["classes"] = {name: int(number) for name, number in zip(examples.classes, numbers, strict=True)}
    else:
        y = examples.load_y(slice(None))
        counts["y"] = {"least": float(y.min()), "mean": float(y.mean()), "most": float(y.max())}
    return counts
