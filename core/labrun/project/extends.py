"""Read a project as one document: `extends` lays other files under it, and `--set` lays values over it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from labrun.faults import Fault, Place, ProjectFaults
from labrun.files.trust import is_file
from labrun.project.own_files import outside_project
from labrun.project.paths import as_on_disk, folder_of, moved, spelled_as_on_disk
from labrun.project.yaml12 import Document, KeyPath

__all__ = ["read_layers"]


def read_layers(path: Path, overrides: Sequence[str] = ()) -> Document:
    """Read a project, the projects that it extends, and `key.key=value` overrides.

    Paths belong to the file in which they are written. In the document, all of them are relative to the folder of `path`, as are those of
    overrides.

    Raises:
        ProjectFaults: a file cannot be read, is not a mapping or extends itself, or an override makes no sense.
    """
    folder = folder_of(path)
    document = _read_chain(path, [], folder)
    for override in overrides:
        document = document.overlay(_parse_override(override, document))
    document.value = as_on_disk(document.value, folder)
    return document


def _read_chain(path: Path, above: list[Path], folder: Path) -> Document:
    """Read a project and what it extends, with paths relative to `folder`."""
    above = [*above, path.resolve()]
    document = Document.read(path)
    if document.value is None:
        raise ProjectFaults([Fault(f"{path}: this file is empty; a project begins with 'project: name'")])
    if not isinstance(document.value, dict):
        raise ProjectFaults([Fault("a project is a mapping ('project: name', 'simulations: …')", document.place(()))])
    base, own_folder = document.value.get("extends"), folder_of(path)
    document.value = moved(document.value, own_folder, folder)
    if base is None:
        return document
    place = document.place(("extends",))
    if not isinstance(base, str) or not base.isprintable():
        raise ProjectFaults([Fault("'extends' takes the path of one project", place)])
    under = spelled_as_on_disk(own_folder / base)
    if problem := outside_project(under, folder):
        raise ProjectFaults([Fault(f"'extends' names '{base}': {problem}", place)])
    if not is_file(under):
        raise ProjectFaults([Fault(f"'extends' names '{base}', but there is no file {under}", place)])
    if under.resolve() in above:
        chain = " → ".join(p.name for p in [*above, under])
        raise ProjectFaults([Fault(f"this project extends itself ({chain})", place)])
    return _read_chain(under, above, folder).overlay(document)


def _parse_override(override: str, document: Document) -> Document:
    """Return what one override lays over `document`, with the command line as its place."""
    key, equals, text = override.partition("=")
    place = Place("--set", 1, 1, override, len(key))
    words = key.strip().split(".")
    if not equals or not all(words):
        raise ProjectFaults([Fault("--set takes 'section.stage.key=value'", place)])
    value = Document.parse(text, f"--set {key}").value
    path = _resolve(document.value, words, place)
    value_place = Place("--set", 1, len(key) + 2, override, max(1, len(text)))
    nested = value
    top = Document(None)
    for end in range(len(path), 0, -1):
        nested = {path[end - 1]: nested}
        if end == len(path) or path[:end] not in document.values:
            top.values[path[:end]] = value_place
            top.keys[path[:end]] = place
    top.value = nested
    return top


def _resolve(value: Any, words: Sequence[str], place: Place) -> KeyPath:
    """Return the path that dotted words mean in a project; a number counts the items of a list from 0.

    Raises:
        ProjectFaults: there is no such item, or a word means something inside a plain value.
    """
    path: list[str | int] = []
    rest = list(words)
    while rest:
        word = rest.pop(0)
        step: str | int = word
        if isinstance(value, list):
            if not (word.isdecimal() and word.isascii() and int(word[:9]) < len(value)):
                items = f"the number of an item, 0 to {len(value) - 1}" if value else "left out: the list is empty"
                raise ProjectFaults([Fault(f"'{word}' must be {items}", place)])
            step = int(word)
            value = value[step]
        elif isinstance(value, dict) or value is None:
            count = _words_of_key(value or {}, [word, *rest], path[-1:] == ["matrix"])
            step, rest = ".".join([word, *rest[: count - 1]]), rest[count - 1 :]
            value = (value or {}).get(step)
        else:
            raise ProjectFaults(
                [Fault(f"'{word}' cannot be set: {value!r:.60} is there, which is not a mapping", place)]
            )
        path.append(step)
    return tuple(path)


def _words_of_key(value: dict[str, Any], words: Sequence[str], in_matrix: bool) -> int:
    """Count the words that make the next key: keys of a matrix hold dots, whether they exist already or not."""
    known = (count for count in range(len(words), 0, -1) if ".".join(words[:count]) in value)
    return next(known, len(words) if in_matrix else 1)
