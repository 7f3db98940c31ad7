"""Check Python, the libraries that labrun needs, its extras, and the plugins."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from importlib import metadata

from packaging.specifiers import SpecifierSet

from labrun.doctor.check import Check
from labrun.registry.registry import Registry
from labrun.registry.requirements import unmet_by_distribution

__all__ = ["check_software"]

NOT_FOR_USERS = ("dev", "docs")


def check_software() -> Iterator[Check]:
    """Yield a check for each library that is missing or has an unsuitable version, and for each plugin that does not load."""
    yield from _check_labrun()
    yield from _check_extras()
    yield from _check_plugins(Registry.installed())


def _check_labrun() -> Iterator[Check]:
    about = metadata.distribution("labrun")
    wanted, found = about.metadata["Requires-Python"] or "", platform.python_version()
    fits = SpecifierSet(wanted).contains(found, prereleases=True)
    yield Check(
        "Python",
        "ok" if fits else "fail",
        f"{found}, labrun {about.version}",
        "" if fits else f"install Python {wanted}",
    )
    problems = [*unmet_by_distribution("labrun", about.requires)]
    for problem in problems:
        what, _, advice = problem.partition(": ")
        yield Check("library", "fail", what, advice)
    if not problems:
        count = sum("extra ==" not in text for text in about.requires or ())
        yield Check("libraries", "ok", f"all {count} that labrun needs, in suitable versions")


def _check_extras() -> Iterator[Check]:
    """List the optional extras; a missing one is not a fault."""
    about = metadata.distribution("labrun")
    always = [*unmet_by_distribution("labrun", about.requires)]
    extras = [name for name in about.metadata.get_all("Provides-Extra") or () if name not in NOT_FOR_USERS]
    missing = [name for name in extras if [*unmet_by_distribution("labrun", about.requires, name)] != always]
    there = [name for name in extras if name not in missing]
    how = f"; to add: pip install 'labrun[{','.join(missing)}]'" if missing else ""
    yield Check("extras", "ok", f"installed: {', '.join(there) or 'none'}{how}")


def _check_plugins(registry: Registry) -> Iterator[Check]:
    distributions = dict.fromkeys(offer.distribution for offer in registry.offers)
    yield Check("plugins", "ok", f"{len(registry.offers)} plugins of {', '.join(distributions) or 'no distribution'}")
    for broken in registry.broken:
        yield Check(f"plugin {broken.title}", "fail", f"quarantined: {broken.error}", broken.advice)
    for name, text in registry.clashes():
        yield Check(f"plugin {name}", "warn", text)
    for remark in registry.remarks:
        yield Check(f"plugin {remark.source}", "warn", remark.text)
    for distribution in distributions:
        if distribution != "labrun":
            for problem in unmet_by_distribution(distribution, metadata.requires(distribution)):
                what, _, advice = problem.partition(": ")
                yield Check(f"plugin {distribution}", "warn", what, advice)
