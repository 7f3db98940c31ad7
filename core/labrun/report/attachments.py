"""Files that fragments of the page use. Each is embedded once, even if several fragments name it."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Attachment", "Attachments"]

_MARK = re.compile(r"\{\{file:([^{}]+)\}\}")
_TYPES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".webp": "image/webp",
    ".svg": "image/svg+xml",
    ".json": "application/json",
}


@dataclass(frozen=True)
class Attachment:
    """A file embedded in the page; scripts reach it by `labrun.url(id)`."""

    id: str
    type: str
    base64: str


@dataclass
class Attachments:
    """The embedded files of a page, by the digest of their content."""

    found: dict[str, Attachment] = field(default_factory=dict)

    def fill(self, fragment: str, folder: Path) -> str:
        """Replace each `{{file:name}}` of a fragment by the id of the file.

        Raises:
            FileNotFoundError: the folder of the findings has no such file.
        """
        return _MARK.sub(lambda mark: self._attach(folder / Path(mark[1]).name), fragment)

    def _attach(self, path: Path) -> str:
        content = path.read_bytes()
        identifier = f"file-{hashlib.sha256(content).hexdigest()[:16]}"
        kind = _TYPES.get(path.suffix, "application/octet-stream")
        self.found.setdefault(identifier, Attachment(identifier, kind, base64.b64encode(content).decode()))
        return identifier
