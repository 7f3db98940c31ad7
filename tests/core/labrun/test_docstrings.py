"""Everything public says what it is: shapes and units of arrays, and what is raised. And how few names an author must know."""

from __future__ import annotations

import ast
import builtins
import importlib
import inspect
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import labrun
import labrun.testing
from labrun.contracts import hookspecs
from labrun.contracts.inputs import SECTIONS
from labrun.registry.registry import Registry
from labrun.testing.fields import names_unit

ROOT = Path(__file__).parents[3]
SHARED = re.findall(
    r"`(labrun[._][\w.]+)`",
    "".join(re.findall(r"^\| `labrun[._].*$", (ROOT / "docs/plugins.md").read_text(), re.MULTILINE)),
)
ARRAY = re.compile(r"\b(ndarray|NDArray|Arrays)\b")
SHAPE = re.compile(r"\((?:[\w…+·/ ]+,[^()]*)?\)|\bshapes?\b")
COUNTED = re.compile(
    r"\b(bool|u?int\d+|uint8|numbers? of|indices|index|places|grey|masks?|labels?|pixels?|classes|whether)\b"
)
UNIT = re.compile(r"\bunits?\b|\bfrom −?\d+ to \d+|\bbetween 0 and 1\b")


def public(module: ModuleType) -> Iterator[tuple[str, Any]]:
    """The public names of a module, and the public methods and properties of its classes, that labrun itself defines."""
    names = getattr(module, "__all__", None) or [
        name
        for name, one in vars(module).items()
        if getattr(one, "__module__", "") == module.__name__ and name[0] != "_"
    ]
    for name in names:
        one = getattr(module, name)
        if not (inspect.isclass(one) or inspect.isfunction(one)) or not one.__module__.startswith("labrun"):
            continue
        yield f"{module.__name__}.{name}", one
        for key, member in list(vars(one).items()) if inspect.isclass(one) else ():
            code = getattr(member, "fget", None) or getattr(member, "func", None) or getattr(member, "__func__", member)
            if inspect.isfunction(code) and not key.startswith(("_", "test_")) and code.__module__.startswith("labrun"):
                yield f"{module.__name__}.{name}.{key}", code


EVERYTHING = {
    name: one
    for module in (labrun, hookspecs, labrun.testing, *map(importlib.import_module, sorted({*SHARED})))
    for name, one in public(module)
}


def told(name: str) -> str:
    """The docstring, and that of the class and the module around it, which may tell the units of all."""
    one = EVERYTHING[name]
    owner = EVERYTHING.get(name.rpartition(".")[0])
    return "\n".join(inspect.getdoc(part) or "" for part in (one, owner, inspect.getmodule(one)) if part is not None)


def raised(function: Any) -> set[str]:
    """The exceptions that a function raises itself, by name."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and isinstance(node.exc.func, ast.Name):
            names.add(node.exc.func.id)
    classes = {name for name in names if name.strip("_")[0].isupper()}  # others are functions that make an exception
    return classes - {"NotImplementedError", "AssertionError"}


def kinds_of(error: str) -> list[str]:
    """An exception by name, and what it is a kind of: an OSError may be told for a FileNotFoundError."""
    known = getattr(builtins, error, None)
    return (
        [kind.__name__ for kind in known.__mro__ if kind not in (object, BaseException, Exception)]
        if known
        else [error]
    )


def test_the_page_of_plugins_names_the_shared_modules():
    assert len(SHARED) > 15


def test_everything_public_has_a_docstring():
    bare = [
        name
        for name, one in EVERYTHING.items()
        if not (vars(one).get("__doc__") if inspect.isclass(one) else one.__doc__)
    ]
    assert bare == []


def functions() -> Iterator[tuple[str, Any]]:
    return ((name, one) for name, one in EVERYTHING.items() if inspect.isfunction(one))


def test_arrays_have_shapes():
    silent = [
        name
        for name, one in functions()
        if ARRAY.search(str(one.__annotations__)) and not SHAPE.search(inspect.getdoc(one) or "")
    ]
    assert silent == []


def test_real_arrays_have_units():
    """In the docstring, or in that of the class or module; what counts, numbers or marks needs none."""
    silent = [
        name
        for name, one in functions()
        if ARRAY.search(str(one.__annotations__))
        and not (names_unit(told(name)) or UNIT.search(told(name)) or COUNTED.search(inspect.getdoc(one) or ""))
    ]
    assert silent == []


def test_what_is_raised_is_told():
    silent = [
        f"{name}: {error}"
        for name, one in functions()
        for error in sorted(raised(one))
        if not re.search(rf"Raises:[\s\S]*\b({'|'.join(kinds_of(error))})\b", inspect.getdoc(one) or "")
    ]
    assert silent == []


# --- how much an author must know -----------------------------------------------------------------------------------------------


def imported_by(package: Path) -> set[str]:
    """The names that a plugin's files import `from labrun`, also for annotations alone."""
    trees = (ast.parse(file.read_text(encoding="utf-8")) for file in package.rglob("*.py"))
    nodes = (node for tree in trees for node in ast.walk(tree))
    return {
        alias.name
        for node in nodes
        if isinstance(node, ast.ImportFrom) and node.module == "labrun"
        for alias in node.names
    }


@pytest.mark.parametrize("section", SECTIONS)
def test_a_plugin_needs_twelve_names_at_most(section):
    packages = {o.plugin.__module__.partition(".")[0]: o for o in Registry.installed().offers if o.section == section}
    needed = {name: imported_by(Path(str(importlib.import_module(name).__file__)).parent) for name in packages}
    assert {name: names for name, names in needed.items() if len(names) > 12} == {}
    assert set().union(*needed.values()) <= {*labrun.__all__}
