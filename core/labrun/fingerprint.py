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
        return _of_files((offer.file,), offer.file.parent)
    package = offer.plugin.__module__.split(".")[0]
    file = getattr(sys.modules[package], "__file__", None) or sys.modules[offer.plugin.__module__].__file__
    path = Path(str(file))
    files = tuple(sorted(path.parent.rglob("*.py"))) if path.name == "__init__.py" else (path,)
    return _of_files(files, path.parent)


@cache
def _of_files(paths: tuple[Path, ...], root: Path) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + _meaning(path.read_bytes()) + b"\0")
    return digest.hexdigest()


def _meaning(source: bytes) -> bytes:
    """The program without comments, layout and docstrings; a file that is no program stands for itself."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return source
    for node in ast.walk(tree):
        if (
            isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
            and ast.get_docstring(node, clean=False) is not None
        ):
            node.body = node.body[1:] or [ast.Pass()]
    return ast.unparse(tree).encode("utf-8", "surrogatepass")
