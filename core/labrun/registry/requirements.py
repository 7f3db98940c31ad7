"""Check whether required packages are installed in suitable versions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib import metadata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from packaging.requirements import Requirement

__all__ = ["unmet", "unmet_by_distribution"]


def unmet(who: str, requirement: Requirement) -> str | None:
    """Explain why a requirement of `who` is not met, and what to do; None if it is met."""
    try:
        found = metadata.version(requirement.name)
    except metadata.PackageNotFoundError:
        return f"{who} needs '{requirement}', which is not installed: pip install '{requirement}'"
    if requirement.specifier.contains(found, prereleases=True):
        return None
    return f"{who} needs '{requirement}', but version {found} is installed: pip install --upgrade '{requirement}'"


def unmet_by_distribution(name: str, requirements: Iterable[str] | None, extra: str = "") -> Iterator[str]:
    """Yield the unmet requirements from a distribution's metadata, including those of `extra` alone."""
    if not requirements:
        return
    from packaging.requirements import Requirement

    for text in requirements:
        requirement = Requirement(text)
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": extra}):
            continue
        requirement.marker = None
        problem = unmet(name, requirement)
        if problem:
            yield problem
