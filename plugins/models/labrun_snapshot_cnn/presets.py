"""Presets: named networks as data."""

from __future__ import annotations

from typing import Any

PRESETS: dict[str, dict[str, Any]] = {
    "origin_small": {
        "codes": "scaled",
        "layers": ["conv 3 5x5 stride 3", "relu", "flatten"],
        "loss": "huber",
    },
    "origin_middle": {
        "codes": "scaled",
        "layers": [
            *("conv 3 3x3", "pool 2", "relu", "norm"),
            *("conv 4 5x5", "pool 2", "relu", "norm"),
            *("conv 6 5x5", "pool 2", "relu", "norm"),
            *("mean", "dropout 0.1", "dense 128", "relu", "dropout 0.1", "dense 3", "relu"),
        ],
        "loss": "huber",
    },
    "origin_large": {
        "codes": "scaled",
        "layers": [
            *("conv 3 3x3", "relu", "norm", "conv 3 3x3", "relu", "norm", "pool 2"),
            *("conv 3 3x3", "relu", "norm", "conv 3 3x3", "relu", "norm", "pool 2"),
            *("dense 128", "relu", "dropout 0.1", "dense 3", "relu", "flatten"),
        ],
        "loss": "huber",
    },
    "periodic": {
        "codes": "one_hot",
        "padding": "periodic",
        "layers": [
            *("conv 16 3x3", "relu", "average 2", "norm"),
            *("conv 32 3x3", "relu", "average 2", "norm"),
            *("conv 64 3x3", "relu", "dense 64", "relu", "mean"),
        ],
        "momentum": 0.9,
        "learning_rate": 3e-3,
        "weight_decay": 1e-3,
        "loss": "huber",
    },
}
