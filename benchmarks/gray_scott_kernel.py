"""Speed of the Gray-Scott kernel: NumPy, C and Numba in one run, on one core.

    python benchmarks/gray_scott_kernel.py [--steps 8000]

Prints 10⁶ cell updates per second of processor time, the best of several interleaved rounds (so other load on the machine affects
all alike), the ratios to NumPy and to C in the same precision, the largest difference between the results of C and Numba, and
the speed of a run that dies out (class h) beside a live one. The compiled versions take `--steps` steps per round, NumPy
a fortieth of that. C needs gcc; py-pde is included if it is installed.
"""

from __future__ import annotations

import argparse
import ctypes
import functools
import importlib.util
import platform
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from labrun_gray_scott import GrayScott, kernel, reference

SIZE = 128
LIVE = {"feed": 0.025, "kill": 0.05}  # class β: chaos that fills the plane
DEAD = {"feed": 0.005, "kill": 0.05}  # class h: v dies out
NUMERICS = {"diffusion_u": 0.2, "diffusion_v": 0.1, "time_step": 0.25}
FLAGS = ["-O3", "-march=native", "-ffast-math"]

Precision: TypeAlias = Literal["single", "double"]
PRECISIONS: tuple[Precision, ...] = ("single", "double")
Fields: TypeAlias = tuple[NDArray[Any], NDArray[Any]]
Run: TypeAlias = Callable[[int], Fields]


@functools.cache
def start(precision: Precision) -> Fields:
    """Return one initial state of the simulator."""
    run = GrayScott(feed=LIVE["feed"], kill=LIVE["kill"], size=SIZE, precision=precision)
    return run.initial_state(np.random.default_rng(1))


def numpy_run(precision: Precision, steps: int) -> Fields:
    """Integrate with np.roll."""
    return reference.integrate(*start(precision), steps, **LIVE, **NUMERICS)


def numba_run(precision: Precision, parameters: dict[str, float], steps: int) -> Fields:
    """Integrate with the kernel, including everything that the simulator does between two saved frames."""
    *_, result = kernel.integrate(*start(precision), [steps], **parameters, **NUMERICS)
    return result


def build_c(precision: Precision, folder: Path) -> Any:
    """Compile the C version."""
    source, library = Path(__file__).with_suffix(".c"), folder / f"{precision}.so"
    real = "float" if precision == "single" else "double"
    subprocess.run(["gcc", *FLAGS, f"-DREAL={real}", "-shared", "-fPIC", source, "-o", library], check=True)
    return ctypes.CDLL(str(library)).integrate


def c_run(function: Any, precision: Precision, steps: int) -> Fields:
    """Integrate with the C version."""
    planes = [np.pad(field, 1) for field in start(precision)]
    planes += [np.zeros_like(plane) for plane in planes]
    real = ctypes.c_float if precision == "single" else ctypes.c_double
    numbers = [*LIVE.values(), *NUMERICS.values(), kernel.TINY[planes[0].dtype]]
    pointers = [ctypes.c_void_p(plane.ctypes.data) for plane in planes]
    function(*pointers, SIZE, SIZE, ctypes.c_long(steps), *map(real, numbers))
    u, v = planes[2:] if steps % 2 else planes[:2]
    return u[1:-1, 1:-1], v[1:-1, 1:-1]


def make_pypde_run() -> Run:
    """Return a run with py-pde's Numba backend (five-point stencil, double precision)."""
    import pde  # type: ignore[import-not-found,unused-ignore]  # an option of this benchmark, not of the project

    grid = pde.CartesianGrid([[0, SIZE]] * 2, [SIZE] * 2, periodic=True)
    rate_u = f"0.2 * laplace(u) - u * v**2 + {LIVE['feed']} * (1 - u)"
    rate_v = f"0.1 * laplace(v) + u * v**2 - {LIVE['feed'] + LIVE['kill']} * v"
    state = pde.FieldCollection([pde.ScalarField(grid, field) for field in start("double")])
    solver = pde.ExplicitSolver(pde.PDE({"u": rate_u, "v": rate_v}), backend="numba")
    stepper = solver.make_stepper(state, dt=NUMERICS["time_step"])

    def run(steps: int) -> Fields:
        fields = state.copy()
        stepper(fields, 0, NUMERICS["time_step"] * steps)
        return fields[0].data, fields[1].data

    return run


def measure(runs: dict[str, tuple[Run, int]], rounds: int) -> dict[str, float]:
    """Return 10⁶ cell updates per second for each run, the best of interleaved rounds."""
    for run, _ in runs.values():
        run(2)  # compile, warm up
    best = dict.fromkeys(runs, 0.0)
    for _ in range(rounds):
        for name, (run, steps) in runs.items():
            began = time.process_time()
            run(steps)
            best[name] = max(best[name], 1e-6 * SIZE**2 * steps / (time.process_time() - began))
    return best


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=8000, help="steps per round (a run to t = 15,000 has 60,000)")
    parser.add_argument("--rounds", type=int, default=9, help="number of rounds; the best counts")
    options = parser.parse_args()
    steps, few = options.steps, max(options.steps // 40, 20)

    runs: dict[str, tuple[Run, int]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for precision in PRECISIONS:
            runs[f"NumPy, np.roll, {precision}"] = functools.partial(numpy_run, precision), few
            if shutil.which("gcc"):
                runs[f"C, {precision}"] = functools.partial(c_run, build_c(precision, Path(folder)), precision), steps
            runs[f"Numba, {precision}"] = functools.partial(numba_run, precision, LIVE), steps
            runs[f"Numba, {precision}, dying"] = functools.partial(numba_run, precision, DEAD), steps
        if importlib.util.find_spec("pde"):
            runs["py-pde, double"] = make_pypde_run(), few
        speeds = measure(runs, options.rounds)

    print(f"Gray-Scott, {SIZE}×{SIZE}, {steps} steps, best of {options.rounds}, one core ({platform.machine()})")
    print(f"{'':26}{'10⁶ cells/s':>12}{'× NumPy':>10}{'× C':>8}{'60,000 steps':>15}")
    for name, speed in speeds.items():
        precision = "single" if "single" in name else "double"
        to_numpy, c_speed = speed / speeds[f"NumPy, np.roll, {precision}"], speeds.get(f"C, {precision}")
        to_c = f"{speed / c_speed:8.2f}" if c_speed else f"{'–':>8}"
        print(f"{name:26}{speed:12.0f}{to_numpy:10.1f}{to_c}{60_000 * SIZE**2 / speed / 1e6:13.2f} s")
    for precision in PRECISIONS:
        change = speeds[f"Numba, {precision}, dying"] / speeds[f"Numba, {precision}"] - 1
        print(f"speed of a dying run against a live one, {precision}: {100 * change:+.0f} %")
        if f"C, {precision}" in runs:
            pair = [runs[f"{name}, {precision}"][0](400)[0] for name in ("C", "Numba")]
            print(f"C against Numba, {precision}, 400 steps: largest difference {np.abs(pair[0] - pair[1]).max():.1e}")


if __name__ == "__main__":
    main()
