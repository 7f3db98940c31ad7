"""Reading every byte of a store, and of the copies of its results in run folders, to see whether it is still what was written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from labrun.contracts.inputs import SECTIONS
from labrun.files.atomic import is_temporary
from labrun.files.digests import ends_with_digest
from labrun.files.integrity import CHANGED, Damage, mark_damaged, problem_in
from labrun.records.run_folder import KEY
from labrun.store.parts import examine_part
from labrun.store.store import CHECKPOINTS, MANIFEST, Manifest, Store
from labrun.workers.pool import available_cores

__all__ = ["Finding", "Verification"]


@dataclass(frozen=True)
class Finding:
    """Damage to a result."""

    result: str
    """The stage, and where its result lies."""
    damage: Damage
    marked: bool
    """Whether the next run will see it; not if the file belongs to somebody else."""

    def __str__(self) -> str:
        return f"{self.result}: {self.damage}"


@dataclass(frozen=True)
class _Item:
    """A file that is to be read."""

    result: str
    folder: Path
    name: str
    size: int
    look: Callable[[], str]
    """Reads it, and says what is wrong with it."""


class Verification:
    """What is to be read: results are added, then `run` reads them all."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.results = 0
        self._items: list[_Item] = []
        self._seen: set[tuple[int, int]] = set()

    @property
    def size(self) -> int:
        """Bytes to read."""
        return sum(item.size for item in self._items)

    def add_store(self) -> None:
        """All that lies in the store."""
        for section in SECTIONS:
            for folder in _folders(self.store.root / section):
                self.add_result(section, folder.name)
        for folder in _folders(self.store.root / CHECKPOINTS):
            self.add_checkpoints(folder.name)

    def add_result(self, section: str, key: str) -> None:
        """A result, or what there is of it."""
        folder = self.store.folder(section, key)
        if folder.is_dir() and not self._add_sealed(folder, f"in {folder}") and section == "simulations":
            self._add_parts(folder / "parts")

    def add_checkpoints(self, key: str) -> None:
        """What a training has kept so far."""
        folder = self.store.checkpoints(key)
        self.results += folder.is_dir()
        for path in sorted(folder.glob("*.np[yz]")):
            self._add(f"checkpoint in {folder}", folder, path.name, partial(_problem_with_checkpoint, path))

    def add_run(self, run: Path) -> None:
        """The results in the folder of a run, but for files that lie in the store under another name, too."""
        results = self.results
        for section in SECTIONS:
            for folder in _folders(run / section):
                if (folder / KEY).is_file():
                    self._add_sealed(folder, f"in {folder}")
        self.results = results  # the same ones once more

    def run(self, advance: Callable[[int], None]) -> Iterator[Finding]:
        """Read all; `advance` is told of each file how many bytes it has. What is damaged is marked, so that the next run sees it."""
        with ThreadPoolExecutor(available_cores()) as threads:
            for item, problem in zip(self._items, threads.map(lambda item: item.look(), self._items), strict=True):
                advance(item.size)
                if problem and (problem := item.look()):  # a run may just have made it again
                    marked = mark_damaged(item.folder / item.name)
                    yield Finding(item.result, Damage(item.name, problem), marked)

    def _add_sealed(self, folder: Path, where: str) -> bool:
        """Add the files of a finished result; False if it is not finished, or its manifest is damaged."""
        try:
            manifest = Manifest.read(folder)
        except FileNotFoundError:
            return False
        except (OSError, ValueError):
            self._add(where, folder, MANIFEST, lambda: CHANGED)
            return False
        self.results += 1
        for name, seal in manifest.files.items():
            look = partial(problem_in, folder, name, seal, thorough=True)
            self._add(f"{manifest.stage} {where}", folder, name, look)
        return True

    def _add_parts(self, folder: Path) -> None:
        self.results += 1
        for path in sorted(folder.glob("*.json")):
            if path.stem.isdecimal():
                look = partial(_problem_with_part, folder, int(path.stem))
                self._add(f"unfinished, in {folder}", folder, f"{path.stem}.h5", look)

    def _add(self, result: str, folder: Path, name: str, look: Callable[[], str]) -> None:
        """Add a file, if it was not added under another of its names."""
        try:
            status = (folder / name).stat()
        except OSError:
            self._items.append(_Item(result, folder, name, 0, look))
            return
        if (status.st_dev, status.st_ino) not in self._seen:
            self._seen.add((status.st_dev, status.st_ino))
            self._items.append(_Item(result, folder, name, status.st_size, look))


def _problem_with_checkpoint(path: Path) -> str:
    return "" if ends_with_digest(path) else CHANGED


def _problem_with_part(folder: Path, number: int) -> str:
    damage = examine_part(folder, number, thorough=True)[1]
    return damage[0].problem if damage else ""


def _folders(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.glob("*")) if path.is_dir() and not is_temporary(path)]
