"""From files and `--set` to one document: what `extends` lays under a project, and what the command line lays over it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from labrun.faults import Fault, Place, ProjectFaults
from labrun.yaml12 import Document, KeyPath

__all__ = ["read_layers"]


def read_layers(path: Path, overrides: Sequence[str] = ()) -> Document:
    """Read a project, the projects that it extends, and `key.key=value` overrides.

    Raises:
        ProjectFaults: a file cannot be read, is no mapping, extends itself, or an override has no sense.
    """
    document = _read_chain(path, [])
    for override in overrides:
        document = document.overlay(_parse_override(override, document.value))
    return document


def _read_chain(path: Path, above: list[Path]) -> Document:
    if path.resolve() in above:
        chain = " → ".join(str(p.name) for p in [*above, path])
        raise ProjectFaults([Fault(f"{path}: this project extends itself ({chain})")])
    document = Document.read(path)
    if document.value is None:
        raise ProjectFaults([Fault(f"{path}: this file is empty; a project begins with 'project: name'")])
    if not isinstance(document.value, dict):
        raise ProjectFaults([Fault("a project is a mapping ('project: name', 'simulations: …')", document.place(()))])
    base = document.value.get("extends")
    if base is None:
        return document
    if not isinstance(base, str):
        raise ProjectFaults([Fault("'extends' takes the path of one project", document.place(("extends",)))])
    under = path.parent / base
    if not under.is_file():
        raise ProjectFaults(
            [Fault(f"'extends' names '{base}', but there is no file {under}", document.place(("extends",)))]
        )
    return _read_chain(under, [*above, path.resolve()]).overlay(document)


def _parse_override(override: str, project: Any) -> Document:
    key, equals, text = override.partition("=")
    place = Place("--set", 1, 1, override, len(key))
    steps: KeyPath = tuple(key.strip().split("."))
    if not equals or not all(steps):
        raise ProjectFaults([Fault("--set takes 'section.stage.key=value'", place)])
    value = Document.parse(text, f"--set {key}")
    whole = _nest(project, steps, value.value, place)
    document = Document(whole)
    for end in range(1, len(steps) + 1):
        document.values[steps[:end]] = Place("--set", 1, len(key) + 2, override, max(1, len(text)))
        document.keys[steps[:end]] = place
    return document


def _nest(base: Any, steps: KeyPath, value: Any, place: Place) -> Any:
    """`value` inside of the mappings that `steps` name; an item of a list is replaced in a copy of the list."""
    if not steps:
        return value
    step, rest = steps[0], steps[1:]
    if isinstance(base, list):
        if not str(step).isdigit() or int(step) >= len(base):
            raise ProjectFaults([Fault(f"'{step}' must be the number of an item, 0 to {len(base) - 1}", place)])
        return [_nest(item, rest, value, place) if i == int(step) else item for i, item in enumerate(base)]
    if base is not None and not isinstance(base, dict):
        raise ProjectFaults(
            [Fault(f"'{step}' cannot be set: what stands there is the value {base!r}, no mapping", place)]
        )
    return {step: _nest((base or {}).get(step), rest, value, place)}
