"""No plugin colours values by a rainbow, whose bright bands look like structure and which many people cannot read."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
RAINBOWS = re.compile(r"[\"'](jet|rainbow|gist_rainbow|nipy_spectral|gist_ncar|hsv|turbo|prism)(_r)?[\"']")


def test_no_rainbow():
    sources = [path for root in ("core", "plugins", "examples") for path in (ROOT / root).rglob("*.py")]
    assert len(sources) > 100
    assert [path for path in sources if RAINBOWS.search(path.read_text(encoding="utf-8"))] == []
    assert RAINBOWS.search('cmap="jet"')
