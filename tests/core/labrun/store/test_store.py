"""The store: whole results or none, whoever else writes at the same time."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from labrun.faults import LabrunError
from labrun.files.digests import sha256_of
from labrun.files.guarded import GuardedPath
from labrun.files.integrity import CHANGED, Damage
from labrun.files.temporary import temporary_name
from labrun.store.store import MANIFEST, Store

KEY = "0" * 64


def build(store: Store, content: str = "numbers", key: str = KEY) -> None:
    with store.building("analyses", key) as folder:
        (folder / "inner").mkdir()
        (folder / "inner" / "a.csv").write_text(content)
        store.seal(folder, "analyses", key, "analyses.a", {"seed": 1}, 2.5, failed=[])


@pytest.fixture
def store(tmp_path) -> Store:
    return Store(tmp_path / "store")


def test_finished_result_has_its_manifest(store):
    build(store)
    manifest = store.manifest("analyses", KEY)
    assert manifest is not None
    assert (manifest.stage, manifest.inputs, manifest.seconds, manifest.notes) == (
        "analyses.a",
        {"seed": 1},
        2.5,
        {"failed": []},
    )
    assert manifest.files["inner/a.csv"]["size"] == len("numbers")


def test_manifest_is_written_last(store, monkeypatch):
    """A folder without one is no result, and is used by nobody."""

    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("labrun.store.store.write_json", killed)
    with pytest.raises(KeyboardInterrupt):
        build(store)
    assert store.manifest("analyses", KEY) is None
    assert list((store.root / "analyses").iterdir()) == []


@pytest.mark.parametrize("damage", ["truncate", "lengthen", "remove", "no manifest", "half a manifest", "other JSON"])
def test_damaged_result_is_not_used_and_is_replaced(store, damage):
    build(store)
    folder = store.folder("analyses", KEY)
    file, manifest = folder / "inner" / "a.csv", folder / MANIFEST
    file.chmod(0o644)
    match damage:
        case "truncate":
            file.write_text("numb")
        case "lengthen":
            file.write_text("numbers, more")
        case "remove":
            file.unlink()
        case "no manifest":
            manifest.unlink()
        case "half a manifest":
            manifest.write_text(manifest.read_text()[:50])
        case "other JSON":
            manifest.write_text('{"files": []}')
    assert store.manifest("analyses", KEY) is None
    build(store)
    assert store.manifest("analyses", KEY) is not None
    assert file.read_text() == "numbers"


def test_temporary_leftovers_are_no_part_of_a_result(store):
    with store.building("analyses", KEY) as folder:
        (folder / "a.csv").write_text("numbers")
        (folder / temporary_name("b.csv")).write_text("half")
        store.seal(folder, "analyses", KEY, "analyses.a", {}, 0)
    manifest = store.manifest("analyses", KEY)
    assert manifest is not None
    assert list(manifest.files) == ["a.csv"]


def test_first_of_two_runs_wins(store):
    with store.building("analyses", KEY) as slow:
        (slow / "a.csv").write_text("second")
        build(store, "first")
        store.seal(slow, "analyses", KEY, "analyses.a", {}, 0)
    assert (store.folder("analyses", KEY) / "inner" / "a.csv").read_text() == "first"
    assert [path.name for path in (store.root / "analyses").iterdir()] == [KEY]


def test_failure_leaves_nothing(store):
    with pytest.raises(ValueError, match="no numbers"), store.building("analyses", KEY) as folder:  # noqa: PT012 (it fails half way)
        (folder / "a.csv").write_text("half")
        raise ValueError("no numbers")
    assert list((store.root / "analyses").iterdir()) == []


def test_discard_takes_the_result_and_its_checkpoints(store):
    build(store)
    store.checkpoints(KEY).make_folder()
    store.discard("analyses", KEY)
    store.discard("analyses", KEY)  # what is not there is no fault
    assert not store.folder("analyses", KEY).exists()
    assert not store.checkpoints(KEY).is_there()


def test_finished_files_are_protected_from_a_slip(store):
    build(store)
    assert (store.folder("analyses", KEY) / "inner" / "a.csv").stat().st_mode & 0o222 == 0
    shutil.rmtree(store.folder("analyses", KEY))  # but can be removed


def test_manifest_is_readable_json(store):
    build(store)
    assert json.loads((store.folder("analyses", KEY) / MANIFEST).read_text())["key"] == KEY


def flip(path: Path, place: int = 0) -> None:
    path.chmod(0o644)
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


def test_changed_content_is_noticed_and_named(store):
    build(store)
    flip(store.folder("analyses", KEY) / "inner" / "a.csv")
    assert store.examine("analyses", KEY) == (None, [Damage("inner/a.csv", CHANGED)])


def test_every_flipped_bit_of_a_manifest_is_noticed(store):
    build(store)
    path = store.folder("analyses", KEY) / MANIFEST
    content = path.read_bytes()
    for bit in range(8 * len(content)):
        damaged = bytearray(content)
        damaged[bit // 8] ^= 1 << bit % 8
        path.write_bytes(damaged)
        assert store.examine("analyses", KEY) == (None, [Damage(MANIFEST, CHANGED)]), damaged
    path.unlink()
    assert store.examine("analyses", KEY) == (None, [Damage(MANIFEST, "is missing")])


def test_unfinished_simulation_is_no_damage(store):
    store.folder("simulations", KEY).mkdir(parents=True)
    assert store.examine("simulations", KEY) == (None, [])
    assert store.examine("models", KEY) == (None, [])


def test_manifest_of_an_older_labrun_is_read(store):
    """It tells neither times nor its own digest."""
    build(store)
    path = store.folder("analyses", KEY) / MANIFEST
    record = json.loads(path.read_text())
    del record["digest"]
    for seal in record["files"].values():
        del seal["mtime_ns"]
    path.write_text(json.dumps(record))
    assert store.manifest("analyses", KEY) is not None
    flip(store.folder("analyses", KEY) / "inner" / "a.csv")
    assert store.manifest("analyses", KEY) is None


def test_checkpoints_stay_until_the_result_has_its_name(store, monkeypatch):
    """A kill as the result is renamed must not cost the training."""
    store.checkpoints(KEY).make_folder()
    with pytest.raises(KeyboardInterrupt), store.building("models", KEY) as folder:  # noqa: PT012 (it dies at the end)
        (folder / "a").write_text("weights")
        store.seal(folder, "models", KEY, "models.a", {}, 0)
        monkeypatch.setattr(GuardedPath, "rename_to", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    assert store.checkpoints(KEY).is_folder()


@pytest.mark.parametrize("lost", ["gone", "changed"])
def test_part_that_another_run_has_taken_away_is_no_part_of_a_result(store, lost):
    """`--fresh` beside a run: what was made before must not be sealed without it."""
    folder = store.folder("simulations", KEY)
    folder.mkdir(parents=True)
    (folder / "a.h5").write_text("part")
    expected = {"a.h5": sha256_of(folder / "a.h5")}
    if lost == "gone":
        (folder / "a.h5").unlink()
        problem = "is missing: has another run removed it?"
    else:
        (folder / "a.h5").write_text("other")
        problem = CHANGED
    with pytest.raises(LabrunError) as caught:
        store.seal(folder, "simulations", KEY, "simulations.a", {}, 0, expected)
    assert str(caught.value) == f"{folder / 'a.h5'} {problem}. Run the same command again: it makes what is missing"
    assert store.manifest("simulations", KEY) is None


def test_what_nfs_keeps_for_open_files_is_no_part_of_a_result(store):
    with store.building("analyses", KEY) as folder:
        (folder / "a.csv").write_text("numbers")
        (folder / ".nfs00000000012345").write_text("replaced while somebody had it open")
        store.seal(folder, "analyses", KEY, "analyses.a", {}, 0)
    manifest = store.manifest("analyses", KEY)
    assert manifest is not None
    assert list(manifest.files) == ["a.csv"]


def test_files_of_another_user_are_sealed_as_they_are(store, monkeypatch):
    def refuse(*_):
        raise PermissionError

    monkeypatch.setattr(GuardedPath, "protect", refuse)
    build(store)
    assert store.manifest("analyses", KEY) is not None
