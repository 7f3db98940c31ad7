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

__all__ = ["Expression", "names_in", "parse", "parse_number"]

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
_REDUCTIONS = ("max", "mean", "min", "std")
"""Functions of a whole array."""


@dataclass(frozen=True)
class Expression:
    """A checked expression."""

    tree: ast.expr

    def __call__(self, values: Mapping[str, np.ndarray]) -> np.ndarray:
        """Evaluate for arrays of one shape, elementwise; NaN or infinity where the expression is undefined."""
        import numpy as np

        with np.errstate(all="ignore"):
            return np.asarray(_evaluate(self.tree, values, np), dtype=float)


@dataclass(frozen=True)
class _Grammar:
    """The names and functions that an expression may hold, and how messages call the names."""

    columns: tuple[str, ...]
    functions: tuple[str, ...]
    one: str
    all: str

    @property
    def known(self) -> str:
        return f"numbers, + - * / **, {', '.join(self.functions)} and {self.all}"


def parse(text: str, columns: tuple[str, ...]) -> Expression:
    """Read and check an expression in the coordinates of a plane, with functions of one number.

    Raises:
        ValueError: it is not such an expression, or a part without columns (such as 9**9**9) is not finite.
    """
    return _parse(text, _Grammar(columns, _FUNCTIONS, "an axis", "the names of both axes"))


def parse_number(text: str, names: tuple[str, ...]) -> Expression:
    """Read and check an expression in the arrays and parameters of a member; it may hold `mean`, `std`, `min` and `max` of an array, too.

    Raises:
        ValueError: as `parse`.
    """
    functions = (*_FUNCTIONS, *_REDUCTIONS)
    return _parse(
        text, _Grammar(names, functions, "an array or a swept parameter", "the names of arrays and parameters")
    )


def names_in(expression: Expression) -> set[str]:
    """Return the names of columns or arrays that an expression uses."""
    called = {node.func for node in ast.walk(expression.tree) if isinstance(node, ast.Call)}
    return {node.id for node in ast.walk(expression.tree) if isinstance(node, ast.Name) and node not in called}


def _parse(text: str, grammar: _Grammar) -> Expression:
    if len(text) > LENGTH:
        raise ValueError(f"an expression has at most {LENGTH} characters; this one has {len(text)}")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ValueError(f"'{text}' is not an expression; it may contain {grammar.known}") from None
    if not _check(tree, grammar):
        raise ValueError(f"'{text}' holds none of {', '.join(grammar.columns)}, so it is the same everywhere")
    return Expression(tree)


def _check(node: ast.expr, grammar: _Grammar, depth: int = 0) -> bool:
    """Check whether a column occurs, and refuse unknown nodes. A part without columns must be finite."""
    if depth > MAX_DEPTH:
        raise ValueError(f"an expression is nested at most {MAX_DEPTH} levels deep")
    match node:
        case ast.Name(id=name) if name in grammar.columns:
            return True
        case ast.Name(id=name):
            raise ValueError(f"'{name}' is not {grammar.one}{did_you_mean(name, grammar.columns)}")
        case ast.Constant(value=value) if isinstance(value, (int, float)) and not isinstance(value, bool):
            parts = []
        case ast.UnaryOp(op=sign, operand=inner) if type(sign) in _SIGNS:
            parts = [inner]
        case ast.BinOp(left=left, op=sign, right=right) if type(sign) in _OPERATORS:
            parts = [left, right]
        case ast.BinOp(op=ast.BitXor()):
            raise ValueError(f"'{ast.unparse(node)}': write ** for a power")
        case ast.Call(func=ast.Name(id=name), args=[inner], keywords=[]) if name in grammar.functions:
            parts = [inner]
        case _:
            raise ValueError(f"'{ast.unparse(node)}' is not allowed; an expression may contain {grammar.known}")
    depends = [_check(part, grammar, depth + 1) for part in parts]
    if any(depends):
        return True
    try:
        value = _evaluate(node, {}, math)
    except (ArithmeticError, ValueError, AttributeError):  # math has no mean
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
