"""A function of every member: the same results in the same order, wherever they are computed."""

from __future__ import annotations

import os
import pickle
import re
from functools import partial

import numpy as np
import pytest

from labrun import Ensemble
from labrun.faults import LabrunError
from labrun.files.guarded import GuardedPath
from labrun.store.parts import StoredMembers, write_part
from labrun.workers.map_members import Chunk, apply, map_members
from labrun.workers.pool import Pool
from labrun.workers.store_probe import StoreProbe

MEMBERS = 23


def describe(ensemble: Ensemble, i: int, power: int = 1) -> dict[str, object]:
    u = ensemble.read(i, "u")
    return {
        "number": ensemble.numbers[i],
        "k": ensemble.columns["k"][i],
        "group": ensemble._groups[i],
        "mean": (u**power).mean(),
        "u": u[:, -1],
        "outputs": dict(ensemble.outputs),
    }


def pid(ensemble: Ensemble, i: int) -> int:
    return os.getpid()


def fail(ensemble: Ensemble, i: int) -> int:
    if ensemble.numbers[i] == 17:
        raise KeyError("no such thing")
    return i


class Picky(Exception):
    """Cannot be read by another process: its `__init__` takes more than it hands on."""

    def __init__(self, member: int, reason: str) -> None:
        super().__init__(f"member {member}: {reason}")


class Stuck:
    """Can be sent, but not read."""

    def __reduce__(self) -> tuple[object, tuple[int, ...]]:
        return _refuse, (17,)


def _refuse(number: int) -> None:
    if number == 17:
        raise RuntimeError("not here")


def fail_in_its_own_way(ensemble: Ensemble, i: int) -> int:
    if ensemble.numbers[i] == 17:
        raise Picky(17, "no such thing")
    return i


def stick(ensemble: Ensemble, i: int) -> object:
    return Stuck() if ensemble.numbers[i] == 17 else i


def open_door(ensemble: Ensemble, i: int) -> object:
    return (lambda: i) if ensemble.numbers[i] == 17 else i


def die(ensemble: Ensemble, i: int) -> None:
    if ensemble.numbers[i] == 17:
        os.abort()


@pytest.fixture
def stored(tmp_path, rng) -> Ensemble:
    """Members 1, 2, … of a stage whose first has failed, in parts of four."""
    arrays = [{"u": rng.normal(size=(5, 3))} for _ in range(MEMBERS + 1)]
    parts = [list(range(start, min(start + 4, MEMBERS + 1))) for start in range(0, MEMBERS + 1, 4)]
    for number, members in enumerate(parts):
        write_part(tmp_path, number, ((member, arrays[member]) for member in members))
    columns, groups = {"k": [0.5 * i for i in range(MEMBERS)]}, [f"g{i // 2}" for i in range(MEMBERS)]
    mapper = partial(map_members, workers=None)
    ensemble = Ensemble(StoredMembers(tmp_path, parts), range(1, MEMBERS + 1), columns, "scan", groups, mapper)
    ensemble.outputs = {"u": "(5, 3) float64"}
    return ensemble


@pytest.fixture
def pool():
    pool = Pool(2)
    yield pool
    pool.stop(at_once=True)


@pytest.fixture
def on_workers(stored, pool, monkeypatch):
    """The same ensemble with two processes, which are asked from the second member on."""
    monkeypatch.setattr("labrun.workers.map_members.WORTH", 0)
    monkeypatch.setattr("labrun.workers.map_members.AT_ONCE", 1e-4)  # a few members at once
    stored._mapper = partial(map_members, workers=pool)
    return stored


def as_bytes(found: list[dict[str, object]]) -> list[bytes]:
    return [pickle.dumps({name: np.asarray(value).tolist() for name, value in one.items()}) for one in found]


@pytest.mark.parametrize("shared", [True, False])
def test_workers_find_what_this_process_finds(on_workers, pool, monkeypatch, shared):
    function = partial(describe, power=3)
    obvious = [describe(on_workers, i, 3) for i in range(MEMBERS)]
    monkeypatch.setattr(pool, "shared", shared)
    found = list(on_workers.map(function))
    assert as_bytes(found) == as_bytes(obvious)
    assert [one["number"] for one in found] == list(range(1, MEMBERS + 1))
    pids = set(on_workers.map(pid))
    assert os.getpid() in pids  # the first member tells what the others will take
    assert len(pids) > 1


def test_alone_this_process_does_it(stored):
    assert set(stored.map(pid)) == {os.getpid()}
    assert as_bytes(list(stored.map(describe))) == as_bytes([describe(stored, i) for i in range(MEMBERS)])


def test_what_is_quick_needs_no_workers(stored):
    class Nobody(Pool):
        def executor(self):
            raise AssertionError

    stored._mapper = partial(map_members, workers=Nobody(2))
    assert set(stored.map(pid)) == {os.getpid()}


def test_one_thread_computes_here_too(stored):
    import scipy.linalg
    import threadpoolctl

    assert scipy.linalg
    assert all(set(one) == {1} for one in stored.map(threads))
    assert {p["num_threads"] for p in threadpoolctl.threadpool_info()} != {1} or os.cpu_count() == 1


def threads(ensemble: Ensemble, i: int) -> list[int]:
    import threadpoolctl

    return [pool["num_threads"] for pool in threadpoolctl.threadpool_info()]


def test_what_the_function_raises_comes_through(on_workers):
    with pytest.raises(KeyError, match="no such thing"):
        list(on_workers.map(fail))


@pytest.mark.parametrize(
    ("function", "error", "message"),
    [
        (fail_in_its_own_way, Exception, r"^Picky: member 17: no such thing$"),
        (stick, TypeError, r"^Ensemble\.map: a result of a worker cannot be read here: not here$"),
        (open_door, TypeError, r"^Ensemble\.map: a worker cannot send a result: .*pickle"),
    ],
)
def test_what_cannot_be_read_elsewhere_is_not_a_death(on_workers, function, error, message):
    with pytest.raises(error, match=message):
        list(on_workers.map(function))


def test_a_function_that_kills_is_told_with_its_members(on_workers):
    expected = r"the worker process died repeatedly on members \d+ to \d+ of 'scan'. Is there too little memory, or does compiled"
    with pytest.raises(LabrunError, match=expected) as caught:
        list(on_workers.map(die))
    first, last = re.findall(r"\d+", str(caught.value))
    assert int(first) <= 17 <= int(last)


def test_what_cannot_be_sent_is_refused_at_once(stored):
    with pytest.raises(
        TypeError, match=r"Ensemble.map needs a module-level function, a plugin's method, or a functools.partial"
    ):
        stored.map(lambda ensemble, i: i)


def test_nothing_of_nothing():
    assert list(Ensemble.from_arrays([], {"k": []}).map(pid)) == []


def test_the_function_of_a_local_file_reaches_a_process_that_has_not_loaded_it(on_workers, tmp_path):
    from labrun.registry.local_file import load_file

    file = tmp_path / "own.py"
    file.write_text("def number(ensemble, i):\n    return ensemble.numbers[i]\n")
    module = load_file(file)
    file.rename(tmp_path / "away.py")
    with pytest.raises(FileNotFoundError):
        on_workers.map(module.number)
    (tmp_path / "away.py").rename(file)
    assert list(on_workers.map(module.number)) == on_workers.numbers


def test_a_worker_that_does_not_see_the_store_says_so(tmp_path):
    probe = StoreProbe(GuardedPath(tmp_path) / "nowhere/probe", "word")
    with pytest.raises(
        LabrunError, match=re.escape(f"does not see the store ({tmp_path / 'nowhere'}), unlike the others")
    ):
        apply(Chunk([], b"", probe))


def test_members_travel_by_their_place(stored):
    """A member's arrays are not in what is sent, and the paths are absolute."""
    sent = pickle.dumps(stored.take(range(3)).packed(inline=False))
    assert len(sent) < 1000
    assert pickle.loads(sent)._members.folder.path.is_absolute()
