from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy.signal import lfilter

from labrun import Ensemble, Outline
from labrun_cluster_convergence import ClusterConvergence
from labrun_cluster_convergence.convergence import find_convergence
from labrun_cluster_convergence.drawing import _with_error
from labrun_cluster_convergence.stationarity import find_start, measure_steady_state
from labrun_persistent_exclusion import PersistentExclusion
from labrun_persistent_exclusion_files import PersistentExclusionFiles


def runs(rng, rates=(0.1, 0.2), repeats=3, looks=801, ramp=100, phi=0.5):
    """Relaxing series, one look in 10 sweeps; the stationary mean is 1/rate."""
    columns = {
        "rate": [rate for rate in rates for _ in range(repeats)],
        "repeat": [repeat for _ in rates for repeat in range(repeats)],
    }
    relaxation = 12 * np.clip(1 - np.arange(1, looks + 1) / ramp, 0, None)  # none of it with a ramp of 1
    arrays = [
        {
            "look_steps": np.arange(looks) * 10,
            "mean_cluster_size": 1 / rate + lfilter([1], [1, -phi], rng.standard_normal(looks)) - relaxation,
        }
        for rate in columns["rate"]
    ]
    return Ensemble.from_arrays(arrays, columns, "runs")


def analyse(simulation, **fields):
    return ClusterConvergence(**({"figures": 0} | fields)).analyse(simulation)


# --- numbers ----------------------------------------------------------------------------------------------------------------


def test_tables_tell_the_start_and_the_mean_of_each_member_and_each_set(rng):
    simulation = runs(rng)
    findings = analyse(simulation)
    members, groups = findings.tables["members"], findings.tables["groups"]
    assert members["member"].tolist() == [0, 1, 2, 3, 4, 5]
    assert list(members.columns[:4]) == ["member", "rate", "repeat", "start"]
    for rate, of_rate in members.groupby("rate"):
        series = np.stack([simulation.read(i, "mean_cluster_size") for i in of_rate["member"]])
        start = find_start(series)
        assert of_rate["start"].tolist() == [10 * start] * 3
        assert 600 < 10 * start < 2200  # the ramp ends at 1600
        states = [measure_steady_state(one, start) for one in series]
        np.testing.assert_allclose(of_rate["mean"], [one[start:].mean() for one in series])
        np.testing.assert_allclose(of_rate["inefficiency"], [state.inefficiency for state in states])
        np.testing.assert_allclose(of_rate["correlation_time"], (of_rate["inefficiency"] - 1) / 2 * 10)
        np.testing.assert_allclose(of_rate["effective_samples"], (801 - start) / of_rate["inefficiency"])
        kept = np.array([one[start:].var(ddof=1) for one in series])
        np.testing.assert_allclose(of_rate["error"], np.sqrt(kept * of_rate["inefficiency"] / (801 - start)))

        row = groups.set_index("rate").loc[rate]
        assert (row["replicas"], row["start"]) == (3, 10 * start)
        assert row["mean"] == pytest.approx(of_rate["mean"].mean())
        assert row["mean"] == pytest.approx(1 / rate, abs=0.25)
        assert row["error"] == pytest.approx(of_rate["mean"].std() / math.sqrt(3))
        assert row["error_within"] == pytest.approx(np.sqrt((of_rate["error"] ** 2).sum()) / 3)
        assert row["effective_samples"] == pytest.approx(of_rate["effective_samples"].sum())
        weights = of_rate["effective_samples"]
        assert row["correlation_time"] == pytest.approx((3 * (801 - start) / weights.sum() - 1) / 2 * 10)
    assert members["enough"].all()
    assert groups["enough"].all()
    assert findings.warnings == []
    assert findings.metrics == {"share long enough": 1.0, "longest start": float(members["start"].max())}


def test_a_lone_run_takes_its_error_from_the_inefficiency(rng):
    groups = analyse(runs(rng, repeats=1)).tables["groups"]
    assert groups["error"].tolist() == groups["error_within"].tolist()


def test_members_keep_their_numbers_where_some_failed(rng):
    whole = runs(rng)
    some = Ensemble(whole._members, [1, 2, 5], {"rate": [0.1, 0.1, 0.2], "repeat": [1, 2, 2]}, "runs")
    findings = analyse(some, figures=3)
    assert findings.tables["members"]["member"].tolist() == [1, 2, 5]
    assert set(findings.figures) == {"overview", "member_1", "member_2", "member_5"}


def test_the_pooled_error_covers_as_a_t_distribution_says(rng):
    """Four replicas: |mean| < 1.5 errors in 77 % of the cases (t with 3 degrees of freedom), not in 87 %."""
    hits = []
    for _ in range(50):
        found = find_convergence(
            runs(rng, rates=(0.1, 0.2, 0.3), repeats=4, looks=151, ramp=1), "mean_cluster_size", 50
        )
        hits += [abs(one.mean - 1 / one.parameters.values["rate"]) < 1.5 * one.error for one in found]
    assert 0.69 < np.mean(hits) < 0.85


# --- warnings ---------------------------------------------------------------------------------------------------------------


def test_a_run_that_relaxes_all_the_time_is_told(rng):
    findings = analyse(runs(rng, rates=(0.1, 0.2), ramp=801, phi=0.0), minimum_samples=1)
    assert findings.metrics["share long enough"] == 0
    assert not findings.tables["members"]["enough"].any()
    assert len(findings.warnings) == 2
    (told,) = (sentence for sentence in findings.warnings if sentence.startswith("rate=0.1 (members 0, 1, 2): "))
    start = findings.tables["groups"].set_index("rate").loc[0.1, "start"]
    assert f"it may not be stationary even from {start} sweeps on, about half of it" in told
    assert told.endswith("Make it longer (duration, or snapshots).")


def test_too_few_samples_are_told_with_how_much_is_missing(rng):
    simulation = runs(rng, ramp=20)
    samples = analyse(simulation).tables["groups"]["effective_samples"]
    wanted = math.floor(samples.max())
    findings = analyse(simulation, minimum_samples=2 * wanted)
    (first, _) = findings.warnings
    assert samples.argmin() == (0 if "rate=0.1" in first else 1)  # the worst comes first
    assert f"holds {samples.min():.3g} effective samples from " in first
    assert f"fewer than the {2 * wanted} required" in first
    factor = 2 * wanted / samples.min()
    assert f"about {factor:.1f} times as long" in first
    assert f"use {math.ceil(3 * factor)} repeats instead of 3" in first
    findings = analyse(simulation, minimum_samples=wanted)
    assert findings.tables["groups"]["enough"].tolist() == (samples >= wanted).tolist()


def test_many_short_runs_are_told_in_a_few_sentences(rng):
    findings = analyse(
        runs(rng, rates=np.linspace(0.1, 0.9, 9).round(1).tolist(), repeats=6, looks=30, ramp=1), minimum_samples=150
    )
    short = (~findings.tables["groups"]["enough"]).sum()
    assert short > 4
    assert len(findings.warnings) == 4
    assert findings.warnings[-1].startswith(f"The runs of {short - 3} more of 9 sets of parameters are too short")
    assert "(members " in findings.warnings[0]


def test_uneven_times_are_told(rng):
    simulation = runs(rng, repeats=1, ramp=1)
    simulation.read(0, "look_steps")[-1] += 3
    assert analyse(simulation).warnings == [
        "rate=0.1 has times that are not evenly spaced, although the inefficiency assumes that they are."
    ]


# --- faults -----------------------------------------------------------------------------------------------------------------


def test_nan_names_the_member(rng):
    simulation = runs(rng)
    simulation.read(4, "mean_cluster_size")[17] = np.nan
    with pytest.raises(
        ValueError, match=r"member 4 of the simulation 'runs' holds 1 values .* the first after 170 sweeps"
    ):
        analyse(simulation)


def test_replicas_with_other_times_are_refused(rng):
    simulation = runs(rng)
    simulation.read(1, "look_steps")[:] += 5
    message = r"members 0 and 1 have the same parameters but different times \(801 from 0 to 8000 sweeps; 801 from 5 to 8005 sweeps\)"
    with pytest.raises(ValueError, match=message):
        analyse(simulation)


def test_check_says_what_is_expected():
    plugin = ClusterConvergence(observable="largest_cluster")

    def faults(outputs):
        return list(plugin.check(simulation=Outline("runs", SimpleNamespace(), (), outputs)))

    assert faults(PersistentExclusion.outputs) == faults(PersistentExclusionFiles.outputs) == faults(None) == []
    assert faults({"u": "", "v": ""}) == [
        (
            "observable",
            "expected the arrays 'look_steps' and 'largest_cluster', or 'snapshots' and their 'steps' or 'iterations'; "
            "'runs' gives u, v",
        )
    ]


# --- figures ----------------------------------------------------------------------------------------------------------------


def test_all_sets_are_drawn_before_replicas_repeat(rng):
    findings = analyse(runs(rng, rates=(0.1, 0.2, 0.4)), figures=4)
    assert list(findings.figures) == ["overview", "member_0", "member_1", "member_3", "member_6"]
    assert "4 of 9 members are drawn, chosen evenly" in findings.captions["member_3"]
    assert set(findings.captions) == {*findings.figures, *findings.tables}
    assert list(analyse(runs(rng)).figures) == ["overview"]
    assert "are drawn" not in analyse(runs(rng), figures=6).captions["member_3"]


def test_the_figure_of_a_member_shows_its_steady_state(rng):
    findings = analyse(runs(rng), figures=2, window=0.1)
    (axes,) = findings.figures["member_3"].axes
    row = findings.tables["members"].set_index("member").loc[3]
    assert axes.get_title() == "member 3: rate = 0.2"
    assert axes.get_xlabel() == "sweeps"
    lines = {line.get_label(): line for line in axes.get_lines()}
    assert list(lines) == [
        "series",
        "rolling mean",
        f"start: {row['start']}",
        f"mean: {_with_error(row['mean'], row['error'])}",
    ]
    assert list(lines[f"start: {row['start']}"].get_xdata()) == [row["start"]] * 2
    assert len(lines["series"].get_xdata()) == 801
    smooth = lines["rolling mean"].get_ydata()[400:]
    assert np.std(smooth) < 0.5 * np.std(lines["series"].get_ydata()[400:])
    assert [text.get_text() for text in findings.figures["member_3"].legends[0].get_texts()].count("discarded") == 1


def test_iterations_are_no_sweeps(rng):
    planes = (rng.random((40, 9, 14)) < 0.3).astype(np.uint8)
    files = Ensemble.from_arrays([{"snapshots": planes, "iterations": np.arange(40) + 500}], {}, "files")
    findings = analyse(files, figures=1)
    assert findings.figures["member_0"].axes[0].get_xlabel() == "iteration"
    assert findings.figures["member_0"].axes[0].get_title() == "member 0"
    assert findings.figures["overview"].axes[0].get_xlabel() == "iteration"
    assert "start [iterations]" in findings.captions["members"]


@pytest.mark.parametrize(("sets", "legend"), [(1, 0), (4, 4), (10, 10), (14, 0)])
def test_the_overview_names_few_sets_and_ranks_many(rng, sets, legend):
    rates = np.linspace(0.1, 0.5, sets).round(3).tolist()
    figure = analyse(runs(rng, rates=rates, repeats=1, looks=60, ramp=10)).figures["overview"]
    assert sum(len(one.get_texts()) for one in figure.legends) == legend
    assert len(figure.axes) == (2 if sets > 10 else 1)
    if sets > 10:
        bar = figure.axes[1]
        assert bar.get_ylabel() == "rate"
        assert [text.get_text() for text in bar.get_yticklabels()][:: len(bar.get_yticks()) - 1] == ["0.1", "0.5"]


def test_runs_of_very_different_lengths_share_a_logarithmic_axis(rng):
    long, short = runs(rng, (0.1,), 1, 900).member(0), runs(rng, (0.2,), 1, 90, ramp=1).member(0)
    both = Ensemble.from_arrays([long, short], {"rate": [0.1, 0.2]}, "runs")
    axes = analyse(both).figures["overview"].axes[0]
    assert axes.get_xscale() == "log"
    assert all((np.asarray(line.get_xdata()) > 0).all() for line in axes.get_lines())
    assert analyse(runs(rng)).figures["overview"].axes[0].get_xscale() == "linear"


@pytest.mark.parametrize(
    ("mean", "error", "text"),
    [
        (38.71, 0.52, "38.7 ± 0.5"),
        (5.8271, 0.0171, "5.827 ± 0.017"),
        (1604.4, 12.3, "1604 ± 12"),
        (1604.4, 43.0, "1604 ± 43"),
        (7.0, 0.0, "7"),
        (7.0, math.nan, "7"),
    ],
)
def test_means_have_the_digits_of_their_errors(mean, error, text):
    assert _with_error(mean, error) == text


# --- as a user --------------------------------------------------------------------------------------------------------------

PROJECT = """\
project: convergence
seed: 4
simulations:
  runs:
    use: persistent_exclusion
    with: {size: [20, 34], density: 0.2, warm_up: 0, snapshots: 60, spacing: 10, spacing_unit: sweeps, observe: true, duration: 3000}
    sweep: {grid: {tumbling_rate: [0.1, 0.5]}, repeats: 2}
analyses:
  looks: {use: cluster_convergence, from: runs, with: {figures: 1}}
  singles: {use: cluster_convergence, from: runs, with: {observable: single_fraction, figures: 0}}
"""


def test_a_project_runs_it(labrun_process, tmp_path):
    (tmp_path / "project.yaml").write_text(PROJECT, encoding="utf-8")
    outcome = labrun_process("run", "project.yaml", "--workers", 1)
    assert outcome.code == 0, outcome.err
    folder = tmp_path / "runs" / "convergence" / "analyses" / "looks"
    members = pd.read_csv(folder / "members.csv")
    assert members["member"].tolist() == [0, 1, 2, 3]
    assert (members["start"] % 10 == 0).all()
    groups = pd.read_csv(folder / "groups.csv").set_index("tumbling_rate")
    assert groups.loc[0.1, "mean"] > 1.5 * groups.loc[0.5, "mean"]  # clusters grow as particles persist
    assert groups.loc[0.1, "correlation_time"] > groups.loc[0.5, "correlation_time"]
    assert (folder / "overview.png").is_file()
    assert (folder / "member_0.svg").is_file()
    singles = pd.read_csv(folder.parent / "singles" / "groups.csv")
    assert singles["mean"].between(0, 1).all()


def test_a_project_that_cannot_work_is_refused_before_it_runs(labrun, write_project):
    path = write_project(PROJECT.split("simulations:")[0] + "simulations:\n  runs: {use: gray_scott, with: "
                         "{feed: 0.03, kill: 0.06}}\nanalyses:\n  looks: {use: cluster_convergence, from: runs}\n")  # fmt: skip
    outcome = labrun("check", path)
    assert outcome.code == 2
    assert "expected the arrays 'look_steps' and 'mean_cluster_size', or 'snapshots' and their" in outcome.err
