from __future__ import annotations

from collections.abc import Iterator

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from labrun import Findings
from labrun.kit.class_colours import class_colours
from labrun.kit.classification import Classification
from labrun_class_changes import ClassChanges
from labrun_class_changes.drawing import UNCHANGED

KILL = [0.1, 0.2, 0.3, 0.1, 0.2, 0.3]
FEED = [1.0, 1.0, 1.0, 2.0, 2.0, 2.0]


def classified(classes: str, named: str, members=range(6), **columns) -> Classification:
    """A member for each letter of `named`: its class, with a probability that grows from member to member."""
    members = list(members)
    values = {"kill": KILL, "feed": FEED} | columns
    parameters = pd.DataFrame(
        {name: np.asarray(column)[: len(members)] for name, column in values.items()},
        index=pd.Index(members, name="member"),
    )
    sure = 0.6 + 0.05 * np.arange(len(members))
    probabilities = np.repeat((1 - sure)[:, None] / (len(classes) - 1), len(classes), axis=1)
    probabilities[np.arange(len(members)), [classes.index(letter) for letter in named]] = sure
    return Classification(parameters, tuple(classes), probabilities)


BEFORE = classified("abc", "aabbba")
AFTER = classified("xbacy", "ayayba")  # members 1, 2 and 3 changed; the order of the classes is no change


@pytest.fixture(autouse=True)
def close_figures() -> Iterator[None]:
    """Matplotlib keeps every figure until it is closed, and warns of more than 20."""
    yield
    plt.close("all")


@pytest.fixture
def changes() -> ClassChanges:
    return ClassChanges(x="kill", y="feed")


def test_changes_are_counted_by_the_names_of_the_classes(changes):
    findings = changes.analyse(BEFORE.findings(), AFTER.findings())
    assert findings.metrics == {"members": 6, "changed": 3, "share changed": 0.5}
    assert findings.tables["changes"].to_dict("list") == {
        "from": ["a", "b", "b"],
        "to": ["y", "a", "y"],
        "members": [1, 1, 1],
    }
    cells = findings.tables["cells"]
    assert list(cells.index) == [1, 2, 3]
    assert list(cells.columns) == ["kill", "feed", "from", "to", "probability before", "probability after"]
    assert cells.loc[2].tolist() == [0.3, 1.0, "b", "a", pytest.approx(0.7), pytest.approx(0.7)]


def test_the_most_frequent_change_comes_first(changes):
    findings = changes.analyse(classified("ab", "aaabbb").findings(), classified("ab", "abbabb").findings())
    assert findings.tables["changes"].to_numpy().tolist() == [["a", "b", 2], ["b", "a", 1]]


def test_saved_findings_give_the_same(changes, tmp_path):
    BEFORE.findings().save(tmp_path / "before")
    AFTER.findings().save(tmp_path / "after")
    again = changes.analyse(Findings.load(tmp_path / "before"), Findings.load(tmp_path / "after"))
    direct = changes.analyse(BEFORE.findings(), AFTER.findings())
    pd.testing.assert_frame_equal(again.tables["cells"], direct.tables["cells"])


def test_members_are_matched_by_their_numbers(changes):
    order = [3, 0, 5, 4, 1, 2]
    shuffled = Classification(AFTER.parameters.iloc[order], AFTER.classes, AFTER.probabilities[order])
    tables = changes.analyse(BEFORE.findings(), shuffled.findings()).tables
    pd.testing.assert_frame_equal(tables["cells"], changes.analyse(BEFORE.findings(), AFTER.findings()).tables["cells"])


def test_the_map_shows_each_cell_in_the_colour_of_its_new_class(changes):
    (axes,) = changes.analyse(BEFORE.findings(), AFTER.findings()).figures["map"].axes
    (picture,) = axes.images
    colours = class_colours("xbacy", order="abc")  # as before, where the class was there before
    a, y = colours[2], colours[4]
    shown = [[to_hex(pixel) for pixel in line] for line in np.asarray(picture.get_array())]
    assert shown == [[UNCHANGED, y, a], [y, UNCHANGED, UNCHANGED]]  # from the lowest feed up
    assert picture.origin == "lower"
    assert picture.get_extent() == pytest.approx((0.05, 0.35, 0.5, 2.5))
    legend = [text.get_text() for text in axes.get_legend().get_texts()]
    assert legend == ["a (1)", "y (2)", "as before (3)"]


def test_of_two_members_at_one_place_one_that_changed_is_seen(changes):
    """Members 0 and 1 lie at one place, and 0 changed."""
    where = {"kill": [0.1, 0.1, 0.2, 0.2], "feed": [1.0, 1.0, 1.0, 2.0]}
    before, after = (classified("ab", named, range(4), **where) for named in ("abbb", "bbbb"))
    (axes,) = changes.analyse(before.findings(), after.findings()).figures["map"].axes
    pixels = np.asarray(axes.images[0].get_array())
    assert to_hex(pixels[0, 0]) == class_colours("ab")[1]
    assert pixels[1, 0, 3] == 0.0  # nothing was simulated there


def test_scattered_members_are_points(changes):
    rng = np.random.default_rng(0)
    where = {"kill": rng.random(6), "feed": rng.random(6)}
    before, after = (classified("ab", named, **where) for named in ("aaaaaa", "aabaab"))
    (axes,) = changes.analyse(before.findings(), after.findings()).figures["map"].axes
    assert not axes.images
    (points,) = axes.collections
    assert sorted(map(to_hex, points.get_facecolors())) == sorted([UNCHANGED] * 4 + [class_colours("ab")[1]] * 2)
    found = {tuple(point) for point in points.get_offsets()}
    assert found == set(zip(where["kill"], where["feed"], strict=True))


def test_the_matrix_holds_classes_that_occur_and_colours_only_what_changed(changes):
    (axes,) = changes.analyse(BEFORE.findings(), AFTER.findings()).figures["matrix"].axes
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["a", "b"]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["b", "a", "y"]
    assert np.asarray(axes.images[0].get_array()).tolist() == [[0, 0, 1], [0, 1, 1]]
    numbers = {text.get_position(): text.get_text() for text in axes.texts}
    assert numbers == {(1, 0): "2", (2, 0): "1", (0, 1): "1", (1, 1): "1", (2, 1): "1"}


def test_no_change_is_a_result_too(changes, tmp_path):
    findings = changes.analyse(BEFORE.findings(), BEFORE.findings())
    assert findings.metrics["share changed"] == 0.0
    assert list(findings.tables["changes"].columns) == ["from", "to", "members"]
    findings.save(tmp_path)
    assert len(Findings.load(tmp_path).tables["cells"]) == 0


@pytest.mark.parametrize(
    ("after", "message"),
    [
        (classified("ab", "aaaa", range(4)), "only in 'before': 4, 5, only in 'after': none"),
        (
            classified("ab", "aaaaaa", range(10, 16)),
            r"only in 'before': 0, 1, 2, 3, 4, … \(6 members\), only in 'after': 10, 11",
        ),
        (classified("ab", "aaaaaa", kill=[0.1, 0.2, 0.4, *KILL[3:]]), "member 2 has kill = 0.3 in 'before' and 0.4 in"),
    ],
)
def test_other_members_are_refused(changes, after, message):
    with pytest.raises(ValueError, match=message):
        changes.analyse(BEFORE.findings(), after.findings())


def test_texts_among_the_parameters_must_agree_too(changes):
    one, other = (classified("ab", "aaaaaa", start=list(texts)) for texts in ("pppqqq", "pppqqp"))
    with pytest.raises(ValueError, match="member 5 has start = q in 'before' and p in 'after'"):
        changes.analyse(one.findings(), other.findings())


def test_a_parameter_must_not_be_called_like_a_column(changes):
    odd = classified("ab", "aaaaaa", to=FEED)
    with pytest.raises(ValueError, match="class_changes uses the column 'to' itself"):
        changes.analyse(odd.findings(), odd.findings())


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"x": "kil", "y": "feed"}, "the classification has no parameter 'kil': did you mean 'kill'?"),
        ({"x": "kill", "y": "start"}, "'start' cannot be an axis of a map: not all of its values are finite numbers"),
    ],
)
def test_axes_that_are_no_numbers_are_refused(fields, message):
    found = classified("ab", "aaaaaa", start=list("pppqqq")).findings()
    with pytest.raises(ValueError, match=message.replace("?", r"\?")):
        ClassChanges(**fields).analyse(found, found)


def test_check_wants_two_axes():
    assert dict(ClassChanges(x="kill", y="kill").check()) == {
        "y": "x and y are both 'kill'; a map needs two parameters"
    }
    assert not [*ClassChanges(x="kill", y="feed").check()]
