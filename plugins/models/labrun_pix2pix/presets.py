"""Presets: named networks as data."""

from __future__ import annotations

from typing import Any

PRESETS: dict[str, dict[str, Any]] = {
    "origin": {
        "filters": 64,
        "depth": 8,
        "dropout": 0.5,
        "dropout_levels": 3,
        "discriminator_filters": 64,
        "discriminator_depth": 4,
        "statistics": "picture",
        "adversarial_weight": 1.0,
        "l1_weight": 100.0,
        "discriminator_weight": 0.5,
        "learning_rate": 2e-4,
        "beta_1": 0.5,
    },
    "small": {"filters": 16, "depth": 7, "discriminator_filters": 16, "discriminator_depth": 3},
}
