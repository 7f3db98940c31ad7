"""Key results on their scales: what is grouped, what stands beside it, and that everything stands once."""

import pytest

from labrun import Interval, Measure
from labrun.report.answer import Line, group_lines
from labrun.report.dots import MARGIN, scale_of
from labrun.report.page import ROWS_OF_ANSWER, _divided


def line(label, value, dataset="test", width=0.1, **more):
    ends = Interval(value - width, value + width)
    measure = Measure(value, name="accuracy", dataset=dataset, model=label, interval=ends, better="higher", **more)
    return "accuracy", Line("result", label, f"analyses.{label}", measure, dataset)


TREES = Measure(0.7, model="trees")


def test_one_quantity_on_two_datasets_has_one_scale_and_those_of_one_dataset_stand_together():
    (group,) = group_lines([line("net", 0.8), line("net", 0.6, "other"), line("deep", 0.9)])
    assert [(one.label, one.dataset) for one in group.lines] == [("net", "test"), ("deep", "test"), ("net", "other")]
    assert (group.scale.low, group.scale.high) == pytest.approx((0.5, 1.0))


def test_a_dataset_that_all_lines_share_is_named_once():
    (group,) = group_lines([line("net", 0.8, n=40, units="members"), line("deep", 0.9, n=40, units="members")])
    assert group.note == "on test, higher is better, over 40 members"
    assert {one.dataset for one in group.lines} == {""}


def test_a_baseline_stands_below_what_has_to_beat_it_once():
    (group,) = group_lines([line("net", 0.8, baseline=TREES), line("deep", 0.9, baseline=TREES)])
    assert [(one.kind, one.label) for one in group.lines] == [
        ("result", "net"),
        ("result", "deep"),
        ("baseline", "trees"),
    ]
    assert group.lines[-1].value == "0.70"  # as many decimals as the others


def test_a_baseline_that_is_reported_by_itself_is_marked_there():
    (group,) = group_lines([line("net", 0.8, baseline=TREES), line("trees", 0.7)])
    assert [(one.kind, one.label) for one in group.lines] == [("result", "net"), ("baseline", "trees")]


def test_a_number_of_two_stages_stands_once_with_the_lower_ceiling():
    (group,) = group_lines([line("net", 0.8, ceiling=1.0), line("net", 0.8, ceiling=0.85)])
    (one,) = group.lines
    assert one.measure.ceiling == 0.85


def test_what_the_first_screen_has_no_room_for_is_folded_and_nothing_is_lost():
    groups = group_lines([line(f"net{i}", 0.5 + i / 100, key=True) for i in range(30)])
    shown, more = _divided(groups)
    assert sum(group.height for group in shown) == ROWS_OF_ANSWER
    assert [one.label for group in (*shown, *more) for one in group.lines] == [f"net{i}" for i in range(30)]
    assert shown[0].scale == more[0].scale


def test_beside_key_results_no_other_number_stands_on_the_first_screen():
    (key,) = group_lines([line("net", 0.8, key=True)])
    (other,) = group_lines([line("found", 0.3)])
    assert _divided([key, other]) == ([key], [other])
    assert _divided([other]) == ([other], [])


def test_places_on_a_scale():
    scale = scale_of([Measure(0.0), Measure(10.0)])
    assert (scale.at(0.0), scale.at(5.0), scale.at(10.0)) == (MARGIN, 50.0, 100 - MARGIN)
    assert scale.at(12.0) == scale.at(10.0)
    assert [text for _, text in scale.ticks] == ["0", "5", "10"]


def test_one_number_has_no_scale():
    assert scale_of([Measure(3.0)]) is None
    assert scale_of([Measure(float("nan"))]) is None
