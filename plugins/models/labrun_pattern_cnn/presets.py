"""Presets: named networks as data."""

from __future__ import annotations

from typing import Any

_COMPACT: dict[str, Any] = {
    "offset": 0.6,
    "scale": 4.0,
    "normalize_blocks": True,
    "momentum": 0.9,
    "global_pooling": "both",
    "dense": 256,
    "dropout": 0.15,
    "label_smoothing": 0.05,
}

PRESETS: dict[str, dict[str, Any]] = {
    "origin_2d": {
        "frames": "channels",
        "normalize_input": True,
        "blocks": [
            {"filters": 32, "stride": 2},
            {"filters": 64, "pool": 2},
            {"filters": 128, "pool": 2},
            {"filters": 128, "pool": 2},
        ],
        "dense": 256,
        "dropout": 0.15,
    },
    "origin_3d": {
        "frames": "time",
        "normalize_input": True,  # the weights add up to the published 76,529 only with it
        "blocks": [
            {"filters": 32, "kernel": [3, 3, 2], "stride": 2, "pool": 2},
            {"filters": 64, "kernel": [3, 3, 1], "pool": [2, 2, 1]},
            {"filters": 64, "kernel": [3, 3, 1], "pool": [2, 2, 1]},
        ],
        "dense": 256,
        "dropout": 0.10,
    },
    "compact": _COMPACT
    | {
        "frames": "channels",
        "blocks": [
            {"filters": 32, "stride": 2},
            {"filters": 64, "pool": 2},
            {"filters": 128, "pool": 2},
            {"filters": 128, "pool": 2},
        ],
    },
    "compact_3d": _COMPACT
    | {
        "frames": "time",
        "blocks": [
            {"filters": 24, "kernel": [3, 3, 2], "stride": 2, "pool": 2},
            {"filters": 48, "kernel": [3, 3, 1], "pool": [2, 2, 1]},
            {"filters": 96, "kernel": [3, 3, 1]},
            {"filters": 128, "kernel": [3, 3, 1]},
        ],
    },
}
