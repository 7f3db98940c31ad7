"""Dataset `image_pairs`: two pictures of each member, an input and a target."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar, Literal

from labrun import Dataset, Ensemble, Examples, Field, Outline, hookimpl

if TYPE_CHECKING:
    import numpy as np

LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601


class ImagePairs(Dataset):
    """Pairs of pictures as examples, for networks that turn a picture into a picture: one array of each member is `x`, another `y`.

    Both are pictures of 8 bits, (height, width) or (height, width, 3), of one size in all members. The network sees (height, width, 1)
    (`grey`; colours become 0.299 R + 0.587 G + 0.114 B) or (height, width, 3) (`rgb`; grey levels are repeated), float32:

        range: unit      from 0, black, to 1, white
        range: signed    from −1, black, to 1, white

    `labrun predict` passes pictures of the first kind to a network, so prefer it; a model may rescale them inside. Flips and quarter turns
    belong to the model's fit: `augment: [flip, quarter_turn]` moves x and y together.

    Pictures are read from disk when they are needed. The examples' table holds the `member` of each.
    """

    name: ClassVar[str] = "image_pairs"
    version: ClassVar[int] = 1

    x: str = Field("dots", description="array of the simulation that the network sees")
    y: str = Field("drawing", description="array of the simulation that it predicts")
    channels: Literal["grey", "rgb"] = Field("grey", description="one channel, or red, green and blue")
    range: Literal["unit", "signed"] = Field("unit", description="black is 0 (unit) or −1 (signed); white is 1")

    def check(self, simulation: Outline) -> Iterable[tuple[str, str]]:
        """Check that the arrays exist."""
        yield from simulation.missing_array("x", self.x)
        yield from simulation.missing_array("y", self.y)

    def examples(self, simulation: Ensemble) -> Examples:
        """Make one example a member: `x` and `y` (height, width, channels) float32. `groups` and the table's `member` are its index.

        Raises:
            KeyError: there is no such array.
            ValueError: an array is not a picture of 8 bits, or the pictures differ in size.
        """
        import numpy as np
        import pandas as pd

        members = np.arange(len(simulation))
        for name in (self.x, self.y):
            self._expect_pictures(simulation, name)
        return Examples(
            lambda indices: self._load(simulation, indices, self.x),
            lambda indices: self._load(simulation, indices, self.y),
            members,
            table=pd.DataFrame({"member": members}),
        )

    def _expect_pictures(self, simulation: Ensemble, name: str) -> None:
        """Check the shapes in all members, and the type in the first."""
        if not len(simulation):
            return
        if (dtype := simulation.read(0, name).dtype) != "uint8":
            raise ValueError(f"'{name}' of '{simulation.name}' holds {dtype}: expected grey levels or colours, uint8")
        own, seen = (simulation.shape(0, one) for one in (name, self.x))
        for i, number in enumerate(simulation.numbers):
            shape = simulation.shape(i, name)
            if shape != own or shape[:2] != seen[:2] or (len(shape) != 2 and shape[2:] != (3,)):
                raise ValueError(
                    f"'{name}' of member {number} of '{simulation.name}' has the shape {shape}: expected a picture, (height, width) or "
                    f"(height, width, 3), alike in all members and as large as '{self.x}', which is {seen}"
                )

    def _load(self, simulation: Ensemble, members: np.ndarray, name: str) -> np.ndarray:
        """Read pictures, (members, height, width, channels) float32."""
        import numpy as np

        pictures = simulation.stack(members, name).astype(np.float32)
        if pictures.ndim == 3:
            pictures = pictures[..., None]
        if self.channels == "grey" and pictures.shape[-1] == 3:
            pictures = pictures @ np.array(LUMA, np.float32)[:, None]
        elif self.channels == "rgb" and pictures.shape[-1] == 1:
            pictures = np.repeat(pictures, 3, axis=-1)
        return pictures / 255 if self.range == "unit" else pictures / 127.5 - 1


@hookimpl
def labrun_datasets() -> list[type[Dataset]]:
    """Offer the dataset."""
    return [ImagePairs]
