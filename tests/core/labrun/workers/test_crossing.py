"""Exceptions that go from a worker to the driver arrive, whatever their classes do."""

from __future__ import annotations

import copyreg
import errno
import pickle

import pytest

from labrun.faults import Fault, LabrunError, ProjectFaults
from labrun.workers.crossing import call, portable


@pytest.fixture(autouse=True)
def _plain_pickle(monkeypatch):
    """Distributed, once imported, teaches pickle to read any exception of its process."""
    for taught in [*copyreg.dispatch_table]:
        if isinstance(taught, type) and issubclass(taught, BaseException):
            monkeypatch.delitem(copyreg.dispatch_table, taught)


class Picky(ValueError):
    def __init__(self, *, where: str) -> None:
        super().__init__(where)


class Mute(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no")

    def __reduce__(self) -> str:
        raise RuntimeError("no")


class PickyDisk(OSError):
    def __init__(self, where: str) -> None:
        super().__init__(errno.EACCES, where)


@pytest.mark.parametrize(
    "error", [ValueError("a", 1), KeyError("k"), OSError(errno.ENOSPC, "full", "f"), LabrunError("x")]
)
def test_what_can_be_read_is_sent_as_it_is(error):
    assert portable(error) is error


@pytest.mark.parametrize(
    ("error", "kind", "text"),
    [
        (Picky(where="here"), Exception, "Picky: here"),
        (Mute(), Exception, "Mute: (its text cannot be shown)"),
        (PickyDisk("there"), OSError, "PickyDisk: [Errno 13] there"),
        (ProjectFaults([Fault("no")]), LabrunError, "ProjectFaults: no"),
        (type("Local", (BaseException,), {})("x"), BaseException, "Local: x"),
    ],
)
def test_others_are_replaced_by_one_of_the_same_kind(error, kind, text):
    sent = portable(error)
    again = pickle.loads(pickle.dumps(sent))
    assert (type(again), str(again)) == (kind, text)


def test_the_line_that_raised_is_kept():
    def raise_picky(where: str) -> None:
        raise Picky(where=where)

    with pytest.raises(Exception, match=r"^Picky: here$") as caught:
        call(raise_picky, "here")
    assert caught.traceback[-1].name == "raise_picky"
