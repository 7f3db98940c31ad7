"""`docs/security.md` says what is tested here."""

from __future__ import annotations

import importlib.util
import re
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/security.md"


def test_the_commands_of_the_page_do_what_it_says(tmp_path):
    found = importlib.util.spec_from_file_location("pages", ROOT / "tests/docs/test_pages.py")
    assert found is not None
    assert found.loader is not None
    pages = importlib.util.module_from_spec(found)
    found.loader.exec_module(pages)
    (tmp_path / "theirs.py").write_text("raise SystemExit('it was run')\n", encoding="utf-8")
    assert pages.run_page(PAGE, tmp_path) == ["labrun check --no-plugins stranger.yaml"]


def test_each_promise_names_its_test():
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    rows = [line for line, below in pairwise(lines) if line.startswith("| ") and not below.startswith("|---")]
    assert len(rows) > 15
    for row in rows:
        assert re.search(r"\| `[^|]*test_\w+\.py`[^|]*\|$", row), row
    tests = {name for row in rows for name in re.findall(r"`((?:\.\./[\w/]+/)?test_\w+\.py)`", row)}
    for name in tests:
        assert (Path(__file__).parent / name).is_file(), name


def test_limits_are_as_the_page_says():
    from labrun.files import guarded, limits
    from labrun.kit import pictures
    from labrun.project import csvtable, sweep, yaml12

    text = " ".join(PAGE.read_text(encoding="utf-8").split())
    for words in (
        f"more than {limits.FLOOR >> 20} MiB",
        f"more than {limits.EXPANSION} times",
        f"in one another {guarded.DEEPEST} deep",
        f"at most {pictures.MAX_PIXELS:,} pixels",
        f"projects {yaml12.MAX_BYTES // 10**6} MB, {yaml12.MAX_VALUES:,} values and {yaml12.MAX_DEPTH} levels",
        f"tables {csvtable.MAX_BYTES // 10**6} MB",
        f"sweeps {sweep.MAX_MEMBERS:,} members and {sweep.MAX_CELLS:,} values",
    ):
        assert words in text
