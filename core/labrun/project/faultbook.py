"""Collect the faults of one document while it is checked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import BaseModel, ValidationError

from labrun.faults import Fault, Place, ProjectFaults
from labrun.project.pydantic_errors import MAX_FAULTS, explain
from labrun.project.yaml12 import Document, KeyPath

__all__ = ["FaultBook"]


class FaultBook:
    """The faults of one document, in the order in which they were found, each once."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self._faults: dict[Fault, None] = {}

    def __iter__(self) -> Iterator[Fault]:
        return iter(self._faults)

    def __bool__(self) -> bool:
        return bool(self._faults)

    def add(self, message: str, path: KeyPath, *, key: bool = False, place: Place | None = None) -> None:
        """Add a fault of the value (or the key) at `path`; `place` is where it shows, if that is elsewhere."""
        self.extend([Fault(message, place or self.document.place(path, key=key))])

    def extend(self, faults: Iterable[Fault]) -> None:
        """Add several faults.

        Raises:
            ProjectFaults: there are more than a thousand. Nobody needs more, and finding them would take long.
        """
        self._faults.update(dict.fromkeys(faults))
        if len(self._faults) > MAX_FAULTS:
            message = f"more than {MAX_FAULTS:,} faults; the first ones are"
            raise ProjectFaults([Fault(message, self.document.place(())), *self])

    def explain(self, error: ValidationError, model: type[BaseModel], value: Any, where: str, path: KeyPath) -> None:
        """Add what is wrong with the block `value` at `path`, which is called `where`."""
        self.extend(
            explain(
                error,
                model,
                value,
                lambda inner: where,
                lambda inner, key: self.document.place((*path, *inner), key=key),
            )
        )
