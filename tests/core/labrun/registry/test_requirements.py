"""Requirements of projects and distributions."""

from importlib import metadata

import pytest
from packaging.requirements import Requirement

from labrun.registry.requirements import unmet, unmet_by_distribution


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("numpy>=1", None),
        ("gone>=1", "it needs 'gone>=1', which is not installed: pip install 'gone>=1'"),
        (
            "click<1",
            f"it needs 'click<1', but version {metadata.version('click')} is installed: pip install --upgrade 'click<1'",
        ),
    ],
)
def test_unmet(text, problem):
    assert unmet("it", Requirement(text)) == problem


def test_markers_and_extras():
    needs = ["gone; python_version < '3'", "numpy", "lost; extra == 'all'"]
    assert list(unmet_by_distribution("zoo", needs)) == []
    assert list(unmet_by_distribution("zoo", needs, "all")) == [
        "zoo needs 'lost', which is not installed: pip install 'lost'"
    ]
    assert list(unmet_by_distribution("zoo", None)) == []
