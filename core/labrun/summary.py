"""What the report tells of a dataset."""

from __future__ import annotations

from typing import Any

from labrun.examples import Examples

__all__ = ["summarize_examples"]


def summarize_examples(examples: Examples, parts: dict[str, Examples]) -> dict[str, Any]:
    """Numbers of examples and members, shapes and types, and how many examples each class has (or the range of y, if it is a
    number), in the whole and in each part."""
    spec = examples.spec.record()
    return {
        "x": spec["x"],
        "y": spec["y"],
        "whole": _count(examples),
        "parts": {name: _count(part) for name, part in parts.items()},
    }


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
