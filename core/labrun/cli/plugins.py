"""`labrun list-plugins`, `describe` and `schema`: which plugins there are, and what they take."""

from __future__ import annotations

import inspect
import json
import sys
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from labrun.faults import Fault, ProjectFaults, did_you_mean
from labrun.inputs import SECTIONS, inputs_of
from labrun.plugin import Simulator
from labrun.registry import Offer, Registry

__all__ = ["describe", "list_plugins", "schema"]


@click.command("list-plugins")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def list_plugins(as_json: bool) -> None:
    """List all plugins, and those that could not be loaded."""
    registry = Registry.installed()
    if as_json:
        click.echo(json.dumps(_inventory(registry), indent=2))
        return
    console = Console()
    table = Table("kind", "name", "what it is", "from")
    for section, base in SECTIONS.items():
        for offer in sorted((o for o in registry.offers if o.section == section), key=lambda o: o.name):
            origin = f"{offer.distribution} {offer.distribution_version}"
            table.add_row(base.__name__, f"[bold]{escape(offer.name)}[/]", escape(offer.summary), origin)
    console.print(table)
    for broken in registry.broken:
        version = f" {broken.distribution_version}" if broken.distribution_version else ""
        console.print(
            f"[red]could not be loaded: {escape(broken.source + version)}: {escape(broken.error)}[/]", soft_wrap=True
        )


def _inventory(registry: Registry) -> dict[str, Any]:
    plugins = [
        {
            "kind": SECTIONS[offer.section].__name__,
            "name": offer.name,
            "summary": offer.summary,
            "version": offer.plugin.version,
            "distribution": offer.distribution,
            "distribution_version": offer.distribution_version,
        }
        for offer in registry.offers
    ]
    broken = [vars(b) for b in registry.broken]
    return {"plugins": plugins, "broken": broken}


@click.command()
@click.argument("plugin")
def describe(plugin: str) -> None:
    """Show what a PLUGIN is: its documentation, its fields with units and defaults, its inputs and outputs."""
    registry = Registry.installed()
    distribution, _, name = plugin.rpartition(":")
    offers = [o for o in registry.offers if o.name == name and distribution in ("", o.distribution)]
    if not offers:
        hint = did_you_mean(name, [o.name for o in registry.offers])
        raise ProjectFaults([Fault(f"there is no plugin '{plugin}'{hint}")])
    for offer in offers:
        _describe(offer, Console())


def _describe(offer: Offer, console: Console) -> None:
    kind = SECTIONS[offer.section].__name__
    console.print(
        f"[bold]{offer.name}[/]  {kind} of {offer.distribution} {offer.distribution_version}, version {offer.plugin.version}\n"
    )
    console.print(escape(inspect.cleandoc(offer.plugin.__doc__ or "")) + "\n", highlight=False)
    table = Table("field", "type", "default", "what it is", title="with:", title_justify="left")
    properties = offer.plugin.model_json_schema().get("properties", {})
    for field_name, field in offer.plugin.model_fields.items():
        default = "required" if field.is_required() else json.dumps(properties[field_name].get("default"), default=str)
        table.add_row(
            field_name, escape(_type_in_words(properties[field_name])), escape(default), escape(field.description or "")
        )
    if offer.plugin.model_fields:
        console.print(table)
    for wanted in inputs_of(offer.plugin):
        several = "stages" if wanted.many else "stage"
        optional = " (optional)" if wanted.optional else ""
        console.print(f"from: [bold]{wanted.name}[/]: {several} of '{wanted.section}'{optional}", highlight=False)
    if issubclass(offer.plugin, Simulator):
        for output, what in offer.plugin.outputs.items():
            console.print(f"gives: [bold]{output}[/]: {escape(what)}", highlight=False)


def _type_in_words(schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    if "const" in schema:
        return str(schema["const"])
    if "anyOf" in schema:
        return " | ".join(_type_in_words(s) for s in schema["anyOf"])
    if "$ref" in schema:
        return "mapping"
    word = {
        "integer": "whole number",
        "string": "text",
        "array": "list",
        "object": "mapping",
        "boolean": "true or false",
    }
    limits = [f"{sign} {schema[key]:g}" for key, sign in _LIMITS.items() if key in schema]
    return " ".join([word.get(schema.get("type", ""), schema.get("type", "any")), *limits])


_LIMITS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}


@click.command()
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="File to write; else standard output."
)
def schema(output: Path | None) -> None:
    """Print the JSON Schema of a project, with the installed plugins, for editors.

    Begin a project with the line

        # yaml-language-server: $schema=labrun.schema.json
    """
    from labrun.schema import project_schema

    text = json.dumps(project_schema(Registry.installed()), indent=2) + "\n"
    if output is None:
        sys.stdout.write(text)
    else:
        output.write_text(text, encoding="utf-8")
        click.echo(f"wrote {output}")
