"""A solid or liquid material: measurements of its phase at random temperatures and pressures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

from pydantic import model_validator

from labrun import Arrays, Field, Simulator, hookimpl

if TYPE_CHECKING:
    import numpy as np

ABSOLUTE_ZERO = -273.15  # °C
SOLID, LIQUID = 0, 1


class TwoPhaseMaterial(Simulator):
    """Temperatures and pressures, uniform in a rectangle, and the phase measured there: solid or liquid.

    The two phases meet on the melting line of Clausius and Clapeyron, taken as straight:

        P_m(T) = P₀ + (dP/dT) (T − T₀),        dP/dT = ΔH / (T₀ ΔV) with T₀ in kelvin

    T: temperature [°C]; P: pressure [atm]; (T₀, P₀): a point of the line; ΔH, ΔV: heat [J/mol] and change of volume [m³/mol] of melting.
    **Liquid is the hot side.** If the slope is positive, that is below the line (the solid is denser than the liquid, and pressure freezes
    it); if it is negative, as for water, it is above (pressure melts the solid). Near the line the label is drawn:

        p(liquid) = 1 / (1 + exp(−d / w)),        d = sign(dP/dT) (P_m(T) − P)

    d: distance of the point from the line, positive on the liquid's side [atm]; w: width [atm], for the scatter of gauges and undercooled
    samples; p rises from 12 % to 88 % over 4 w. With w = 0 the line is sharp, and points on it are liquid.

    The defaults are benzene: it melts at 5.53 °C under 1 atm with ΔH = 9.87 kJ/mol (NIST Chemistry WebBook) and ΔV = 10.3 cm³/mol (P. W.
    Bridgman, Phys. Rev. 3, 153 (1914)), which makes 34 atm/K. The true line is curved: at 1000 atm benzene melts about 2 K lower than here.
    Water has a slope of −134 atm/K at 0 °C.

    Draws from the member's generator: all temperatures, all pressures, then a number for each label (even with w = 0).
    """

    name: ClassVar[str] = "two_phase_material"
    version: ClassVar[int] = 1
    outputs: ClassVar[Mapping[str, str]] = {
        "temperature": "(samples,) float64: temperature of each measurement [°C]",
        "pressure": "(samples,) float64: pressure of each measurement [atm]",
        "phase": "(samples,) uint8: 0 solid, 1 liquid",
    }

    samples: int = Field(2000, ge=1, description="number of measurements")
    temperatures: tuple[float, float] = Field((0.0, 40.0), description="lowest and highest temperature [°C]")
    pressures: tuple[float, float] = Field((0.0, 1000.0), description="lowest and highest pressure [atm]")
    reference_temperature: float = Field(5.53, ge=ABSOLUTE_ZERO, description="T₀, melting temperature at P₀ [°C]")
    reference_pressure: float = Field(1.0, description="P₀, melting pressure at T₀ [atm]")
    slope: float = Field(34.0, description="dP/dT of the melting line [atm/K]; not 0")
    width: float = Field(10.0, ge=0, description="w, logistic width of the boundary [atm]; 0: sharp")

    @model_validator(mode="after")
    def _check_ranges(self) -> Self:
        for field, least, unit in (("temperatures", ABSOLUTE_ZERO, "°C"), ("pressures", 0, "atm")):
            low, high = getattr(self, field)
            if not least <= low < high:
                raise ValueError(
                    f"{field}=[{low:g}, {high:g}] is not a range: expected the lowest, at least {least:g} {unit}, then a higher one"
                )
        if self.slope == 0:
            raise ValueError("slope=0 makes no melting line P(T): give dP/dT of the material [atm/K], 34 for benzene")
        return self

    def melting_pressure(self, temperature: Any) -> Any:
        """Return P_m, the pressure of the melting line [atm] at a temperature or an array of them [°C]."""
        return self.reference_pressure + self.slope * (temperature - self.reference_temperature)

    def simulate(self, rng: np.random.Generator) -> Arrays:
        """Return temperatures, pressures and phases (see `outputs`)."""
        import numpy as np
        from scipy.special import expit

        temperature = rng.uniform(*self.temperatures, self.samples)
        pressure = rng.uniform(*self.pressures, self.samples)
        drawn = rng.random(self.samples)
        distance = np.sign(self.slope) * (self.melting_pressure(temperature) - pressure)
        liquid = drawn < expit(distance / self.width) if self.width else distance >= 0
        return {
            "temperature": temperature,
            "pressure": pressure,
            "phase": np.where(liquid, LIQUID, SOLID).astype(np.uint8),
        }


@hookimpl
def labrun_simulators() -> list[type[Simulator]]:
    """Offer the simulator."""
    return [TwoPhaseMaterial]
