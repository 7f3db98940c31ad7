from __future__ import annotations

from typing import ClassVar

from labrun import Field, Simulator
from labrun.contracts.labels import labels_of
from labrun.registry.registry import Registry


class Pendulum(Simulator):
    """A pendulum."""

    name: ClassVar[str] = "pendulum"

    rate: float = Field(1.0, description="α, rate of kicks [1/sweep]")
    length: float = Field(1.0, description="length of the rod [m]")
    coupling: float | None = Field(None, description="J, dimensionless")
    time: float = Field(1.0, description="time before the first frame [time_unit]")
    time_unit: str = Field("s", description="unit of time")
    size: tuple[int, int] = Field((1, 1), description="cells along each side, or [height, width]")
    seeds: int = Field(1, description="number of seeds")


def test_symbols_and_units_of_numbers():
    assert labels_of(Pendulum) == {"rate": "α [1/sweep]", "length": "length [m]", "coupling": "J"}


def test_bundled_simulators_write_symbols_as_their_fields_do():
    registry = Registry.installed()

    def label(simulator: str, field: str) -> str:
        return labels_of(registry.find("simulations", simulator).plugin)[field]

    assert label("gray_scott", "feed") == "F [1/time]"
    assert label("gray_scott", "kill") == "k [1/time]"
    assert label("persistent_exclusion", "tumbling_rate") == "α [1/sweep]"
    assert label("persistent_exclusion", "density") == "ρ"
    assert label("reionization", "redshift") == "z"
    assert label("reionization", "escape_fraction") == "f_esc"
