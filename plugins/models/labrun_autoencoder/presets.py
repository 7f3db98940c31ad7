"""Presets: named networks as data."""

from __future__ import annotations

from typing import Any

PRESETS: dict[str, dict[str, Any]] = {
    "origin": {
        "filters": [16, 8, 8],
        "kernel": 3,
        "padding": "same",
        "sampling": "max",
        "answer": "sigmoid",
        "loss": "crossentropy",
        "learning_rate": 3e-3,
        "amsgrad": True,
    },
}
