"""Speed of drawing pairs of pictures of spring networks: our renderer, Matplotlib and Pillow on the same networks.

    python benchmarks/network_rendering.py [--pairs 200]

Prints pairs (sites alone, and with bonds) per second of processor time, the best of several interleaved rounds, and the mean difference
from our pictures. Pillow has no smooth edges, so it draws at 4 times the size and averages. `members` is the speed of the whole
simulator, including the network and its arrays.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from labrun_mechanical_network import MechanicalNetwork, matplotlib_rendering, rendering
from labrun_mechanical_network.lattices import Name
from labrun_mechanical_network.layout import Layout, lay_out

CLASSES: tuple[Name, ...] = ("kagome", "square", "triangular")
SIDES = (128, 256)
LARGER = 4

Pictures = tuple[NDArray[np.uint8], NDArray[np.uint8]]


def pillow(layout: Layout) -> Pictures:
    """Draw both pictures at `LARGER` times the size, and average."""
    height, width = layout.shape
    picture = Image.new("L", (LARGER * width, LARGER * height), 255)
    pen = ImageDraw.Draw(picture)
    places, segments = (LARGER * (ends + 0.5) - 0.5 for ends in (layout.places, layout.segments))
    for column, row in places.tolist():
        pen.circle((column, row), LARGER * layout.dot_radius, fill=0)
    dots = np.asarray(picture.reduce(LARGER))
    for start, end in segments.tolist():
        pen.line([*start, *end], width=max(1, round(LARGER * layout.line_width)), fill=0)
    return dots, np.asarray(picture.reduce(LARGER))


def make_layout(number: int, size: int) -> Layout:
    """Return a network like those of a training set: about 36 sites, distorted and rotated."""
    simulator = MechanicalNetwork(lattice=CLASSES[number % len(CLASSES)], size=size, rotation=(0.0, 360.0))
    network, drawn = simulator.network(np.random.default_rng(number))
    return lay_out(network, simulator.shape, drawn)


def seconds(render: Callable[[Layout], Pictures], layouts: Sequence[Layout]) -> float:
    """Return the processor time per pair [s]."""
    began = time.process_time()
    for layout in layouts:
        render(layout)
    return (time.process_time() - began) / len(layouts)


def simulated(size: int, pairs: int) -> float:
    """Return the processor time per member [s]."""
    simulators = [MechanicalNetwork(lattice=name, size=size, rotation=(0.0, 360.0)) for name in CLASSES]
    rng = np.random.default_rng(0)
    began = time.process_time()
    for number in range(pairs):
        simulators[number % len(simulators)].simulate(rng)
    return (time.process_time() - began) / pairs


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=200, help="pairs per round")
    parser.add_argument("--rounds", type=int, default=5, help="number of rounds; the best counts")
    options = parser.parse_args()
    renderers: dict[str, Callable[[Layout], Pictures]] = {
        "ours": rendering.render,
        "Pillow": pillow,
        "Matplotlib": matplotlib_rendering.render,
    }
    print(f"{'pixels':>7}{'':>12}{'pairs/s':>9}{'ours ×':>8}{'mean difference [grey levels]':>31}")
    for size in SIDES:
        layouts = [make_layout(number, size) for number in range(options.pairs)]
        rounds = [[seconds(render, layouts) for render in renderers.values()] for _ in range(options.rounds)]
        best = dict(zip(renderers, map(min, zip(*rounds, strict=True)), strict=True))
        ours = rendering.render(layouts[0])[1].astype(float)
        for name, render in renderers.items():
            difference = np.abs(render(layouts[0])[1] - ours).mean()
            print(f"{size:7}{name:>12}{1 / best[name]:9.0f}{best[name] / best['ours']:8.1f}{difference:31.2f}")
        members = min(simulated(size, options.pairs) for _ in range(options.rounds))
        print(f"{size:7}{'members':>12}{1 / members:9.0f}")


if __name__ == "__main__":
    main()
