"""Presets: named networks as data."""

from __future__ import annotations

from typing import Any

PRESETS: dict[str, dict[str, Any]] = {
    "course": {"mask": False},
    "gated": {
        "layers": 6,
        "filters": 16,
        "activation": "gate",
        "fill": 0.5,
        "keep_known": True,
        "optimizer": "adam",
        "learning_rate": 4e-3,
    },
}
