"""Presets: named networks as data."""

from __future__ import annotations

from typing import Any

_ORIGIN: dict[str, Any] = {
    "layers": ["conv 16 3x3", "relu", "pool 2", "conv 8 3x3", "pool 2", "flatten"],
    "learning_rate": 1e-3,
    "amsgrad": True,
}

PRESETS: dict[str, dict[str, Any]] = {
    "encoded_cnn": _ORIGIN,
    "direct": _ORIGIN,
    "tiles": {
        "layers": [
            *("norm", "conv 16 1x1", "relu", "tap"),
            *("conv 16 3x3", "relu", "tap", "average 2"),
            *("conv 32 3x3", "relu", "tap", "average 2"),
            *("conv 64 3x3", "relu", "mean", "norm", "dense 128", "relu", "dense 128", "relu"),
        ],
        "momentum": 0.9,
        "learning_rate": 3e-3,
        "weight_decay": 1e-3,
    },
}
