"""The places of runs and their store, and the mark by which a store is known.

Only a folder that bears labrun's mark is a store: a file `labrun-store.tag`, written when the store is made. So people may put their runs,
or the store alone, on another disk by links of their own, and yet a link from somebody else cannot make labrun take a folder of documents
for a store.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from labrun.contracts.inputs import SECTIONS
from labrun.faults import LabrunError
from labrun.files.guarded import GuardedPath
from labrun.files.temporary import is_temporary

__all__ = ["default_runs", "expect_paired", "is_marked", "make_store", "store_of"]

TAG = "labrun-store.tag"
SIGNATURE = "Signature: labrun store 1"
_TAG = """\
{signature}
# labrun keeps results in this folder. It reads, changes and removes files only in folders with this mark.
# The folder of runs that the store belongs to: if you move it, change this line.
runs: {runs}
"""
_KEY = re.compile(r"[0-9a-f]{64}(\.|$)")
_RUNS = re.compile(r"^runs: (.*)$", re.MULTILINE)


def default_runs() -> Path:
    """Return the folder of runs unless a call names one: `$LABRUN_RUNS`, or `runs` in the working directory."""
    return Path(os.environ.get("LABRUN_RUNS", "runs"))


def store_of(runs: Path) -> Path:
    """Return the store of a folder of runs, which may not exist yet.

    Raises:
        LabrunError: there is something else in its place.
    """
    root = runs / ".store"
    _expect_store(root)
    return root


def make_store(runs: Path) -> None:
    """Make the store of a folder of runs, or mark one that an earlier labrun has made, unless it bears the mark.

    Raises:
        LabrunError: there is something else in its place.
        OSError: it cannot be written.
    """
    store = GuardedPath(store_of(runs))
    store.make_folder()
    if not is_marked(store.root):
        with (store / TAG).written() as stream:
            stream.write(_TAG.format(signature=SIGNATURE, runs=os.path.realpath(runs)).encode())


def is_marked(root: Path) -> bool:
    """Check whether a folder bears the mark of a store."""
    tag = GuardedPath(root) / TAG
    if not tag.is_regular():
        return False
    with tag.opened() as stream:
        return bool(stream.read(len(SIGNATURE)) == SIGNATURE.encode())


def expect_paired(runs: Path) -> None:
    """Refuse to remove results from a linked store that belongs to another folder of runs, which may need them.

    Raises:
        LabrunError: its mark names another folder, or it has none.
    """
    root = store_of(runs)
    if not root.is_symlink():
        return
    tag = GuardedPath(root) / TAG
    found = _RUNS.search(tag.text()) if is_marked(root) else None
    owner = found[1] if found else "another folder"
    if owner != os.path.realpath(runs):
        raise LabrunError(
            f"'{root}' is a link to a store that belongs to the runs in '{owner}', which may need its results: nothing is removed. Use "
            f"that folder by --runs, or, if you have moved it, correct its name in {tag}"
        )


def _expect_store(root: Path) -> None:
    if not root.exists():
        if root.is_symlink():
            raise LabrunError(
                f"'{root}' is a link to '{root.readlink()}', which does not exist: make that folder, or remove the link"
            )
        return
    if not root.is_dir():
        raise LabrunError(
            f"'{root}' is not a folder, so it cannot be a store: move it away, or choose another folder with --runs DIR"
        )
    if is_marked(root):
        return
    if foreign := _foreign(GuardedPath(root)):
        leads = f", a link to '{root.readlink()}'," if root.is_symlink() else ""
        raise LabrunError(
            f"'{root}'{leads} is not a store of labrun: it lacks the mark {TAG}, and holds '{foreign}'. Nothing in it was read or changed. "
            "Move it away, or choose another folder with --runs DIR"
        )


def _foreign(store: GuardedPath) -> str:
    """Return the name of an entry that no labrun has made; empty for an empty folder, and for a store of an earlier labrun."""
    for section in store.entries():
        if is_temporary(section.name) or section.name == TAG:  # a damaged mark is written again
            continue
        section.expect_own()
        if section.name not in (*SECTIONS, "checkpoints") or not section.is_folder():
            return section.name
        for result in section.entries():
            if not _KEY.match(result.name) or not result.is_folder():
                return result.below(store)
    return ""
