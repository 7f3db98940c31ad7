"""Read every byte of a store, and of the copies of its results in run folders, to find damage."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from labrun.contracts.inputs import SECTIONS
from labrun.files.digests import ends_with_digest
from labrun.files.guarded import GuardedPath
from labrun.files.integrity import CHANGED, Damage, mark_damaged, problem_in
from labrun.files.temporary import is_temporary
from labrun.records.run_folder import KEY
from labrun.store.parts import examine_part
from labrun.store.store import CHECKPOINTS, MANIFEST, Manifest, NewerManifest, Store
from labrun.workers.pool import available_cores

__all__ = ["Finding", "Verification"]


@dataclass(frozen=True)
class Finding:
    """Damage to a result."""

    result: str
    """The stage, and the folder of its result."""
    damage: Damage
    marked: bool
    """Whether the next run will notice it; not if the file belongs to somebody else."""

    def __str__(self) -> str:
        return f"{self.result}: {self.damage}"


@dataclass(frozen=True)
class _Item:
    """A file to read."""

    result: str
    folder: GuardedPath
    name: str
    size: int
    look: Callable[[], str]
    """Reads it, and returns what is wrong with it."""


class Verification:
    """A list of files to read: add results, then `run` reads them all."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.results = 0
        self._items: list[_Item] = []
        self._seen: set[tuple[int, int]] = set()

    @property
    def size(self) -> int:
        """Total size [bytes]."""
        return sum(item.size for item in self._items)

    def add_store(self) -> None:
        """Add everything in the store."""
        root = GuardedPath(self.store.root)
        for section in SECTIONS:
            for folder in _folders(root / section):
                self.add_result(section, folder.name)
        for folder in _folders(root / CHECKPOINTS):
            self.add_checkpoints(folder.name)

    def add_result(self, section: str, key: str) -> None:
        """Add a result, finished or not."""
        folder = self.store.place(section, key)
        if folder.is_folder() and not self._add_sealed(folder, f"in {folder}") and section == "simulations":
            self._add_parts(folder / "parts")

    def add_checkpoints(self, key: str) -> None:
        """Add what a training has kept so far."""
        folder = self.store.checkpoints(key)
        self.results += folder.is_folder()
        for path in folder.entries():
            if not path.name.endswith((".npy", ".npz")):
                continue
            self._add(f"checkpoint in {folder}", folder, path.name, partial(_problem_with_checkpoint, path))

    def add_run(self, run: GuardedPath) -> None:
        """Add the results in the folder of a run, except files that are hard links to the store."""
        results = self.results
        for section in SECTIONS:
            for folder in _folders(run / section):
                if (folder / KEY).is_regular():
                    self._add_sealed(folder, f"in {folder}")
        self.results = results  # they count in the store

    def run(self, advance: Callable[[int], None]) -> Iterator[Finding]:
        """Read all files, and call `advance` with the size of each. Damaged files are marked, so that the next run notices them."""
        with ThreadPoolExecutor(available_cores()) as threads:
            for item, problem in zip(self._items, threads.map(lambda item: item.look(), self._items), strict=True):
                advance(item.size)
                # a run may just have made it again, or removed it
                if problem and (problem := item.look()) and item.folder.is_there():
                    marked = mark_damaged(item.folder, item.name)
                    yield Finding(item.result, Damage(item.name, problem), marked)

    def _add_sealed(self, folder: GuardedPath, where: str) -> bool:
        """Add the files of a finished result; return False if it is not finished, or if its manifest is damaged."""
        try:
            manifest = Manifest.read(folder)
        except FileNotFoundError:
            return False
        except NewerManifest as error:
            problem = f"cannot be checked: {error}"
            self._items.append(_Item(where, folder, MANIFEST, 0, lambda: problem))
            return True
        except (OSError, ValueError):
            self._add(where, folder, MANIFEST, lambda: _problem_with_manifest(folder))
            return False
        self.results += 1
        for name, seal in manifest.files.items():
            look = partial(problem_in, folder, name, seal, thorough=True)
            self._add(f"{manifest.stage} {where}", folder, name, look)
        return True

    def _add_parts(self, folder: GuardedPath) -> None:
        self.results += 1
        for path in folder.entries():
            stem, _, ending = path.name.partition(".")
            if ending == "json" and stem.isdecimal():
                look = partial(_problem_with_part, folder, int(stem))
                self._add(f"unfinished, in {folder}", folder, f"{stem}.h5", look)

    def _add(self, result: str, folder: GuardedPath, name: str, look: Callable[[], str]) -> None:
        """Add a file, unless it was added under another of its names."""
        try:
            status = (folder / name).status()
        except OSError:
            self._items.append(_Item(result, folder, name, 0, look))
            return
        if (status.st_dev, status.st_ino) not in self._seen:
            self._seen.add((status.st_dev, status.st_ino))
            self._items.append(_Item(result, folder, name, status.st_size, look))


def _problem_with_manifest(folder: GuardedPath) -> str:
    try:
        Manifest.read(folder)
    except FileNotFoundError:
        return ""
    except (OSError, ValueError):
        return CHANGED
    return ""


def _problem_with_checkpoint(path: GuardedPath) -> str:
    """A training removes its checkpoints when it ends, and one that has gone is no damage."""
    return CHANGED if path.is_there() and not ends_with_digest(path) else ""


def _problem_with_part(folder: GuardedPath, number: int) -> str:
    damage = examine_part(folder, number, thorough=True)[1]
    return damage[0].problem if damage else ""


def _folders(folder: GuardedPath) -> list[GuardedPath]:
    found = [path for path in folder.entries() if not is_temporary(path.name)]
    for path in found:
        path.expect_own()
    return [path for path in found if path.is_folder()]
