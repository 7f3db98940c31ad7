from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import pytest

from labrun import Model, TrainedModel
from labrun_training_history import TrainingHistory


def trained(folder: Path, name: str, rows: str) -> TrainedModel:
    folder.mkdir()
    (folder / "history.csv").write_text(rows, encoding="utf-8")
    return TrainedModel(Model(), folder, name)


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def test_a_panel_for_each_quantity_and_the_numbers_of_the_last_epoch(tmp_path):
    rows = "epoch,accuracy,loss,val_accuracy,val_loss\n1,0.2,2.0,0.1,2.5\n2,0.6,1.0,0.5,1.1\n3,0.7,0.9,0.4,1.4\n"
    models = [trained(tmp_path / "a", "a", rows), trained(tmp_path / "b", "b", "epoch,loss\n1,3\n2,2\n")]
    findings = TrainingHistory().analyse(models)
    panels = {axes.get_ylabel(): axes for axes in findings.figures["history"].axes}
    assert set(panels) == {"accuracy", "loss"}
    assert panels["loss"].get_yscale() == "log"
    assert len(panels["loss"].lines) == 3
    table = findings.tables["last_epoch"].set_index("model")
    assert table.loc["a", "lowest val_loss in epoch"] == 2
    assert table.loc["a", "val_accuracy"] == 0.4
    assert table.loc["b", "lowest loss in epoch"] == 2
    assert findings.warnings == []


def test_the_legend_names_models_and_styles(tmp_path):
    rows = "epoch,loss,val_loss\n1,2.0,2.5\n2,1.0,1.1\n"
    findings = TrainingHistory().analyse([trained(tmp_path / name, name, rows) for name in "ab"])
    (legend,) = findings.figures["history"].legends
    assert [text.get_text() for text in legend.get_texts()] == ["a", "b", "training", "validation"]


@pytest.mark.parametrize(
    ("rows", "lowest", "warning"),
    [
        (
            "epoch,loss,val_loss\n1,2.0,1.0\n2,1.0,\n3,,\n",
            1,
            ["'net' has values that are not finite from epoch 2 on (loss, val_loss)."],
        ),
        (
            "epoch,loss,val_loss\n1,,\n",
            None,
            ["'net' has values that are not finite from epoch 1 on (loss, val_loss)."],
        ),
        ("epoch,loss\n1,inf\n2,3.0\n", 2, ["'net' has values that are not finite from epoch 1 on (loss)."]),
        ("epoch,loss\n1,2.0\n", 1, []),
        ("epoch,loss\n1,-2.0\n2,0.0\n", 1, []),
        ("epoch,accuracy\n1,0.5\n", None, []),
        ("epoch,loss\n", None, ["The history of 'net' is empty: the model was not trained."]),
    ],
)
def test_what_is_there_is_shown(tmp_path, rows, lowest, warning):
    findings = TrainingHistory().analyse([trained(tmp_path / "net", "net", rows)])
    for figure in findings.figures.values():
        figure.draw_without_rendering()
    assert findings.warnings == warning
    found = findings.tables["last_epoch"].filter(like="lowest").to_numpy().tolist()
    assert found == ([[lowest]] if lowest else [[]])
    findings.save(tmp_path / "findings")


def test_losses_that_are_not_positive_have_a_linear_axis(tmp_path):
    figure = TrainingHistory().analyse([trained(tmp_path / "net", "net", "epoch,loss\n1,-2\n2,1\n")]).figures["history"]
    assert figure.axes[0].get_yscale() == "linear"
