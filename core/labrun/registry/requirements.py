"""Whether the packages that something needs are installed, in versions that it can work with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib import metadata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from packaging.requirements import Requirement

__all__ = ["unmet", "unmet_by_distribution"]


def unmet(who: str, requirement: Requirement) -> str | None:
    """What is wrong with a requirement of `who`, and what to do; None if it is met."""
    try:
        found = metadata.version(requirement.name)
    except metadata.PackageNotFoundError:
        return f"{who} needs '{requirement}', which is not installed: pip install '{requirement}'"
    if requirement.specifier.contains(found, prereleases=True):
        return None
    return f"{who} needs '{requirement}', but version {found} is installed: pip install --upgrade '{requirement}'"


def unmet_by_distribution(name: str, requirements: Iterable[str] | None, extra: str = "") -> Iterator[str]:
    """What a distribution needs (as its metadata tell) and does not find. Of what it needs for extras alone, only that of `extra`."""
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
