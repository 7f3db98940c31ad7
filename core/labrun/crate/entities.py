"""Describe files, values and software in a crate."""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from rocrate.model.entity import Entity
from rocrate.rocrate import ROCrate

from labrun.crate.contents import Content

__all__ = ["Entities", "about_file", "iso", "set_values"]

TERMS = "https://w3id.org/ro/terms/workflow-run/context"
FORMATS = {
    ".yaml": "application/yaml",
    ".h5": "application/x-hdf5",
    ".keras": "application/zip",
    ".jsonl": "application/jsonl",
}


class Entities:
    """The entities of one crate; `files` counts its files."""

    def __init__(self) -> None:
        self.crate = ROCrate(version="1.1")  # the version that the profiles refer to
        self.crate.metadata.extra_contexts.append(TERMS)
        self.files = 0

    def add(self, identifier: str, kind: str, **properties: Any) -> Entity:
        return self.crate.add_jsonld({"@id": identifier, "@type": kind} | properties)

    def add_value(self, identifier: str, name: str, value: Any) -> Entity:
        plain = value if isinstance(value, (bool, int, float)) else "none" if value is None else str(value)
        return self.add(identifier, "PropertyValue", name=name, value=plain)

    def add_facts(self, action: Entity, stage: str, facts: Mapping[str, Any]) -> None:
        action["additionalProperty"] = [
            self.add_value(f"#fact-{stage}-{quote(name, safe='')}", name, value) for name, value in facts.items()
        ]

    def add_software(self, name: str, version: str) -> Entity:
        identifier = f"#software-{quote(name, safe='')}"
        if (known := self.crate.get(identifier)) is not None:
            return known
        return self.add(identifier, "SoftwareApplication", name=name, softwareVersion=version)

    def add_file(self, content: Content) -> Entity:
        self.files += 1
        return self.crate.add_file(content.source.path, content.place, properties=about_file(content))


def set_values(entity: Entity, name: str, values: Sequence[Entity]) -> None:
    """Set a property as compact JSON-LD does: nothing, one value, or a list."""
    if values:
        entity[name] = list(values) if len(values) > 1 else values[0]


def iso(clock: str) -> str:
    """Return a time as the profiles require: with a numeric offset from UTC."""
    return clock.replace("Z", "+00:00")


def about_file(content: Content) -> dict[str, str]:
    """Return the properties of a file."""
    path = content.source.path
    kind = FORMATS.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    size = str(content.source.status().st_size)
    return {"name": content.place, "contentSize": size, "sha256": content.sha256, "encodingFormat": kind}
