"""`labrun list-plugins`: the plugins of this installation, those that could not be loaded, and remarks about them."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from typing import Any

import click

from labrun.cli.tables import print_table
from labrun.contracts.inputs import KINDS
from labrun.faults import Fault, ProjectFaults, did_you_mean
from labrun.registry.registry import Offer, Registry

__all__ = ["list_plugins"]

WORDS = {base.__name__.lower(): kind for kind, base in KINDS.items()}
"""The kinds of plugins, by the word for one."""


@click.command("list-plugins")
@click.argument("word", default="")
@click.option("--kind", type=click.Choice([*WORDS]), help="List plugins of this kind only.")
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
def list_plugins(word: str, kind: str | None, as_json: bool) -> None:
    """List plugins, by kind.

    With a WORD, list the plugins that have it in their name, their description or the name of their distribution. Plugins that
    could not be loaded are listed with the reason.
    """
    registry = Registry.installed()
    offers = [offer for offer in _sorted(registry.offers) if _fits(offer, word, kind)]
    if as_json:
        click.echo(json.dumps(_inventory(registry, offers), indent=2))
        return
    if not offers and (word or kind):
        which = f"no {kind or 'plugin'} matches '{word}'" if word else f"there is no {kind}"
        hint = did_you_mean(word, [o.name for o in registry.offers if _fits(o, "", kind)])
        raise ProjectFaults(
            [Fault(f"{which}{hint if hint.endswith('?') else '.'} 'labrun list-plugins' lists all plugins")]
        )
    _print(offers)
    _print_section("quarantined, and why:", ((b.title, b.explanation) for b in registry.broken), "red")
    if not word and kind is None:
        _print_section("worth knowing:", _remarks(registry), "yellow")


def _sorted(offers: Iterable[Offer]) -> list[Offer]:
    order = list(KINDS)
    return sorted(offers, key=lambda offer: (order.index(offer.section), offer.name))


def _fits(offer: Offer, word: str, kind: str | None) -> bool:
    text = f"{offer.name} {offer.summary} {offer.distribution}".lower()
    return word.lower() in text and (kind is None or offer.section == WORDS[kind])


def _print(offers: list[Offer]) -> None:
    """A table for each kind in a terminal; elsewhere one table with the kind as its first column."""
    columns = ["name", "description", "from"]
    if not sys.stdout.isatty():
        print_table(["kind", *columns], [[_kind(offer), *_row(offer)] for offer in offers])
        return
    for section in KINDS:
        rows = [_row(offer) for offer in offers if offer.section == section]
        if rows:
            print_table(columns, rows, title=f"{section} ({len(rows)})")


def _kind(offer: Offer) -> str:
    return KINDS[offer.section].__name__


def _row(offer: Offer) -> list[str]:
    return [offer.name, offer.summary, f"{offer.distribution} {offer.distribution_version}"]


def _remarks(registry: Registry) -> Iterator[tuple[str, str]]:
    yield from registry.clashes()
    yield from ((remark.source, remark.text) for remark in registry.remarks)


def _print_section(heading: str, entries: Iterable[tuple[str, str]], colour: str) -> None:
    entries = list(entries)
    if entries:
        click.echo()
        click.secho(heading, bold=True)
    for title, text in entries:
        click.echo(f"{click.style(title, fg=colour)}: {text}")


def _inventory(registry: Registry, offers: list[Offer]) -> dict[str, Any]:
    """Return the output of `--json`. Programs read it: keys are added, never renamed or removed (docs/plugins.md)."""
    plugins = [
        {
            "kind": _kind(offer),
            "name": offer.name,
            "summary": offer.summary,
            "version": offer.plugin.version,
            "api": offer.plugin.api,
            "distribution": offer.distribution,
            "distribution_version": offer.distribution_version,
        }
        for offer in offers
    ]
    remarks = [{"source": source, "text": text} for source, text in _remarks(registry)]
    return {"plugins": plugins, "quarantined": [vars(broken) for broken in registry.broken], "remarks": remarks}
