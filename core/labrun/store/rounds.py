"""The rounds of an adaptive sweep on disk: the rows of each, written before they are simulated, and what was measured of them.

`rounds/000007.json` holds the rows of round 7 and the score by which each was chosen, `rounds/000007.measured.json` what was measured of
its members. Each file carries its own digest; one that is missing or damaged is made again, with the same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from labrun.files.atomic import read_json, write_json
from labrun.files.digests import matches_digest, sha256_of, with_digest
from labrun.files.guarded import GuardedPath

__all__ = [
    "FOLDER",
    "MeasuredRound",
    "Round",
    "digests_of_rounds",
    "read_measured",
    "read_rounds",
    "write_measured",
    "write_round",
]

FOLDER = "rounds"


@dataclass(frozen=True)
class Round:
    """The rows of a round, a value for each column, and their scores; those of the first round have none."""

    rows: list[list[Any]]
    scores: list[float | None]


@dataclass(frozen=True)
class MeasuredRound:
    """What was measured of the members of a round, one entry each; None where the member failed, or where its number is not finite."""

    values: list[float | None]
    """The measured number, in its own unit."""
    probabilities: list[list[float] | None]
    """The probability of each class; empty if numbers are measured."""
    disagreement: list[float | None]
    """Mutual information of the class and the model [nats]; empty if numbers are measured."""
    classes: list[str]

    @property
    def shown(self) -> list[Any]:
        """What a table shows of each member: the name of its most probable class, or the number."""
        if not self.classes:
            return list(self.values)
        return [None if one is None else self.classes[one.index(max(one))] for one in self.probabilities]


def read_rounds(folder: GuardedPath) -> list[Round]:
    """Read the rounds in the folder of a result, up to the first that is missing or damaged."""
    found: list[Round] = []
    while (fields := _read(folder / FOLDER / _name(len(found)))) is not None:
        found.append(Round(fields["rows"], fields["scores"]))
    return found


def read_measured(folder: GuardedPath, number: int) -> MeasuredRound | None:
    """Read what was measured of a round; None if that is missing or damaged."""
    fields = _read(folder / FOLDER / _measured_name(number))
    return None if fields is None else MeasuredRound(**{key: fields[key] for key in MeasuredRound.__annotations__})


def write_round(folder: GuardedPath, number: int, content: Round) -> None:
    """Write the rows of a round."""
    write_json(folder / FOLDER / _name(number), with_digest(asdict(content)))


def write_measured(folder: GuardedPath, number: int, content: MeasuredRound) -> None:
    """Write what was measured of a round."""
    write_json(folder / FOLDER / _measured_name(number), with_digest(asdict(content)))


def digests_of_rounds(folder: GuardedPath, rounds: Sequence[Round]) -> dict[str, str]:
    """Return the SHA-256 of each file of these rounds, by its path within the result."""
    names = [f"{FOLDER}/{name(number)}" for number in range(len(rounds)) for name in (_name, _measured_name)]
    return {name: sha256_of(folder / name) for name in names}


def _name(number: int) -> str:
    return f"{number:06d}.json"


def _measured_name(number: int) -> str:
    return f"{number:06d}.measured.json"


def _read(path: GuardedPath) -> dict[str, Any] | None:
    try:
        fields = read_json(path)
        return fields if isinstance(fields, dict) and "digest" in fields and matches_digest(fields) else None
    except (OSError, ValueError):
        return None
