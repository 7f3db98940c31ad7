"""Reading all of a store."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from labrun.files.digests import append_digest
from labrun.files.guarded import GuardedPath
from labrun.store.parts import write_part
from labrun.store.store import Store
from labrun.upkeep.verification import Verification

KEY = "a" * 64


@pytest.fixture
def store(tmp_path) -> Store:
    """A simulation of three parts, an analysis, an unfinished simulation and a checkpoint."""
    store = Store(tmp_path / "runs" / ".store")
    for key in (KEY, "b" * 64):
        for number in range(3):
            write_part(store.folder("simulations", key) / "parts", number, [(number, {"u": np.arange(5.0)})])
    store.seal(store.folder("simulations", KEY), "simulations", KEY, "simulations.waves", {}, 1)
    with store.building("analyses", KEY) as folder:
        (folder / "metrics.json").write_text("{}")
        store.seal(folder, "analyses", KEY, "analyses.spread", {}, 1)
    store.checkpoints(KEY).make_folder()
    for name in ("checkpoint.npz", "sample-1.npy"):
        with (store.checkpoints(KEY) / name).written() as stream:
            stream.write(b"state")
            append_digest(stream)
    return store


def rot(path: Path) -> None:
    """Flip a bit, and leave the time alone."""
    status = path.stat()
    path.chmod(0o644)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def verify(store: Store) -> list[str]:
    verification = Verification(store)
    verification.add_store()
    read = []
    found = list(verification.run(read.append))
    assert sum(read) == verification.size
    assert all(finding.marked for finding in found)
    return [str(finding).replace(str(store.root), "") for finding in found]


CHANGED = "is damaged (its content is not what was written)"


def test_sound_store(store):
    verification = Verification(store)
    verification.add_store()
    assert list(verification.run(lambda _: None)) == []
    assert verification.results == 4
    unread = {"manifest.json"} | {f"00000{n}.json" for n in range(3)}
    files = [path for path in store.root.rglob("*") if path.is_file()]
    receipts = store.folder("simulations", KEY) / "parts"
    assert verification.size == sum(p.stat().st_size for p in files if p.name not in unread or (p.parent == receipts))


@pytest.mark.parametrize(
    ("file", "told"),
    [
        (f"simulations/{KEY}/parts/000001.h5", f"simulations.waves in /simulations/{KEY}: parts/000001.h5 {CHANGED}"),
        (
            f"simulations/{KEY}/parts/000001.json",
            f"simulations.waves in /simulations/{KEY}: parts/000001.json {CHANGED}",
        ),
        (f"analyses/{KEY}/metrics.json", f"analyses.spread in /analyses/{KEY}: metrics.json {CHANGED}"),
        (f"analyses/{KEY}/manifest.json", f"in /analyses/{KEY}: manifest.json {CHANGED}"),
        (
            f"simulations/{'b' * 64}/parts/000002.h5",
            f"unfinished, in /simulations/{'b' * 64}/parts: 000002.h5 {CHANGED}",
        ),
        (f"checkpoints/{KEY}/checkpoint.npz", f"checkpoint in /checkpoints/{KEY}: checkpoint.npz {CHANGED}"),
        (f"checkpoints/{KEY}/sample-1.npy", f"checkpoint in /checkpoints/{KEY}: sample-1.npy {CHANGED}"),
    ],
)
def test_rot_is_found_wherever_it_is(store, file, told):
    rot(store.root / file)
    assert verify(store) == [told]


def test_what_was_found_is_seen_by_the_next_run(store):
    rot(store.folder("simulations", KEY) / "parts" / "000001.h5")
    assert store.manifest("simulations", KEY) is not None
    verify(store)
    assert [str(damage) for damage in store.examine("simulations", KEY)[1]] == [f"parts/000001.h5 {CHANGED}"]


def test_damaged_manifest_does_not_hide_damaged_parts(store):
    rot(store.folder("simulations", KEY) / "manifest.json")
    rot(store.folder("simulations", KEY) / "parts" / "000000.h5")
    told = [line.rpartition(": ")[2] for line in verify(store)]
    assert told == [f"manifest.json {CHANGED}", f"000000.h5 {CHANGED}"]


def test_missing_file(store):
    (store.folder("analyses", KEY) / "metrics.json").unlink()
    assert verify(store) == [f"analyses.spread in /analyses/{KEY}: metrics.json is missing"]


def test_copies_in_the_folder_of_a_run_are_read_too_but_links_only_once(store, tmp_path):
    placed = tmp_path / "runs" / "project" / "analyses"
    shutil.copytree(store.folder("analyses", KEY), placed / "copied")
    shutil.copytree(store.folder("analyses", KEY), placed / "linked", copy_function=os.link)
    for name in ("copied", "linked"):
        (placed / name / ".key").write_text("")
    verification = Verification(store)
    verification.add_store()
    size, results = verification.size, verification.results
    verification.add_run(GuardedPath(tmp_path / "runs") / "project")
    assert verification.size - size == len("{}")
    assert verification.results == results
    rot(placed / "copied" / "metrics.json")
    found = list(verification.run(lambda _: None))
    assert [str(one) for one in found] == [f"analyses.spread in {placed / 'copied'}: metrics.json {CHANGED}"]


def test_manifest_that_names_files_elsewhere(store, tmp_path):
    """Nobody is led to read them."""
    (tmp_path / "secret").write_text("x")
    path = store.folder("analyses", KEY) / "manifest.json"
    record = json.loads(path.read_text())
    del record["digest"]
    record["files"]["../../../../secret"] = {"size": 1, "sha256": "0"}
    path.write_text(json.dumps(record))
    assert verify(store) == [f"analyses.spread in /analyses/{KEY}: ../../../../secret is missing"]


@pytest.mark.parametrize("when", ["before", "between"])
def test_a_training_that_ends_meanwhile_is_no_damage(store, monkeypatch, when):
    """It removes its checkpoints, before `verify` reads them or at any moment after."""
    verification = Verification(store)
    verification.add_store()
    place = store.checkpoints(KEY)
    if when == "before":
        place.remove_all()
    else:
        from labrun.upkeep import verification as module

        read = module.ends_with_digest
        monkeypatch.setattr(module, "ends_with_digest", lambda path: (place.remove_all(), read(path))[1])
    assert list(verification.run(lambda _: None)) == []
