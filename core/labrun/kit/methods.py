"""Methods side by side: networks and baselines that answer one question, each under its own name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from labrun.kit.palette import BASELINE, network_colour

if TYPE_CHECKING:
    from labrun.contracts.trained import TrainedModel

__all__ = ["Method", "check_names", "group_by_kind", "metric_name"]

Given = TypeVar("Given")
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Method(Generic[Given, Answer]):
    """A network (`model`) or a baseline (without one). `answer` returns its answer to what it is given, examples for instance."""

    name: str
    answer: Callable[[Given], Answer]
    model: TrainedModel | None = None

    @property
    def is_network(self) -> bool:
        """Whether it is a network."""
        return self.model is not None

    @property
    def kind(self) -> str:
        """The name that it shares with networks that differ from it in their seed alone; its own name for a baseline."""
        return self.name if self.model is None else self.model.kind

    @property
    def variant(self) -> Mapping[str, Any]:
        """The values that were varied by the matrix of the network; none for a baseline."""
        return {} if self.model is None else self.model.variant

    @property
    def colour(self) -> str:
        """That of the network in its report, or that of all baselines."""
        return BASELINE if self.model is None else network_colour(self.model.place)

    def columns(self, others: Collection[str], title: str = "method") -> dict[str, Any]:
        """Return the first columns of its row in a table: the name, under `title`, and the values that were varied.

        A varied value whose name is that of another column of the table (`others`) becomes `<name> varied`.
        """
        taken = {title, *others}
        return {title: self.name} | {f"{n} varied" if n in taken else n: value for n, value in self.variant.items()}


def check_names(methods: Iterable[Method[Any, Any]]) -> None:
    """Check that each method has its own name.

    Raises:
        ValueError: two have the same.
    """
    for name, count in Counter(one.name for one in methods).most_common(1):
        if count > 1:
            raise ValueError(f"{count} methods are called '{name}': give each network and each baseline its own name")


class HasKind(Protocol):
    """A method or a trained model."""

    @property
    def kind(self) -> str: ...


def group_by_kind(methods: Sequence[HasKind]) -> dict[str, list[int]]:
    """Return the positions of the methods of each kind. Those of one kind differ in their seed alone; only over them means are taken."""
    places: dict[str, list[int]] = {}
    for place, one in enumerate(methods):
        places.setdefault(one.kind, []).append(place)
    return places


def metric_name(score: str, dataset: str, kind: str, kinds: Collection[str]) -> str:
    """Return the name of a metric: `accuracy test`, and `accuracy test, net[width=8]` if there are several kinds."""
    return f"{score} {dataset}" if len(kinds) < 2 else f"{score} {dataset}, {kind}"
