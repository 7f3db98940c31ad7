"""Reduce a Python file to what it computes: its syntax tree without comments, docstrings and imports.

Imports are listed beside it, since only what they bring counts and not where it lives. Those for type checkers alone
(`if TYPE_CHECKING:`) are left out.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Import", "Source"]


@dataclass(frozen=True)
class Import:
    """One name that a module imports."""

    module: str
    """As written; empty for `from . import name`."""
    name: str
    """The name in the module; empty for `import module`."""
    alias: str
    """The name that it gets."""
    level: int = 0
    """Dots before the module's name."""


@dataclass(frozen=True)
class Source:
    """The content of a Python file, for comparisons."""

    body: bytes
    """The program without imports, docstrings, comments and layout."""
    imports: tuple[Import, ...]

    @classmethod
    def of(cls, content: bytes) -> Source:
        """Parse a file. A file that Python cannot parse stands for itself, without imports."""
        try:
            tree = ast.parse(content)
        except (SyntaxError, ValueError):
            return cls(content, ())
        imports: list[Import] = []
        tree.body = _stripped(tree.body, imports)
        if b"import_module" in content or b"__import__" in content:
            imports += _named_imports(tree)
        return cls(ast.unparse(tree).encode("utf-8", "surrogatepass"), tuple(imports))


def _stripped(body: list[ast.stmt], imports: list[Import]) -> list[ast.stmt]:
    """Return statements without docstrings, imports and what only type checkers run; append the imports to `imports`."""
    kept: list[ast.stmt] = []
    for statement in body:
        match statement:
            case ast.Import():
                imports += [Import(alias.name, "", alias.asname or alias.name) for alias in statement.names]
            case ast.ImportFrom():
                imports += [
                    Import(statement.module or "", alias.name, alias.asname or alias.name, statement.level)
                    for alias in statement.names
                ]
            case ast.Expr(value=ast.Constant(value=str())):  # a docstring, or the description of a name
                pass
            case ast.If(test=ast.Name(id="TYPE_CHECKING") | ast.Attribute(attr="TYPE_CHECKING")):
                kept += _stripped(statement.orelse, imports)
            case _:
                _strip_blocks(statement, imports)
                kept.append(statement)
    return kept


def _strip_blocks(statement: ast.stmt, imports: list[Import]) -> None:
    """Strip the blocks of a compound statement in place; one that is empty then gets a `pass`."""
    inner: list[ast.AST] = [statement, *getattr(statement, "handlers", ()), *getattr(statement, "cases", ())]
    for block in inner:
        for name in ("body", "orelse", "finalbody"):
            if isinstance(found := getattr(block, name, None), list):
                setattr(block, name, _stripped(found, imports) or ([ast.Pass()] if name == "body" else []))


def _named_imports(tree: ast.AST) -> Iterator[Import]:
    """Yield the modules that `import_module` and `__import__` load by a constant name."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(
                func=ast.Name(id="import_module" | "__import__") | ast.Attribute(attr="import_module"),
                args=[ast.Constant(value=str(name)), *_],
            ):
                yield Import(name, "", "")
