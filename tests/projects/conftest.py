"""What the tests of projects share: how their reports are read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.projects.first_screen import expect_answer, expect_no_complaints


@pytest.fixture
def expect_report(browser: Any) -> Callable[[Path, str], None]:
    """`expect_report(report, question)`: the answer of a project is on the first screen of its report, and the page is for everybody."""
    try:
        from axe_playwright_python.base import AXE_FILE_PATH as axe
    except ImportError:
        axe = None

    def expect(report: Path, question: str) -> None:
        expect_answer(browser, report, question)
        expect_no_complaints(browser, report, axe)

    return expect
