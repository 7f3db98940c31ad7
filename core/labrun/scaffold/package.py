"""Write a new plugin as an installable package, from the templates of its kind."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labrun.faults import Fault, LabrunError, ProjectFaults
from labrun.files.atomic import temporary_beside
from labrun.scaffold.names import Names

__all__ = ["KINDS", "Kind", "render_package", "write_package"]

TEMPLATES = Path(__file__).with_name("templates")
COMMON = "common"


@dataclass(frozen=True)
class Kind:
    """The differences between the packages of each kind, apart from their templates."""

    summary: str
    dependencies: tuple[str, ...]
    untyped: tuple[str, ...]
    """Modules without types, which mypy must ignore."""


KINDS = {
    "simulator": Kind("A damped pendulum in a heat bath", ("labrun>=1", "numba>=0.61", "numpy>=1.26"), ("numba.*",)),
    "dataset": Kind("Snapshots of a lattice, coarse-grained", ("labrun>=1", "numpy>=1.26"), ()),
    "model": Kind("A small convolutional network for periodic pictures", ("keras>=3.10", "labrun>=1"), ("keras.*",)),
    "analysis": Kind(
        "The spatial correlation of snapshots",
        ("labrun>=1", "matplotlib>=3.9", "numpy>=1.26", "pandas>=2.2"),
        ("pandas.*",),
    ),
    "sampler": Kind("Rows where a number changes most", ("labrun>=1", "numpy>=1.26", "scipy>=1.15"), ("scipy.*",)),
}


def write_package(names: Names, kind: str, output: Path) -> Path:
    """Write the package of a new plugin into the folder `output`, whole or not at all, and return the folder of the package.

    Raises:
        ProjectFaults: the folder exists already.
        LabrunError: it cannot be written.
    """
    folder = output / names.distribution
    if folder.exists() or folder.is_symlink():
        raise ProjectFaults([Fault(f"'{folder}' exists already: take another name, or another folder with --output")])
    unfinished = temporary_beside(folder)
    try:
        for path, text in render_package(names, kind):
            target = unfinished / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        unfinished.rename(folder)
    except OSError as error:
        raise LabrunError(f"cannot write '{folder}': {error.strerror}") from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return folder


def render_package(names: Names, kind: str) -> Iterator[tuple[str, str]]:
    """Yield the path within the package and the text of each file."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
    )
    values: dict[str, Any] = {"names": names, "name": names.name, "kind": kind, **vars(KINDS[kind])}
    for part in (COMMON, kind):
        for template in sorted((TEMPLATES / part).rglob("*.jinja")):
            path = template.relative_to(TEMPLATES / part).as_posix().removesuffix(".jinja")
            text = environment.get_template(template.relative_to(TEMPLATES).as_posix()).render(values)
            yield path.replace("NAME", names.name), text
