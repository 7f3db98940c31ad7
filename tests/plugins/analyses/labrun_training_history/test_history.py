from __future__ import annotations

from pathlib import Path

from labrun import Model, TrainedModel
from labrun_training_history import TrainingHistory


def trained(folder: Path, name: str, rows: str) -> TrainedModel:
    folder.mkdir()
    (folder / "history.csv").write_text(rows, encoding="utf-8")
    return TrainedModel(Model(), folder, name)


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
