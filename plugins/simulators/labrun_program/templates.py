"""Input files from templates (Jinja2, sandboxed): values of parameters, conditions and loops, and nothing outside of the template."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from labrun_program.placeholders import Value

if TYPE_CHECKING:
    from jinja2 import Environment, Template

__all__ = ["names_in_template", "rendered"]


def names_in_template(text: str) -> set[str]:
    """Return the names that a template takes from outside.

    Raises:
        ValueError: it is not a template; the message has the line.
    """
    from jinja2 import TemplateSyntaxError, meta

    environment = _environment()
    try:
        return meta.find_undeclared_variables(environment.parse(text)) - environment.globals.keys()
    except TemplateSyntaxError as error:
        raise ValueError(f"line {error.lineno}: {error.message}") from error


def rendered(text: str, values: Mapping[str, Value | Mapping[str, Value]]) -> str:
    """Return a template with its values.

    Raises:
        ValueError: it cannot be rendered.
    """
    from jinja2 import TemplateError

    try:
        return _compiled(text).render(values)
    except (TemplateError, ArithmeticError, TypeError, ValueError) as error:
        raise ValueError(f"{error}") from error


@lru_cache(maxsize=64)
def _compiled(text: str) -> Template:
    return _environment().from_string(text)


@cache
def _environment() -> Environment:
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, keep_trailing_newline=True)
    del environment.filters["random"], environment.globals["lipsum"]  # they draw from Python's own generator
    return environment
