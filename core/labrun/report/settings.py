"""What a stage was configured with: what its project says, and the defaults of the rest."""

from __future__ import annotations

import json
from functools import singledispatch
from typing import Any

from pydantic import BaseModel

from labrun.project.stage import FittedModelStage, Stage
from labrun.report.content import Setting

__all__ = ["settings_of"]


def settings_of(stage: Stage) -> list[Setting]:
    """Return the settings of a stage, those that differ from the defaults first."""
    found = [*_of_plugin(stage), *_of_training(stage)]
    return sorted(found, key=lambda setting: setting.is_default)


def _of_plugin(stage: Stage) -> list[Setting]:
    fields = type(stage.plugin).model_fields
    return [
        _setting(name, value, fields.get(name), _default(stage.plugin, name))
        for name, value in stage.settings.items()
        if name != "fit"
    ]


@singledispatch
def _of_training(stage: Stage) -> list[Setting]:
    return []


@_of_training.register
def _(stage: FittedModelStage) -> list[Setting]:
    given = stage.fit.model_dump(mode="json")
    fields = type(stage.fit).model_fields
    return [_setting(name, value, fields.get(name), _default(stage.fit, name), "fit.") for name, value in given.items()]


MISSING = object()
"""The default of a field that has none."""


def _default(model: BaseModel, name: str) -> Any:
    field = type(model).model_fields.get(name)
    if field is None or field.is_required():
        return MISSING
    return field.get_default(call_default_factory=True)


def _setting(name: str, value: Any, field: Any, default: Any, prefix: str = "") -> Setting:
    as_json = default.model_dump(mode="json") if isinstance(default, BaseModel) else default
    meaning = (field.description or "") if field is not None else ""
    return Setting(
        f"{prefix}{name}", _written(value), default is not MISSING and _written(value) == _written(as_json), meaning
    )


def _written(value: Any) -> str:
    """A value as a project would write it, on one line."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
