"""Complete words of the command line: plugins and stages. Files and folders are completed by the shell.

No plugin file of a project is loaded, and a project with faults completes what can be read of it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from labrun.contracts.inputs import SECTIONS, Section
from labrun.faults import LabrunError

if TYPE_CHECKING:
    from labrun.registry.registry import Offer

__all__ = ["complete_plugins", "complete_runs", "complete_stages"]

Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def complete_plugins(section: Section | None = None) -> Complete:
    """Complete the names of installed plugins, of one section or of all."""

    def complete(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from labrun.registry.registry import Registry

        def fits(offer: Offer) -> bool:
            return section in (None, offer.section) and offer.name.startswith(incomplete)

        offers = sorted(filter(fits, Registry.installed().offers), key=lambda offer: offer.name)
        return [CompletionItem(offer.name, help=offer.summary) for offer in offers]

    return complete


def complete_stages(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the stages of the project on the command line: by name, or by section and name where a name is ambiguous."""
    from labrun.project.extends import read_layers

    if (project := _project_of(context)) is None:
        return []
    try:
        sections = {section: read_layers(project).value.get(section) for section in SECTIONS}
    except (LabrunError, OSError):
        return []
    stages = [(s, str(name)) for s, blocks in sections.items() if isinstance(blocks, dict) for name in blocks]
    names = [name for _, name in stages]
    words = [
        (name if names.count(name) == 1 and "." not in incomplete else f"{section}.{name}", section)
        for section, name in stages
    ]
    return [CompletionItem(word, help=section) for word, section in words if word.startswith(incomplete)]


def _project_of(context: click.Context) -> Path | None:
    """The project on the command line. Where an option still lacks its value, Click leaves the words unparsed in `args`."""
    parsed = context.params.get("project")
    unparsed = (Path(word) for word in context.args if word.endswith((".yaml", ".yml")))
    return parsed if isinstance(parsed, Path) else next(unparsed, None)


def complete_runs(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the names of runs in the folder of runs; a path is completed by the shell."""
    from labrun.files.guarded import GuardedPath
    from labrun.records.run_folder import RECORD
    from labrun.store.places import default_runs

    runs = context.params.get("runs") or default_runs()
    names = [run.name for run in GuardedPath(runs).entries() if run.is_folder() and (run / RECORD).is_regular()]
    found = [CompletionItem(name) for name in names if name.startswith(incomplete)]
    return found or [CompletionItem(incomplete, type="dir")]
