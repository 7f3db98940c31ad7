"""What an analysis has found: numbers, tables, figures, interactive fragments and files, and how they lie in a folder."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labrun.files import write_json

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

__all__ = ["Findings"]

_FILE_NAME = re.compile(r"[\w-][\w. ,=+\[\]-]*")  # stages of a matrix are called net[seed=1]
_TAKEN = ("findings", "metrics", "manifest")


@dataclass
class Findings:
    """The result of an analysis.

    `metrics` are single numbers; `tables` pandas DataFrames; `figures` Matplotlib figures; `html` fragments for the
    report (their script must not reach outside of the page); `files` whatever else, name to content. Where a fragment
    says `labrun.url("{{file:name}}")`, the page gives the address of that file, which it embeds once however many
    fragments of however many stages use the same content. `captions` say in
    a sentence what a figure, table or fragment of that name shows; `warnings` what a reader must know before believing
    the numbers.
    """

    metrics: dict[str, float] = field(default_factory=dict)
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    figures: dict[str, Figure] = field(default_factory=dict)
    html: dict[str, str] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    captions: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def save(self, folder: Path) -> None:
        """Write `findings.json`, `metrics.json`, `<table>.csv`, `<figure>.png` and `.svg`, `<fragment>.html` and the
        files. An index of a table is written if it has a name.

        Raises:
            ValueError: a name is none that a file can have beside the others.
        """
        folder.mkdir(parents=True, exist_ok=True)
        for name in [*self.figures, *self.tables, *self.html, *self.files]:
            if not _FILE_NAME.fullmatch(name) or Path(name).stem in _TAKEN:
                raise ValueError(
                    f"{name!r} cannot be the name of a file among the findings; take letters, digits and _-, or the name of a stage."
                )
        for name, figure in self.figures.items():
            _save_figure(figure, folder / name)
        for name, table in self.tables.items():
            table.to_csv(folder / f"{name}.csv", index=any(name is not None for name in table.index.names))
        for name, fragment in self.html.items():
            (folder / f"{name}.html").write_text(fragment, encoding="utf-8")
        for name, content in self.files.items():
            (folder / name).write_bytes(content)
        write_json(folder / "metrics.json", {name: float(value) for name, value in self.metrics.items()})
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

    @classmethod
    def load(cls, folder: Path) -> Findings:
        """Read what `save` wrote, but for the figures, which are pictures now."""
        import pandas as pd

        contents = json.loads((folder / "findings.json").read_text(encoding="utf-8"))
        metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
        return cls(
            metrics={name: metrics[name] for name in contents["metrics"]},
            tables={name: pd.read_csv(folder / f"{name}.csv") for name in contents["tables"]},
            html={name: (folder / f"{name}.html").read_text(encoding="utf-8") for name in contents["html"]},
            files={name: (folder / name).read_bytes() for name in contents["files"]},
            captions=contents["captions"],
            warnings=contents["warnings"],
        )


def _save_figure(figure: Figure, stem: Path) -> None:
    import matplotlib as mpl
    import matplotlib.pyplot as plt

    with mpl.rc_context({"svg.hashsalt": stem.name}):
        figure.savefig(stem.with_name(stem.name + ".svg"), metadata={"Date": None}, bbox_inches="tight")
    figure.savefig(stem.with_name(stem.name + ".png"), dpi=150, bbox_inches="tight")
    plt.close(figure)


def figure_names(folder: Path) -> Iterator[str]:
    """The names of the figures that lie in a folder of findings."""
    contents: dict[str, Any] = json.loads((folder / "findings.json").read_text(encoding="utf-8"))
    yield from contents["figures"]
