"""Expressions in projects: arithmetic with named columns, and nothing else.

The text is parsed into Python's syntax tree and evaluated by walking it. Only the kinds of node listed here are accepted, so a stranger's
project can compute a number and do nothing more.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labrun.faults import did_you_mean

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Expression", "parse"]

LENGTH = 500
MAX_DEPTH = 200
_OPERATORS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
_SIGNS: dict[type[ast.unaryop], Callable[[Any], Any]] = {ast.USub: operator.neg, ast.UAdd: operator.pos}
_FUNCTIONS = ("abs", "cos", "exp", "log", "sin", "sqrt")
_KNOWN = f"numbers, + - * / **, {', '.join(_FUNCTIONS)} and the names of both axes"


@dataclass(frozen=True)
class Expression:
    """A checked expression."""

    tree: ast.expr

    def __call__(self, values: Mapping[str, np.ndarray]) -> np.ndarray:
        """Evaluate for arrays of one shape, elementwise; NaN or infinity where the expression is undefined."""
        import numpy as np

        with np.errstate(all="ignore"):
            return np.asarray(_evaluate(self.tree, values, np), dtype=float)


def parse(text: str, columns: tuple[str, ...]) -> Expression:
    """Read and check an expression in these columns.

    Raises:
        ValueError: it is not such an expression, or a part without columns (such as 9**9**9) is not finite.
    """
    if len(text) > LENGTH:
        raise ValueError(f"an expression has at most {LENGTH} characters; this one has {len(text)}")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ValueError(f"'{text}' is not an expression; it may contain {_KNOWN}") from None
    if not _check(tree, columns):
        raise ValueError(f"'{text}' depends on neither {' nor '.join(columns)}, so it is zero nowhere or everywhere")
    return Expression(tree)


def _check(node: ast.expr, columns: tuple[str, ...], depth: int = 0) -> bool:
    """Check whether a column occurs, and refuse unknown nodes. A part without columns must be finite."""
    if depth > MAX_DEPTH:
        raise ValueError(f"an expression is nested at most {MAX_DEPTH} levels deep")
    match node:
        case ast.Name(id=name) if name in columns:
            return True
        case ast.Name(id=name):
            raise ValueError(f"'{name}' is not an axis{did_you_mean(name, columns)}")
        case ast.Constant(value=value) if isinstance(value, (int, float)) and not isinstance(value, bool):
            parts = []
        case ast.UnaryOp(op=sign, operand=inner) if type(sign) in _SIGNS:
            parts = [inner]
        case ast.BinOp(left=left, op=sign, right=right) if type(sign) in _OPERATORS:
            parts = [left, right]
        case ast.BinOp(op=ast.BitXor()):
            raise ValueError(f"'{ast.unparse(node)}': write ** for a power")
        case ast.Call(func=ast.Name(id=name), args=[inner], keywords=[]) if name in _FUNCTIONS:
            parts = [inner]
        case _:
            raise ValueError(f"'{ast.unparse(node)}' is not allowed; an expression may contain {_KNOWN}")
    depends = [_check(part, columns, depth + 1) for part in parts]
    if any(depends):
        return True
    try:
        value = _evaluate(node, {}, math)
    except (ArithmeticError, ValueError):
        value = math.nan
    if not isinstance(value, float) or not math.isfinite(value):
        raise ValueError(f"'{ast.unparse(node)}' is not finite")
    return False


def _evaluate(node: ast.expr, values: Mapping[str, Any], library: Any) -> Any:
    """Return the value of a checked expression, with functions from `library` (math or numpy). Integers become floats, which overflow at
    once where powers of integers would grow without bound."""
    match node:
        case ast.Name(id=name):
            return values[name]
        case ast.Constant(value=value):
            return float(value)  # type: ignore[arg-type]
        case ast.UnaryOp(op=sign, operand=inner):
            return _SIGNS[type(sign)](_evaluate(inner, values, library))
        case ast.BinOp(left=left, op=sign, right=right):
            return _OPERATORS[type(sign)](_evaluate(left, values, library), _evaluate(right, values, library))
        case ast.Call(func=ast.Name(id="abs"), args=[inner]):
            return abs(_evaluate(inner, values, library))
        case ast.Call(func=ast.Name(id=name), args=[inner]):
            return getattr(library, name)(_evaluate(inner, values, library))
    raise AssertionError(f"{type(node).__name__} has passed the check")
