"""Examples in other people's training loops: every example once an epoch, in the promised order, equal to what `load` gives."""

from __future__ import annotations

import numpy as np
import pytest

from labrun import Examples

COUNT, BATCH = 11, 4
X = np.arange(COUNT * 6, dtype=np.float32).reshape(COUNT, 2, 3)
Y = np.arange(COUNT, dtype=np.int64)


def made(several: bool = False) -> Examples:
    def load_x(indices):
        assert (np.diff(indices) > 0).all(), "files are read from front to back"
        return {"field": X[indices], "time": X[indices, 0, 0]} if several else X[indices]

    return Examples(load_x, lambda indices: Y[indices], np.arange(COUNT))


def field(x):
    return np.asarray(x["field"] if isinstance(x, dict) else x)


def keras_epoch(dataset):
    batches = [dataset[i] for i in range(len(dataset))]
    dataset.on_epoch_end()
    return batches


def torch_epoch(dataset):
    torch = pytest.importorskip("torch")
    return list(torch.utils.data.DataLoader(dataset, batch_size=BATCH))


LOOPS = {
    "keras": (lambda examples, seed: examples.to_keras(BATCH, seed), keras_epoch),
    "tf": (lambda examples, seed: examples.to_tf(BATCH, seed), list),
}


@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize("library", [*LOOPS, "torch"])
def test_an_epoch_is_what_load_gives(library, several):
    if library == "torch":
        pytest.importorskip("torch")
    make, epoch = LOOPS.get(library, (lambda examples, seed: examples.to_torch(), torch_epoch))
    dataset = make(made(several), None)
    batches = epoch(dataset)
    assert len(dataset) == (COUNT if library == "torch" else 3)
    assert [len(np.asarray(y)) for _, y in batches] == [4, 4, 3]
    assert (np.concatenate([field(x) for x, _ in batches]) == X).all()
    assert (np.concatenate([np.asarray(y) for _, y in batches]) == Y).all()
    assert np.asarray(batches[0][1]).dtype == np.int64
    if several:
        assert (np.concatenate([np.asarray(x["time"]) for x, _ in batches]) == X[:, 0, 0]).all()


@pytest.mark.parametrize("library", LOOPS)
def test_a_seed_gives_each_epoch_an_order_of_its_own(library):
    make, epoch = LOOPS[library]
    found = []
    for _ in range(2):
        dataset = make(made(), 5)
        found.append([np.concatenate([np.asarray(y) for _, y in epoch(dataset)]).tolist() for _ in range(2)])
        for x, y in epoch(dataset):
            assert (field(x) == X[np.asarray(y)]).all()
    assert found[0] == found[1]
    assert found[0][0] != found[0][1]
    assert sorted(found[0][0]) == Y.tolist()


def test_all_libraries_have_one_order():
    orders = [
        np.concatenate([np.asarray(y) for _, y in epoch(make(made(), 3))]).tolist() for make, epoch in LOOPS.values()
    ]
    assert orders[0] == orders[1] != Y.tolist()


def test_torch_chooses_any_order_even_with_repetition():
    torch = pytest.importorskip("torch")
    dataset = made().to_torch()
    x, y = dataset[7]
    assert (np.asarray(x) == X[7]).all()
    assert (int(y), y.shape) == (7, ())
    loader = torch.utils.data.DataLoader(dataset, batch_size=3, sampler=[5, 0, 5, 2])
    assert [[int(v) for v in y] for _, y in loader] == [[5, 0, 5], [2]]
