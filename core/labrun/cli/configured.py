"""Plugins on the command line: chosen by name, configured by KEY=VALUE."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pydantic import ValidationError

from labrun.contracts.inputs import Section
from labrun.contracts.plugin import Plugin, Simulator
from labrun.contracts.surroundings import Surroundings
from labrun.faults import Fault, ProjectFaults
from labrun.project.file_digests import with_digests
from labrun.project.pydantic_errors import explain
from labrun.project.yaml12 import Document
from labrun.registry.error_origin import error_origin
from labrun.registry.registry import Registry, UnknownPlugin

__all__ = ["configured"]


def configured(registry: Registry, section: Section, name: str, values: Iterable[str], command: str) -> Plugin:
    """Return the plugin `name` of a section with its fields set by `values`, each read as YAML. `command` appears in messages.

    Raises:
        ProjectFaults: there is no such plugin or field, or a value is wrong.
    """
    try:
        offer = registry.find(section, name)
    except UnknownPlugin as error:
        raise ProjectFaults([Fault(str(error))]) from error
    config = {}
    for value in values:
        key, equals, text = value.partition("=")
        if not equals:
            raise ProjectFaults([Fault(f"'{value}' sets nothing; write KEY=VALUE, as in kill=0.06")])
        config[key] = Document.parse(text, key).value
    try:
        config = with_digests(offer.plugin, config)
        if issubclass(offer.plugin, Simulator):
            config = offer.plugin.completed(config, Surroundings(Path()))
        return offer.plugin.configured(config)
    except ValidationError as error:
        where = f"{command} {name}"
        raise ProjectFaults(explain(error, offer.plugin, config, lambda _: where, lambda *_: None)) from error
    except (Exception, SystemExit) as error:  # a plugin's validator may raise anything
        said = error_origin(offer.plugin.__module__, error)
        raise ProjectFaults([Fault(f"{command} {name}: the plugin's own check failed: {said}")]) from error
