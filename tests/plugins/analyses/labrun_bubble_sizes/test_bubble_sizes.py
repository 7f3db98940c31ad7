from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from scipy import fft
from scipy.stats import kstest

from labrun import Ensemble, Outline
from labrun_bubble_sizes import BubbleSizes
from labrun_bubble_sizes.measuring import measure_bubbles, ray_lengths, region_volumes, size_edges

REAL = Path(__file__).parents[5] / "shared/data/twentyone_cm/joelle_ESC_FRAC_0.070_RNG_150"
"""A pair of cubes of 21cmFAST, 200³ cells of 1.5 Mpc, which are not part of the repository."""

SKIES = """\
from typing import ClassVar

import numpy as np

from labrun import Field, Simulator, hookimpl


class Holes(Simulator):
    \"\"\"A box with ionized cells at random.\"\"\"

    name: ClassVar[str] = "holes"
    outputs: ClassVar = {"neutral_fraction": "", "cell_size": ""}

    redshift: float = Field(8.0)

    def simulate(self, rng):
        return {"neutral_fraction": (rng.random((12, 10, 8)) * self.redshift / 8), "cell_size": np.float64(1.5)}


@hookimpl
def labrun_simulators():
    return [Holes]
"""

PROJECT = """\
project: skies
plugins: [skies.py]
simulations:
  skies: {use: holes, sweep: {grid: {redshift: [7, 9.5]}, repeats: 2}}
analyses:
  bubbles: {use: bubble_sizes, from: skies, with: {rays: 500}}
"""


@pytest.fixture(autouse=True)
def close_figures() -> Iterator[None]:
    yield
    plt.close("all")


def ball(shape, centre, radius):
    """The cells whose middle lies in a ball, across the borders of the box too."""
    axes = [np.abs((np.arange(n) + 0.5 - c + n / 2) % n - n / 2) for n, c in zip(shape, centre, strict=True)]
    return sum(np.square(one) for one in np.ix_(*axes)) < radius**2


def walk(ionized, start, direction, step=1e-3):
    """The way of a ray by small steps: slow and obvious."""
    way = 0.0
    while ionized[tuple(np.floor(start + way * direction).astype(int) % ionized.shape)]:
        way += step
    return way


def skies(boxes, cell_size=1.5, **columns) -> Ensemble:
    members = [{"neutral_fraction": np.where(box, 0.1, 0.9), "cell_size": np.float64(cell_size)} for box in boxes]
    return Ensemble.from_arrays(members, columns, "skies")


@pytest.mark.parametrize("centre", [(40, 35, 30), (1, 69, 0)])
def test_rays_in_a_ball_have_the_lengths_of_its_chords(rng, centre):
    """P(l) = 3/(4a) (1 − l²/4a²) up to 2a, whether or not the ball lies across the borders of the box."""
    lengths = ray_lengths(ball((80, 70, 60), centre, 25.3), 20_000, rng)
    a = 25.3

    def below(length):
        x = np.clip(length, 0, 2 * a)
        return 3 / (4 * a) * (x - x**3 / (12 * a**2))

    assert lengths.mean() == pytest.approx(3 * a / 4, rel=0.02)
    assert kstest(lengths, below).statistic < 0.02
    assert lengths.max() <= 2 * a + np.sqrt(3)


def test_rays_go_as_far_as_small_steps_do(rng):
    from labrun_bubble_sizes.rays import trace_rays

    ionized = rng.random((7, 5, 6)) < 0.8
    starts = np.argwhere(ionized)[rng.integers(0, ionized.sum(), 60)] + rng.random((60, 3))
    directions = rng.normal(size=(60, 3))
    directions[:6] = np.concatenate([np.eye(3), -np.eye(3)])
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    lengths = np.empty(60)
    trace_rays(ionized, starts, directions, 50.0, lengths)
    expected = [walk(ionized, *ray) for ray in zip(starts, directions, strict=True)]
    np.testing.assert_allclose(lengths, expected, atol=2e-3)


def test_rays_between_two_walls(rng):
    """In a slab of width w, a ray from x towards the wall at cos θ = μ > 0 is (w − x)/μ long: the median is known, and none is
    shorter than its distance from the wall."""
    slab = np.zeros((30, 8, 6), bool)
    slab[10:15] = True
    lengths = ray_lengths(slab, 40_000, rng)
    mu, x = rng.random(40_000), 5 * rng.random(40_000)
    expected = np.minimum(x / mu, 30)
    assert np.quantile(lengths, [0.1, 0.5, 0.9]) == pytest.approx(np.quantile(expected, [0.1, 0.5, 0.9]), rel=0.04)
    assert (lengths == 30).mean() == pytest.approx((expected == 30).mean(), abs=0.01)


def test_regions_are_joined_over_faces_and_across_all_borders():
    box = np.zeros((7, 6, 5), bool)
    box[0, 2, 2] = box[6, 2, 2] = box[5, 2, 2] = True  # across the first axis
    box[3, 0, 0] = box[3, 5, 0] = box[3, 5, 4] = True  # across the second and the third
    box[2, 4, 2] = True  # alone: it touches nothing but edges
    box[3, 3, 2] = True
    assert sorted(region_volumes(box)) == [1, 1, 3, 3]
    assert region_volumes(np.ones((3, 4, 5), bool)).tolist() == [60]


def test_regions_do_not_change_when_the_box_is_rolled(rng):
    box = rng.random((14, 11, 9)) < 0.3
    expected = sorted(region_volumes(box))
    assert sum(expected) == box.sum()
    for shift in ((3, 0, 0), (0, 5, 0), (0, 0, 4), (7, 5, 2)):
        assert sorted(region_volumes(np.roll(box, shift, (0, 1, 2)))) == expected


def test_distributions_are_shares_for_each_unit_of_ln_r(rng):
    box = ball((40, 36, 32), (8, 8, 8), 6.2) | ball((40, 36, 32), (28, 25, 20), 3.1)
    volumes = np.sort(region_volumes(box))
    summary, table = measure_bubbles(box, 1.5, 5_000, 10, rng)
    widths = np.log(10) / 10
    for _, shares in table.groupby("method"):
        assert (shares["dP/dlnR"] * widths).sum() == pytest.approx(
            1, abs=0.12
        )  # rays shorter than half a cell are left out
    regions = table[table["method"] == "regions"].set_index("R")["dP/dlnR"] * widths
    assert regions.sum() == pytest.approx(1)
    for volume in volumes:
        radius = 1.5 * (3 * volume / (4 * np.pi)) ** (1 / 3)
        nearest = regions.index[np.abs(np.log(regions.index / radius)).argmin()]
        assert regions[nearest] == pytest.approx(volume / volumes.sum())
    assert summary["largest region"] == pytest.approx(volumes[1] / volumes.sum())
    assert summary["ionized fraction"] == pytest.approx(volumes.sum() / box.size)


def test_the_peak_of_a_ball_lies_at_twice_its_radius_by_the_square_root_of_three(rng):
    summary, _ = measure_bubbles(ball((64, 60, 50), (30, 30, 25), 20), 1.5, 100_000, 10, rng)
    assert summary["mean free path, peak"] == pytest.approx(2 * 30 / np.sqrt(3), rel=0.15)
    assert summary["regions"] == 1


def test_bins_begin_at_half_a_cell_and_reach_the_longest_side():
    edges = size_edges(1.5, 96.0, 10)
    assert edges[0] == 0.75
    assert edges[-2] < 96.0 <= edges[-1]
    np.testing.assert_allclose(edges[1:] / edges[:-1], 10**0.1)


def test_realizations_are_averaged(rng):
    boxes = [rng.random((16, 12, 10)) < p for p in (0.2, 0.2, 0.5, 0.5)]
    simulation = skies(boxes, redshift=[9.0, 9.0, 7.0, 7.0], repeat=[0, 1, 0, 1])
    findings = BubbleSizes(rays=2000).analyse(simulation, rng)
    members, sizes = findings.tables["members"], findings.tables["sizes"]
    assert members["ionized fraction"].tolist() == pytest.approx([box.mean() for box in boxes])
    assert members["regions"].tolist() == [len(region_volumes(box)) for box in boxes]
    assert sizes["members"].unique().tolist() == [2]
    single = sizes.query("method == 'regions' and redshift == 9").iloc[0]
    alone = [measure_bubbles(box, 1.5, 100, 10, rng)[1] for box in boxes[:2]]
    first = [table.query("method == 'regions'")["dP/dlnR"].iloc[0] for table in alone]
    assert single["dP/dlnR"] == pytest.approx(np.mean(first))
    assert single["spread"] == pytest.approx(np.std(first, ddof=1))
    assert findings.metrics["greatest mean free path"] == members["mean free path"].max()
    assert len(findings.figures["sizes"].axes) == 2
    assert findings.warnings == []


def test_boxes_that_are_neutral_or_ionized_throughout(rng):
    boxes = [np.zeros((6, 5, 4), bool), np.ones((6, 5, 4), bool)]
    findings = BubbleSizes(rays=100).analyse(skies(boxes, redshift=[20, 5]), rng)
    members = findings.tables["members"]
    assert members["regions"].tolist() == [0, 1]
    assert members["mean free path"].isna().tolist() == [True, False]
    assert members["longer than the box"].tolist()[1] == 1
    assert members["mean free path"].tolist()[1] == 6 * 1.5
    assert set(findings.tables["sizes"]["redshift"]) == {5}
    assert BubbleSizes(rays=100).analyse(skies(boxes[1:], redshift=[5]), rng).figures["sizes"].axes[0].get_ylim() == (
        0,
        1,
    )
    message = r"'neutral_fraction' of 'skies' exceeds 0.5 in every cell of every member, .*; raise the threshold"
    with pytest.raises(ValueError, match=message):
        BubbleSizes().analyse(skies(boxes[:1], redshift=[20]), rng)


def test_light_cones_and_planes_are_refused(rng):
    members = [{"neutral_fraction": np.ones((3, 4, 5)), "cell_size": np.float64(1), "redshifts": np.arange(5.0)}]
    with pytest.raises(
        ValueError, match=r"member 0 of 'cones' is a light cone: it is not periodic along the line of sight"
    ):
        BubbleSizes().analyse(Ensemble.from_arrays(members, {"redshift": [7]}, "cones"), rng)
    with pytest.raises(ValueError, match=r"has the shape \(3, 4\); expected \(nx, ny, nz\)"):
        BubbleSizes().analyse(skies([np.ones((3, 4), bool)], redshift=[7]), rng)


def test_panels_and_what_is_averaged_over(rng):
    boxes = [rng.random((8, 7, 6)) < 0.4 for _ in range(4)]
    simulation = skies(boxes, redshift=[7, 7, 8, 8], escape_fraction=[0.1, 0.2] * 2)
    findings = BubbleSizes(panels="escape_fraction", rays=200).analyse(simulation, rng)
    titles = [axes.get_title() for axes in findings.figures["sizes"].axes]
    assert titles == ["escape fraction = 0.1", "escape fraction = 0.2", "", ""]
    assert findings.warnings == []
    findings = BubbleSizes(rays=200).analyse(simulation, rng)
    assert findings.warnings == [
        "Averaged over members with different escape_fraction: the bands include their spread."
    ]


def test_mistakes_show_before_a_run():
    outline = Outline("skies", BubbleSizes(), ("redshift",), {"neutral_fraction": ""})
    assert list(BubbleSizes().check(simulation=outline)) == []
    assert list(BubbleSizes(array="neutral", by="z", panels="z").check(simulation=outline)) == [
        ("array", "'skies' gives no array 'neutral': did you mean 'neutral_fraction'?"),
        ("by", "the table of 'skies' has no column 'z' (known: redshift); to leave it out, set by: null"),
        ("panels", "the table of 'skies' has no column 'z' (known: redshift); to leave it out, set panels: null"),
        ("panels", "by and panels are both 'z'; name two columns, or set panels: null"),
    ]


def test_from_the_command_line(tmp_path, write_project, labrun):
    (tmp_path / "skies.py").write_text(SKIES, encoding="utf-8")
    outcome = labrun("run", write_project(PROJECT), "--workers", 1)
    assert outcome.code == 0, outcome.err
    folder = tmp_path / "runs" / "skies" / "analyses" / "bubbles"
    members = pd.read_csv(folder / "members.csv")
    np.testing.assert_allclose(members["ionized fraction"], [4 / 7] * 2 + [4 / 9.5] * 2, atol=0.06)
    assert (folder / "sizes.png").stat().st_size > 5000


def neutral_fraction(brightness, density):
    """The notes' inversion of δT_b = C xH (1 + δ) / (1 + g), g clipped to ±0.2, at z = 6.5."""
    kx, ky, kz = np.ix_(*[2 * np.pi * fft.fftfreq(200, 1.5)] * 2, 2 * np.pi * fft.rfftfreq(200, 1.5))
    size = kx**2 + ky**2 + kz**2
    size[0, 0, 0] = 1
    waves = -(kz**2) / size * 0.996508 * fft.rfftn(density)
    waves[:, :, -1] = 0
    gradient = np.clip(fft.irfftn(waves, density.shape), -0.2, 0.2)
    return brightness * (1 + gradient) / (23.0824 * (1 + density))


@pytest.mark.slow
@pytest.mark.skipif(not REAL.exists(), reason="needs the cubes in shared/data, which are not part of the repository")
def test_the_real_cube_has_the_bubbles_that_tools21cm_found(rng):
    """tools21cm 2.4.3 at xH < 0.5: ionized 0.587, mean free path with its peak at 25.5 Mpc, 38,139 regions of which the largest holds
    98.5 %. It does not join regions across the borders, so that here an empty layer of cells parts them."""
    cubes = {kind: next(REAL.glob(f"{kind}*")) for kind in ("delta_T", "updated")}
    brightness, density = (np.fromfile(cubes[kind], "<f4").reshape(200, 200, 200).astype(float) for kind in cubes)
    neutral = neutral_fraction(brightness, density)
    assert neutral.mean() == pytest.approx(0.362545, abs=1e-6)
    ionized = neutral < 0.5
    summary, _ = measure_bubbles(ionized, 1.5, 500_000, 20, rng)
    assert summary["ionized fraction"] == pytest.approx(0.587, abs=5e-4)
    assert summary["mean free path, peak"] == pytest.approx(25.5, rel=0.15)
    assert summary["largest region"] == pytest.approx(0.985, abs=1e-3)
    apart = region_volumes(np.pad(ionized, 1))
    assert len(apart) == pytest.approx(38_139, rel=2e-4)
    assert apart.max() / apart.sum() == pytest.approx(0.985, abs=1e-3)
    assert summary["regions"] < len(apart)
