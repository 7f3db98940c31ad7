"""`labrun list-plugins`, `describe` and `schema`: which plugins there are, and what they take."""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from pydantic import PydanticUserError

from labrun.cli.tables import print_table
from labrun.faults import Fault, LabrunError, ProjectFaults, did_you_mean
from labrun.inputs import SECTIONS, inputs_of
from labrun.plugin import Model, Plugin, Simulator
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
    rows = []
    for section, base in SECTIONS.items():
        for offer in sorted((o for o in registry.offers if o.section == section), key=lambda o: o.name):
            rows.append(
                [base.__name__, offer.name, offer.summary, f"{offer.distribution} {offer.distribution_version}"]
            )
    print_table(["kind", "name", "what it is", "from"], rows)
    for broken in registry.broken:
        click.secho(f"could not be loaded: {broken.title}: {broken.error}", fg="red")


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
        _describe(offer)


def _describe(offer: Offer) -> None:
    plugin = offer.plugin
    kind = SECTIONS[offer.section].__name__
    click.secho(offer.name, bold=True, nl=False)
    click.echo(f"  {kind} of {offer.distribution} {offer.distribution_version}, version {plugin.version}\n")
    click.echo(inspect.cleandoc(plugin.__doc__ or "") + "\n")
    if plugin.model_fields:
        print_table(["field", "type", "default", "what it is"], [*_fields(plugin)], title="with:")
    for wanted in inputs_of(plugin):
        several = "stages" if wanted.many else "stage"
        optional = " (optional)" if wanted.optional else ""
        click.echo(f"from: {wanted.name}: {several} of '{wanted.section}'{optional}")
    if issubclass(plugin, Simulator):
        for output, what in plugin.outputs.items():
            click.echo(f"gives: {output}: {what}")
    if issubclass(plugin, Model) and plugin.pretrained:
        click.echo(f"pretrained: {', '.join(plugin.pretrained)}")


def _fields(plugin: type[Plugin]) -> Iterator[list[str]]:
    try:
        properties = plugin.model_json_schema().get("properties", {})
    except PydanticUserError:  # a field of a type that JSON does not know
        properties = {}
    for name, field in plugin.model_fields.items():
        key = field.alias or name
        schema = properties.get(key, {})
        default = "required" if field.is_required() else json.dumps(schema.get("default"), default=str)
        yield [key, _type_in_words(schema), default, field.description or ""]


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
        try:
            output.write_text(text, encoding="utf-8")
        except OSError as error:
            raise LabrunError(f"cannot write {output}: {error.strerror}") from error
        click.echo(f"wrote {output}")
