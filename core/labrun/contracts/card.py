"""What a notebook shows of a result: objects say that they have a card, `labrun.display.cards` draws it."""

from __future__ import annotations

from functools import singledispatch

__all__ = ["HasCard", "card_of"]


@singledispatch
def card_of(value: object) -> str | None:
    """Return the HTML card of a value; None where no card is drawn for its type, so that a notebook shows its `repr`."""
    return None


class HasCard:
    """An object that a notebook shows as a card."""

    def _repr_html_(self) -> str | None:
        return card_of(self)
