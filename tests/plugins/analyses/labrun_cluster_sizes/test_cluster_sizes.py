from __future__ import annotations

from collections.abc import Iterator

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError
from scipy.ndimage import label

from labrun import Ensemble, Outline
from labrun_cluster_sizes import ClusterSizes
from labrun_cluster_sizes.counting import size_bins


@pytest.fixture(autouse=True)
def close_figures() -> Iterator[None]:
    """Matplotlib keeps every figure until it is closed, and warns of more than 20."""
    yield
    plt.close("all")


@pytest.fixture
def planes(rng):
    """Snapshots 17×30 with an empty border, so that periodic clusters are those that SciPy finds; numbers from 1 to 4 are occupied."""
    occupied = rng.random((25, 17, 30)) < rng.uniform(0.2, 0.55, (25, 1, 1))
    snapshots = (occupied * rng.integers(1, 5, occupied.shape)).astype(np.uint8)
    snapshots[:, [0, -1], :] = 0
    snapshots[:, :, [0, -1]] = 0
    return snapshots


def sizes_by_scipy(plane):
    """The size of each cluster of a plane with an empty border."""
    labels, _ = label(plane > 0)
    return np.bincount(labels.ravel())[1:]


def ensemble(*snapshots, **columns) -> Ensemble:
    return Ensemble.from_arrays([{"snapshots": s} for s in snapshots], columns, "gas")


def squares(*sides, height=9, width=31):
    """A plane with full squares of these sides in a row, an empty column between them."""
    plane = np.zeros((height, width), np.uint8)
    place = 0
    for side in sides:
        plane[2 : 2 + side, place : place + side] = 1
        place += side + 1
    return plane


def test_the_distribution_is_that_of_a_count_with_scipy(planes):
    findings = ClusterSizes().analyse(ensemble(planes, density=[0.3]))
    sizes = np.concatenate([sizes_by_scipy(plane) for plane in planes])
    table = findings.tables["distribution"]
    assert table["high"].iloc[-1] >= sizes.max() >= table["low"].iloc[-1]
    for row in table.itertuples():
        inside = [s for s in sizes if row.low <= s <= row.high]
        assert row.count == len(inside)
        assert row._5 == pytest.approx(len(inside) / len(sizes) / (row.high - row.low + 1))
        assert row.centre == pytest.approx((row.low * row.high) ** 0.5)
    assert findings.metrics["clusters"] == len(sizes)
    assert findings.metrics["largest cluster"] == sizes.max()


def test_mean_sizes_are_means_over_snapshots_and_pooled_where_that_differs(planes):
    members = ClusterSizes().analyse(ensemble(planes, planes[:7], density=[0.3, 0.4])).tables["members"]
    found = [[sizes_by_scipy(plane) for plane in member] for member in (planes, planes[:7])]
    for row, member in zip(members.to_dict("records"), found, strict=True):
        assert row["snapshots"] == len(member)
        assert row["clusters"] == sum(map(len, member))
        assert row["mean cluster size"] == pytest.approx(np.mean([(s**2).sum() / s.sum() for s in member]))
        pooled = np.concatenate(member)
        assert row["mean cluster size, pooled"] == pytest.approx((pooled**2).sum() / pooled.sum())
        assert row["mean cluster size, pooled"] != pytest.approx(row["mean cluster size"], rel=0.01)
        assert row["largest cluster"] == pooled.max()
        assert row["largest fraction"] == pytest.approx(np.mean([s.max() / s.sum() for s in member]))
        assert row["single fraction"] == pytest.approx(np.mean([(s == 1).sum() / s.sum() for s in member]))


def test_with_as_many_particles_in_all_snapshots_there_is_one_mean_size():
    planes = np.stack([squares(1, 1, 2, 2, 2), squares(3, 2, 1)])
    findings = ClusterSizes().analyse(ensemble(planes, density=[0.3]))
    (row,) = findings.tables["members"].to_dict("records")
    assert row["mean cluster size"] == pytest.approx(((2 + 3 * 16) / 14 + (81 + 16 + 1) / 14) / 2)
    assert "mean cluster size, pooled" not in row
    assert "pooled" not in findings.captions["members"]


@pytest.mark.parametrize("bins_per_decade", [1, 3, 10, 200])
def test_probabilities_of_all_whole_sizes_sum_to_1(planes, bins_per_decade):
    simulation = ensemble(planes, planes[3:], planes[::2], density=[0.3] * 3, repeat=[0, 1, 2])
    findings = ClusterSizes(bins_per_decade=bins_per_decade).analyse(simulation)
    for name, by in (("distribution", "density"), ("member_distributions", "member")):
        for _, table in findings.tables[name].groupby(by):
            whole = [
                p
                for low, high, p in table[["low", "high", "probability density"]].values
                for _ in range(int(high - low) + 1)
            ]
            assert sum(whole) == pytest.approx(1)
            assert table["low"].tolist() == [1, *(table["high"] + 1)[:-1]]


@pytest.mark.parametrize("sites", [1, 2, 9, 10, 99, 100, 16384, 2**30])
@pytest.mark.parametrize("bins_per_decade", [1, 2, 10, 100])
def test_every_bin_holds_a_whole_number_and_they_grow_by_a_constant_factor(sites, bins_per_decade):
    edges = size_bins(sites, bins_per_decade)
    assert edges[0] == 1
    assert edges[-2] <= sites < edges[-1]
    assert (np.diff(edges) >= 1).all()
    large = edges[edges > 50 * bins_per_decade]
    np.testing.assert_allclose(large[1:] / large[:-1], 10 ** (1 / bins_per_decade), rtol=0.02)


def test_small_sizes_have_a_bin_each():
    assert size_bins(16, 10).tolist() == [1, 2, 3, 4, 5, 6, 8, 10, 13, 16, 20]


def test_repeats_are_averaged_with_their_standard_error():
    first, second, third = (np.stack([squares(*sides)]) for sides in ((1, 1, 2), (1, 2, 2, 2), (3,)))
    simulation = ensemble(first, third, second, rate=[0.5, 0.25, 0.5], repeat=[0, 0, 1])
    findings = ClusterSizes().analyse(simulation)
    groups = findings.tables["groups"].set_index("rate")
    assert groups.index.tolist() == [0.25, 0.5]
    means = np.array([(1 + 1 + 16) / 6, (1 + 48) / 13])
    assert groups.loc[0.5, "members"] == 2
    assert groups.loc[0.5, "mean cluster size"] == pytest.approx(means.mean())
    assert groups.loc[0.5, "mean cluster size error"] == pytest.approx(means.std(ddof=1) / 2**0.5)
    assert groups.loc[0.5, "clusters per snapshot"] == 3.5
    assert np.isnan(groups.loc[0.25, "mean cluster size error"])
    single = findings.tables["distribution"].query("rate == 0.5 and low == 1").squeeze()
    assert single["probability density"] == pytest.approx((2 / 3 + 1 / 4) / 2)  # each member counts alike
    assert single["error"] == pytest.approx((2 / 3 - 1 / 4) / 2)
    assert single["count"] == 3
    assert findings.metrics == {
        "clusters": 8,
        "largest cluster": 9,
        "least mean cluster size": pytest.approx(means.mean()),
        "greatest mean cluster size": 9,
    }
    assert "unknown (NaN) for the 1 of 2 sets with one member" in findings.captions["groups"]


def test_one_member_a_set_has_no_error_and_the_captions_say_so(planes):
    findings = ClusterSizes().analyse(ensemble(planes, planes[:5], rate=[0.1, 0.2]))
    assert findings.tables["distribution"]["error"].isna().all()
    assert "with one member in each set, errors are unknown (NaN)" in findings.captions["distribution"]
    assert "member_distributions" not in findings.tables
    (axes,) = findings.figures["distribution"].axes
    assert not axes.collections  # no bars


def test_each_so_many_th_snapshot_is_taken(planes):
    thinned = ClusterSizes(every=4).analyse(ensemble(planes, rate=[0.1]))
    expected = ClusterSizes().analyse(ensemble(planes[::4], rate=[0.1]))
    pd.testing.assert_frame_equal(thinned.tables["distribution"], expected.tables["distribution"])
    assert thinned.tables["members"]["snapshots"].tolist() == [7]
    assert "one snapshot in 4" in thinned.captions["members"]


def test_planes_of_several_sizes_and_snapshots_without_particles(planes):
    simulation = ensemble(
        planes, np.zeros((3, 5, 9), np.uint8), np.ones((2, 40, 60), np.uint8), size=[[17, 30], [5, 9], [40, 60]]
    )
    findings = ClusterSizes().analyse(simulation)
    groups = findings.tables["groups"]
    assert groups["mean cluster size"].tolist()[1:] == [2400, 0]  # texts and lists are ordered by their text
    assert findings.tables["members"]["largest cluster"].tolist()[1:] == [0, 2400]
    assert len(findings.tables["distribution"]["size"].map(str).unique()) == 2


def test_a_simulation_without_a_sweep(planes, tmp_path):
    findings = ClusterSizes().analyse(ensemble(planes))
    assert len(findings.tables["groups"]) == 1
    findings.save(tmp_path)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((4, 6), r"'snapshots' of member 0 of 'gas' has the shape \(4, 6\); expected \(snapshots, height, width\)"),
        (
            (0, 4, 6),
            r"has the shape \(0, 4, 6\); expected .*none of them 0: name another array, or simulate with snapshots",
        ),
        ((2, 4, 6), r"'snapshots' of 'gas' is 0 everywhere; expected nonzero values where sites are occupied"),
    ],
)
def test_what_holds_no_clusters_is_refused(shape, message):
    with pytest.raises(ValueError, match=message):
        ClusterSizes().analyse(ensemble(np.zeros(shape, np.uint8), rate=[0.1]))


def test_check_tells_of_an_array_that_is_not_there():
    plugin = ClusterSizes(array="snapshot")
    outline = Outline("gas", plugin, ("density",), {"snapshots": "", "steps": ""})
    assert [*plugin.check(simulation=outline)] == [
        ("array", "'gas' gives no array 'snapshot': did you mean 'snapshots'?")
    ]
    with pytest.raises(ValidationError, match="greater than or equal to 1"):
        ClusterSizes(every=0)


# --- the figure --------------------------------------------------------------------------------------


def figure_of(planes, **columns):
    count = len(next(iter(columns.values())))
    return ClusterSizes().analyse(ensemble(*[planes[:2]] * count, **columns)).figures["distribution"]


def test_few_sets_have_a_legend_with_their_values(planes):
    figure = figure_of(planes, rate=[0.5, 0.1, 0.1], repeat=[0, 0, 1], density=[0.2] * 3)
    (legend,) = figure.legends
    assert legend.get_title().get_text() == "rate"
    assert [text.get_text() for text in legend.get_texts()] == ["0.1", "0.5"]
    assert (figure.axes[0].get_xscale(), figure.axes[0].get_yscale()) == ("log", "log")


def test_many_sets_have_a_colour_bar_of_one_column_and_a_panel_for_each_value_of_the_other(planes):
    rate, density = np.meshgrid(np.geomspace(0.01, 0.5, 9), [0.1, 0.2, 0.3])
    figure = figure_of(planes, rate=rate.ravel().tolist(), density=density.ravel().tolist())
    *panels, bar = [axes for axes in figure.axes if axes.axison]
    assert [axes.get_title() for axes in panels] == ["density = 0.1", "density = 0.2", "density = 0.3"]
    assert (bar.get_ylabel(), bar.get_yscale()) == ("rate", "log")
    assert not figure.legends


def test_many_sets_that_lie_on_no_grid_share_one_panel(planes, rng):
    figure = figure_of(planes, rate=rng.random(40).tolist(), density=rng.random(40).tolist())
    assert len(figure.axes) == 2


def test_texts_have_a_legend_however_many_there_are(planes):
    figure = figure_of(planes, kind=[f"kind {i}" for i in range(11)])
    assert [text.get_text() for text in figure.legends[0].get_texts()] == sorted(f"kind {i}" for i in range(11))


def test_a_line_breaks_where_a_bin_is_empty():
    figure = ClusterSizes().analyse(ensemble(squares(1, 5)[None], rate=[1])).figures["distribution"]
    heights = figure.axes[0].lines[0].get_ydata().astype(float)
    assert np.isnan(heights[1:-1]).all()
    assert not np.isnan(heights[[0, -1]]).any()


# --- as a user runs it ------------------------------------------------------------------------------------------------------

PROJECT = """\
project: gas
simulations:
  gas:
    use: persistent_exclusion
    with: {density: 0.15, size: [12, 20], snapshots: 6, warm_up: 10}
    sweep: {grid: {tumbling_rate: [0.125, 0.5]}, repeats: 2}
analyses:
  sizes: {use: cluster_sizes, from: gas, with: {every: 2}}
"""


def test_a_project(write_project, labrun_process, tmp_path):
    outcome = labrun_process("run", write_project(PROJECT), "--workers", "1")
    assert outcome.code == 0, outcome.err
    folder = tmp_path / "runs" / "gas" / "analyses" / "sizes"
    groups = pd.read_csv(folder / "groups.csv")
    assert groups["tumbling_rate"].tolist() == [0.125, 0.5]
    assert groups["members"].tolist() == [2, 2]
    assert (groups["mean cluster size"] >= 1).all()
    assert pd.read_csv(folder / "members.csv")["snapshots"].tolist() == [3] * 4
    assert {"distribution.png", "distribution.svg", "distribution.csv"} <= {path.name for path in folder.iterdir()}


def test_a_wrong_array_is_told_with_its_place(write_project, labrun):
    outcome = labrun("check", write_project(PROJECT.replace("every: 2", "array: snapshot")))
    assert outcome.code == 2
    assert "analyses.sizes.with.array: 'gas' gives no array 'snapshot': did you mean 'snapshots'?" in outcome.err
