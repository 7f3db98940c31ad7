"""Files that fragments of the page use. Each is embedded once, even if several fragments name it."""

from __future__ import annotations

import base64
import errno
import hashlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from labrun.files.guarded import GuardedPath

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

    def fill(self, fragment: str, folder: GuardedPath, files: Collection[str]) -> str:
        """Replace each `{{file:name}}` of a fragment by the id of the file, which must be one of the findings' `files`.

        Raises:
            FileNotFoundError: the findings have no such file.
        """

        def attach(mark: re.Match[str]) -> str:
            if mark[1] not in files:
                raise FileNotFoundError(
                    errno.ENOENT, "a fragment names this file, but the findings do not hold it", mark[1]
                )
            return self._attach(folder / mark[1])

        return _MARK.sub(attach, fragment)

    def _attach(self, path: GuardedPath) -> str:
        content = path.content()
        identifier = f"file-{hashlib.sha256(content).hexdigest()[:16]}"
        kind = _TYPES.get(path.path.suffix, "application/octet-stream")
        self.found.setdefault(identifier, Attachment(identifier, kind, base64.b64encode(content).decode()))
        return identifier
