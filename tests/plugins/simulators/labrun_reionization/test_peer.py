"""Against 21cmFAST: version 4.1.1 on its own density, and a cube of the C code that came before it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from labrun_reionization import Reionization
from labrun_reionization.brightness import brightness_temperature, neutral_fraction_of
from labrun_reionization.initial import make_sky
from labrun_reionization.ionization import ionize
from labrun_reionization.perturbation import evolve_density
from labrun_reionization.recombination import FIRST_STEP, recombine

DATA = Path(__file__).parents[5] / "shared/data/twentyone_cm"
REAL = DATA / "joelle_ESC_FRAC_0.070_RNG_150"
BOX = 96.0
pytestmark = pytest.mark.skipif(
    not DATA.exists(), reason="needs the files in shared/data, which are not part of the repository"
)


@pytest.fixture(scope="module")
def peer():
    with np.load(DATA / "peer64_96Mpc.npz") as arrays:
        yield dict(arrays)


@pytest.fixture(scope="module")
def origin():
    """δT_b [mK] and δ, (200, 200, 200), at z = 6.5."""
    files = "delta_T_v3_z006.50_nf0.362545_useTs0_200_300Mpc", "updated_smoothed_deltax_z006.50_200_300Mpc"
    return [np.fromfile(REAL / name, "<f4").reshape(200, 200, 200) for name in files]


def compare(density: Any, expected: Any, same: float, **values: Any) -> None:
    member = Reionization(box=BOX, **values)
    found = ionize(density, BOX, member.sources(), member.largest_radius, member.filter).neutral_fraction
    assert np.mean((found == 0) == (expected == 0)) >= same
    assert found.mean(dtype=float) == pytest.approx(expected.mean(dtype=float), abs=1e-4)
    assert np.abs(found - expected)[(found > 0) & (expected > 0)].max() < 5e-4


@pytest.mark.parametrize("redshift", [7, 8, 10])
def test_constant_sources_ionize_the_same_cells(peer, redshift):
    compare(peer[f"density_z{redshift}"], peer[f"xH_const_zeta30_z{redshift}"], 0.9999, redshift=redshift)


@pytest.mark.parametrize("escape_fraction", [0.07, 0.13])
@pytest.mark.parametrize("redshift", [7, 8, 10])
def test_mass_dependent_sources_ionize_the_same_cells(peer, redshift, escape_fraction):
    compare(
        peer[f"density_z{redshift}"],
        peer[f"xH_park_fesc{escape_fraction:.2f}_z{redshift}"],
        0.9998,
        redshift=redshift,
        source="mass_dependent",
        escape_fraction=escape_fraction,
        star_fraction=10**-1.3,  # the peer's parameters are logarithms
        turnover_mass=10**8.7,
        largest_radius=30.0,
    )


@pytest.mark.parametrize("redshift", [7, 8, 10])
def test_the_density_is_that_of_the_peer(peer, redshift):
    density = evolve_density(
        make_sky(peer["hires_density"], 2, BOX, "2lpt"), Reionization(redshift=8).cosmology(), redshift
    )
    expected = peer[f"density_z{redshift}"]
    assert np.corrcoef(density.ravel(), expected.ravel())[0, 1] >= 0.99999
    np.testing.assert_allclose(density, expected, atol=1e-5)


def test_zeldovich_alone_comes_less_close(peer):
    sky = make_sky(peer["hires_density"], 2, BOX, "zeldovich")
    density = evolve_density(sky, Reionization(redshift=8).cosmology(), 8)
    assert 0.99 < np.corrcoef(density.ravel(), peer["density_z8"].ravel())[0, 1] < 0.9995


@pytest.mark.parametrize("redshift", [7, 8, 10])
@pytest.mark.parametrize("model", ["const_zeta30", "park_fesc0.07", "park_fesc0.13"])
def test_the_brightness_is_that_of_the_peer(peer, redshift, model):
    neutral, density = peer[f"xH_{model}_z{redshift}"], peer[f"density_z{redshift}"]
    brightness = brightness_temperature(neutral, density, Reionization(redshift=8).cosmology(), redshift, False)
    np.testing.assert_allclose(brightness, peer[f"bt_{model}_z{redshift}"], atol=1e-4)


def test_the_origins_neutral_fraction_is_recovered_from_its_brightness(origin):
    brightness, density = origin
    cosmology = Reionization(preset="origin", redshift=6.5).cosmology()
    neutral = neutral_fraction_of(brightness, density, cosmology, 6.5, True)
    assert neutral.min() >= 0
    assert neutral.max() <= 1 + 1e-5
    assert neutral.mean(dtype=float) == pytest.approx(0.362545, abs=1e-6)
    back = brightness_temperature(np.minimum(neutral, 1), density, cosmology, 6.5, True)
    np.testing.assert_allclose(back, brightness, atol=1e-4)


@pytest.mark.slow  # a minute and a half of one processor
def test_the_origins_cube_with_recombinations(origin):
    """Its density at earlier redshifts is not known: it is taken to have grown linearly."""
    brightness, density = origin
    member = Reionization(preset="origin", redshift=6.5, escape_fraction=0.07)
    cosmology = member.cosmology()
    expected = neutral_fraction_of(brightness, density, cosmology, 6.5, True)
    recombined = np.zeros_like(density)
    earlier = None
    for redshift in [z for z in member.recombinations or () if z >= 6.5]:
        then = np.maximum(density * np.float32(cosmology.growth(redshift) / cosmology.growth(6.5)), -1 + 1e-6)
        sources = member.at(redshift).sources()
        found = ionize(then, member.box, sources, member.largest_radius, member.filter, recombined)
        step = FIRST_STEP * (1 + redshift) if earlier is None else earlier - redshift
        recombined += recombine(found, then, cosmology, redshift, step, member.star_time)
        earlier = redshift
    assert np.mean((found.neutral_fraction == 0) == (expected == 0)) >= 0.99
    assert found.neutral_fraction.mean(dtype=float) == pytest.approx(0.3616, abs=0.005)
