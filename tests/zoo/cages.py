"""Distributions as pip leaves them behind, made in a folder without pip: a module, its metadata, its entry points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

SOUND = """\
from labrun import Simulator, hookimpl


class Animal(Simulator):
    '''It sits there.'''

    name = "NAME"

    def simulate(self, rng):
        return {"x": rng.random(3)}


@hookimpl
def labrun_simulators():
    return [Animal]
"""
"""A plugin that works."""


def sound(name: str) -> str:
    """The source of a plugin with one simulator of this name."""
    return SOUND.replace("NAME", name)


def install(
    site: Path,
    distribution: str,
    modules: Mapping[str, str],
    *,
    version: str = "0.3",
    requires: Sequence[str] = (),
    entries: Mapping[str, str] | None = None,
) -> None:
    """Install modules (by name, their sources) into a folder of packages. Unless `entries` says otherwise, each is an entry point of the
    group `labrun`, by its own name."""
    folder = site / f"{distribution.replace('-', '_')}-{version}.dist-info"
    folder.mkdir(parents=True)
    needs = "".join(f"Requires-Dist: {requirement}\n" for requirement in requires)
    (folder / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n{needs}", encoding="utf-8"
    )
    points = {name: name for name in modules} if entries is None else entries
    lines = "".join(f"{name} = {module}\n" for name, module in points.items())
    (folder / "entry_points.txt").write_text(f"[labrun]\n{lines}", encoding="utf-8")
    for name, source in modules.items():
        (site / f"{name}.py").write_text(source, encoding="utf-8")
