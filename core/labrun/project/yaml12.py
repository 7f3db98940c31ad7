"""Read YAML 1.2 with the place of every value, without the surprises of PyYAML.

PyYAML reads YAML 1.1, in which `1e-3` is a text, `on` is True and the last of two equal keys wins. Here scalars follow
the core schema of YAML 1.2 (https://yaml.org/spec/1.2.2/#103-core-schema), a repeated key is a fault, and tags are
refused: a document is made of mappings, lists, texts, numbers, booleans and nulls, and nothing else. `<<` merges a
mapping, because people use it.
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

MAX_BYTES = 2_000_000
MAX_DEPTH = 50
MAX_VALUES = 200_000
MAX_CHARACTERS = 20_000_000
"""Aliases are expanded; the last two limit what a few nested ones can make."""

MAX_DIGITS = 1000

_NULL = {"", "~", "null", "Null", "NULL"}
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INTEGER = re.compile(r"[-+]?[0-9]+\Z")
_OCTAL = re.compile(r"0o[0-7]+\Z")
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]+\Z")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_INFINITY = re.compile(r"[-+]?\.(inf|Inf|INF)\Z")
_NAN = {".nan", ".NaN", ".NAN"}


def parse_scalar(text: str) -> Any:
    """Return the value of a plain (unquoted) scalar in YAML 1.2.

    Raises:
        ValueError: a number of more than 1000 digits.
    """
    if text in _NULL:
        return None
    if text in _BOOL:
        return _BOOL[text]
    for pattern, base in ((_INTEGER, 10), (_OCTAL, 8), (_HEXADECIMAL, 16)):
        if pattern.match(text):
            if len(text) > MAX_DIGITS:
                raise ValueError(f"this number has more than {MAX_DIGITS} digits")
            return int(text if base == 10 else text[2:], base)
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
        """Return where the value (or the key) at `path` stands; if it is missing, the place of the key that would hold it."""
        if path in self.values:
            return self.keys.get(path, self.values[path]) if key else self.values[path]
        return self.place(path[:-1], key=True) if path else None

    @classmethod
    def read(cls, path: Path, shown_as: str | None = None) -> Document:
        """Read a file.

        Raises:
            ProjectFaults: it cannot be read, or is not YAML of the kind described above.
        """
        source = shown_as or str(path)
        try:
            with path.open("rb") as stream:
                content = stream.read(MAX_BYTES + 1)
        except OSError as error:
            raise ProjectFaults([Fault(f"{source}: cannot read this file: {error.strerror}")]) from error
        if len(content) > MAX_BYTES:
            raise ProjectFaults([Fault(f"{source}: larger than {MAX_BYTES // 1_000_000} MB: this is not a project")])
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = content[: error.start].count(b"\n") + 1
            fault = Fault("this is not text in UTF-8; save it in that encoding", Place(source, line, 1))
            raise ProjectFaults([fault]) from error
        return cls.parse(text, source)

    @classmethod
    def parse(cls, text: str, source: str) -> Document:
        """Parse a text; `source` is its name in messages. Raises `ProjectFaults` as `read` does."""
        return _Parser(text, source).document()

    def overlay(self, top: Document) -> Document:
        """Lay `top` over this document: mappings merge, anything else replaces, and each part keeps its place.

        A mapping whose keys are numbers (YAML has none, `--set` makes them) lays its values over items of a list.
        """
        replaced: set[KeyPath] = set()
        value = _merge(self.value, top.value, (), replaced)

        def lay(below: dict[KeyPath, Place], above: dict[KeyPath, Place]) -> dict[KeyPath, Place]:
            kept = {p: place for p, place in below.items() if not any(p[:end] in replaced for end in range(len(p)))}
            return kept | above

        return Document(value, lay(self.values, top.values), lay(self.keys, top.keys))


def _merge(base: Any, top: Any, path: KeyPath, replaced: set[KeyPath]) -> Any:
    if isinstance(top, dict) and isinstance(base, dict):
        both = {key: _merge(base[key], top[key], (*path, key), replaced) for key in top if key in base}
        return base | top | both
    if isinstance(top, dict) and isinstance(base, list) and all(isinstance(key, int) for key in top):
        return [_merge(v, top[i], (*path, i), replaced) if i in top else v for i, v in enumerate(base)]
    replaced.add(path)
    return top


class _Parser:
    """Turns one text into a `Document`, or into all of its faults."""

    def __init__(self, text: str, source: str) -> None:
        self.source = source
        self.lines = re.split(r"\r\n|[\n\r\x85\u2028\u2029]", text)
        self.text = text
        self.faults: list[Fault] = []
        self.values = 0
        self.characters = 0
        self.open: set[int] = set()

    def document(self) -> Document:
        try:
            nodes = list(_compose(self.text))
        except yaml.MarkedYAMLError as error:
            raise ProjectFaults([self._syntax_fault(error)]) from error
        except yaml.reader.ReaderError as error:
            raise ProjectFaults([self._character_fault(error)]) from error
        except (RecursionError, ValueError, OverflowError) as error:
            raise ProjectFaults([Fault("nested too deeply, or not YAML at all", self._at(1, 1))]) from error
        if len(nodes) > 1:
            self._fault("a second document starts here ('---'); a project is one document", nodes[1])
        document = Document(None, {(): self._at(1, 1)})
        if nodes:
            document.value = self._convert(nodes[0], (), document)
        if self.faults:
            raise ProjectFaults(self.faults)
        return document

    def _syntax_fault(self, error: yaml.MarkedYAMLError) -> Fault:
        mark = error.problem_mark or error.context_mark
        problem = error.problem or "this is not YAML"
        if "'\\t'" in problem:
            problem = "a tab stands here; YAML is indented by spaces"
        elif "could not find expected ':'" in problem:
            problem = "a ':' and a value are missing: each line of a mapping reads 'key: value'"
            mark = error.context_mark or mark
        elif error.context:
            problem = f"{problem} ({error.context})"
        return Fault(f"not valid YAML: {problem}", self._at(mark.line + 1, mark.column + 1) if mark else None)

    def _character_fault(self, error: yaml.reader.ReaderError) -> Fault:
        before = re.split(r"\r\n|[\n\r\x85\u2028\u2029]", self.text[: error.position])
        character = error.character if isinstance(error.character, int) else ord(error.character)
        place = self._at(len(before), len(before[-1]) + 1)
        return Fault(f"the character {_codepoint(character)} is not allowed in YAML", place)

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
        self._count(node)
        if id(node) in self.open:
            self._fault("this alias (*) stands inside the value that it names", node)
            return None
        document.values[path] = self._place(node)
        if node.tag != _NO_TAG:
            self._fault("a tag (!) is not allowed: a project holds plain values only", node)
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

    def _count(self, node: yaml.Node) -> None:
        self.values += 1
        self.characters += len(node.value) if isinstance(node, yaml.ScalarNode) else 0
        if self.values > MAX_VALUES or self.characters > MAX_CHARACTERS:
            message = f"more than {MAX_VALUES:,} values or {MAX_CHARACTERS:,} characters: aliases (*) that repeat one another?"
            raise ProjectFaults([*self.faults, Fault(message, self._place(node))])
        if len(self.open) > MAX_DEPTH:
            raise ProjectFaults([*self.faults, Fault(f"nested more than {MAX_DEPTH} levels deep", self._place(node))])

    def _scalar(self, node: yaml.ScalarNode) -> Any:
        if lone := _SURROGATE.search(node.value):
            self._fault(
                f"the character {_codepoint(ord(lone[0]))} is half of a surrogate pair, so this is not text", node
            )
            return None
        if node.style is not None:
            return node.value
        try:
            return parse_scalar(node.value)
        except ValueError as error:
            self._fault(str(error), node)
            return None

    def _mapping(self, node: yaml.MappingNode, path: KeyPath, document: Document) -> dict[str, Any]:
        merged: dict[str, Any] = {}
        own: dict[str, Any] = {}
        pairs = sorted(node.value, key=lambda pair: not _is_merge(pair[0]))  # merged values lie under all others
        for key_node, value_node in pairs:
            if _is_merge(key_node):
                merged |= self._merged(value_node, path, document)
            elif (key := self._key(key_node)) is None:
                continue
            elif key in own:
                first = document.keys[(*path, key)].line
                self._fault(f"the key '{key}' stands here a second time (first in line {first}); remove one", key_node)
            else:
                document.keys[(*path, key)] = self._place(key_node)
                own[key] = self._convert(value_node, (*path, key), document)
        return merged | own

    def _key(self, node: yaml.Node) -> str | None:
        if isinstance(node, yaml.ScalarNode) and node.tag == _NO_TAG and _WORD.fullmatch(node.value):
            return str(node.value)
        self._fault("a key must be a plain word", node)
        return None

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


_NO_TAG = ""
_SURROGATE = re.compile("[\ud800-\udfff]")
_WORD = re.compile("[^\x00-\x1f\x7f\ud800-\udfff]+")


def _codepoint(number: int) -> str:
    return f"U+{number:04X}"


def _is_merge(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.value == "<<" and node.style is None


class _Loader(yaml.SafeLoader):
    """PyYAML's parser without its types: a node has a tag only where one is written; scalars go to `parse_scalar`."""

    nodes = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        self.nodes += 1
        if self.nodes > MAX_VALUES:  # refuse it before minutes have passed
            raise yaml.MarkedYAMLError(problem=f"more than {MAX_VALUES:,} values", problem_mark=self.get_mark())
        return super().compose_node(parent, index)

    def resolve(self, kind: type[yaml.Node], value: Any, implicit: Any) -> str:
        return _NO_TAG


def _compose(text: str) -> Iterator[Any]:
    loader = _Loader(text)
    try:
        while loader.check_node():
            yield loader.get_node()
    finally:
        loader.dispose()
