"""The plugin `persistent_exclusion`: what it accepts, what it refuses and how it says so, what it returns."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from pydantic import ValidationError

import labrun_persistent_exclusion
from labrun import View
from labrun.display.window import save_views
from labrun.engine.members import simulate_member
from labrun.store.parts import read_receipt, write_part
from labrun_persistent_exclusion import PersistentExclusion
from labrun_persistent_exclusion.observables import Observables, observe

SHORT: dict[str, Any] = {"density": 0.3, "tumbling_rate": 0.1, "size": (20, 34), "warm_up": 5, "snapshots": 6}
SERIES = set(Observables._fields)


def message(**options: Any) -> str:
    """What a person reads when the options are refused."""
    with pytest.raises(ValidationError) as error:
        PersistentExclusion(**{"density": 0.15, "tumbling_rate": 0.1, **options})
    (fault,) = error.value.errors()
    return fault["msg"].removeprefix("Value error, ")


def test_it_is_configured_as_yaml_gives_it():
    run = PersistentExclusion.configured({"density": 1, "tumbling_rate": 0.016, "size": [40, 56], "spacing": 3})
    assert (run.shape, run.density, run.spacing) == ((40, 56), 1.0, 3.0)
    assert PersistentExclusion.configured({"density": 0.5, "tumbling_rate": 1, "size": 64}).shape == (64, 64)


def test_every_field_is_described_and_the_schema_can_be_made():
    assert all(field.description for field in PersistentExclusion.model_fields.values())
    assert "ρ, particles per site" in str(PersistentExclusion.model_json_schema())


def test_the_hook_offers_it():
    assert labrun_persistent_exclusion.labrun_simulators() == [PersistentExclusion]
    assert (PersistentExclusion.name, PersistentExclusion.version) == ("persistent_exclusion", 1)


def test_numba_is_loaded_only_where_it_runs():
    command = "import labrun_persistent_exclusion, sys; print('numba' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", command], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize(
    ("density", "size", "particles"),
    [(0.15, 128, 2457), (0.29, 10, 29), (1, (3, 5), 15), (0.999, (3, 5), 14), (0.1, (2, 5), 1)],
)
def test_the_number_of_particles_is_rounded_down_but_not_by_the_rounding_of_floats(density, size, particles):
    assert PersistentExclusion(density=density, tumbling_rate=0.1, size=size).particles == particles


# --- times ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [0.016, 0.034, 0.073, 0.157, 0.340, 2**-6, 0.1, 1.0])
def test_the_origins_protocol(rate):
    """10 sweeps a look, 500 looks of warm-up, a snapshot every ⌊1/α⌋ looks, 1,000 of them."""
    run = PersistentExclusion(density=0.15, tumbling_rate=rate, warm_up=5000, warm_up_unit="sweeps")
    assert list(run.steps) == [5000 + k * 10 * int(1 / rate) for k in range(1000)]


@pytest.mark.parametrize(
    ("options", "steps"),
    [
        ({"warm_up": 0, "spacing": 20, "spacing_unit": "sweeps"}, [0, 20, 40]),
        (
            {"warm_up": 7, "warm_up_unit": "sweeps", "sweeps_per_look": 1, "spacing": 1, "spacing_unit": "sweeps"},
            [7, 8, 9],
        ),
        ({"warm_up": 2, "spacing": 1, "tumbling_rate": 0.07}, [30, 40, 50]),  # 28.6 up to 30, 14.3 down to 10
        ({"warm_up": 2, "spacing": 0.1, "tumbling_rate": 0.5}, [10, 20, 30]),  # at least one look apart
        ({"warm_up": 3, "spacing": 3, "tumbling_rate": 0.1}, [30, 60, 90]),  # 3 / 0.1 is 30 but for rounding
    ],
)
def test_snapshots_are_taken_at_whole_looks(options, steps, rng):
    run = PersistentExclusion(**{**SHORT, "snapshots": 3, **options})
    assert list(run.steps) == steps
    assert run.simulate(rng)["steps"].tolist() == steps


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (
            {"density": 1e-5, "size": (40, 56)},
            "density=1e-05 makes no particle on size=40×56: expected at least 0.0004464",
        ),
        (
            {"tumbling_rate": 0, "warm_up": 0, "warm_up_unit": "sweeps"},
            "spacing=10 tumbles never end at tumbling_rate=0: give it in sweeps, spacing_unit=sweeps",
        ),
        (
            {"warm_up": 5003, "warm_up_unit": "sweeps"},
            "warm_up=5003 sweeps is not a whole number of looks of sweeps_per_look=10: the nearest is 5000",
        ),
        (
            {"spacing": 4, "spacing_unit": "sweeps"},
            "spacing=4 sweeps is not a whole number of looks of sweeps_per_look=10: the nearest is 10",
        ),
        (
            {"tumbling_rate": 1e-12, "spacing": 10},
            "tumbling_rate=1e-12 is below 2⁻³⁰ = 9.31e-10, the least that differs from 0",
        ),
        (
            {"snapshots": 0},
            "snapshots=0 without observables keeps nothing: give a number of snapshots, or set observe=true",
        ),
        (
            {"snapshots": 5, "duration": 2000, "observe": True},
            "duration=2000 is over before the last snapshot is due, after 2400 sweeps: make it at least that",
        ),
        (
            {"snapshots": 0, "duration": 1000, "observe": True},
            "duration=1000 is over before the warm-up ends, after 2000 sweeps: make it at least that",
        ),
        (
            {"snapshots": 5, "duration": 9000},
            "duration=9000 continues after the last snapshot, at 2400 sweeps, where only observables are kept: set observe=true, "
            "or leave duration out",
        ),
    ],
)
def test_what_does_not_go_together_is_refused_with_reason_and_remedy(options, expected):
    assert message(**options) == expected


def test_several_faults_are_told_at_once():
    assert message(tumbling_rate=0, density=1e-5, snapshots=0).count("; ") == 3


@pytest.mark.parametrize(
    "options",
    [
        {"density": 0},
        {"density": 1.1},
        {"tumbling_rate": -0.1},
        {"tumbling_rate": 1.5},
        {"size": 0},
        {"spacing_unit": "days"},
    ],
)
def test_a_value_out_of_bounds_is_refused(options):
    with pytest.raises(ValidationError, match=next(iter(options))):
        PersistentExclusion(**{"density": 0.15, "tumbling_rate": 0.1, **options})


# --- what is returned -------------------------------------------------------------------------------------------------------


def test_arrays_are_as_declared(rng):
    arrays = simulate_member(PersistentExclusion(**SHORT, observe=True), rng)
    assert set(arrays) == set(PersistentExclusion.outputs) == SERIES | {"snapshots", "steps", "look_steps"}
    for name, array in arrays.items():
        assert str(array.dtype) in PersistentExclusion.outputs[name]
    assert arrays["snapshots"].shape == (6, 20, 34)
    assert set(np.unique(arrays["snapshots"])) == {0, 1, 2, 3, 4}
    assert (np.count_nonzero(arrays["snapshots"], axis=(1, 2)) == 204).all()


def test_observables_are_kept_only_if_asked_for(rng):
    arrays = simulate_member(PersistentExclusion(**SHORT), rng)
    assert all(arrays[name].shape == (0,) for name in SERIES | {"look_steps"})


def test_every_look_is_observed_from_the_start_to_the_duration(rng):
    run = PersistentExclusion(**SHORT, observe=True, duration=1500)
    arrays = run.simulate(rng)
    assert arrays["look_steps"].tolist() == list(range(0, 1501, 10))
    assert all(arrays[name].shape == (151,) for name in SERIES)
    assert arrays["steps"].tolist() == [50, 150, 250, 350, 450, 550]
    for step, snapshot in zip(arrays["steps"], arrays["snapshots"], strict=True):
        expected = observe(snapshot)
        assert tuple(arrays[name][step // 10] for name in Observables._fields) == expected


def test_observing_changes_no_snapshot():
    runs = [PersistentExclusion(**SHORT, **more) for more in ({}, {"observe": True, "duration": 900})]
    first, observed = (run.simulate(np.random.default_rng(4))["snapshots"] for run in runs)
    assert first.tobytes() == observed.tobytes()


def test_convergence_can_be_followed_without_any_snapshot(rng):
    arrays = simulate_member(PersistentExclusion(**{**SHORT, "snapshots": 0}, observe=True, duration=700), rng)
    assert arrays["snapshots"].shape == (0, 20, 34)
    assert arrays["mean_cluster_size"].shape == (71,)


def test_one_generator_state_gives_one_result_to_the_last_bit():
    first, again, other = (
        PersistentExclusion(**SHORT).simulate(np.random.default_rng(seed))["snapshots"].tobytes() for seed in (1, 1, 2)
    )
    assert first == again != other


def test_particles_cluster_where_they_tumble_seldom(rng):
    sizes = [
        PersistentExclusion(density=0.15, tumbling_rate=rate, size=(64, 80), snapshots=20, observe=True)
        .simulate(rng)["mean_cluster_size"][-200:]
        .mean()
        for rate in (0.5, 0.05)
    ]
    assert sizes[0] == pytest.approx(2.38, rel=0.05)
    assert sizes[1] > 3 * sizes[0]


@pytest.mark.parametrize("density", [0.15, 0.5, 0.8])
def test_a_thousand_snapshots_take_less_than_6_mb(density, rng, tmp_path):
    run = PersistentExclusion(density=density, tumbling_rate=0.5)  # the least ordered: the hardest to compress
    write_part(tmp_path, 0, [(0, run.simulate(rng))])
    receipt = read_receipt(tmp_path, 0)
    assert receipt is not None
    assert receipt.size < 6e6


PROJECT = """\
project: tumbling
seed: 4
simulations:
  runs:
    use: persistent_exclusion
    with: {size: [20, 34], density: 0.3, warm_up: 5, snapshots: 6, observe: true}
    sweep: {grid: {tumbling_rate: [0.1, 0.5]}, repeats: 4}
"""


def test_any_number_of_workers_gives_the_same_bytes(labrun_process, tmp_path):
    (tmp_path / "project.yaml").write_text(PROJECT, encoding="utf-8")
    parts = []
    for workers in (1, 2):
        outcome = labrun_process("run", "project.yaml", "--workers", workers, "--runs", f"runs_{workers}")
        assert outcome.code == 0, outcome.err
        found = sorted((tmp_path / f"runs_{workers}").rglob("parts/*.h5"))
        parts.append({path.read_bytes() for path in found})  # the store's, and the same linked into the run's folder
    assert len(parts[0]) == 8  # one part a member
    assert parts[0] == parts[1]


# --- watching ---------------------------------------------------------------------------------------------------------------


def test_watch_shows_one_look_after_the_other():
    run = PersistentExclusion(**SHORT)
    views = list(run.watch(np.random.default_rng(1), 7))
    assert all(isinstance(view, View) and view.image.shape == (20, 34) for view in views)
    assert [view.caption.split("\n")[0] for view in views][:2] == [
        "ρ = 0.3, α = 0.1, sweep 0",
        "ρ = 0.3, α = 0.1, sweep 10",
    ]
    np.testing.assert_array_equal(views[5].image, run.simulate(np.random.default_rng(1))["snapshots"][0])


def test_watch_with_one_picture_shows_the_end_of_the_warm_up():
    run = PersistentExclusion(**SHORT)
    (view,) = run.watch(np.random.default_rng(1), 1)
    np.testing.assert_array_equal(view.image, run.simulate(np.random.default_rng(1))["snapshots"][0])


def test_watch_gives_each_orientation_a_colour_of_its_own(tmp_path):
    (view,) = PersistentExclusion(**SHORT).watch(np.random.default_rng(1), 1)
    colors = mpl.colormaps[view.colormap]
    normalized = (np.arange(5) - view.low) / (view.high - view.low)
    assert [mpl.colors.to_hex(color) for color in colors(normalized)] == labrun_persistent_exclusion.COLORS
    save_views(iter([view]), tmp_path / "end.png", rate=1)
    assert (tmp_path / "end.png").stat().st_size > 5000
