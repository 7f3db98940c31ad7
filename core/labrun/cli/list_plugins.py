"""`labrun list-plugins`: which plugins there are, which could not be loaded and why, and what else a person should know of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

import click

from labrun.cli.tables import print_table
from labrun.contracts.inputs import SECTIONS
from labrun.registry.registry import Offer, Registry

__all__ = ["list_plugins"]


@click.command("list-plugins")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def list_plugins(as_json: bool) -> None:
    """List all plugins, and those that are quarantined since they could not be loaded."""
    registry = Registry.installed()
    if as_json:
        click.echo(json.dumps(_inventory(registry), indent=2))
        return
    print_table(["kind", "name", "what it is", "from"], [_row(offer) for offer in _sorted(registry.offers)])
    _print_section("quarantined, and why:", ((b.title, b.explanation) for b in registry.broken), "red")
    _print_section("worth knowing:", _remarks(registry), "yellow")


def _sorted(offers: Iterable[Offer]) -> list[Offer]:
    order = list(SECTIONS)
    return sorted(offers, key=lambda offer: (order.index(offer.section), offer.name))


def _row(offer: Offer) -> list[str]:
    kind = SECTIONS[offer.section].__name__
    return [kind, offer.name, offer.summary, f"{offer.distribution} {offer.distribution_version}"]


def _remarks(registry: Registry) -> Iterator[tuple[str, str]]:
    yield from registry.clashes()
    yield from ((remark.source, remark.text) for remark in registry.remarks)


def _print_section(heading: str, entries: Iterable[tuple[str, str]], colour: str) -> None:
    told = list(entries)
    if told:
        click.echo()
        click.secho(heading, bold=True)
    for title, text in told:
        click.echo(f"{click.style(title, fg=colour)}: {text}")


def _inventory(registry: Registry) -> dict[str, Any]:
    plugins = [
        {
            "kind": SECTIONS[offer.section].__name__,
            "name": offer.name,
            "summary": offer.summary,
            "version": offer.plugin.version,
            "api": offer.plugin.api,
            "distribution": offer.distribution,
            "distribution_version": offer.distribution_version,
        }
        for offer in _sorted(registry.offers)
    ]
    remarks = [{"source": source, "text": text} for source, text in _remarks(registry)]
    return {"plugins": plugins, "quarantined": [vars(broken) for broken in registry.broken], "remarks": remarks}
