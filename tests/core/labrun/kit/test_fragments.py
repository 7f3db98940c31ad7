from __future__ import annotations

import base64
import json

import numpy as np
import pytest

from labrun.kit.fragments import _script_safe, encode, file_marks, plain


@pytest.mark.parametrize(
    "text", ["</script><b>", "<!--<script>", "{{file:x}}", "{{{{{", "a & b", "\u2028 \\u003c \" '"]
)
def test_any_text_comes_back_and_none_ends_the_script(text):
    safe = _script_safe({"a": text, text: [text]})
    assert json.loads(safe) == {"a": text, text: [text]}
    assert not {"<", ">", "&"} & set(safe)
    assert "{{" not in safe


def test_infinity_is_refused():
    with pytest.raises(ValueError, match="not JSON compliant"):
        _script_safe({"a": float("inf")})


def test_arrays_are_little_endian_bytes():
    decoded = np.frombuffer(base64.b64decode(encode(np.arange(6).reshape(2, 3).T, "u2")), "<u2")
    assert decoded.tolist() == [0, 3, 1, 4, 2, 5]


def test_what_is_missing_is_null():
    assert plain([1, None, float("nan"), "a", 2.5, True]) == [1, None, None, "a", 2.5, True]


def test_marks_are_those_that_the_report_fills():
    assert file_marks(["a.jpg", "b.jpg"]) == "{{file:a.jpg}} {{file:b.jpg}}"
