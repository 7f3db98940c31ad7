from __future__ import annotations

from collections.abc import Iterator

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from labrun import Ensemble, Outline
from labrun_lattices.spectra import log_bins, power_spectrum
from labrun_power_spectrum import PowerSpectrum
from labrun_power_spectrum.measuring import horizon_slope, wave_bins

SKIES = """\
from typing import ClassVar

import numpy as np

from labrun import Field, Simulator, hookimpl


class Noise(Simulator):
    \"\"\"White noise.\"\"\"

    name: ClassVar[str] = "noise"
    outputs: ClassVar = {"brightness_temperature": "", "density": "", "cell_size": ""}

    redshift: float = Field(8.0)

    def simulate(self, rng):
        field = rng.normal(self.redshift, 2.0, (12, 10, 8)).astype(np.float32)
        return {"brightness_temperature": field, "density": -field, "cell_size": np.float64(1.5)}


@hookimpl
def labrun_simulators():
    return [Noise]
"""

PROJECT = """\
project: skies
plugins: [skies.py]
simulations:
  skies: {use: noise, sweep: {grid: {redshift: [7, 9.5]}, repeats: 2}}
analyses:
  power: {use: power_spectrum, from: skies, with: {bins: 5, other: density, cylindrical: true}}
"""


@pytest.fixture(autouse=True)
def close_figures() -> Iterator[None]:
    yield
    plt.close("all")


def skies(fields, cell_size=1.5, others=None, **columns) -> Ensemble:
    others = fields if others is None else others
    members = [
        {"brightness_temperature": a, "density": b, "cell_size": np.float64(cell_size)}
        for a, b in zip(fields, others, strict=True)
    ]
    return Ensemble.from_arrays(members, columns, "skies")


@pytest.fixture
def noise(rng):
    """Six oblong boxes; each pair is twice as bright as the pair before."""
    return [2.0 ** (i // 2) * rng.normal(3.0, 1.0, (24, 20, 16)).astype(np.float32) for i in range(6)]


def test_realizations_are_averaged_and_their_spread_is_a_standard_deviation(noise):
    simulation = skies(noise, redshift=[10.0, 10.0, 8.0, 8.0, 7.0, 7.0], realization=[0, 1] * 3)
    findings = PowerSpectrum(bins=6).analyse(simulation)
    table = findings.tables["spectra"]
    assert table["redshift"].unique().tolist() == [7.0, 8.0, 10.0]
    edges = log_bins(24, 36.0, 6)
    first, second = (power_spectrum(field, 1.5, edges) for field in noise[2:4])
    line = table[table["redshift"] == 8.0]
    both = np.stack([first.dimensionless, second.dimensionless])
    np.testing.assert_allclose(line["k"], first.k)
    np.testing.assert_allclose(line["power"], both.mean(axis=0))
    np.testing.assert_allclose(line["spread"], np.abs(both[0] - both[1]) / np.sqrt(2))
    assert line["modes"].tolist() == first.modes.tolist()
    assert line["members"].tolist() == [2] * len(line)
    assert findings.metrics == {"greatest power": table["power"].max()}
    assert findings.warnings == []


def test_white_noise_rises_as_the_cube_of_k(rng):
    """Δ² = k³ σ² cell³ / 2π²."""
    fields = [rng.normal(0, 3.0, (48, 40, 40)) for _ in range(3)]
    table = PowerSpectrum(by=None, bins=5).analyse(skies(fields)).tables["spectra"]
    expected = table["k"] ** 3 * 9 * 1.5**3 / (2 * np.pi**2)
    np.testing.assert_allclose(table["power"], expected, rtol=4 / np.sqrt(3 * table["modes"].min() / 2))
    assert list(table.columns) == ["k", "power", "modes", "spread", "members"]


def test_one_realization_has_no_spread(noise):
    table = PowerSpectrum().analyse(skies(noise[:1], redshift=[8.0])).tables["spectra"]
    assert table["spread"].isna().all()


def test_cross_correlation_of_opposite_fields(noise):
    findings = PowerSpectrum(other="density").analyse(
        skies(noise, others=[1 - field for field in noise], redshift=[7.0] * 6, repeat=range(6))
    )
    table = findings.tables["cross_correlation"]
    np.testing.assert_allclose(table["r"], -1, atol=1e-5)
    assert findings.metrics["correlation of the longest waves"] == pytest.approx(-1, abs=1e-5)
    assert findings.figures["cross_correlation"].axes[0].get_ylim() == (-1.05, 1.05)


def test_cylindrical_power_of_waves_along_the_line_of_sight():
    z = np.arange(32) * 1.5
    wave = np.broadcast_to(np.cos(2 * np.pi * 5 / 48 * z), (16, 20, 32)) + 0.0
    wave += np.cos(2 * np.pi * 2 / 30 * np.arange(20) * 1.5)[:, None] * np.cos(2 * np.pi * 3 / 48 * z)
    table = PowerSpectrum(by=None, redshift=None, cylindrical=True).analyse(skies([wave])).tables["cylindrical"]
    found = table[table["power"] > 1e-9]
    k = 2 * np.pi * np.array([3 / 48])
    assert len(found) == 1  # the wave along the line of sight alone has no k⊥, and lies in no bin
    row = found.iloc[0]
    assert row["k across, low"] < 2 * np.pi * 2 / 30 < row["k across, high"]
    assert row["k along, low"] < k[0] < row["k along, high"]
    assert row["power"] * row["modes"] == pytest.approx(wave.size * 1.5**3 * 1 / 4)  # ⟨cos² cos²⟩


def test_each_bin_of_the_cylinder_holds_whole_waves():
    edges = wave_bins(20, 1.5, 8)
    np.testing.assert_allclose(edges * 30 / (2 * np.pi) % 1, 0.5)
    assert edges[0] < 2 * np.pi / 30 < edges[1]
    assert edges[-2] < np.pi / 1.5 < edges[-1]


def test_the_horizon_in_a_universe_of_matter_alone():
    """E = (1 + z)^1.5 and ∫ dz/E = 2 − 2/√(1 + z), so that the slope is 2 (√(1 + z) − 1)."""
    assert horizon_slope(8.0, 1.0) == pytest.approx(4.0)
    assert horizon_slope(3.0, 1.0) == pytest.approx(2.0)
    assert horizon_slope(1e-6, 0.3) == pytest.approx(1e-6, rel=1e-3)


def test_the_border_of_the_wedge_is_drawn_where_a_picture_has_one_redshift(noise):
    columns = {"redshift": [7.0, 7.0, 8.0, 8.0, 9.0, 9.0], "escape_fraction": [0.1] * 2 + [0.2] * 4}
    by_redshift = PowerSpectrum(cylindrical=True, omega_m=1).analyse(skies(noise, **columns)).figures["cylindrical"]
    pictures = [axes for axes in by_redshift.axes if axes.get_title()]
    assert [axes.get_title() for axes in pictures] == ["redshift = 7", "redshift = 8", "redshift = 9"]
    x, y = pictures[1].lines[0].get_data()
    np.testing.assert_allclose(y / x, 4.0)
    by_escape = PowerSpectrum(cylindrical=True, by="escape_fraction").analyse(skies(noise, **columns))
    pictures = [axes for axes in by_escape.figures["cylindrical"].axes if axes.get_title()]
    assert [len(axes.lines) for axes in pictures] == [1, 0]


def test_panels_and_lines(noise):
    columns = {"redshift": [7.0, 8.0] * 3, "escape_fraction": [0.1, 0.1, 0.2, 0.2, 0.3, 0.3]}
    figure = PowerSpectrum(panels="escape_fraction").analyse(skies(noise, **columns)).figures["spectra"]
    assert [axes.get_title() for axes in figure.axes] == [f"escape fraction = {f}" for f in (0.1, 0.2, 0.3)]
    assert [len(axes.lines) for axes in figure.axes] == [2, 2, 2]
    assert figure.axes[0].get_ylabel() == "Δ²(k) [mK²]"
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["7", "8"]


def test_what_is_averaged_over_and_what_has_no_power_is_said(noise):
    fields = [*noise[:4], np.zeros_like(noise[0]), np.zeros_like(noise[0])]
    columns = {
        "redshift": [7.0] * 4 + [5.0] * 2,
        "escape_fraction": [0.1, 0.1, 0.2, 0.2, 0.1, 0.1],
        "repeat": [0, 1] * 3,
    }
    findings = PowerSpectrum().analyse(skies(fields, **columns))
    assert findings.warnings == [
        "Averaged over members with different escape_fraction: the bands include their spread.",
        "No power, and therefore no line, for redshift = 5.0.",
    ]


def test_boxes_of_two_sizes_cannot_be_averaged(noise):
    fields = [noise[0], noise[1][:20]]
    with pytest.raises(
        ValueError, match=r"boxes of one size, but found member 1: \(20, 20, 16\) cells of 1.5 Mpc; member 0: \(24,"
    ):
        PowerSpectrum().analyse(skies([fields[0], fields[1]], redshift=[7.0, 7.0]))
    tables = PowerSpectrum().analyse(skies(fields, redshift=[7.0, 8.0])).tables
    assert set(tables["spectra"]["redshift"]) == {7.0, 8.0}


def test_light_cones_and_planes_are_refused(noise):
    cone = Ensemble.from_arrays(
        [{"brightness_temperature": noise[0], "cell_size": np.float64(1), "redshifts": np.arange(16.0)}], {}, "cones"
    )
    with pytest.raises(ValueError, match=r"member 0 of 'cones' is a light cone: .* name a simulation of boxes"):
        PowerSpectrum(by=None).analyse(cone)
    with pytest.raises(ValueError, match=r"has the shape \(24, 20\); expected \(nx, ny, nz\)"):
        PowerSpectrum(by=None).analyse(skies([noise[0][:, :, 0]]))


def test_mistakes_show_before_a_run():
    outline = Outline(
        "skies", PowerSpectrum(), ("redshift", "escape_fraction"), {"brightness_temperature": "", "density": ""}
    )
    assert list(PowerSpectrum(panels="escape_fraction", cylindrical=True).check(simulation=outline)) == []
    wrong = PowerSpectrum(array="densty", other="dens", by="redshft", panels="redshft", redshift="zz", cylindrical=True)
    assert list(wrong.check(simulation=outline)) == [
        ("array", "'skies' gives no array 'densty': did you mean 'density'?"),
        ("other", "'skies' gives no array 'dens': did you mean 'density'?"),
        ("by", "the table of 'skies' has no column 'redshft': did you mean 'redshift'?; to leave it out, set by: null"),
        (
            "panels",
            "the table of 'skies' has no column 'redshft': did you mean 'redshift'?; to leave it out, set panels: null",
        ),
        (
            "redshift",
            "the table of 'skies' has no column 'zz' (known: escape_fraction, redshift); to leave it out, set redshift: null",
        ),
        ("panels", "by and panels are both 'redshft'; name two columns, or set panels: null"),
    ]


def test_from_the_command_line(tmp_path, write_project, labrun):
    (tmp_path / "skies.py").write_text(SKIES, encoding="utf-8")
    outcome = labrun("run", write_project(PROJECT), "--workers", 1)
    assert outcome.code == 0, outcome.err
    folder = tmp_path / "runs" / "skies" / "analyses" / "power"
    table = pd.read_csv(folder / "cross_correlation.csv")
    np.testing.assert_allclose(table["r"], -1, atol=1e-4)
    for name in ("spectra", "cross_correlation", "cylindrical"):
        assert (folder / f"{name}.png").stat().st_size > 5000
