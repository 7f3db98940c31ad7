"""The engine's part in results: when a module that makes them changes, the number of its section does.

`python -m tests.core.labrun.planning.test_versions` writes what stands in `engine.json` anew after the number was raised. With
`--same-results` it does so without: for a change that gives the same bytes as before, and only then.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import sys
from importlib import resources
from pathlib import Path

import pytest

from labrun.files.digests import digest_of
from labrun.planning.versions import ENGINE, ENGINE_MODULES
from labrun.registry.syntax import Source

RECORD = Path(__file__).with_name("engine.json")


def digest_of_module(name: str) -> str:
    """Of what a module computes, without comments, docstrings, layout and imports; of the content of a style sheet."""
    package, _, file = name.removesuffix(".mplstyle").rpartition(".")
    if name.endswith(".mplstyle"):
        return hashlib.sha256((resources.files(package) / f"{file}.mplstyle").read_bytes()).hexdigest()[:16]
    spec = importlib.util.find_spec(name)
    assert spec is not None
    assert spec.origin is not None
    return digest_of(Source.of(Path(spec.origin).read_bytes()).body.decode())[:16]


def state(section: str) -> dict[str, object]:
    modules = {name: digest_of_module(name) for name in ENGINE_MODULES[section]}  # type: ignore[index]
    return {"version": ENGINE[section], "modules": modules}  # type: ignore[index]


@pytest.mark.parametrize("section", ENGINE)
def test_the_number_of_a_section_changes_with_its_modules(section):
    recorded, found = json.loads(RECORD.read_text())[section], state(section)
    changed = [name for name, digest in found["modules"].items() if recorded["modules"].get(name) != digest]
    assert recorded == found, (
        f"{', '.join(changed) or 'the list of modules'} changed. If results of {section} can change, raise ENGINE[{section!r}] in "
        f"core/labrun/planning/versions.py. Then run: python -m tests.core.labrun.planning.test_versions"
    )


def record(same_results: bool) -> None:
    before = json.loads(RECORD.read_text()) if RECORD.exists() else {}
    for section in ENGINE:
        found = state(section)
        known = before.get(section, found)
        if not same_results and known != found and known["version"] == found["version"]:
            sys.exit(f"{section}: raise its number first, or say --same-results")
        before[section] = found
    RECORD.write_text(json.dumps(before, indent=2) + "\n")


if __name__ == "__main__":
    record("--same-results" in sys.argv)
