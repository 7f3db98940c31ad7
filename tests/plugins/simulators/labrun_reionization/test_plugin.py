"""The simulator as a project uses it."""

from __future__ import annotations

from contextlib import ExitStack

import h5py
import numpy as np
import pytest
from pydantic import ValidationError

from labrun_reionization import Reionization
from labrun_reionization.members import density_at, recombined_by, sky_of

TINY = {"cells": 16, "box": 24.0, "redshift": 8.0}
HISTORY = [11.0, 9.0, 8.0, 7.0]

PROJECT = """\
project: sky
seed: 5
simulations:
  cubes:
    use: reionization
    with: {cells: 12, box: 18, source: mass_dependent, recombinations: [9, 8, 7]}
    sweep:
      table:
        - {realization: 0, escape_fraction: 0.07, redshift: 8.5}
        - {realization: 0, escape_fraction: 0.07, redshift: 7}
        - {realization: 1, escape_fraction: 0.13, redshift: 7}
      labels: [realization]
      seed_by: [realization]
"""


@pytest.fixture(autouse=True)
def _nothing_is_kept():
    forget()


def forget() -> None:
    for kept in (sky_of, density_at, recombined_by):
        kept.cache_clear()


def simulate(seed: int = 1, **values):
    return Reionization.configured({**TINY, **values}).simulate(np.random.default_rng(seed))


def assert_same(one, other):
    for name in Reionization.outputs:
        np.testing.assert_array_equal(one[name], other[name])


def test_it_gives_what_it_says():
    arrays = simulate()
    assert set(arrays) == set(Reionization.outputs)
    for name in ("density", "neutral_fraction", "brightness_temperature"):
        assert arrays[name].shape == (16, 16, 16)
        assert arrays[name].dtype == np.float32
        assert np.isfinite(arrays[name]).all()
    assert arrays["cell_size"] == 1.5
    assert arrays["cell_size"].dtype == np.float64
    assert ((arrays["neutral_fraction"] >= 0) & (arrays["neutral_fraction"] <= 1)).all()
    np.testing.assert_array_equal(arrays["brightness_temperature"] == 0, arrays["neutral_fraction"] == 0)


def test_one_generator_is_one_sky_and_another_another():
    late, early = simulate(redshift=7.0)["density"], simulate(redshift=12.0)["density"]
    assert np.corrcoef(late.ravel(), early.ravel())[0, 1] > 0.9
    assert late.std() > early.std()
    other = simulate(2, redshift=7.0)["density"]
    assert abs(np.corrcoef(late.ravel(), other.ravel())[0, 1]) < 0.3


@pytest.mark.parametrize("recombinations", [None, HISTORY])
def test_members_are_the_same_whether_or_not_anything_is_kept(recombinations):
    members = [(1, 9.5, 30.0), (1, 7.5, 30.0), (2, 7.5, 30.0), (1, 7.5, 60.0), (1, 8.0, 30.0), (1, 6.5, 30.0)]

    def run(seed, redshift, efficiency):
        return simulate(seed, redshift=redshift, ionizing_efficiency=efficiency, recombinations=recombinations)

    one_after_another = [run(*member) for member in members]
    for member, arrays in zip(members, one_after_another, strict=True):
        forget()
        assert_same(run(*member), arrays)


def test_what_a_member_gives_may_be_changed():
    simulate()["density"][:] = 7
    assert simulate()["density"].max() < 7


def test_initial_conditions_are_made_once_for_a_sky():
    for redshift in (9.0, 8.0, 7.0):
        simulate(redshift=redshift, source="mass_dependent", recombinations=HISTORY)
    assert sky_of.cache_info().misses == 1


def test_falling_redshifts_follow_recombinations_without_starting_anew():
    for redshift in (10.0, 8.5, 7.5, 6.5):
        simulate(redshift=redshift, recombinations=HISTORY)
    assert recombined_by.cache_info().misses == len(HISTORY)


def test_recombinations_leave_more_neutral():
    plain, delayed = (
        simulate(redshift=7.0, ionizing_efficiency=12.0, recombinations=which)["neutral_fraction"]
        for which in (None, HISTORY)
    )
    assert (delayed >= plain).all()
    assert delayed.mean() > plain.mean()


def test_before_the_first_redshift_nothing_has_recombined():
    assert_same(simulate(redshift=12.0, recombinations=HISTORY), simulate(redshift=12.0))


@pytest.mark.parametrize(
    "values",
    [
        {"ionizing_efficiency": 40.0},
        {"minimum_mass": 2e9},
        {"minimum_virial_temperature": 5e4},
        {"filter": "top_hat"},
        {"largest_radius": 3.0},
        {"source": "mass_dependent"},
        {"dynamics": "zeldovich"},
        {"fine": 3},
        {"sigma8": 0.9},
        {"critical_overdensity": 1.6},
    ],
)
def test_options_change_what_is_ionized(values):
    assert not np.array_equal(simulate(**values)["neutral_fraction"], simulate()["neutral_fraction"])


@pytest.mark.parametrize(
    "values",
    [
        {"escape_fraction": 0.2},
        {"escape_slope": 0.0},
        {"star_fraction": 0.1},
        {"star_slope": 0.2},
        {"turnover_mass": 1e9},
        {"photons_per_baryon": 8000.0},
        {"conditional": "press_schechter"},
    ],
)
def test_options_of_mass_dependent_sources_change_what_is_ionized(values):
    changed, plain = (simulate(source="mass_dependent", **more)["neutral_fraction"] for more in (values, {}))
    assert not np.array_equal(changed, plain)


def test_redshift_space_changes_the_brightness_alone():
    real, distorted = simulate(redshift_space=False), simulate()
    np.testing.assert_array_equal(real["neutral_fraction"], distorted["neutral_fraction"])
    assert not np.array_equal(real["brightness_temperature"], distorted["brightness_temperature"])


def test_slower_stars_give_a_fainter_background_and_so_less_recombines():
    slow, fast = (
        simulate(redshift=7.0, ionizing_efficiency=12.0, recombinations=HISTORY, star_time=time)["neutral_fraction"]
        for time in (1.0, 0.05)
    )
    assert slow.mean() < fast.mean()


def test_the_origins_preset():
    origin = Reionization.configured({"preset": "origin", "redshift": 6.5, "escape_fraction": 0.07})
    assert (origin.cells, origin.box, origin.largest_radius, origin.source) == (200, 300, 50, "mass_dependent")
    assert origin.recombinations == [13 - 0.5 * i for i in range(17)]
    assert origin.sources().efficiency == pytest.approx(17.5)
    assert Reionization.configured({"preset": "origin", "redshift": 7, "cells": 100}).cells == 100


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"escape_fraction": 0.07},
            "escape_fraction: of no effect with source=constant; leave it out, or choose source=mass_dependent",
        ),
        (
            {"source": "mass_dependent", "minimum_mass": 1e9},
            "minimum_mass: of no effect with source=mass_dependent; leave it out, or choose source=constant",
        ),
        (
            {"minimum_mass": 1e9, "minimum_virial_temperature": 1e4},
            "minimum_mass and minimum_virial_temperature both say which halos ionize: give one of them",
        ),
        (
            {"recombinations": [9.0, 10.0]},
            "recombinations=[9.0, 10.0]: expected falling redshifts, such as [13, 12.5, 12]",
        ),
        ({"recombinations": [50.0, 10.0]}, "recombinations=[50.0, 10.0]: expected redshifts from 2 to 40"),
        ({"star_time": 0.1}, "star_time is of no effect without recombinations: leave it out, or list their redshifts"),
        ({"baryons": 0.4}, "baryons=0.4 are a part of matter=0.309641: expected fewer"),
        (
            {"minimum_mass": 1e12},
            "the smallest sphere, of 0.931 Mpc, holds 1.33e+11 M☉, less than the least halo that ionizes, "
            "1e+12 M☉: expected cells (box / cells) of more than 2.94 Mpc, or smaller halos",
        ),
        ({"cells": 15}, "multiple of 2"),
        ({"preset": "orgin"}, "there is no preset 'orgin': did you mean 'origin'?"),
    ],
)
def test_faults_are_told(values, message):
    with pytest.raises(ValidationError) as fault:
        Reionization.configured({**TINY, **values})
    assert message in str(fault.value)


def test_watch_shows_slices_of_the_brightness():
    member = Reionization.configured(TINY)
    (middle,) = member.watch(np.random.default_rng(1), 1)
    np.testing.assert_array_equal(middle.image, simulate()["brightness_temperature"][8])
    assert middle.caption == "21 cm [mK], z = 8, 12 of 24 Mpc deep"
    assert len(list(member.watch(np.random.default_rng(1), 3))) == 3


def test_a_project_runs(tmp_path, labrun_process):
    (tmp_path / "sky.yaml").write_text(PROJECT, encoding="utf-8")
    outcome = labrun_process("run", "sky.yaml", "--workers", "1")
    assert outcome.code == 0, outcome.err
    with ExitStack() as files:
        parts = [
            files.enter_context(h5py.File(part))
            for part in sorted(tmp_path.glob("runs/sky/simulations/cubes/parts/*.h5"))
        ]
        early, late, other = (next(part[member] for part in parts if member in part) for member in "012")
        assert early["brightness_temperature"].shape == (12, 12, 12)
        assert float(early["cell_size"][()]) == 1.5
        skies = [member["density"][()].ravel() for member in (early, late, other)]
    correlation = np.corrcoef(skies)
    assert correlation[0, 1] > 0.9  # one sky at two redshifts
    assert abs(correlation[1, 2]) < 0.4  # another sky
