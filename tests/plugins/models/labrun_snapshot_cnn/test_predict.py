"""`labrun predict` on the snapshots of a run, and on an array of them."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd

from labrun import ArraySpec, ExampleSpec, Quantity
from labrun.store.parts import StoredMembers
from labrun_snapshot_cnn import SnapshotCNN

PROJECT = """\
project: tumbling
simulations:
  runs:
    use: persistent_exclusion
    with: {size: [12, 20], density: 0.2, warm_up: 2, snapshots: 3}
    sweep: {grid: {tumbling_rate: [0.1, 0.5]}}
"""


def test_every_snapshot_of_every_member_is_an_example(labrun, write_project, write_model):
    quantity = Quantity("tumbling_rate", "1/sweep", "log2")
    described = ExampleSpec(ArraySpec((12, 20), "uint8"), ArraySpec((), "float32"), None, True, quantity)
    write_model(SnapshotCNN(preset="periodic", answer_offset=-3.0), described, "net")
    assert labrun("run", write_project(PROJECT), "--workers", 1).code == 0

    outcome = labrun("predict", "net", "runs/tumbling/simulations/runs", "--array", "snapshots")
    assert outcome.code == 0, outcome.err
    table = pd.read_csv(io.StringIO(outcome.out))
    assert list(table.columns) == ["example", "member", "given_tumbling_rate", "place", "tumbling_rate"]
    assert table["member"].tolist() == [0, 0, 0, 1, 1, 1]
    assert table["place"].tolist() == [0, 1, 2, 0, 1, 2]
    assert table["given_tumbling_rate"].tolist() == [0.1] * 3 + [0.5] * 3
    np.testing.assert_allclose(table["tumbling_rate"], 0.125, rtol=0.9)  # untrained: about 2⁻³

    members = StoredMembers.found_in(Path("runs/tumbling/simulations/runs/parts"))
    np.save("some.npy", members.read(1, "snapshots"))
    alone = pd.read_csv(io.StringIO(labrun("predict", "net", "some.npy").out))
    np.testing.assert_allclose(alone["tumbling_rate"], table["tumbling_rate"][3:], rtol=1e-4)
    np.save("one.npy", members.read(1, "snapshots")[2])
    assert len(pd.read_csv(io.StringIO(labrun("predict", "net", "one.npy").out))) == 1
