"""What all plugins share: strict configuration."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest
from pydantic import ValidationError

from labrun import Field, Model, Plugin, Simulator


class Wave(Simulator):
    name: ClassVar[str] = "wave"
    amplitude: float = Field(1.0, ge=0, description="a")
    sizes: tuple[int, int] = Field((3, 4), description="height and width")


def test_configured_from_values_as_yaml_gives_them():
    assert Wave.configured({"amplitude": 2, "sizes": [5, 6]}) == Wave(amplitude=2.0, sizes=(5, 6))


@pytest.mark.parametrize(
    "config",
    [
        {"amplitude": "2"},
        {"amplitude": -1},
        {"amplitude": float("nan")},
        {"amplitud": 1},
        {"sizes": [1]},
        {"amplitude": True},
    ],
)
def test_wrong_configuration_is_refused(config):
    with pytest.raises(ValidationError):
        Wave.configured(config)


def test_plugin_is_frozen():
    with pytest.raises(ValidationError, match="frozen"):
        Wave().amplitude = 3.0  # type: ignore[misc]


def test_what_a_subclass_must_define():
    with pytest.raises(NotImplementedError):
        Wave().simulate(np.random.default_rng(0))
    with pytest.raises(NotImplementedError):
        Wave().watch(np.random.default_rng(0), 3)

    class Net(Model):
        name: ClassVar[str] = "net"

    with pytest.raises(NotImplementedError):
        Net().build(None)  # type: ignore[arg-type]


def test_check_finds_nothing_unless_told_otherwise():
    assert list(Plugin.check(Wave())) == []
