from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from labrun import Ensemble, Outline
from labrun_global_history import GlobalHistory
from labrun_twentyone_cm_files import TwentyoneCmFiles

SKIES = """\
from typing import ClassVar

import numpy as np

from labrun import Field, Simulator, hookimpl


class Sky(Simulator):
    \"\"\"A box that is neutral to z / 10 - escape_fraction.\"\"\"

    name: ClassVar[str] = "sky"
    outputs: ClassVar = {"neutral_fraction": "", "brightness_temperature": ""}

    redshift: float = Field(8.0)
    escape_fraction: float = Field(0.1)

    def simulate(self, rng):
        neutral = np.full((4, 5, 6), self.redshift / 10 - self.escape_fraction, np.float32)
        return {"neutral_fraction": neutral, "brightness_temperature": 20 * neutral}


@hookimpl
def labrun_simulators():
    return [Sky]
"""

PROJECT = """\
project: skies
plugins: [skies.py]
simulations:
  skies: {use: sky, sweep: {grid: {redshift: [5, 7, 9], escape_fraction: [0.1, 0.3]}, repeats: 2}}
analyses:
  history: {use: global_history, from: skies}
"""


@pytest.fixture(autouse=True)
def close_figures() -> Iterator[None]:
    yield
    plt.close("all")


def skies(neutral, brightness=None, **columns) -> Ensemble:
    """A box for each mean neutral fraction: one half of it below, the other above."""
    pattern = np.where(np.arange(2 * 3 * 4).reshape(2, 3, 4) % 2, 1.01, 0.99)
    brightness = [20 * x for x in neutral] if brightness is None else brightness
    members = [
        {"neutral_fraction": x * pattern, "brightness_temperature": (b * pattern).astype(np.float32)}
        for x, b in zip(neutral, brightness, strict=True)
    ]
    return Ensemble.from_arrays(members, columns, "skies")


def test_means_over_boxes_then_over_realizations():
    simulation = skies(
        [0.9, 0.2, 0.7, 0.3],
        redshift=[9.0, 7.0, 9.0, 7.0],
        escape_fraction=[0.1] * 4,
        realization=[0, 0, 1, 1],
    )
    findings = GlobalHistory().analyse(simulation)
    table = findings.tables["history"]
    assert table["redshift"].tolist() == [7.0, 9.0]
    np.testing.assert_allclose(table["neutral fraction"], [0.25, 0.8])
    np.testing.assert_allclose(table["neutral fraction spread"], [0.1 / 2**0.5, 0.2 / 2**0.5])
    np.testing.assert_allclose(table["brightness temperature"], [5, 16], rtol=1e-6)
    assert table["members"].tolist() == [2, 2]
    assert findings.warnings == []


def test_half_ionization_is_interpolated_for_each_line():
    simulation = skies(
        [0.1, 0.4, 0.9, 0.6, 0.7, 0.9, 0.4, 0.6, 0.9],
        redshift=[6, 7, 8] * 3,
        escape_fraction=[0.1] * 3 + [0.05] * 3 + [0.08] * 3,
    )
    findings = GlobalHistory().analyse(simulation)
    table = findings.tables["midpoints"].set_index("escape_fraction")["redshift"]
    assert table[0.1] == pytest.approx(7.2)
    assert table[0.08] == pytest.approx(6.5)
    assert np.isnan(table[0.05])
    assert findings.metrics == {
        "earliest half ionization": pytest.approx(7.2),
        "latest half ionization": pytest.approx(6.5),
    }


def test_a_history_that_never_reaches_the_half_has_no_midpoint():
    findings = GlobalHistory(by=None).analyse(skies([0.8, 0.9], redshift=[8, 9]))
    assert findings.metrics == {}
    assert findings.tables["midpoints"]["redshift"].isna().all()


def test_a_history_that_crosses_the_half_more_than_once_counts_where_it_first_did():
    findings = GlobalHistory(by=None).analyse(skies([0.1, 0.6, 0.4, 0.9], redshift=[6, 7, 8, 9]))
    assert findings.metrics["latest half ionization"] == pytest.approx(8.2)


def test_each_slice_of_a_light_cone_tells_its_own_redshift():
    neutral = np.broadcast_to(np.linspace(0.2, 1.0, 5), (3, 4, 5))
    cone = {"neutral_fraction": neutral, "redshifts": np.linspace(6.0, 8.0, 5)}
    findings = GlobalHistory(by=None, brightness=None).analyse(Ensemble.from_arrays([cone, cone], {}, "cones"))
    table = findings.tables["history"]
    assert table["redshift"].tolist() == [6.0, 6.5, 7.0, 7.5, 8.0]
    np.testing.assert_allclose(table["neutral fraction"], np.linspace(0.2, 1.0, 5))
    assert table["members"].tolist() == [2] * 5
    assert findings.metrics["latest half ionization"] == pytest.approx(6.75)


def test_the_saturated_limit_is_named_where_it_was_taken():
    simulation = skies([0.2, 0.8], redshift=[7, 9])
    neutral, bright = GlobalHistory(by=None).analyse(simulation).figures["history"].axes
    assert (neutral.get_title(), bright.get_title()) == ("", "saturated limit T_S ≫ T_CMB")
    assert bright.get_ylabel() == "mean δT_b [mK]"
    findings = GlobalHistory(by=None, saturated=False).analyse(simulation)
    assert findings.figures["history"].axes[1].get_title() == ""
    assert "saturated" not in findings.captions["history"]


def test_one_quantity_alone():
    simulation = skies([0.2, 0.8], redshift=[7, 9])
    findings = GlobalHistory(by=None, neutral_fraction=None).analyse(simulation)
    assert set(findings.tables) == {"history"}
    assert "neutral fraction" not in findings.tables["history"]
    assert len(findings.figures["history"].axes) == 1
    with pytest.raises(ValidationError, match="both null, so there is nothing to draw; name at least one"):
        GlobalHistory(neutral_fraction=None, brightness=None)


def test_what_is_averaged_over_is_said():
    simulation = skies([0.2, 0.8, 0.3, 0.7], redshift=[7, 9, 7, 9], escape_fraction=[0.1, 0.1, 0.2, 0.2])
    findings = GlobalHistory(by=None).analyse(simulation)
    assert findings.warnings == [
        "Averaged over members with different escape_fraction: the bands include their spread."
    ]


def test_boxes_need_a_redshift_and_three_axes():
    with pytest.raises(
        ValueError, match=r"member 1 of 'skies' has the redshift 'high' in the column 'redshift'; expected a number"
    ):
        GlobalHistory(by=None).analyse(skies([0.2, 0.8], redshift=[7, "high"]))
    plane = Ensemble.from_arrays([{"neutral_fraction": np.ones((3, 4))}], {"redshift": [7]}, "planes")
    with pytest.raises(ValueError, match=r"member 0 of 'planes' has the shape \(3, 4\); expected \(nx, ny, nz\)"):
        GlobalHistory(by=None, brightness=None).analyse(plane)


def test_mistakes_show_before_a_run():
    outline = Outline("skies", GlobalHistory(), ("redshift", "escape_fraction"), {"neutral_fraction": ""})
    assert list(GlobalHistory(brightness=None).check(simulation=outline)) == []
    assert list(GlobalHistory(redshift="z", by="escape").check(simulation=outline)) == [
        (
            "brightness",
            "'skies' gives no array 'brightness_temperature' (known: neutral_fraction); to leave it out, set brightness: null",
        ),
        ("redshift", "the table of 'skies' has no column 'z' (known: escape_fraction, redshift)"),
        (
            "by",
            "the table of 'skies' has no column 'escape' (known: escape_fraction, redshift); for a single line set by: null",
        ),
    ]
    cones = Outline("cones", GlobalHistory(), (), {"neutral_fraction": "", "redshifts": ""})
    assert list(GlobalHistory(brightness=None, by=None).check(simulation=cones)) == []


def test_cubes_without_a_neutral_fraction_show_before_a_run():
    given = {"brightness_temperature": Path("t21"), "brightness_temperature_sha256": 64 * "0"}
    sky = Outline("sky", TwentyoneCmFiles.model_construct(**given), ("redshift",))
    assert list(GlobalHistory(by=None).check(simulation=sky)) == [
        ("neutral_fraction", "'sky' gives no array 'neutral_fraction'; to leave it out, set neutral_fraction: null")
    ]
    assert list(GlobalHistory(by=None, neutral_fraction=None).check(simulation=sky)) == []
    unknown = Outline("sky", TwentyoneCmFiles.model_construct(file=Path("cone.h5"), sha256=64 * "0"), ("redshift",))
    assert list(GlobalHistory(by=None).check(simulation=unknown)) == []


def test_a_simulator_that_declares_nothing_is_told_in_a_sentence():
    sky = Ensemble.from_arrays([{"brightness_temperature": np.ones((2, 3, 4))}], {"redshift": [7.0]}, "sky")
    message = "'sky' holds no array 'neutral_fraction'; it holds brightness_temperature. To leave it out, set neutral_fraction: null"
    with pytest.raises(ValueError, match=message):
        GlobalHistory(by=None).analyse(sky)


def test_from_the_command_line(tmp_path, write_project, labrun):
    (tmp_path / "skies.py").write_text(SKIES, encoding="utf-8")
    outcome = labrun("run", write_project(PROJECT), "--workers", 1)
    assert outcome.code == 0, outcome.err
    folder = tmp_path / "runs" / "skies" / "analyses" / "history"
    midpoints = pd.read_csv(folder / "midpoints.csv")
    np.testing.assert_allclose(midpoints["redshift"], [6.0, 8.0], rtol=1e-6)
    assert (folder / "history.png").stat().st_size > 5000
