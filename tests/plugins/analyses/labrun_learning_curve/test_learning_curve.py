from __future__ import annotations

import re
from collections.abc import Iterator

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from labrun import Findings
from labrun_learning_curve import LearningCurve
from labrun_learning_curve.curve import _varied

MAES = {
    # trajectories, rolls: one number for each seed
    (5, 0): [0.030, 0.034, 0.032],
    (20, 0): [0.018, 0.022, 0.020],
    (5, 4): [0.024, 0.028, 0.026],
    (20, 4): [0.015],
}


def rows(dataset="test", factor=1.0, name="net") -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "model": f"{name}[trajectories={t},rolls={r},seed={s}]",
                "trajectories": t,
                "rolls": r,
                "seed": s,
                "dataset": dataset,
                "mae": factor * mae,
                "left out": "[1, 2]",
            }
            for (t, r), maes in MAES.items()
            for s, mae in enumerate(maes)
        ]
    )


def findings(*tables: pd.DataFrame) -> Findings:
    return Findings(tables={"scores": pd.concat(tables, ignore_index=True)})


@pytest.fixture(autouse=True)
def close_figures() -> Iterator[None]:
    yield
    plt.close("all")


def test_rows_that_agree_make_a_point_with_its_standard_error(tmp_path):
    findings(rows()).save(tmp_path)
    found = LearningCurve(x="trajectories", y="mae", by="rolls").analyse(Findings.load(tmp_path))
    expected = pd.DataFrame(
        [(r, float(t), len(m), np.mean(m), np.std(m, ddof=1) / np.sqrt(len(m)) if len(m) > 1 else np.nan)
         for (t, r), m in MAES.items()],
        columns=["by", "x", "n", "mean", "error"],
    )  # fmt: skip
    pd.testing.assert_frame_equal(found.tables["curve"], expected)
    assert found.warnings == []


def test_one_curve_without_by():
    still = rows().query("rolls == 0")
    table = LearningCurve(x="trajectories", y="mae").analyse(findings(still)).tables["curve"]
    assert [*table.columns] == ["x", "n", "mean", "error"]
    assert table["n"].tolist() == [3, 3]
    assert table["mean"].tolist() == pytest.approx([0.032, 0.02])


def test_what_else_was_varied_has_its_own_curve():
    found = LearningCurve(x="trajectories", y="mae").analyse(findings(rows()))
    table = found.tables["curve"]
    assert table["by"].tolist() == ["rolls=0", "rolls=0", "rolls=4", "rolls=4"]
    assert table["n"].tolist() == [3, 3, 3, 1]
    assert table["mean"].tolist() == pytest.approx([0.032, 0.02, 0.026, 0.015])
    assert found.figures["learning_curve"].axes[0].get_legend().get_title().get_text() == "rolls"
    assert found.captions["learning_curve"].startswith("'mae' against 'trajectories' for each 'rolls'.")


def test_names_are_read_whatever_they_hold():
    assert _varied("net[widths=8+16,path=a,b,rate=1e-3]") == {
        "model": "net",
        "widths": "8+16",
        "path": "a,b",
        "rate": "1e-3",
    }
    assert _varied("forest") == {"model": "forest"}


def test_the_figure_shows_means_bars_and_single_rows():
    found = LearningCurve(x="trajectories", y="mae", by="rolls").analyse(findings(rows()))
    (axes,) = found.figures["learning_curve"].axes
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("trajectories", "mae")
    assert [t.get_text() for t in axes.get_legend().get_texts()] == ["0", "4"]
    assert axes.get_legend().get_title().get_text() == "rolls"
    dots = [line.get_xydata().tolist() for line in axes.lines if line.get_marker() == "."]
    assert dots == [
        [[t, m] for (t, r), maes in MAES.items() for m in maes if r == rolls and len(maes) > 1] for rolls in (0, 4)
    ]
    bars = [container.lines[2][0].get_segments() for container in axes.containers]
    error = np.std(MAES[5, 0], ddof=1) / np.sqrt(3)
    np.testing.assert_allclose(bars[0][0], [[5, 0.032 - error], [5, 0.032 + error]])
    assert bars[1][1][0].tolist() == bars[1][1][1].tolist()  # a single row has no error
    assert axes.get_xticks().tolist() == [5, 20]


@pytest.mark.parametrize(("log_x", "log_y"), [(True, False), (False, True)])
def test_scales_of_the_axes(log_x, log_y):
    plugin = LearningCurve(x="trajectories", y="mae", log_x=log_x, log_y=log_y)
    figure = plugin.analyse(findings(rows())).figures["learning_curve"]
    figure.canvas.draw()
    (axes,) = figure.axes
    assert (axes.get_xscale(), axes.get_yscale()) == tuple("log" if log else "linear" for log in (log_x, log_y))


def test_a_dataset_is_chosen():
    both = findings(rows(), rows("unseen", 2.0))
    mean = {
        name: LearningCurve(x="trajectories", y="mae", dataset=name).analyse(both).tables["curve"]["mean"][0]
        for name in ("test", "unseen")
    }
    assert mean["unseen"] == pytest.approx(2 * mean["test"])
    still = findings(rows().query("rolls == 0"), rows("unseen", 2.0).query("rolls == 0"))
    by_dataset = LearningCurve(x="trajectories", y="mae", by="dataset").analyse(still).tables["curve"]
    assert by_dataset["by"].tolist() == ["test", "test", "unseen", "unseen"]


def test_many_curves_and_many_places_on_the_axis():
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {"n": np.tile(np.arange(1, 41), 9), "name": np.repeat([*"abcdefghi"], 40), "r": rng.random(360)}
    )
    figure = LearningCurve(x="n", y="r", by="name", log_y=True).analyse(findings(table)).figures["learning_curve"]
    figure.canvas.draw()
    ticks = figure.axes[0].get_xticks()
    assert len(ticks) <= 15
    assert (ticks[1:] / ticks[:-1]).min() >= 40 ** (1 / 14)


def test_a_single_point():
    one = LearningCurve(x="seed", y="mae", log_x=False).analyse(findings(rows().iloc[:1]))
    one.figures["learning_curve"].canvas.draw()
    assert one.tables["curve"][["x", "n", "mean"]].to_numpy().tolist() == [[0, 1, 0.03]]
    LearningCurve(x="trajectories", y="mae", log_y=True).analyse(findings(rows().iloc[:1]))


def test_rows_without_numbers_are_left_out_and_told():
    forest = pd.DataFrame({"model": ["forest"], "dataset": ["test"], "mae": [0.01]})
    found = LearningCurve(x="trajectories", y="mae", by="rolls").analyse(findings(rows(), forest))
    assert found.tables["curve"]["n"].tolist() == [3, 3, 3, 1]
    assert found.warnings == [
        "1 of 11 rows of 'scores' are left out, since they lack a value in 'trajectories', 'mae', 'rolls' (forest)."
    ]


def test_different_models_are_different_curves():
    both = findings(rows(), rows(name="large"))
    found = LearningCurve(x="trajectories", y="mae", by="rolls").analyse(both)
    assert list(dict.fromkeys(found.tables["curve"]["by"])) == [
        "0, model=large",
        "0, model=net",
        "4, model=large",
        "4, model=net",
    ]
    assert found.warnings == []


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"table": "score"}, "the analysis has no table 'score': did you mean 'scores'?"),
        ({"x": "trajectory"}, "the table 'scores' has no column 'trajectory': did you mean 'trajectories'?"),
        ({"y": "maes"}, "the table 'scores' has no column 'maes': did you mean 'mae'?"),
        ({"by": "roll"}, "the table 'scores' has no column 'roll': did you mean 'rolls'?"),
        ({"dataset": "unsee"}, "the table 'scores' holds no dataset 'unsee': did you mean 'unseen'?"),
        (
            {"dataset": None},
            "holds several datasets (test, unseen): choose one with 'dataset', or draw one curve each with 'by: dataset'",
        ),
        (
            {"x": "left out"},
            "the column 'left out' of the table 'scores' holds '[1, 2]', but an axis needs numbers; choose one of: "
            "trajectories, rolls, seed, mae",
        ),
        ({"x": "seed"}, "'seed' is as low as 0, but a logarithmic axis needs positive values: set log_x: false"),
        (
            {"y": "seed", "log_y": True},
            "'seed' is as low as 0, but a logarithmic axis needs positive values: set log_y: false",
        ),
    ],
)
def test_what_the_table_does_not_hold(config, message):
    plugin = LearningCurve(**{"x": "trajectories", "y": "mae", "dataset": "test"} | config)
    with pytest.raises(ValueError, match=re.escape(message)):
        plugin.analyse(findings(rows(), rows("unseen")))


def test_a_dataset_of_a_table_that_knows_none():
    plugin = LearningCurve(x="trajectories", y="mae", dataset="test")
    with pytest.raises(ValueError, match="the table 'scores' has no column 'dataset'"):
        plugin.analyse(findings(rows().drop(columns="dataset")))


def test_no_row_with_numbers():
    with pytest.raises(ValueError, match="no row of the table 'scores' has values in both columns of the curve"):
        LearningCurve(x="trajectories", y="mae").analyse(findings(rows().assign(mae=np.nan)))


def test_yes_and_no_are_no_numbers():
    with pytest.raises(ValueError, match=r"the column 'rolled' .* holds 'True', but an axis needs numbers"):
        LearningCurve(x="rolled", y="mae").analyse(findings(rows().assign(rolled=True)))


@pytest.mark.parametrize(
    ("config", "fault"),
    [
        ({"x": "mae", "y": "mae"}, ("y", "x and y are both 'mae'; a curve needs two columns")),
        ({"x": "n", "y": "mae", "by": "n"}, ("by", "'n' is already an axis; name another column for the curves")),
    ],
)
def test_columns_must_differ(config, fault):
    assert list(LearningCurve(**config).check()) == [fault]
