"""Fields in words."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field

from labrun.contracts.fields import fields_in_words
from labrun.registry.registry import Registry


class Shade(Enum):
    DARK = "dark"
    LIGHT = "light"


class Inner(BaseModel):
    cell: list[list[float]] = Field(description="vectors [spacings]")


Share = Annotated[float, Field(ge=0, lt=1)]
Pair = tuple[int, int]


@pytest.mark.parametrize(
    ("annotation", "words"),
    [
        (int, "whole number"),
        (float, "number"),
        (str, "text"),
        (bool, "true or false"),
        (Path, "path"),
        (Any, "anything"),
        (Share, "number in [0, 1)"),
        (Annotated[int, Field(gt=0, le=8)], "whole number in (0, 8]"),
        (Annotated[int, Field(gt=0)], "whole number > 0"),
        (Annotated[float, Field(le=1e6)], "number ≤ 1e+06"),
        (float | str, "number | text"),
        (float | None, "number"),
        (list[str], "list of texts"),
        (list[Share], "list of numbers in [0, 1)"),
        (list[float | str], "list of (numbers | texts)"),
        (list[list[int]], "list of lists of whole numbers"),
        (Pair, "list of 2 whole numbers"),
        (int | tuple[float, str], "whole number | [number, text]"),
        (list[Pair], "list of lists of 2 whole numbers"),
        (Literal["a", "b"], "a | b"),
        (Literal["a"] | float, "a | number"),
        (list[Literal[0, 1]], "list of (0 | 1)"),
        (Shade, "dark | light"),
        (dict[str, float], "mapping to numbers"),
        (dict[str, Any], "mapping"),
        (list, "list"),
        (list[dict[str, str]], "list of mappings to texts"),
        (Inner, "mapping"),
        (list[Inner], "list of mappings"),
    ],
)
def test_types(annotation, words):
    class Plugin(BaseModel):
        field: annotation

    assert next(iter(fields_in_words(Plugin))).type == words


class Plugin(BaseModel):
    lattice: Inner | Literal["square"] = Field(description="a lattice")
    size: int = 3
    name: str = "x"
    empty: str = ""
    maybe: int | None = None
    range: tuple[float, float] = (0.5, 1)


def test_blocks_and_defaults():
    told = [(f.path, f.depth, f.default_in_words, f.description) for f in fields_in_words(Plugin)]
    assert told == [
        ("lattice", 0, "required", "a lattice"),
        ("lattice.cell", 1, "required", "vectors [spacings]"),
        ("size", 0, "3", ""),
        ("name", 0, "x", ""),
        ("empty", 0, '""', ""),
        ("maybe", 0, "–", ""),
        ("range", 0, "[0.5, 1]", ""),
    ]


OFFERS = [offer for offer in Registry.installed().offers if offer.distribution == "labrun"]


@pytest.mark.parametrize("offer", OFFERS, ids=lambda offer: f"{offer.section}.{offer.name}")
def test_all_bundled_plugins(offer):
    """Every field says in words what it may be."""
    told = list(fields_in_words(offer.plugin))
    assert [f.path for f in told if "anything" in f.type or not f.type] == []


class Nest(BaseModel):
    eggs: list[Nest] = []


def test_a_block_that_holds_itself():
    assert [f.path.count(".") for f in fields_in_words(Nest)] == [0, 1, 2, 3]


class Odd(BaseModel):
    call: Callable[[int], int]
    size: int = 3


def test_a_type_that_json_does_not_know():
    told = [(f.path, f.type, f.required) for f in fields_in_words(Odd)]
    assert told == [("call", "Callable", True), ("size", "int", False)]
