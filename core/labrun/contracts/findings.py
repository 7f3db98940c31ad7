"""The findings of an analysis: numbers, tables, figures, interactive fragments and files, and their folder on disk."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labrun.contracts.card import HasCard
from labrun.contracts.figure_files import png_of, save_figure
from labrun.contracts.measure import Measure
from labrun.faults import did_you_mean
from labrun.files.atomic import read_json, write_json
from labrun.files.guarded import GuardedPath
from labrun.files.trust import is_plain

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

__all__ = ["Findings"]

_FILE_NAME = re.compile(r"[\w-][\w. ,=+\[\]-]*")  # stages of a matrix are called net[seed=1]
MEASURES = "measures.json"
"""Intervals and other details of metrics that are measures, by name"""
SHOWN_DPI = 110
"""Resolution of a figure in a notebook"""
_TAKEN = ("findings", "metrics", "measures", "manifest")
_ENDINGS = {"tables": (".csv",), "figures": (".svg", ".png"), "html": (".html",), "files": ("",)}


@dataclass
class Findings(HasCard):
    """The result of an analysis.

    Each is a dict from a name to its content: `metrics` are single numbers (a `Measure` knows its interval), `tables` pandas
    DataFrames, `figures` Matplotlib figures, `html` fragments for the report (whose scripts must not load anything from outside the page),
    and `files` anything else, as bytes. In a fragment, `labrun.url("{{file:name}}")` is the address of that file; the page embeds equal
    content once, however many fragments use it. `captions` describe the figure, table or fragment of that name in a sentence. `warnings`
    is a list of what a reader must know before believing the numbers.
    """

    metrics: dict[str, float | Measure] = field(default_factory=dict)
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    figures: dict[str, Figure] = field(default_factory=dict)
    html: dict[str, str] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    captions: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    folder: Path | None = field(default=None, init=False, repr=False, compare=False)
    """The folder that they were read from, if any."""
    name: str = field(default="", init=False, repr=False, compare=False)
    """The analysis that they belong to, if it is known."""

    @property
    def figure_names(self) -> list[str]:
        """The names of the figures, including those of findings read from disk, whose figures are pictures now."""
        return list(self.figures) if self.folder is None else list(figure_names(self.folder))

    def picture(self, name: str) -> bytes:
        """Return a figure as PNG.

        Raises:
            KeyError: there is no such figure.
        """
        if name not in self.figure_names:
            raise KeyError(f"there is no figure '{name}'{did_you_mean(name, self.figure_names)}")
        if self.folder is not None:
            return (GuardedPath(self.folder) / f"{name}.png").content()
        return png_of(self.figures[name], SHOWN_DPI)

    def __repr__(self) -> str:
        metrics = ", ".join(f"{name} {value:.4g}" for name, value in self.metrics.items()) or "no metrics"
        names = {
            "tables": list(self.tables),
            "figures": self.figure_names,
            "html": list(self.html),
            "files": list(self.files),
        }
        contents = [metrics, *(f"{kind} {', '.join(found)}" for kind, found in names.items() if found)]
        return f"<Findings: {'; '.join(contents)}>"

    def save(self, folder: Path) -> None:
        """Write `findings.json`, `metrics.json` and, if there are measures, `measures.json`; `<table>.csv`, `<figure>.png` and `.svg`,
        `<fragment>.html` and the files. The index of a table is written if it has a name.

        Raises:
            TypeError: a content has the wrong type.
            ValueError: a name cannot be that of a file, or is taken.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self._check_types()
        for name in [*self.figures, *self.tables, *self.html, *self.files]:
            if not _FILE_NAME.fullmatch(name) or Path(name).stem in _TAKEN:
                raise ValueError(
                    f"{name!r} cannot be the name of a file among the findings: use letters, digits and _-, or the name of a stage."
                )
        for name, figure in self.figures.items():
            save_figure(figure, folder / name)
        for name, table in self.tables.items():
            table.to_csv(folder / f"{name}.csv", index=any(name is not None for name in table.index.names))
        for name, fragment in self.html.items():
            (folder / f"{name}.html").write_text(fragment, encoding="utf-8")
        for name, content in self.files.items():
            (folder / name).write_bytes(content)
        write_json(folder / "metrics.json", {name: float(value) for name, value in self.metrics.items()})
        if measures := {name: one.record() for name, one in self.metrics.items() if isinstance(one, Measure)}:
            write_json(folder / MEASURES, measures)
        contents = {
            "metrics": list(self.metrics),
            "tables": list(self.tables),
            "figures": list(self.figures),
            "html": list(self.html),
            "files": list(self.files),
            "captions": self.captions,
            "warnings": self.warnings,
        }
        (folder / "findings.json").write_text(json.dumps(contents, indent=2) + "\n", encoding="utf-8")

    def _check_types(self) -> None:
        import pandas as pd
        from matplotlib.figure import Figure

        wanted: dict[str, tuple[str, Callable[[Any], bool]]] = {
            "metrics": ("a number", _is_number),
            "tables": ("a pandas DataFrame", lambda value: isinstance(value, pd.DataFrame)),
            "figures": ("a Matplotlib Figure", lambda value: isinstance(value, Figure)),
            "html": ("a text", lambda value: isinstance(value, str)),
            "files": ("bytes", lambda value: isinstance(value, bytes)),
            "captions": ("a text", lambda value: isinstance(value, str)),
        }
        for part, (words, fits) in wanted.items():
            entries = getattr(self, part)
            if not isinstance(entries, dict):
                raise TypeError(f"Findings.{part} must be a dict, from a name to {words}, not {type(entries).__name__}")
            for name, value in entries.items():
                if not isinstance(name, str) or not fits(value):
                    raise TypeError(f"Findings.{part}[{name!r}] must be {words} by name, not {type(value).__name__}")
        if not isinstance(self.warnings, list) or not all(isinstance(text, str) for text in self.warnings):
            raise TypeError("Findings.warnings must be a list of texts")

    @classmethod
    def load(cls, folder: Path) -> Findings:
        """Read what `save` wrote, except for the figures, which are pictures now."""
        import pandas as pd

        contents = read_contents(folder)
        own = GuardedPath(folder)
        found = cls(
            metrics=read_metrics(folder),
            tables={name: pd.read_csv(io.BytesIO((own / f"{name}.csv").content())) for name in contents["tables"]},
            html={name: (own / f"{name}.html").text() for name in contents["html"]},
            files={name: (own / name).content() for name in contents["files"]},
            captions=contents["captions"],
            warnings=contents["warnings"],
        )
        found.folder = folder
        return found


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return not isinstance(value, (str, bytes))


def read_metrics(folder: Path | GuardedPath) -> dict[str, float | Measure]:
    """Read the metrics in a folder of findings, in their order; measures with all that belongs to them."""
    own = GuardedPath.of(folder)
    values, measures = read_json(own / "metrics.json"), read_measures(own)
    return {name: measures.get(name, values[name]) for name in read_contents(own.path)["metrics"]}


def read_measures(folder: Path | GuardedPath) -> dict[str, Measure]:
    """Read the metrics in a folder of findings that are measures."""
    path = GuardedPath.of(folder) / MEASURES
    return {name: Measure.from_record(one) for name, one in read_json(path).items()} if path.is_regular() else {}


def figure_names(folder: Path) -> Iterator[str]:
    """Yield the names of the figures in a folder of findings."""
    yield from read_contents(folder)["figures"]


def read_contents(folder: Path) -> dict[str, Any]:
    """Read the contents that `findings.json` lists.

    Raises:
        ValueError: it names a file outside the folder, or a link.
    """
    contents: dict[str, Any] = read_json(GuardedPath(folder) / "findings.json")
    files = [f"{name}{end}" for kind, ends in _ENDINGS.items() for name in contents[kind] for end in ends]
    if strangers := [name for name in files if not (_FILE_NAME.fullmatch(name) and is_plain(folder, name))]:
        raise ValueError(f"'{folder / 'findings.json'}' names {strangers[0]!r}, which is not a file of these findings")
    return contents
