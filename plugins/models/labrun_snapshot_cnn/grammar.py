"""The words of `layers`: each names one layer of the network, from the snapshot on.

conv FILTERS HEIGHTxWIDTH [stride N]     convolution
pool N                                   maximum over N × N sites
average N                                mean over N × N sites
norm                                     batch normalization
relu                                     max(x, 0)
mean                                     mean of each channel over all places
flatten                                  all channels of all places in a row
dense UNITS                              fully connected, at each place where there are places
dropout SHARE                            leaves out so many of its inputs in training
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from labrun import did_you_mean

__all__ = ["Layer", "parse"]

_COUNT = r"[1-9]\d{0,4}"
_FORMS = {
    "conv": rf"(?P<units>{_COUNT}) (?P<height>{_COUNT})x(?P<width>{_COUNT})(?: stride (?P<stride>{_COUNT}))?",
    "pool": rf"(?P<size>{_COUNT})",
    "average": rf"(?P<size>{_COUNT})",
    "norm": "",
    "relu": "",
    "mean": "",
    "flatten": "",
    "dense": rf"(?P<units>{_COUNT})",
    "dropout": r"(?P<share>0?\.\d+)",
}
_EXAMPLES = {
    "conv": "'conv 16 3x3' or 'conv 16 5x5 stride 2'",
    "pool": "'pool 2'",
    "average": "'average 2'",
    "dense": "'dense 64'",
    "dropout": "'dropout 0.1'",
}


@dataclass(frozen=True)
class Layer:
    """One layer: its word, and the numbers that its word takes."""

    word: str
    units: int = 0
    kernel: tuple[int, int] = (1, 1)
    stride: int = 1
    size: int = 1
    share: float = 0.0

    @property
    def needs_places(self) -> bool:
        """Whether it works on a map, (height, width, channels)."""
        return self.word in ("conv", "pool", "average", "mean", "flatten")

    @property
    def ends_places(self) -> bool:
        """Whether it gives numbers without places, (channels,)."""
        return self.word in ("mean", "flatten")


def parse(text: str) -> Layer:
    """Read one layer.

    Raises:
        ValueError: there is no such layer, or its numbers are not those that it takes.
    """
    word, _, rest = " ".join(text.split()).partition(" ")
    if word not in _FORMS:
        raise ValueError(f"there is no layer '{word}'{did_you_mean(word, _FORMS)}")
    found = re.fullmatch(_FORMS[word], rest)
    if found is None:
        form = f"write {_EXAMPLES[word]}" if word in _EXAMPLES else "it takes nothing"
        raise ValueError(f"'{text}' is no layer '{word}': {form}")
    given = {name: value for name, value in found.groupdict().items() if value is not None}
    kernel = (int(given["height"]), int(given["width"])) if "height" in given else (1, 1)
    numbers = {name: int(given[name]) for name in ("units", "stride", "size") if name in given}
    return Layer(word, kernel=kernel, share=float(given.get("share", 0)), **numbers)
