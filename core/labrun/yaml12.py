"""YAML 1.2 with the place of every value: what PyYAML reads, without its surprises.

PyYAML reads YAML 1.1, in which `1e-3` is a text, `on` is True and the last of two equal keys wins. Here scalars follow
the core schema of YAML 1.2 (https://yaml.org/spec/1.2.2/#103-core-schema), a repeated key is a fault, and tags are
refused: a document is made of mappings, lists, texts, numbers, booleans and nulls, and nothing else. `<<` merges a
mapping, since people use it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from labrun.faults import Fault, Place, ProjectFaults

__all__ = ["Document", "KeyPath", "parse_scalar"]

KeyPath: TypeAlias = "tuple[str | int, ...]"

MAX_BYTES = 10_000_000
MAX_NODES = 1_000_000
"""Aliases are expanded; this bounds what a few nested ones can make."""

_NULL = {"", "~", "null", "Null", "NULL"}
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INTEGER = re.compile(r"[-+]?[0-9]+\Z")
_OCTAL = re.compile(r"0o[0-7]+\Z")
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]+\Z")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_INFINITY = re.compile(r"[-+]?\.(inf|Inf|INF)\Z")
_NAN = {".nan", ".NaN", ".NAN"}


def parse_scalar(text: str) -> Any:
    """Return what a plain (unquoted) scalar means in YAML 1.2.

    Raises:
        ValueError: an integer of more digits than Python converts.
    """
    if text in _NULL:
        return None
    if text in _BOOL:
        return _BOOL[text]
    if _INTEGER.match(text):
        return int(text)
    if _OCTAL.match(text):
        return int(text[2:], 8)
    if _HEXADECIMAL.match(text):
        return int(text[2:], 16)
    if _FLOAT.match(text):
        return float(text)
    if _INFINITY.match(text):
        return float(text.replace(".", "").lower())
    return float("nan") if text in _NAN else text


@dataclass
class Document:
    """A value read from YAML and the place of every part of it."""

    value: Any
    values: dict[KeyPath, Place] = field(default_factory=dict)
    keys: dict[KeyPath, Place] = field(default_factory=dict)

    def place(self, path: KeyPath, *, key: bool = False) -> Place | None:
        """Where the value (or the key) at `path` stands, or its nearest parent."""
        if key and path in self.keys:
            return self.keys[path]
        for end in range(len(path), -1, -1):
            if path[:end] in self.values:
                return self.values[path[:end]]
        return None

    @classmethod
    def read(cls, path: Path, shown_as: str | None = None) -> Document:
        """Read a file.

        Raises:
            ProjectFaults: it cannot be read, or is no YAML of the kind described above.
        """
        source = shown_as or str(path)
        try:
            with path.open("rb") as stream:
                content = stream.read(MAX_BYTES + 1)
        except OSError as error:
            raise ProjectFaults([Fault(f"{source}: cannot read this file: {error.strerror}")]) from error
        if len(content) > MAX_BYTES:
            raise ProjectFaults([Fault(f"{source}: larger than {MAX_BYTES // 1_000_000} MB, so it is no project")])
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = content[: error.start].count(b"\n") + 1
            fault = Fault("this is no text in UTF-8; save it in that encoding", Place(source, line, 1))
            raise ProjectFaults([fault]) from error
        return cls.parse(text, source)

    @classmethod
    def parse(cls, text: str, source: str) -> Document:
        """Parse a text; `source` is its name in messages. Raises `ProjectFaults` as `read` does."""
        return _Parser(text, source).document()

    def overlay(self, top: Document) -> Document:
        """Lay `top` over this document: mappings merge, anything else replaces."""
        merged = Document(self.value, dict(self.values), dict(self.keys))
        merged.value = merged._merge(self.value, top, ())
        return merged

    def _merge(self, base: Any, top: Document, path: KeyPath) -> Any:
        value = _at(top.value, path)
        if isinstance(base, dict) and isinstance(value, dict):
            self._adopt(top, path)
            return base | {
                k: self._merge(base[k], top, (*path, k)) if k in base else self._take(top, (*path, k)) for k in value
            }
        return self._take(top, path)

    def _take(self, top: Document, path: KeyPath) -> Any:
        for places in (self.values, self.keys):
            for old in [p for p in places if p[: len(path)] == path and len(p) > len(path)]:
                del places[old]
        for mine, theirs in ((self.values, top.values), (self.keys, top.keys)):
            mine.update({p: place for p, place in theirs.items() if p[: len(path)] == path})
        return _at(top.value, path)

    def _adopt(self, top: Document, path: KeyPath) -> None:
        if path in top.values:
            self.values[path] = top.values[path]
        if path in top.keys:
            self.keys[path] = top.keys[path]


def _at(value: Any, path: KeyPath) -> Any:
    for step in path:
        value = value[step]
    return value


class _Parser:
    def __init__(self, text: str, source: str) -> None:
        self.source = source
        self.lines = re.split(r"\r\n|[\n\r\x85\u2028\u2029]", text)
        self.text = text
        self.faults: list[Fault] = []
        self.nodes = 0
        self.open: set[int] = set()

    def document(self) -> Document:
        try:
            nodes = list(_compose(self.text))
        except yaml.MarkedYAMLError as error:
            raise ProjectFaults([self._syntax_fault(error)]) from error
        except yaml.reader.ReaderError as error:
            line = self.text[: error.position].count("\n") + 1
            fault = Fault(f"the character {chr(error.character)!r} may not stand in YAML", self._at(line, 1))
            raise ProjectFaults([fault]) from error
        except (RecursionError, ValueError) as error:
            raise ProjectFaults([Fault(f"{self.source}: nested too deeply, or no YAML at all")]) from error
        if len(nodes) > 1:
            self._fault("a second document starts here ('---'); a project is one document", nodes[1])
        document = Document(None)
        if nodes:
            try:
                document.value = self._convert(nodes[0], (), document)
            except RecursionError as error:
                raise ProjectFaults([Fault(f"{self.source}: nested too deeply to be a project")]) from error
        else:
            document.values[()] = self._at(1, 1)
        if self.faults:
            raise ProjectFaults(self.faults)
        return document

    def _syntax_fault(self, error: yaml.MarkedYAMLError) -> Fault:
        mark = error.problem_mark or error.context_mark
        problem = error.problem or "this is no YAML"
        if "'\\t'" in problem:
            problem = "a tab stands here; YAML is indented by spaces"
        elif "could not find expected ':'" in problem:
            problem = "a ':' and a value are missing: each line of a mapping reads 'key: value'"
        elif error.context:
            problem = f"{problem} ({error.context})"
        return Fault(f"not valid YAML: {problem}", self._at(mark.line + 1, mark.column + 1) if mark else None)

    def _at(self, line: int, column: int, width: int = 1) -> Place:
        text = self.lines[line - 1] if line <= len(self.lines) else ""
        return Place(self.source, line, column, text, max(1, min(width, len(text) - column + 1)))

    def _place(self, node: yaml.Node) -> Place:
        start, end = node.start_mark, node.end_mark
        width = end.column - start.column if end.line == start.line else 1
        return self._at(start.line + 1, start.column + 1, width)

    def _fault(self, message: str, node: yaml.Node) -> None:
        self.faults.append(Fault(message, self._place(node)))

    def _convert(self, node: yaml.Node, path: KeyPath, document: Document) -> Any:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise ProjectFaults(
                [Fault(f"more than {MAX_NODES:,} values: aliases (*) that repeat one another?", self._place(node))]
            )
        if id(node) in self.open:
            self._fault("this alias (*) stands inside of what it names", node)
            return None
        document.values[path] = self._place(node)
        if node.tag not in _PLAIN_TAGS:
            self._fault(f"the tag {node.tag} is not allowed: a project holds plain values only", node)
            return None
        self.open.add(id(node))
        try:
            if isinstance(node, yaml.MappingNode):
                return self._mapping(node, path, document)
            if isinstance(node, yaml.SequenceNode):
                return [self._convert(child, (*path, i), document) for i, child in enumerate(node.value)]
            assert isinstance(node, yaml.ScalarNode)
            return self._scalar(node)
        finally:
            self.open.discard(id(node))

    def _scalar(self, node: yaml.ScalarNode) -> Any:
        if node.style is not None:
            return node.value
        try:
            return parse_scalar(node.value)
        except ValueError:
            self._fault("this number has too many digits", node)
            return None

    def _mapping(self, node: yaml.MappingNode, path: KeyPath, document: Document) -> dict[str, Any]:
        own: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if isinstance(key_node, yaml.ScalarNode) and key_node.value == "<<" and key_node.style is None:
                merged |= self._merged(value_node, path, document)
                continue
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else None
            if key is None or not key or key_node.tag != _TEXT_TAG:
                self._fault("a key must be a plain word", key_node)
                continue
            if key in own:
                first = document.keys[(*path, key)]
                self._fault(
                    f"the key '{key}' stands here a second time (first in line {first.line}); remove one", key_node
                )
                continue
            document.keys[(*path, key)] = self._place(key_node)
            own[key] = self._convert(value_node, (*path, key), document)
        return merged | own

    def _merged(self, node: yaml.Node, path: KeyPath, document: Document) -> dict[str, Any]:
        sources = node.value if isinstance(node, yaml.SequenceNode) else [node]
        merged: dict[str, Any] = {}
        for source in reversed(sources):
            scratch = Document(None)
            value = self._convert(source, path, scratch)
            if not isinstance(value, dict):
                self._fault("'<<' merges a mapping, such as '*numerics'", source)
                continue
            merged |= value
            for mine, theirs in ((document.values, scratch.values), (document.keys, scratch.keys)):
                mine.update({p: place for p, place in theirs.items() if p != path})
        return merged


_TEXT_TAG = "tag:yaml.org,2002:str"
_PLAIN_TAGS = {_TEXT_TAG, "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"}


class _Loader(yaml.SafeLoader):
    """PyYAML's parser with no implicit types: scalars are read by `parse_scalar`."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 (as PyYAML declares it)


def _compose(text: str) -> Iterator[Any]:
    loader = _Loader(text)
    try:
        while loader.check_node():
            yield loader.get_node()
    finally:
        loader.dispose()
