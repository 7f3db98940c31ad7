"""What a Python file computes, apart from how it is written: its syntax tree without comments, docstrings and imports.

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
    """What is taken from the module; empty for `import module`."""
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
        tree = _WithoutTypes().visit(tree)
        imports = tuple(_imports(tree))
        body = ast.unparse(_Bare().visit(tree))
        return cls(body.encode("utf-8", "surrogatepass"), imports)


def _imports(tree: ast.AST) -> Iterator[Import]:
    for node in ast.walk(tree):
        match node:
            case ast.Import():
                for alias in node.names:
                    yield Import(alias.name, "", alias.asname or alias.name)
            case ast.ImportFrom():
                for alias in node.names:
                    yield Import(node.module or "", alias.name, alias.asname or alias.name, node.level)
            case ast.Call(
                func=ast.Name(id="import_module" | "__import__") | ast.Attribute(attr="import_module"),
                args=[ast.Constant(value=str(name)), *_],
            ):
                yield Import(name, "", "")


class _WithoutTypes(ast.NodeTransformer):
    """Drops what only type checkers run."""

    def visit_If(self, node: ast.If) -> ast.AST | list[ast.stmt]:
        if isinstance(node.test, (ast.Name, ast.Attribute)) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            return [self.visit(child) for child in node.orelse]
        return self.generic_visit(node)


class _Bare(ast.NodeTransformer):
    """Drops imports and docstrings; a block that is empty then gets a `pass`."""

    def visit_Import(self, node: ast.Import) -> None:
        return None

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        return None

    def generic_visit(self, node: ast.AST) -> ast.AST:
        if (
            isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
            and ast.get_docstring(node, clean=False) is not None
        ):
            node.body = node.body[1:]
        super().generic_visit(node)
        if isinstance(getattr(node, "body", None), list) and not node.body and not isinstance(node, ast.Module):  # type: ignore[attr-defined]
            node.body = [ast.Pass()]  # type: ignore[attr-defined]
        return node
