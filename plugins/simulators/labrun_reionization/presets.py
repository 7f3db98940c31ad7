"""Presets: named sets of values of the simulator's fields."""

from typing import Any

PRESETS: dict[str, dict[str, Any]] = {
    # the cubes of S. Fay's project of 2019, made by the C code before 21cmFAST 3; its sources are the defaults of the fields
    "origin": {
        "cells": 200,
        "box": 300.0,
        "source": "mass_dependent",
        "conditional": "press_schechter",
        "largest_radius": 50.0,
        "hubble": 0.68,
        "matter": 0.31,
        "baryons": 0.048,
        "sigma8": 0.81,
        "spectral_index": 0.97,
        "critical_overdensity": 1.68,
        "recombinations": [13.0 - 0.5 * step for step in range(17)],
    }
}
