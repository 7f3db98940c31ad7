"""Interactive fragments of a report: a template and a script beside a plugin's code, and their data.

A template `<name>.html` holds

    <script type="application/json">{{ data }}</script>
    <script>{% include "<name>.js" %}</script>

and its script finds its own element with `document.currentScript.parentElement`, so one page may hold the fragment several times. Text from
projects and users enters the page in the data only.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

__all__ = ["encode", "file_marks", "plain", "render_fragment"]


def render_fragment(package: str, template: str, data: Mapping[str, Any], **values: Any) -> str:
    """Fill a template of a plugin's package with `data`, as JSON that cannot end its script, and with `values`.

    Raises:
        ValueError: the data hold NaN or infinity.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(loader=PackageLoader(package, ""), autoescape=True, undefined=StrictUndefined)
    return environment.get_template(template).render(data=Markup(_script_safe(data)), **values)


def _script_safe(data: Mapping[str, Any]) -> str:
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    for sign in "<>&":  # they occur in strings only, not in JSON itself
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text.replace("{{", "{\\u007b")  # text of a project is never a `{{file:…}}`


def file_marks(names: Iterable[str]) -> str:
    """Return the placeholders for the addresses of files among the findings, with spaces between them."""
    return " ".join(f"{{{{file:{name}}}}}" for name in names)


def encode(array: np.ndarray, dtype: str) -> str:
    """Encode an array of any shape and unit, in C order, as base64 of little-endian `dtype`, for `labrun.numbers` of the page."""
    return base64.b64encode(array.astype(f"<{dtype}").tobytes()).decode()


def plain(values: Iterable[Any]) -> list[Any]:
    """Return the values of a column (Python's own, as from `tolist`) for JSON: missing ones (None, NaN) become null."""
    return [None if value is None or value != value else value for value in values]
