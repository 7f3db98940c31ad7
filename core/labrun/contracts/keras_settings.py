"""Keras's global settings, read without importing Keras: from Keras itself if it is loaded, else from the environment and keras.json.

Each of them changes numbers, so they belong to the key of every model.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from labrun.faults import did_you_mean

__all__ = ["keras_backend", "keras_obstacles", "keras_settings"]

BACKENDS = ("tensorflow", "jax", "torch")
"""The backends that Keras can train with, each named like its package."""

DEFAULTS: dict[str, Any] = {
    "backend": "tensorflow",
    "floatx": "float32",
    "epsilon": 1e-7,
    "image_data_format": "channels_last",
}
"""The settings that keras.json may hold, with Keras's own defaults."""

LIMITS = {"max_epochs": "KERAS_MAX_EPOCHS", "max_steps_per_epoch": "KERAS_MAX_STEPS_PER_EPOCH"}
"""Settings that cut every training short, and the environment variables that set them."""


def keras_settings() -> dict[str, Any]:
    """Return the settings that change numbers: backend, floatx, epsilon, image_data_format, dtype_policy, and any limit on a training."""
    if config := _loaded_config():
        settings = {name: getattr(config, name)() for name in DEFAULTS}
        limits = {name: getattr(config, name)() for name in LIMITS}
        policy = config.dtype_policy().name
    else:
        settings = DEFAULTS | {name: value for name, value in _configured().items() if name in DEFAULTS}
        settings["backend"] = os.environ.get("KERAS_BACKEND") or settings["backend"]
        limits = {name: _number(os.environ.get(variable)) for name, variable in LIMITS.items()}
        policy = settings["floatx"]
    return settings | {"dtype_policy": policy} | {name: limit for name, limit in limits.items() if limit is not None}


def keras_backend() -> str:
    """Return the backend that Keras uses, or will use when it is imported."""
    return str(keras_settings()["backend"])


def keras_obstacles() -> Iterator[str]:
    """Explain each setting with which no model can be trained."""
    settings = keras_settings()
    yield from _about_backend(str(settings["backend"]))
    if settings["floatx"] not in ("float16", "float32", "float64", "bfloat16"):
        yield f"Keras is set to the floatx {settings['floatx']!r} by '{_file()}': expected 'float16', 'float32' or 'float64'"
    if not isinstance(settings["epsilon"], float):
        yield f"Keras is set to the epsilon {settings['epsilon']!r} by '{_file()}': expected a number such as 1e-7"
    if settings["image_data_format"] != "channels_last":
        setter = "keras.config.set_image_data_format" if _loaded_config() else f"image_data_format in '{_file()}'"
        yield (
            f"Keras is set to the image_data_format {settings['image_data_format']!r}, but images in labrun are (height, width, channels): "
            f"set it to 'channels_last' ({setter})"
        )


def _about_backend(backend: str) -> Iterator[str]:
    chosen = "KERAS_BACKEND" if os.environ.get("KERAS_BACKEND") else f"'{_file()}'" if _file().exists() else "default"
    if backend not in BACKENDS:
        yield f"Keras is set to the backend '{backend}' (by {chosen}), with which it cannot train{did_you_mean(backend, BACKENDS)}"
    elif importlib.util.find_spec(backend) is None:
        installed = next((name for name in BACKENDS if importlib.util.find_spec(name)), None)
        other = f", or set KERAS_BACKEND={installed}, which is installed" if installed else ""
        yield f"Keras is set to the backend '{backend}' (by {chosen}), which is not installed: pip install {backend}{other}"


def _loaded_config() -> Any:
    """Return `keras.config` if Keras is imported."""
    return getattr(sys.modules.get("keras"), "config", None)


def _file() -> Path:
    """Return the path of keras.json, as Keras finds it."""
    home = os.path.expanduser("~")  # noqa: PTH111 (Path raises where a container has no such user)
    default = Path(home if os.access(home, os.W_OK) else "/tmp") / ".keras"
    return Path(os.environ.get("KERAS_HOME", default)).expanduser() / "keras.json"


def _configured() -> dict[str, Any]:
    """Return what keras.json holds; nothing if it is missing or not valid JSON, as Keras does."""
    try:
        content = json.loads(_file().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _number(text: str | None) -> int | str | None:
    return int(text) if text is not None and text.isdecimal() else text
