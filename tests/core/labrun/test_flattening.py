"""Nested mappings on one level."""

from __future__ import annotations

from labrun.flattening import flattened


def test_leaves_are_named_by_their_paths():
    nested = {"fit": {"epochs": 5, "augment": {}, "schedule": {"warmup": 0}}, "layers": [{"a": 1}], "seed": None}
    assert flattened(nested) == {
        "fit.epochs": 5,
        "fit.augment": {},
        "fit.schedule.warmup": 0,
        "layers": [{"a": 1}],
        "seed": None,
    }
    assert flattened({"x": 1}, "models.net") == {"models.net.x": 1}
