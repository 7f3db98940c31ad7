"""Random generators that depend on the project's seed and on their purpose, never on order or on the number of workers."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

__all__ = ["generator", "integer_seed"]


def _word(value: Any) -> int:
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little")


def generator(seed: int, *purpose: Any) -> np.random.Generator:
    """Return the random generator for a purpose: `generator(seed, "train", 17)` is that of member 17 of the stage `train`.

    Integers enter the spawn key unchanged, anything else as the hash of its text.
    """
    import numpy as np

    key = tuple(p if isinstance(p, int) and not isinstance(p, bool) and p >= 0 else _word(p) for p in purpose)
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))


def integer_seed(seed: int, *purpose: Any) -> int:
    """Return a seed for libraries that take a single number (Keras)."""
    return int(generator(seed, *purpose).integers(2**31))
