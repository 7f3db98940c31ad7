"""Presets: named networks as data."""

from __future__ import annotations

from typing import Any

PRESETS: dict[str, dict[str, Any]] = {
    "inpainting": {
        "depth": 1,
        "filters": 16,
        "pooling": "average",
        "input_scale": [50.0, 1.0],
        "output_scale": 50.0,
        "residual": 0,
        "mask": 1,
        "fill": 0.5,
        "learning_rate": 2e-3,
    },
    "ronneberger": {"depth": 4, "filters": 64, "loss": "crossentropy"},
}
