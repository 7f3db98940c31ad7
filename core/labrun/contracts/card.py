"""Cards of results in a notebook: classes here declare that they have one, `labrun.display.cards` draws it."""

from __future__ import annotations

from functools import singledispatch

__all__ = ["HasCard", "card_of"]


@singledispatch
def card_of(value: object) -> str | None:
    """Return the HTML card of a value; None if its type has no card, so that a notebook shows its `repr`."""
    return None


class HasCard:
    """An object that a notebook shows as a card."""

    def _repr_html_(self) -> str | None:
        return card_of(self)
