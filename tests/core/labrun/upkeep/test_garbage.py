"""What no run refers to."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from labrun.faults import LabrunError
from labrun.files.digests import with_digest
from labrun.files.temporary import temporary_name
from labrun.store.store import Store
from labrun.upkeep.garbage import QUIET, References, find_garbage, remove

OLD = time.time() - 2 * QUIET
DEAD = 2**22 + 1
"""No process has this number: Linux counts to 2**22."""


def key(letter: str) -> str:
    return letter * 64


@pytest.fixture
def runs(tmp_path) -> Path:
    (tmp_path / "runs").mkdir()
    return tmp_path / "runs"


@pytest.fixture
def store(runs) -> Store:
    return Store(runs / ".store")


@pytest.fixture
def result(store) -> Callable[..., Path]:
    """A finished result."""

    def make(letter: str, section: str = "analyses") -> Path:
        with store.building(section, key(letter)) as folder:
            (folder / "a.bin").write_bytes(bytes(1000))
            store.seal(folder, section, key(letter), f"{section}.{letter}", {}, 1)
        return store.folder(section, key(letter))

    return make


@pytest.fixture
def refer(runs) -> Callable[..., None]:
    """Write the record of a run."""

    def write(*letters: str, run: str = "project", outcome: str = "done") -> None:
        stages = {f"analyses.{letter}": {"key": key(letter), "inputs": {}} for letter in letters}
        (runs / run).mkdir(exist_ok=True)
        (runs / run / "run.json").write_text(json.dumps(with_digest({"outcome": outcome, "stages": stages})))

    return write


def age(path: Path, when: float = OLD) -> Path:
    for inner in [*path.rglob("*"), path]:
        os.utime(inner, (when, when))
    return path


def make(path: Path, when: float = OLD) -> Path:
    path.mkdir(parents=True)
    (path / "file").write_text("x")
    return age(path, when)


def found(runs, store) -> list[Path]:
    return [garbage.path for garbage in find_garbage(runs, store)]


def test_results_that_a_run_refers_to_stay(runs, store, result, refer):
    kept, dropped = result("a"), result("b")
    refer("a")
    refer(run="another")
    (one,) = find_garbage(runs, store)
    assert (one.path, one.what) == (dropped, "result of analyses.b")
    assert one.size == 1000 + (dropped / "manifest.json").stat().st_size
    assert 0 <= one.age < 60
    assert remove(one, runs)
    assert kept.is_dir()
    assert not dropped.exists()
    assert found(runs, store) == []


def test_what_lies_in_the_folder_of_a_run_stays(runs, store, result, refer):
    """It was placed there, whatever the record says: the last run may not have come so far."""
    folder = result("a")
    refer("b")
    placed = runs / "project" / "analyses" / "a"
    placed.mkdir(parents=True)
    (placed / "manifest.json").write_bytes((folder / "manifest.json").read_bytes())
    assert found(runs, store) == []


def test_result_that_a_run_has_come_to_need_meanwhile_stays(runs, store, result, refer):
    folder = result("a")
    (one,) = find_garbage(runs, store)
    refer("a", outcome="running")
    assert not remove(one, runs)
    assert store.manifest("analyses", key("a")) is not None
    assert [path.name for path in folder.parent.iterdir()] == [key("a")]


def test_result_that_is_gone_meanwhile(runs, store, result):
    result("a")
    (one,) = find_garbage(runs, store)
    store.discard("analyses", key("a"))
    assert not remove(one, runs)


@pytest.mark.parametrize("damage", ["cut", "flipped", "other JSON"])
def test_damaged_record_removes_nothing(runs, store, result, refer, damage):
    result("a")
    refer("a")
    path = runs / "project" / "run.json"
    text = path.read_text()
    match damage:
        case "cut":
            path.write_text(text[:-5])
        case "flipped":
            path.write_text(text.replace("aaa", "aba", 1))
        case "other JSON":
            path.write_text("[]")
    with pytest.raises(LabrunError) as caught:
        found(runs, store)
    assert str(caught.value) == (
        f"'{path}' is damaged, so the results that its run refers to are unknown. Run its project again, or remove the folder"
    )


def test_unfinished_results_are_left_alone_for_a_day(runs, store, refer):
    make(store.folder("simulations", key("a")) / "parts", time.time() - QUIET / 2)
    refer()
    assert found(runs, store) == []
    age(store.folder("simulations", key("a")))
    assert found(runs, store) == [store.folder("simulations", key("a"))]
    refer("a")
    assert found(runs, store) == []


def test_one_new_file_keeps_a_folder(runs, store):
    folder = make(store.folder("simulations", key("a")) / "parts").parent
    age(folder)
    os.utime(folder / "parts" / "file")
    assert found(runs, store) == []


def left(path: Path, process: int = DEAD) -> Path:
    return path.with_name(f"{path.name}.labrun-{process}-0123abcd.tmp")


def test_what_processes_have_left_behind(runs, store, result, refer):
    result("a", "simulations")
    refer("a")
    places = [
        left(store.folder("models", key("b"))),
        left(store.folder("simulations", key("a")) / "parts" / "000001.h5"),
        left(store.checkpoints(key("a")).path / "checkpoint.npz"),
        left(store.root / "placing"),
        left(runs / "project" / "run.json"),
        left(runs / "project" / "analyses" / "net"),
    ]
    for place in places:
        make(place)
    assert sorted(found(runs, store)) == sorted(places)
    for garbage in list(find_garbage(runs, store)):
        assert garbage.what == "left behind by a process"
        assert remove(garbage, runs)
    assert found(runs, store) == []


def test_work_in_hand_is_left_alone(runs, store, refer):
    """A training writes nothing into its folder until it is finished."""
    make(left(store.folder("models", key("a"))))
    refer("a", outcome="running")
    make(left(store.folder("models", key("b")), os.getpid()))
    make(left(store.folder("models", key("c"))), time.time())
    make(left(store.root / "placing"), time.time())
    assert found(runs, store) == []
    refer("a", outcome="done")
    assert found(runs, store) == [left(store.folder("models", key("a")))]


def test_checkpoints(runs, store, result, refer):
    """Of a training in hand they stay, of one that is finished, or that no run refers to, they go after a day."""
    result("b", "models")
    refer("a", "b")
    for letter in "abc":
        make(store.checkpoints(key(letter)).path)
    make(store.checkpoints(key("d")).path, time.time())
    garbage = list(find_garbage(runs, store))
    assert [(one.path.name[0], one.what) for one in garbage] == [
        ("b", "checkpoint of a finished training"),
        ("c", "checkpoint"),
    ]
    assert [remove(one, runs) for one in garbage] == [True, True]


def test_references_of_no_runs(tmp_path):
    assert References.of(tmp_path / "nowhere") == References()


def test_killed_gc_leaves_what_the_next_one_finds(runs, store, result):
    folder = result("a")
    folder.rename(folder.with_name(temporary_name(folder.name)))
    (aside,) = folder.parent.iterdir()
    aside.rename(left(folder))
    assert found(runs, store) == []
    age(left(folder))
    assert found(runs, store) == [left(folder)]
