"""Describe plugins that could not be loaded: what went wrong, and what to do."""

from __future__ import annotations

import importlib.util
import sys
import traceback
from dataclasses import dataclass

from labrun.registry.error_origin import error_origin
from labrun.registry.offers import Refusal, Source
from labrun.registry.requirements import unmet_by_distribution

__all__ = ["BrokenPlugin"]


@dataclass(frozen=True)
class BrokenPlugin:
    """A plugin that could not be loaded: its source, the error, and what to do."""

    source: str
    distribution_version: str
    error: str
    advice: str
    traceback: str

    @classmethod
    def of(cls, error: BaseException, source: Source) -> BrokenPlugin:
        """Explain why a plugin is set aside, from the exception raised by its module or by a check of it."""
        message = str(error) if isinstance(error, Refusal) else error_origin(source.module, error)
        formatted = "".join(traceback.format_exception(error))
        return cls(source.label, source.version, message, _advice(error, source), formatted)

    @property
    def title(self) -> str:
        """The source with its version."""
        return f"{self.source} {self.distribution_version}".strip()

    @property
    def explanation(self) -> str:
        """The error and what to do, in one paragraph."""
        stop = "" if self.error.endswith((".", "?", "!")) else "."
        return f"{self.error}{stop} {self.advice}" if self.advice else self.error


def _advice(error: BaseException, source: Source) -> str:
    needs = "; ".join(unmet_by_distribution(source.distribution, source.package.requires if source.package else ()))
    if needs:
        return needs
    if isinstance(error, ModuleNotFoundError) and error.name:
        return _about_module(error.name, source)
    if isinstance(error, ImportError) and (error.name or "").partition(".")[0] == "labrun":
        return _about_labrun(source)
    if source.file is not None or "pip install" in str(error):
        return ""
    return f"The fault lies in the plugin: {_remedies(source)}"


def _about_module(missing: str, source: Source) -> str:
    package = missing.partition(".")[0]
    if source.file is None and package == source.module.partition(".")[0]:
        return f"Its entry point names a missing module: pip install --force-reinstall {source.distribution}"
    if package == "labrun":
        return _about_labrun(source)
    if package in sys.modules or importlib.util.find_spec(package) is not None:
        return (
            f"The installed '{package}' has no such module: pip install --upgrade {package} {_package(source)}".strip()
        )
    return f"pip install {package}, or the package that provides this module"


def _about_labrun(source: Source) -> str:
    return f"It is written for another version of labrun: pip install --upgrade labrun {_package(source)}".strip()


def _package(source: Source) -> str:
    return source.distribution if source.file is None else ""


def _remedies(source: Source) -> str:
    if source.distribution == "labrun":
        return "pip install --force-reinstall labrun"
    return f"'pip install --upgrade {source.distribution}' may fix it, 'pip uninstall {source.distribution}' removes it"
