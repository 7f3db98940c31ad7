"""pydantic's errors in the words of a project."""

import json
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from labrun.faults import Place
from labrun.project.pydantic_errors import explain


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")
    from_: float = Field(0, alias="from")
    to: float = Field(lt=5)


class Outer(BaseModel):
    model_config = ConfigDict(extra="forbid")
    count: int = Field(1, ge=1, le=65536)
    ratio: float | None = None
    mode: Literal["slow", "fast"] = "slow"
    pair: tuple[int, int] = (1, 2)
    axis: Inner | list[float] | None = None
    named: dict[str, Annotated[Inner | list[Inner], "doc"]] = Field(default={}, max_length=1)
    size: int | tuple[int, int] = 1

    @model_validator(mode="after")
    def _together(self):
        if self.count == 7:
            raise ValueError("count=7 is unlucky")
        return self


def faults(value):
    with pytest.raises(ValidationError) as caught:
        Outer.model_validate_json(json.dumps(value), strict=True)

    def locate(path, key):
        return Place(".".join(map(str, path)) + (" (key)" if key else ""), 1, 1)

    found = explain(caught.value, Outer, value, lambda path: "the block", locate)
    return [(fault.place.source, fault.message) for fault in found]


@pytest.mark.parametrize(
    ("value", "place", "message"),
    [
        ({"count": "x"}, "count", "the block: count: expected a whole number, found the text 'x'"),
        ({"count": 1.5}, "count", "the block: count: expected a whole number, found 1.5"),
        ({"count": True}, "count", "the block: count: expected a whole number, found true"),
        ({"count": None}, "count", "the block: count: expected a whole number, found nothing"),
        ({"count": []}, "count", "the block: count: expected a whole number, found a list"),
        ({"count": 0}, "count", "the block: count: must be at least 1 (found 0)"),
        ({"count": 65537}, "count", "the block: count: must be at most 65536 (found 65537)"),
        ({"count": 7}, "", "the block: count=7 is unlucky"),
        ({"ratio": "x"}, "ratio", "the block: ratio: expected a number, found the text 'x'"),
        (
            {"mode": "fst"},
            "mode",
            "the block: mode: expected 'slow' or 'fast', found the text 'fst': did you mean 'fast'?",
        ),
        ({"pair": [1, "x"]}, "pair.1", "the block: pair.1: expected a whole number, found the text 'x'"),
        ({"pair": [1, 2, 3]}, "pair", "the block: pair: may have at most 2 item(s) (found a list)"),
        ({"size": "x"}, "size", "the block: size: expected a whole number or a list, found the text 'x'"),
        ({"axis": "x"}, "axis", "the block: axis: expected a mapping or a list, found the text 'x'"),
        ({"axis": {"to": 6}}, "axis.to", "the block: axis.to: must be below 5 (found 6)"),
        ({"axis": {"too": 3}}, "axis.too (key)", "unknown key 'too' in the block.axis: did you mean 'to'?"),
        (
            {"axis": {"form": 3, "to": 1}},
            "axis.form (key)",
            "unknown key 'form' in the block.axis: did you mean 'from'?",
        ),
        ({"axis": {}}, "axis.to", "the block.axis lacks the key 'to'"),
        (
            {"named": {"a": {"too": 3}}},
            "named.a.too (key)",
            "unknown key 'too' in the block.named.a: did you mean 'to'?",
        ),
        (
            {"named": {"a": [{"too": 3}]}},
            "named.a.0.too (key)",
            "unknown key 'too' in the block.named.a.0: did you mean 'to'?",
        ),
        ({"cuont": 3}, "cuont (key)", "unknown key 'cuont' in the block: did you mean 'count'?"),
        (
            {"zzz": 3},
            "zzz (key)",
            "unknown key 'zzz' in the block (known: axis, count, mode, named, pair, ratio, size)",
        ),
    ],
)
def test_one_fault_for_one_mistake(value, place, message):
    assert faults(value) == [(place, message)]


def test_long_values_are_cut():
    assert faults({"count": "x" * 1000}) == [
        ("count", f"the block: count: expected a whole number, found the text '{'x' * 60}'")
    ]


def test_two_mistakes_are_two_faults():
    assert [place for place, _ in faults({"count": 0, "pair": ["x", "y"]})] == ["count", "pair.0", "pair.1"]
