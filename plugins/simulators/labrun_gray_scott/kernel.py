"""The Gray-Scott kernel: explicit vectors in Numba, one source for single and double precision, one thread.

One step of forward Euler on a periodic plane of cells, with S(a) = [1 2 1]⊗[1 2 1] a, so that ∇²a = S(a)/4 − 4a:

    u ← u + Δt (D_u (S(u)/4 − 4u) − u v² + F (1 − u))
    v ← v + Δt (D_v (S(v)/4 − 4v) + u v² − (F + k) v)

`labrun_gray_scott.reference` is the same in plain NumPy; the tests compare both.

**The strips.** The plane is cut into horizontal strips of equal height, one for each lane of a vector register, and the
strips are interleaved: element (r, c, lane) is row r, column c of strip number `lane`. All four neighbours of a vector
are then whole aligned vectors too, with no lane shifted. Only at the ends of strips does a row come from the neighbouring
strip, once per step. If the height is not a multiple of the number of lanes, strips overlap by one row, which both compute.

**Rejected**, each measured on one core of an EPYC 7003 (AVX2), single precision, 128×128: plain nested loops, vectorised by LLVM (half
the speed: a single pass has more pointers than LLVM checks against one another, so it makes two, with intermediate results in
memory); strips of columns (no faster, and lanes are shifted in every row); more than one step in a sweep over the plane (a plane
that fits the L1 cache is no faster than this one in L2, so nothing is gained).

There is no `fastmath`: the operations below allow only the contraction of a·b + c, so that NaN and infinity reach the check in
`integrate`.
"""
# numba has no types: its decorators and base classes are Any to mypy
# mypy: disable-error-code="untyped-decorator, misc"

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic, lower_builtin, models, register_model, type_callable
from numpy.typing import NDArray

VECTOR_BYTES = 32  # one AVX2 register; LLVM splits it where registers are shorter (SSE2, NEON)
BLOCK = 128  # columns advanced together: three rows of both fields, 24 kB, stay in the L1 cache
WINDOW = 2000  # steps between two checks for NaN and infinity
TINY = {np.dtype(np.float32): 1e-30, np.dtype(np.float64): 1e-290}  # |v| below this is set to 0: denormals are slow


# --- vectors: a Numba type with +, −, ×, loads and stores -------------------------------------------------------------------


class Vector(types.Type):
    """As many numbers of one type as fill `VECTOR_BYTES`; one LLVM vector."""

    def __init__(self, dtype: Any) -> None:
        self.dtype = dtype
        self.count = VECTOR_BYTES * 8 // dtype.bitwidth
        super().__init__(name=f"Vector({dtype}, {self.count})")


@register_model(Vector)
class VectorModel(models.PrimitiveModel):
    """The LLVM type of a `Vector`."""

    def __init__(self, manager: Any, vector: Vector) -> None:
        element = ir.FloatType() if vector.dtype == types.float32 else ir.DoubleType()
        super().__init__(manager, vector, ir.VectorType(element, vector.count))


def _make_operator(function: Callable[..., Any], instruction: str) -> None:
    """Let compiled code apply `function` (from `operator`) to two vectors."""

    @type_callable(function)
    def type_operator(context: Any) -> Callable[[Any, Any], Any]:
        return lambda a, b: a if isinstance(a, Vector) and a == b else None

    @lower_builtin(function, Vector, Vector)
    def lower_operator(context: Any, builder: Any, signature: Any, operands: Any) -> Any:
        return getattr(builder, instruction)(*operands, flags=("contract",))  # a·b + c may become one instruction


_make_operator(operator.add, "fadd")
_make_operator(operator.sub, "fsub")
_make_operator(operator.mul, "fmul")


def _address(context: Any, builder: Any, row_type: Any, row: Any, column: Any, vector: Vector) -> Any:
    data = context.make_array(row_type)(context, builder, row).data
    offset = builder.mul(column, ir.Constant(column.type, vector.count))
    return builder.bitcast(builder.gep(data, [offset]), context.get_value_type(vector).as_pointer())


@intrinsic
def load(context: Any, row: Any, column: Any) -> Any:
    """Return the vector `row[column, :]`; `row` is (columns, lanes), contiguous."""
    vector = Vector(row.dtype)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        address = _address(context, builder, signature.args[0], arguments[0], arguments[1], vector)
        return builder.load(address, align=row.dtype.bitwidth // 8)

    return vector(row, types.intp), generate


@intrinsic
def store(context: Any, row: Any, column: Any, vector: Any) -> Any:
    """Write `row[column, :] = vector`."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        address = _address(context, builder, signature.args[0], arguments[0], arguments[1], vector)
        builder.store(arguments[2], address, align=row.dtype.bitwidth // 8)
        return context.get_dummy_value()

    return types.none(row, types.intp, vector), generate


@intrinsic
def splat(context: Any, number: Any) -> Any:
    """Return a vector of one number."""
    vector = Vector(number)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        empty = ir.Constant(context.get_value_type(vector), ir.Undefined)
        first = builder.insert_element(empty, arguments[0], ir.Constant(ir.IntType(32), 0))
        return builder.shuffle_vector(
            first, empty, ir.Constant(ir.VectorType(ir.IntType(32), vector.count), [0] * vector.count)
        )

    return vector(number), generate


def _make_rotation(by: int) -> Any:
    """Make the intrinsic that moves the number of lane i + `by` to lane i, cyclically."""

    @intrinsic
    def rotate(context: Any, vector: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            lanes = [(lane + by) % vector.count for lane in range(vector.count)]
            return builder.shuffle_vector(
                *arguments, *arguments, ir.Constant(ir.VectorType(ir.IntType(32), vector.count), lanes)
            )

        return vector(vector), generate

    return rotate


from_strip_above = _make_rotation(-1)
from_strip_below = _make_rotation(+1)


@intrinsic
def flush(context: Any, vector: Any, tiny: Any) -> Any:
    """Return `vector` with 0 for each number whose modulus is below that in `tiny`. NaN remains."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = context.get_value_type(vector)
        name = f"llvm.fabs.v{vector.count}f{vector.dtype.bitwidth}"
        modulus = cgutils.get_or_insert_function(builder.module, ir.FunctionType(kind, [kind]), name)
        small = builder.fcmp_ordered("<", builder.call(modulus, [arguments[0]]), arguments[1])
        return builder.select(small, ir.Constant(kind, None), arguments[0])

    return vector(vector, tiny), generate


@intrinsic
def choose(context: Any, flag: Any, yes: Any, no: Any) -> Any:
    """Return, lane by lane, `yes` if `flag` is above 0, otherwise `no`."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        zero = ir.Constant(context.get_value_type(flag), None)
        return builder.select(builder.fcmp_ordered(">", arguments[0], zero), arguments[1], arguments[2])

    return yes(flag, yes, no), generate


# --- the kernel -------------------------------------------------------------------------------------------------------------


@njit
def _exchange(a: NDArray[Any], rows: int, columns: int, even: bool, long: NDArray[Any]) -> None:
    """Fill the halo: row above and below from the neighbouring strips, column left and right from the same one."""
    above, below = load(long, 0), load(long, 1)
    for c in range(1, columns + 1):
        last, first = from_strip_above(load(a[rows], c)), from_strip_below(load(a[1], c))
        if not even:
            last = choose(above, last, from_strip_above(load(a[rows - 1], c)))
            first = choose(below, first, from_strip_below(load(a[2], c)))
        store(a[0], c, last)
        store(a[rows + 1], c, first)
    for r in range(rows + 2):
        store(a[r], 0, load(a[r], columns))
        store(a[r], columns + 1, load(a[r], 1))


@njit
def _advance_row(
    u: Any, v: Any, u_next: NDArray[Any], v_next: NDArray[Any], start: int, stop: int, coefficients: Any
) -> None:
    """Advance columns `start` … `stop − 1` of one row; `u` and `v` are each the rows (above, here, below).

    The sum over three rows at column c is used by columns c − 1, c and c + 1, so it is carried along: `left` is the sum at c − 1 plus
    twice that at c. In plain form:

        S(u) = left + right,  left = sum[c−1] + 2 sum[c],  right = sum[c+1],  sum[c] = above[c] + 2 here[c] + below[c]
        u_next[c] = u + (F Δt − (4 D_u Δt + F Δt) u − Δt u v² + (D_u Δt / 4) S(u))
        v_next[c] = v + (     − (4 D_v Δt + (F + k) Δt) v + Δt u v² + (D_v Δt / 4) S(v))
    """
    gain, loss_u, spread_u, loss_v, spread_v, dt, two, tiny = coefficients
    u_above, u_here, u_below = u
    v_above, v_here, v_below = v
    u_c, v_c = load(u_here, start), load(v_here, start)
    u_before = load(u_above, start - 1) + load(u_below, start - 1) + two * load(u_here, start - 1)
    v_before = load(v_above, start - 1) + load(v_below, start - 1) + two * load(v_here, start - 1)
    u_sum = load(u_above, start) + load(u_below, start) + two * u_c
    v_sum = load(v_above, start) + load(v_below, start) + two * v_c
    u_left, v_left = u_before + two * u_sum, v_before + two * v_sum
    for c in range(start, stop):
        u_east, v_east = load(u_here, c + 1), load(v_here, c + 1)
        u_right = load(u_above, c + 1) + load(u_below, c + 1) + two * u_east
        v_right = load(v_above, c + 1) + load(v_below, c + 1) + two * v_east
        uvv = u_c * v_c * v_c
        store(u_next, c, u_c + (gain - loss_u * u_c - dt * uvv + spread_u * (u_left + u_right)))
        store(v_next, c, flush(v_c + (dt * uvv - loss_v * v_c + spread_v * (v_left + v_right)), tiny))
        u_left, v_left = u_sum + two * u_right, v_sum + two * v_right
        u_sum, v_sum, u_c, v_c = u_right, v_right, u_east, v_east


@njit(nogil=True, cache=True, error_model="numpy", boundscheck=False)
def advance(
    u: NDArray[Any],
    v: NDArray[Any],
    u_next: NDArray[Any],
    v_next: NDArray[Any],
    steps: int,
    even: bool,
    long: NDArray[Any],
    k: NDArray[Any],
    block: int,
) -> None:
    """Advance both fields by `steps` steps.

    Args:
        u, v: the fields as strips with their halo, (rows + 2, columns + 2, lanes); overwritten.
        u_next, v_next: of the same size; they hold the result if `steps` is odd, `u` and `v` if it is even.
        even: whether strips do not overlap.
        long: (2, lanes), above 0 if the strip above (below) ends with its last (begins with its first) row.
        k: the eight coefficients of `_advance_row`, in its order.
        block: columns advanced together.
    """
    rows, columns = u.shape[0] - 2, u.shape[1] - 2
    coefficients = (
        splat(k[0]),
        splat(k[1]),
        splat(k[2]),
        splat(k[3]),
        splat(k[4]),
        splat(k[5]),
        splat(k[6]),
        splat(k[7]),
    )
    for _ in range(steps):
        _exchange(u, rows, columns, even, long)
        _exchange(v, rows, columns, even, long)
        for start in range(1, columns + 1, block):
            stop = min(start + block, columns + 1)
            for r in range(1, rows + 1):
                u_rows, v_rows = (u[r - 1], u[r], u[r + 1]), (v[r - 1], v[r], v[r + 1])
                _advance_row(u_rows, v_rows, u_next[r], v_next[r], start, stop, coefficients)
        u, u_next = u_next, u
        v, v_next = v_next, v


# --- the wrapper ------------------------------------------------------------------------------------------------------------


class Strips:
    """The division of a plane of `height` × `width` cells into one strip of rows for each lane."""

    def __init__(self, height: int, width: int, dtype: np.dtype[Any]) -> None:
        lanes = VECTOR_BYTES // dtype.itemsize
        if height < lanes:
            raise ValueError(f"a plane of {height} × {width} cells: expected at least {lanes} rows")
        self.width, self.dtype = width, dtype
        self.rows = -(-height // lanes)
        self.starts = np.arange(lanes) * height // lanes
        self.even = height % lanes == 0
        distances = np.diff(self.starts, append=height)
        self.long = np.stack([np.roll(distances, 1), distances]).astype(dtype) - (self.rows - 1)

    def pack(self, field: NDArray[Any]) -> NDArray[Any]:
        """Return `field`, (height, width), as strips with an empty halo: (rows + 2, width + 2, lanes), aligned to 64
        bytes."""
        shape = (self.rows + 2, self.width + 2, len(self.starts))
        size = int(np.prod(shape)) * self.dtype.itemsize
        memory = np.zeros(size + 64, np.uint8)
        border = -memory.ctypes.data % 64
        packed = memory[border : border + size].view(self.dtype).reshape(shape)
        packed[1:-1, 1:-1] = field[self.starts + np.arange(self.rows)[:, None]].transpose(0, 2, 1)
        return packed

    def unpack(self, packed: NDArray[Any]) -> NDArray[Any]:
        """Return a copy of the field in `packed`, (height, width)."""
        height = int(self.starts[-1]) + self.rows
        field = np.empty((height, self.width), self.dtype)
        field[self.starts + np.arange(self.rows)[:, None]] = packed[1:-1, 1:-1].transpose(0, 2, 1)
        return field


def integrate(
    u: NDArray[Any],
    v: NDArray[Any],
    stops: Iterable[int],
    /,
    *,
    feed: float,
    kill: float,
    diffusion_u: float,
    diffusion_v: float,
    time_step: float,
) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
    """Yield copies of u and v, (height, width), after each number of steps in `stops`, which ascend from 0.

    Args:
        u, v: dimensionless concentrations, (height, width), float32 or float64, the precision of the run.
        feed, kill: F and k [1/time].
        diffusion_u, diffusion_v: D_u and D_v [cells²/time].
        time_step: Δt [time].

    Raises:
        FloatingPointError: a field is no longer finite (checked every `WINDOW` steps and at each stop).
    """
    strips = Strips(u.shape[0], u.shape[1], u.dtype)
    fields = [strips.pack(u), strips.pack(v)]
    spare = [strips.pack(u), strips.pack(v)]
    spread_u, spread_v = (u.dtype.type(time_step * diffusion / 4) for diffusion in (diffusion_u, diffusion_v))
    gain, decay = u.dtype.type(time_step * feed), u.dtype.type(time_step * (feed + kill))
    # computed from the rounded numbers, so that (1, 0) stays fixed to the last bit; 16 is the sum of S's weights
    loss_u, loss_v = 16 * float(spread_u) + float(gain), 16 * float(spread_v) + float(decay)
    k = np.array([gain, loss_u, spread_u, loss_v, spread_v, time_step, 2, TINY[u.dtype]], u.dtype)
    done = 0
    for stop in stops:
        while done < stop:
            steps = min(WINDOW, stop - done)
            advance(*fields, *spare, steps, strips.even, strips.long, k, BLOCK)
            if steps % 2:
                fields, spare = spare, fields
            if not all(np.isfinite(field[1:-1, 1:-1]).all() for field in fields):
                raise FloatingPointError(
                    f"Gray-Scott: a concentration is no longer finite between steps {done} and {done + steps} "
                    f"(t = {done * time_step:g} … {(done + steps) * time_step:g}) with feed={feed:g}, kill={kill:g}, "
                    f"diffusion_u={diffusion_u:g}, diffusion_v={diffusion_v:g}, time_step={time_step:g}: "
                    "choose a shorter time_step or milder parameters"
                )
            done += steps
        yield strips.unpack(fields[0]), strips.unpack(fields[1])
