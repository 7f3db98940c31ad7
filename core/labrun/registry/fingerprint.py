"""What a plugin's code says, as a hash: of its syntax trees, so that comments, blank lines and docstrings do not count."""

from __future__ import annotations

import ast
import hashlib
import sys
from functools import cache
from pathlib import Path

from labrun.registry.registry import Offer

__all__ = ["fingerprint"]

SOURCES = (".py", ".html", ".css", ".js")


def fingerprint(offer: Offer) -> str:
    """SHA-256 over the Python files and templates of the package (or over the one file) that defines a plugin."""
    if offer.file is not None:
        return _of_files((offer.file,), offer.file.parent)
    package = offer.plugin.__module__.split(".")[0]
    file = getattr(sys.modules[package], "__file__", None) or sys.modules[offer.plugin.__module__].__file__
    return _of_package(Path(str(file)))


@cache
def _of_package(path: Path) -> str:
    """Of a module that is imported once in a process, whatever is written to its files since. (A local file is executed anew whenever a
    project is read.)"""
    if path.name != "__init__.py":
        return _of_files((path,), path.parent)
    files = (file for suffix in SOURCES for file in path.parent.rglob(f"*{suffix}"))
    return _of_files(tuple(sorted(files)), path.parent)


def _of_files(paths: tuple[Path, ...], root: Path) -> str:
    digest = hashlib.sha256()
    for path in paths:
        content = path.read_bytes()
        meaning = _meaning(content) if path.suffix == ".py" else content
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + meaning + b"\0")
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
