"""`labrun describe`: the documentation of one plugin, for a terminal, for a pipe and as JSON."""

from __future__ import annotations

import inspect
import json
import shutil
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from labrun.cli.completion import complete_plugins
from labrun.cli.plugin_files import plugin_files_option, project_option, registry_with
from labrun.cli.project_simulation import simulation_of
from labrun.cli.prose import reflowed
from labrun.cli.tables import short
from labrun.contracts.fields import FieldInWords, fields_in_words
from labrun.contracts.inputs import KINDS, ONE_OF, Input, inputs_of
from labrun.contracts.plugin import Model, Plugin, Simulator
from labrun.faults import Fault, ProjectFaults, did_you_mean
from labrun.flattening import flattened
from labrun.registry.registry import Offer, Registry

if TYPE_CHECKING:
    from labrun.project.stage import SimulationStage

__all__ = ["describe"]

VALUES_SHOWN = 8
"""Values of a column that are listed one by one."""


@click.command()
@click.argument("plugin", shell_complete=complete_plugins())
@plugin_files_option
@project_option
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
def describe(plugin: str, files: tuple[Path, ...], plugins_of: Path | None, as_json: bool) -> None:
    """Show the documentation and the fields of a plugin.

    Fields come with units and defaults, inputs and outputs with their kinds and shapes. Of a simulation of the --project, show its
    configuration, its sweep and its arrays.
    """
    stage = simulation_of(plugins_of, plugin) if plugins_of else None
    if stage is not None and not as_json:
        _print_simulation(stage)
        return
    offers = [stage.offer] if stage else _named(registry_with(files, plugins_of), plugin)
    if as_json:
        click.echo(json.dumps([_record(offer) for offer in offers], indent=2))
        return
    for number, offer in enumerate(offers):
        if number:
            click.echo()
        _print(offer)


def _print_simulation(stage: SimulationStage) -> None:
    """Show a simulation of a project as it is configured."""
    click.echo(f"{click.style(stage.name, bold=True)}  simulation by {stage.offer.name}, {stage.work}")
    leaves = {path: value for path, value in flattened(stage.config).items() if value not in (None, "", [], {})}
    _print_block("with", ["field", "value"], [[path, short(value)] for path, value in leaves.items()])
    columns = [[name, _values_in_words(values)] for name, values in stage.table.columns.items()]
    _print_block("sweep", ["column", "values"], columns)
    _print_block("gives", ["array", "description"], [list(pair) for pair in stage.plugin.declared_outputs().items()])


def _values_in_words(values: Sequence[Any]) -> str:
    """List the distinct values of a column; of many, the first and the last."""
    texts = list(dict.fromkeys(map(str, values)))
    if len(texts) <= VALUES_SHOWN:
        return ", ".join(texts)
    return f"{', '.join(texts[:3])}, …, {texts[-1]} ({len(texts)} values)"


def _named(registry: Registry, plugin: str) -> list[Offer]:
    """Return all plugins of that name, of any kind.

    Raises:
        ProjectFaults: there is no such plugin.
    """
    distribution, _, name = plugin.rpartition(":")
    offers = [o for o in registry.offers if o.name == name and distribution in ("", o.distribution)]
    if offers:
        return offers
    hint = did_you_mean(name, [o.name for o in registry.offers])
    excuse = ". It may be in a plugin that could not be loaded: see labrun list-plugins" if registry.broken else ""
    raise ProjectFaults([Fault(f"there is no plugin '{plugin}'{hint}{excuse}")])


def _print(offer: Offer) -> None:
    plugin = offer.plugin
    text = inspect.cleandoc(plugin.__doc__ or "it has no documentation")
    origin = f"{KINDS[offer.section].__name__} of {offer.distribution} {offer.distribution_version}".rstrip()
    click.echo(f"{click.style(offer.name, bold=True)}  {origin}, version {plugin.version}, contracts {plugin.api}")
    click.echo(_source(plugin))
    click.echo(f"\n{reflowed(text, _columns()) if sys.stdout.isatty() else text}\n")
    rows = [
        [
            f"{'  ' * f.depth}{f.path.rpartition('.')[2]}" if sys.stdout.isatty() else f.path,
            f.type,
            f.default_in_words,
            f.description,
        ]
        for f in fields_in_words(plugin)
    ]
    _print_block("with", ["field", "type", "default", "description"], rows)
    _print_block("from", ["input", "takes"], [[i.name, _input_in_words(i)] for i in inputs_of(plugin)])
    keys = [[f.path, f.type, f.default_in_words, f.description] for f in _stage_keys(offer)]
    _print_block("stage", ["key", "type", "default", "description"], keys)
    _print_block("gives", ["array", "description"], [list(pair) for pair in _outputs(plugin).items()])
    _print_block(
        "pretrained", ["name", "folder"], [[name, str(folder)] for name, folder in _pretrained(plugin).items()]
    )


def _print_block(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table in a terminal; elsewhere one line for each row, which begins with the title of the block."""
    rows = list(rows)
    if not rows:
        return
    if not sys.stdout.isatty():
        for row in rows:
            click.echo("\t".join([title, *row]))
        return
    from rich.console import Console
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    click.secho(f"{title}:", bold=True)
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    for number, column in enumerate(columns):
        last = number == len(columns) - 1
        width = None if last or number == 0 else 26
        table.add_column(column, no_wrap=number == 0, ratio=1 if last else None, max_width=width, overflow="fold")
    for name, *cells in rows:
        table.add_row(
            Text(name, style="cyan"), *(Text(cell, style="yellow" if cell == "required" else "") for cell in cells)
        )
    Console().print(Padding(table, (0, 0, 1, 2)))


def _columns() -> int:
    return shutil.get_terminal_size().columns


def _source(plugin: type[Plugin]) -> str:
    """The place of the plugin, `/…/labrun_ising/__init__.py:14`, which terminals and editors open."""
    try:
        return f"{inspect.getsourcefile(plugin)}:{inspect.getsourcelines(plugin)[1]}"
    except (OSError, TypeError):  # it has no source file
        return plugin.__module__


def _input_in_words(wanted: Input) -> str:
    number = f"several of '{wanted.section}'" if wanted.many else f"one {ONE_OF[wanted.section]}"
    return f"{number}, optional" if wanted.optional else number


def _stage_keys(offer: Offer) -> list[FieldInWords]:
    """Return the keys of a stage that uses the plugin, beside those that every stage has."""
    from labrun.project.blocks import STAGE_BLOCKS

    keys = fields_in_words(STAGE_BLOCKS[offer.section])
    return [key for key in keys if not key.depth and key.path not in ("use", "with", "from")]


def _outputs(plugin: type[Plugin]) -> dict[str, str]:
    return dict(plugin.outputs) if issubclass(plugin, Simulator) else {}


def _pretrained(plugin: type[Plugin]) -> dict[str, Any]:
    return dict(plugin.pretrained) if issubclass(plugin, Model) else {}


def _record(offer: Offer) -> dict[str, Any]:
    plugin = offer.plugin
    return {
        "kind": KINDS[offer.section].__name__,
        "name": offer.name,
        "version": plugin.version,
        "api": plugin.api,
        "distribution": offer.distribution,
        "distribution_version": offer.distribution_version,
        "source": _source(plugin),
        "documentation": inspect.cleandoc(plugin.__doc__ or ""),
        "fields": [vars(field) for field in fields_in_words(plugin)],
        "stage": [vars(key) for key in _stage_keys(offer)],
        "inputs": [vars(wanted) for wanted in inputs_of(plugin)],
        "outputs": _outputs(plugin),
        "pretrained": {name: str(folder) for name, folder in _pretrained(plugin).items()},
    }
