from __future__ import annotations

from collections.abc import Iterator

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb

from labrun import Ensemble, Outline
from labrun_feature_gallery import FeatureGallery
from labrun_feature_gallery.colouring import DARKEST, LIGHTEST, colour_clusters

RED, BLUE = "#ff0000", "#0000ff"


@pytest.fixture(autouse=True)
def close_figures() -> Iterator[None]:
    """Matplotlib keeps every figure until it is closed, and warns of more than 20."""
    yield
    plt.close("all")


def draw(text):
    """A plane from text, a row a line, dots empty."""
    return np.array([[0 if c == "." else 1 for c in row] for row in text.split()], np.uint8)


PLANE = draw("""
    aa...b...a
    ..........
    .cc..d....
    .c...d..e.
    .....d....
    a.........
""")
"""Clusters of 4 (a, over both seams: 2 + 1 on top, 1 below its left corner), 3 (c), 3 (d), 1 (b), 1 (e)."""


def ensemble(snapshots, **columns) -> Ensemble:
    return Ensemble.from_arrays([{"snapshots": np.asarray(s, np.uint8)} for s in snapshots], columns, "gas")


def test_the_largest_have_colours_in_the_order_of_their_size_over_the_seams_too():
    picture = colour_clusters(PLANE, [RED, BLUE])
    assert picture.highlighted == [(RED, 4), (BLUE, 3)]
    red = (picture.pixels == to_rgb(RED)).all(axis=-1)
    assert sorted(zip(*np.nonzero(red), strict=True)) == [(0, 0), (0, 1), (0, 9), (5, 0)]
    blue = (picture.pixels == to_rgb(BLUE)).all(axis=-1)  # of equals the first as one reads
    assert sorted(zip(*np.nonzero(blue), strict=True)) == [(2, 1), (2, 2), (3, 1)]


def test_the_others_are_grey_the_darker_the_larger_and_what_is_empty_is_white():
    pixels = colour_clusters(PLANE, [RED]).pixels
    assert pixels.shape == (6, 10, 3)
    assert (pixels[PLANE == 0] == 1).all()
    np.testing.assert_allclose(pixels[3, 5], DARKEST)
    np.testing.assert_allclose(pixels[3, 8], LIGHTEST)
    full = colour_clusters(PLANE, []).pixels
    assert full[0, 0, 0] == pytest.approx(DARKEST)  # now the largest grey is this one
    assert DARKEST < full[3, 5, 0] < full[3, 8, 0]


def test_the_darkest_grey_is_one_scale_from_single_particles_on():
    """ln s / ln s_max between the two ends, by hand: s = 3 of 9."""
    plane = np.zeros((6, 14), np.uint8)
    plane[1:4, 1:4] = 1
    plane[1:4, 6] = 1
    plane[1, 10] = 1
    grey = colour_clusters(plane, []).pixels[..., 0]
    assert grey[1, 6] == pytest.approx((LIGHTEST + DARKEST) / 2)


def test_single_particles_have_no_colour():
    picture = colour_clusters(draw("a.b. .... .c.."), [RED, BLUE])
    assert picture.highlighted == []
    assert np.unique(picture.pixels) == pytest.approx([LIGHTEST, 1])


@pytest.mark.parametrize("plane", [np.zeros((3, 5), np.uint8), np.ones((3, 5), np.uint8)])
def test_planes_without_particles_and_without_holes(plane, tmp_path):
    findings = FeatureGallery().analyse(ensemble([[plane]], density=[0.5]))
    (row,) = findings.tables["panels"].to_dict("records")
    full = bool(plane.any())
    assert (row["clusters"], row["mean cluster size"], row["largest fraction"]) == (full, 15 * full, full)
    findings.save(tmp_path)


def test_numbers_of_a_picture():
    findings = FeatureGallery().analyse(ensemble([[np.zeros_like(PLANE), PLANE]], density=[0.15]))
    (row,) = findings.tables["panels"].to_dict("records")
    assert row == {
        "density": 0.15,
        "member": 0,
        "snapshot": 1,
        "particles": 12,
        "clusters": 5,
        "mean cluster size": pytest.approx((16 + 9 + 9 + 1 + 1) / 12),
        "largest cluster": 4,
        "largest fraction": pytest.approx(1 / 3),
    }


def test_a_panel_shows_the_plane_its_parameters_and_the_sizes_of_its_largest_clusters():
    simulation = ensemble([[PLANE], [PLANE]], density=[0.15, 0.15], tumbling_rate=[0.0157, 0.25])
    figure = FeatureGallery(highlight=2).analyse(simulation).figures["gallery"]
    first, second = [axes for axes in figure.axes if axes.axison]
    assert first.get_title() == "density = 0.15, tumbling rate = 0.0157\n⟨s⟩ = 3, largest 33.3%"
    assert second.get_title().startswith("density = 0.15, tumbling rate = 0.25\n")
    assert [text.get_text() for text in first.get_legend().get_texts()] == ["4", "3"]
    (image,) = first.images
    assert image.get_array().shape[:2] == (6, 10)
    assert (image.origin, first.get_aspect()) == ("upper", 1)


def test_the_first_member_of_each_set_is_shown_at_the_snapshot_asked_for():
    planes = [np.stack([np.roll(PLANE, k, axis=1) * (k < n) for k in range(3)]) for n in (3, 1, 2)]
    simulation = ensemble(planes, rate=[0.2, 0.1, 0.2], repeat=[0, 0, 1])
    table = FeatureGallery(snapshot=1).analyse(simulation).tables["panels"]
    assert table["rate"].tolist() == [0.1, 0.2]
    assert table["member"].tolist() == [1, 0]
    assert table["snapshot"].tolist() == [1, 1]
    assert table["particles"].tolist() == [0, 12]
    last = FeatureGallery().analyse(simulation)
    assert last.tables["panels"]["snapshot"].tolist() == [2, 2]
    assert last.captions["gallery"].startswith("The last snapshot of the first member")
    findings = FeatureGallery(snapshot=-3).analyse(simulation)
    assert findings.tables["panels"]["snapshot"].tolist() == [0, 0]
    assert findings.captions["gallery"].startswith("Snapshot -3 of the first member of each set of parameters.")


def test_of_many_sets_some_are_chosen_evenly_and_the_caption_says_so():
    rates = [float(i) for i in range(23)]
    findings = FeatureGallery(panels=5).analyse(ensemble([[PLANE]] * 23, rate=rates[::-1]))
    chosen = findings.tables["panels"]["rate"].tolist()
    assert chosen == [0, 6, 11, 16, 22]  # 5.5 and 16.5 are rounded to even
    assert findings.metrics == {"panels": 5, "sets of parameters": 23}
    assert "5 of 23 evenly chosen sets" in findings.captions["gallery"]
    assert len([axes for axes in findings.figures["gallery"].axes if axes.axison]) == 5


@pytest.mark.parametrize("shape", [(10, 40), (40, 10), (12, 16)])
@pytest.mark.parametrize("count", [1, 5, 12])
def test_a_gallery_is_about_as_wide_and_high_as_a_slide(shape, count):
    planes = np.ones((1, *shape))
    figure = FeatureGallery().analyse(ensemble([planes] * count, rate=[*range(count)])).figures["gallery"]
    width, height = figure.get_size_inches()
    assert count == 1 or 0.9 < width / height < 2


def test_a_simulation_without_a_sweep_has_its_name_as_title():
    figure = FeatureGallery().analyse(ensemble([[PLANE]])).figures["gallery"]
    assert figure.axes[0].get_title().startswith("gas\n")


def test_without_highlights_all_is_grey():
    findings = FeatureGallery(highlight=0).analyse(ensemble([[PLANE]], rate=[1]))
    assert findings.figures["gallery"].axes[0].get_legend() is None
    assert "All clusters are grey" in findings.captions["gallery"]


@pytest.mark.parametrize(
    ("shape", "snapshot", "message"),
    [
        ((2, 4, 6), 2, "'snapshots' of member 0 of 'gas' has no snapshot 2: it holds 2; choose from -2 to 1"),
        ((2, 4, 6), -3, "has no snapshot -3: it holds 2; choose from -2 to 1"),
        ((0, 4, 6), -1, r"has the shape \(0, 4, 6\); expected .* simulate with snapshots"),
        ((4, 6), -1, r"has the shape \(4, 6\); expected \(snapshots, height, width\)"),
    ],
)
def test_a_snapshot_that_is_not_there(shape, snapshot, message):
    with pytest.raises(ValueError, match=message):
        FeatureGallery(snapshot=snapshot).analyse(ensemble([np.zeros(shape)], rate=[1]))


def test_check_tells_of_an_array_that_is_not_there():
    plugin = FeatureGallery(array="u")
    outline = Outline("gas", plugin, (), {"snapshots": ""})
    assert [*plugin.check(simulation=outline)] == [("array", "'gas' gives no array 'u' (known: snapshots)")]


PROJECT = """\
project: gas
simulations:
  gas:
    use: persistent_exclusion
    with: {density: 0.3, size: [12, 20], snapshots: 3, warm_up: 10}
    sweep: {grid: {tumbling_rate: [0.125, 0.5]}, repeats: 2}
analyses:
  gallery: {use: feature_gallery, from: gas, with: {snapshot: 0}}
"""


def test_a_project(write_project, labrun_process, tmp_path):
    outcome = labrun_process("run", write_project(PROJECT), "--workers", "1")
    assert outcome.code == 0, outcome.err
    folder = tmp_path / "runs" / "gas" / "analyses" / "gallery"
    table = pd.read_csv(folder / "panels.csv")
    assert table["tumbling_rate"].tolist() == [0.125, 0.5]
    assert table["particles"].tolist() == [72, 72]
    assert table["snapshot"].tolist() == [0, 0]
    assert (folder / "gallery.png").is_file()


def test_a_wrong_array_is_told_with_its_place(write_project, labrun):
    outcome = labrun("check", write_project(PROJECT.replace("snapshot: 0", "array: snapshot")))
    assert outcome.code == 2
    assert "analyses.gallery.with.array: 'gas' gives no array 'snapshot': did you mean 'snapshots'?" in outcome.err
