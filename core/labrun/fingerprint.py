"""What a plugin's code says, as a hash: of its syntax trees, so that comments, blank lines and docstrings do not count."""

from __future__ import annotations

import ast
import hashlib
import sys
from functools import cache
from pathlib import Path

from labrun.registry import Offer

__all__ = ["fingerprint"]


def fingerprint(offer: Offer) -> str:
    """SHA-256 over all Python files of the package (or the one file) that defines a plugin."""
    if offer.file is not None:
        return _of_files((offer.file,))
    package = offer.plugin.__module__.split(".")[0]
    file = getattr(sys.modules[package], "__file__", None)
    if file is None:
        return ""
    path = Path(file)
    return _of_files(tuple(sorted(path.parent.rglob("*.py"))) if path.name == "__init__.py" else (path,))


@cache
def _of_files(paths: tuple[Path, ...]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.name.encode() + b"\0" + _meaning(path.read_text(encoding="utf-8")).encode() + b"\0")
    return digest.hexdigest()


def _meaning(source: str) -> str:
    """The program without comments, layout and docstrings."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if (
            isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
            and ast.get_docstring(node) is not None
        ):
            node.body[:1] = [ast.Pass()]
    return ast.unparse(tree)
