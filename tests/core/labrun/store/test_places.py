"""Where the store is, and the mark by which it is known."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from labrun.faults import LabrunError
from labrun.store.places import TAG, expect_paired, is_marked, make_store, store_of

KEY = "0" * 64


@pytest.fixture
def runs(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs").mkdir()
    return Path("runs")


def test_a_store_is_marked_when_it_is_made(runs):
    make_store(Path("new/runs"))
    tag = Path("new/runs/.store") / TAG
    assert tag.read_text().startswith("Signature: labrun store 1\n# labrun keeps results in this folder.")
    assert tag.read_text().endswith(f"runs: {Path.cwd() / 'new/runs'}\n")
    before = tag.stat().st_mtime_ns
    make_store(Path("new/runs"))
    assert tag.stat().st_mtime_ns == before
    assert [path.name for path in tag.parent.iterdir()] == [TAG]


def test_the_store_of_an_earlier_labrun_is_marked(runs):
    (runs / ".store/models" / KEY).mkdir(parents=True)
    (runs / ".store/simulations" / f"{KEY}.tmp-12-0123abcd").mkdir(parents=True)
    (runs / ".store/checkpoints").mkdir()
    assert store_of(runs) == runs / ".store"
    make_store(runs)
    assert is_marked(runs / ".store")


def test_a_damaged_mark_is_written_again(runs):
    make_store(runs)
    (runs / ".store" / TAG).write_text("Sign")
    make_store(runs)
    assert is_marked(runs / ".store")


@pytest.mark.parametrize(
    ("entry", "foreign"),
    [
        ("thesis.tex", "thesis.tex"),
        ("photos/a.jpg", "photos"),
        ("models/big/weights.bin", "models/big"),
        ("models/weights.bin", "models/weights.bin"),
        (f"models/{KEY}", f"models/{KEY}"),
    ],
)
def test_a_folder_of_something_else_is_not_a_store(runs, entry, foreign):
    """Such as a home, or a project that happens to have a folder 'models'."""
    documents = Path("documents")
    (documents / entry).parent.mkdir(parents=True)
    (documents / entry).write_text("x")
    (runs / ".store").symlink_to(documents.absolute())
    with pytest.raises(LabrunError) as caught:
        store_of(runs)
    assert str(caught.value) == (
        f"'runs/.store', a link to '{documents.absolute()}', is not a store of labrun: it lacks the mark {TAG}, and holds '{foreign}'. "
        "Nothing in it was read or changed. Move it away, or choose another folder with --runs DIR"
    )


def test_other_things_in_the_place_of_a_store(runs):
    (runs / ".store").symlink_to("/nowhere/at/all")
    with pytest.raises(
        LabrunError, match="is a link to '/nowhere/at/all', which does not exist: make that folder, or remove the link"
    ):
        store_of(runs)
    (runs / ".store").unlink()
    os.mkfifo(runs / ".store")
    with pytest.raises(LabrunError, match="is not a folder, so it cannot be a store"):
        make_store(runs)


def test_a_section_that_is_a_link(runs):
    (runs / ".store").mkdir()
    (runs / ".store/models").symlink_to("/tmp")
    with pytest.raises(
        LabrunError, match=r"'runs/.store/models' is a link to '/tmp', but only files and folders of labrun's own"
    ):
        make_store(runs)


def test_runs_and_store_may_be_on_another_disk(runs):
    Path("scratch/store").mkdir(parents=True)
    (runs / ".store").symlink_to(Path("scratch/store").absolute())
    make_store(runs)
    expect_paired(runs)
    assert is_marked(Path("scratch/store"))
    Path("linked").symlink_to("runs")
    assert store_of(Path("linked")) == Path("linked/.store")
    expect_paired(Path("linked"))


def test_the_store_of_other_runs_is_not_cleaned(runs):
    """They may need its results."""
    make_store(runs)
    Path("downloads/runs").mkdir(parents=True)
    Path("downloads/runs/.store").symlink_to((runs / ".store").absolute())
    make_store(Path("downloads/runs"))
    expect_paired(runs)
    with pytest.raises(LabrunError) as caught:
        expect_paired(Path("downloads/runs"))
    assert str(caught.value) == (
        f"'downloads/runs/.store' is a link to a store that belongs to the runs in '{runs.absolute()}', which may need its results: "
        "nothing is removed. Use that folder by --runs, or, if you have moved it, correct its name in "
        "downloads/runs/.store/labrun-store.tag"
    )
