"""A network as a picture: a block for each size of what it computes, as high as the image is large and as wide as it has channels."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

from markupsafe import Markup

__all__ = ["Block", "blocks_of", "draw_network"]

PITCH, ROOM, LINE = 102.0, 16.0, 13.0
"""Width of a block with its texts; room above the blocks for an arc; height of a line of text [px]."""
LEAST, STEP, TALLEST = 14.0, 13.0, 120.0
"""Height of a block of one cell, and for each doubling of its image; the greatest height."""
NARROWEST, CHANNEL_STEP = 8.0, 6.0
UNNAMED = ("Activation", "BatchNormalization", "Dropout", "InputLayer")
"""Kinds that a block is not called by, if it holds others."""

Layer = dict[str, Any]


@dataclass
class Block:
    """Layers in the order of computation whose outputs have one shape."""

    shape: list[int | None] | None
    layers: list[Layer] = field(default_factory=list)

    @property
    def weights(self) -> int:
        """The number of weights of all layers."""
        return sum(layer["weights"] for layer in self.layers)

    @property
    def is_input(self) -> bool:
        """Whether it holds what the network is given."""
        return self.layers[0]["kind"] == "InputLayer"

    @property
    def computes(self) -> bool:
        """Whether it has weights other than those of a normalization."""
        return any(layer["weights"] and layer["kind"] not in UNNAMED for layer in self.layers)

    @property
    def height(self) -> float:
        """Its height, by the larger side of the image [px]."""
        sizes = (self.shape or [])[: None if self.is_input and len(self.shape or ()) == 2 else -1]
        return min(TALLEST, LEAST + STEP * math.log2(max((one for one in sizes if one), default=1)))

    @property
    def width(self) -> float:
        """Its width, by the number of channels [px]."""
        channels = self.shape[-1] if self.shape and not (self.is_input and len(self.shape) == 2) else None
        return NARROWEST + CHANNEL_STEP * math.log2(channels or 1)

    @property
    def title(self) -> str:
        """The kind of layer that it is made of: `Conv2D ×2`."""
        kinds = [layer["kind"] for layer in self.layers]
        telling = [layer["kind"] for layer in self.layers if layer["weights"] and layer["kind"] not in UNNAMED]
        telling = telling or [kind for kind in kinds if kind not in UNNAMED] or kinds
        kind, count = Counter(telling).most_common(1)[0]
        return kind.removesuffix("Layer") + (f" ×{count}" if count > 1 else "")

    @property
    def size(self) -> str:
        """The shape of its output: `64 × 64 × 16`."""
        return " × ".join("?" if one is None else str(one) for one in self.shape) if self.shape else ""


def blocks_of(layers: Sequence[Layer]) -> list[Block]:
    """Divide the layers into blocks. Layers that change the shape without computing, such as pooling, belong to the block after them."""
    blocks: list[Block] = []
    for layer in layers:
        if blocks and blocks[-1].shape == layer["shape"] and not blocks[-1].is_input:
            blocks[-1].layers.append(layer)
        else:
            blocks.append(Block(layer["shape"], [layer]))
    joined: list[Block] = []
    for block in blocks:
        before = joined[-1] if joined else None
        if before and not before.computes and not before.is_input:
            before.layers += block.layers
            before.shape = block.shape
        else:
            joined.append(block)
    return joined


def draw_network(layers: Sequence[Layer]) -> Markup:
    """Return an SVG element: blocks from left to right, with an arc where one block feeds another than the next."""
    blocks = blocks_of(layers)
    block_of = {layer["name"]: number for number, block in enumerate(blocks) for layer in block.layers}
    links = {
        (block_of[name], number)
        for number, block in enumerate(blocks)
        for layer in block.layers
        for name in layer["inputs"]
        if block_of.get(name, number) < number
    }
    arcs = sorted((link for link in links if link[1] > link[0] + 1), key=lambda link: link[1] - link[0])
    tallest = max(block.height for block in blocks)
    middle = ROOM + 5 * len(arcs) + tallest / 2
    bottom = middle + tallest / 2 + 1.4 * LINE
    drawn = [_line(number, middle, blocks) for number in range(len(blocks) - 1) if (number, number + 1) in links]
    drawn += [_arc(arc, middle, middle - tallest / 2 - 5 * (at + 1), blocks) for at, arc in enumerate(arcs)]
    drawn += [_block(number, block, middle, bottom) for number, block in enumerate(blocks)]
    label = f"network of {len(layers)} layers: " + ", ".join(f"{block.title} {block.size}" for block in blocks)
    width, height = PITCH * len(blocks), bottom + 3 * LINE
    size = f'viewBox="0 0 {width:g} {height:g}" width="{width:g}" style="min-width:min({width:g}px,44rem)"'
    return Markup(f'<svg class="network" role="img" aria-label="{escape(label)}" {size}>{"".join(drawn)}</svg>')


def _block(number: int, block: Block, middle: float, bottom: float) -> str:
    x = PITCH * (number + 0.5)
    names = ", ".join(layer["name"] for layer in block.layers)
    lines = (block.title, block.size, f"{block.weights:,} weights" if block.weights else "")
    texts = "".join(
        f'<text x="{x:g}" y="{bottom + LINE * at:g}"{"" if at else " class=title"}>{escape(line)}</text>'
        for at, line in enumerate(lines)
        if line
    )
    place = f'x="{x - block.width / 2:g}" y="{middle - block.height / 2:g}" width="{block.width:g}" height="{block.height:g}"'
    kind = "weights" if block.weights else "plain"
    return f'<g><title>{escape(names)}</title><rect class="{kind}" {place} rx="2"/>{texts}</g>'


def _line(number: int, middle: float, blocks: Sequence[Block]) -> str:
    """The line from a block to the next."""
    x0 = PITCH * (number + 0.5) + blocks[number].width / 2
    x1 = PITCH * (number + 1.5) - blocks[number + 1].width / 2
    return f'<path class="edge" d="M{x0:g},{middle:g} H{x1:g}"/>'


def _arc(arc: tuple[int, int], middle: float, top: float, blocks: Sequence[Block]) -> str:
    """The arc from a block over others to a later one."""
    (x0, y0), (x1, y1) = ((PITCH * (at + 0.5), middle - blocks[at].height / 2) for at in arc)
    return f'<path class="edge skip" d="M{x0:g},{y0:g} V{top:g} H{x1:g} V{y1:g}"/>'
