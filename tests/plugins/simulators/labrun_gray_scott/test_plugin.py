"""The plugin `gray_scott`: what it accepts, what it refuses and how it says so, what it returns."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

import labrun_gray_scott
from labrun import View
from labrun_gray_scott import GrayScott, kernel, reference

SHORT: dict[str, Any] = {"feed": 0.03, "kill": 0.0565, "size": (40, 56), "duration": 100, "frame_interval": 20}


@pytest.fixture
def rng():
    return np.random.default_rng(5)


def message(**options: Any) -> str:
    """What a person reads when the options are refused."""
    with pytest.raises(ValidationError) as error:
        GrayScott(**{"feed": 0.03, "kill": 0.06, **options})
    (fault,) = error.value.errors()
    return fault["msg"].removeprefix("Value error, ")


def test_defaults_are_those_of_the_publication():
    run = GrayScott(feed=0.03, kill=0.06)
    assert run.shape == (128, 128)
    assert (run.diffusion_u, run.diffusion_v, run.time_step, run.duration) == (0.2, 0.1, 0.25, 15000)
    assert (run.frames, run.frame_interval, run.precision) == (3, 30, "single")


def test_it_is_configured_as_yaml_gives_it():
    run = GrayScott.configured(
        {"feed": 0, "kill": 0.06, "size": [40, 56], "duration": 100, "roll_axes": [0, 1], "rotation": [5, 5]}
    )
    assert (run.feed, run.shape, run.roll_axes, run.rotation) == (0.0, (40, 56), (0, 1), (5, 5))
    assert GrayScott.configured({"feed": 0.01, "kill": 0.06, "size": 64}).shape == (64, 64)


def test_every_field_is_described_and_the_schema_can_be_made():
    assert all(field.description for field in GrayScott.model_fields.values())
    assert "F, feed rate of u [1/time]" in str(GrayScott.model_json_schema())


def test_the_hook_offers_it():
    assert labrun_gray_scott.labrun_simulators() == [GrayScott]
    assert (GrayScott.name, GrayScott.version) == ("gray_scott", 1)


def test_numba_and_scipy_are_loaded_only_where_they_run():
    command = "import labrun_gray_scott, sys; print([m for m in ('numba', 'scipy') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", command], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (
            {"time_step": 3, "duration": 3000},
            "time_step=3 is unstable with diffusion_u=0.2: forward Euler needs time_step <= 2 / (4 diffusion_u + feed) = 2.41",
        ),
        (
            {"diffusion_u": 0, "diffusion_v": 2},
            "time_step=0.25 is unstable with diffusion_v=2: forward Euler needs time_step <= 2 / (4 diffusion_v + feed + kill) = 0.2472",
        ),
        (
            {"frames": 10, "frame_interval": 400, "duration": 3000},
            "frames=10 at frame_interval=400 reach 600 before the start of duration=3000: at most 8 fit",
        ),
        (
            {"duration": 100.1},
            "duration=100.1 is not a whole number of steps of time_step=0.25: the nearest is 100",
        ),
        (
            {"frame_interval": 0.1},
            "frame_interval=0.1 is not a whole number of steps of time_step=0.25: the nearest is 0.25",
        ),
        (
            {"size": 18, "cut_side": 5, "second_side": 5},
            "size=18×18 is too small for square_side=20: enlarge the one or reduce the other",
        ),
        (
            {"size": (40, 56), "second_side": 41},
            "size=40×56 is too small for second_side=41: enlarge the one or reduce the other",
        ),
        (
            {"size": (40, 56), "cut_side": 50},
            "size=40×56 is too small for cut_side=50: enlarge the one or reduce the other",
        ),
        (
            {"second_distance": (0.4, 0.2)},
            "second_distance=[0.4, 0.2]: expected the least distance first, then a greater one",
        ),
        ({"rotation": (50, 10)}, "rotation=[50, 10]: expected the least angle first"),
        ({"roll_axes": (0, 0)}, "roll_axes=[0, 0]: expected each axis at most once"),
    ],
)
def test_what_does_not_go_together_is_refused_with_reason_and_remedy(options, expected):
    assert message(**options) == expected


def test_several_faults_are_told_at_once():
    text = message(rotation=(50, 10), duration=100.1, roll_axes=(1, 1))
    assert text.count("; ") == 2


@pytest.mark.parametrize(
    "options", [{"feed": -0.1}, {"time_step": 0}, {"size": 7}, {"roll_axes": (2,)}, {"precision": "half"}]
)
def test_a_value_out_of_bounds_is_refused(options):
    with pytest.raises(ValidationError, match=next(iter(options))):
        GrayScott(**{"feed": 0.03, "kill": 0.06, **options})


def test_the_greatest_stable_time_step_is_accepted():
    assert GrayScott(feed=0, kill=0, diffusion_u=1, time_step=0.5).time_step == 0.5


@pytest.mark.parametrize(("precision", "dtype"), [("single", np.float32), ("double", np.float64)])
def test_u_is_returned_as_it_is_declared(precision, dtype, rng):
    arrays = GrayScott(**SHORT, precision=precision, frames=4).simulate(rng)
    assert set(arrays) == set(GrayScott.outputs)
    assert arrays["u"].shape == (40, 56, 4)
    assert arrays["u"].dtype == dtype


def test_frames_are_saved_at_the_end_and_at_whole_intervals_before_it(rng):
    run = GrayScott(**SHORT, frames=3, precision="double")
    u, v = run.initial_state(np.random.default_rng(5))
    frames = run.simulate(rng)["u"]
    for frame, time in zip(np.moveaxis(frames, -1, 0), [60, 80, 100], strict=True):
        expected, _ = reference.integrate(u, v, time * 4, feed=0.03, kill=0.0565)
        np.testing.assert_allclose(frame, expected, rtol=0, atol=1e-12)


def test_frames_may_reach_back_to_the_start(rng):
    frames = GrayScott(**SHORT, frames=6).simulate(rng)["u"]
    start, _ = GrayScott(**SHORT).initial_state(np.random.default_rng(5))
    np.testing.assert_array_equal(frames[..., 0], start)


def test_one_generator_state_gives_one_result_to_the_last_bit():
    run = GrayScott(**SHORT)
    first, again, other = (run.simulate(np.random.default_rng(seed))["u"] for seed in (1, 1, 2))
    assert first.tobytes() == again.tobytes()
    assert first.tobytes() != other.tobytes()


def test_members_that_differ_in_rates_alone_start_alike():
    starts = [GrayScott(**{**SHORT, "feed": feed}).initial_state(np.random.default_rng(1))[0] for feed in (0.01, 0.05)]
    np.testing.assert_array_equal(starts[0], starts[1])


def test_a_pattern_grows_and_a_dead_state_dies(rng):
    """Class β against class h: the feed of the first sustains v, that of the second does not."""
    beta = GrayScott(feed=0.025, kill=0.05, size=(64, 80), duration=3000).simulate(rng)["u"][..., -1]
    dead = GrayScott(feed=0.005, kill=0.05, size=(64, 80), duration=3000).simulate(rng)["u"][..., -1]
    assert beta.std() > 0.05
    assert dead.std() < 1e-3
    assert dead.min() > 0.99


def test_a_blow_up_is_an_error_that_says_what_to_do(rng):
    run = GrayScott(**{**SHORT, "duration": 2000, "time_step": 2, "square_v": 3.0, "cut_side": 1})
    with pytest.raises(
        FloatingPointError, match=r"no longer finite between steps 0 and .*time_step=2: choose a shorter time_step"
    ):
        run.simulate(rng)


def test_watch_shows_the_run_from_start_to_end():
    run = GrayScott(**SHORT)
    views = list(run.watch(np.random.default_rng(1), 5))
    assert all(
        isinstance(view, View) and view.image.shape == (40, 56) and (view.low, view.high) == (0, 1) for view in views
    )
    assert [view.caption.rpartition("t = ")[2] for view in views] == ["0", "25", "50", "75", "100"]
    assert views[0].caption == "Gray-Scott, F = 0.03, k = 0.0565, t = 0"
    np.testing.assert_array_equal(views[0].image, run.initial_state(np.random.default_rng(1))[0])
    np.testing.assert_array_equal(views[-1].image, run.simulate(np.random.default_rng(1))["u"][..., -1])


def test_watch_with_one_picture_shows_the_end():
    (view,) = GrayScott(**SHORT).watch(np.random.default_rng(1), 1)
    assert view.caption.endswith("t = 100")


def test_watch_computes_only_what_is_asked_for(monkeypatch, rng):
    steps = []
    advance = kernel.advance

    def count(*arguments):
        steps.append(arguments[4])
        advance(*arguments)

    monkeypatch.setattr(kernel, "advance", count)
    views = GrayScott(**SHORT).watch(rng, 5)
    next(views)
    next(views)
    assert sum(steps) == 100
