"""Write the reference of all bundled plugins when the site is built: one page per kind, with the contents of `labrun describe`."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from labrun.contracts.fields import fields_in_words
from labrun.contracts.inputs import KINDS, ONE_OF, SECTIONS, Kind, inputs_of
from labrun.contracts.plugin import Model, Plugin, Simulator
from labrun.registry.registry import Offer, Registry

TITLES: dict[Kind, str] = {
    "simulations": "Simulators",
    "datasets": "Datasets",
    "models": "Models",
    "analyses": "Analyses",
    "samplers": "Samplers",
}


def setup(app: Any) -> dict[str, bool]:
    app.connect("builder-inited", lambda app: write_pages(Path(app.srcdir) / "reference"))
    return {"parallel_read_safe": True}


def write_pages(folder: Path) -> None:
    """Write `simulators.md`, `datasets.md`, `models.md`, `analyses.md` and `samplers.md`; an unchanged page keeps its time."""
    offers = [offer for offer in Registry.installed().offers if offer.distribution == "labrun"]
    folder.mkdir(exist_ok=True)
    for section, title in TITLES.items():
        found = sorted((offer for offer in offers if offer.section == section), key=lambda offer: offer.name)
        text = "\n".join(_page(title, section, found)) + "\n"
        path = folder / f"{title.lower()}.md"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def _page(title: str, section: Kind, offers: Sequence[Offer]) -> Iterator[str]:
    yield f"# {title}\n"
    place = f"the stages under `{section}`" if section in SECTIONS else "sweeps with `adaptive`"
    yield f"Plugins for {place}. `labrun describe NAME` shows the same in a terminal.\n"
    yield from _table(["name", "description"], [[f"[`{o.name}`](#{_anchor(o.name)})", o.summary] for o in offers])
    for offer in offers:
        yield from _plugin(offer)


def _anchor(name: str) -> str:
    return name.lower()


def _plugin(offer: Offer) -> Iterator[str]:
    plugin = offer.plugin
    yield f"\n## {offer.name}\n"
    yield inspect.cleandoc(plugin.__doc__ or "").replace("<", "&lt;") + "\n"
    rows = [
        [f"`{f.path}`", f.type, _code(f.default_in_words, f.required), f.description] for f in fields_in_words(plugin)
    ]
    yield from _titled("with", ["field", "type", "default", "description"], rows)
    yield from _titled("from", ["input", "what it takes"], [[f"`{i.name}`", _input(i)] for i in inputs_of(plugin)])
    yield from _titled(
        "gives", ["array", "description"], [[f"`{name}`", what] for name, what in _outputs(plugin).items()]
    )
    if issubclass(plugin, Model) and plugin.pretrained:
        yield f"**pretrained:** {', '.join(f'`{name}`' for name in plugin.pretrained)}\n"


def _code(text: str, required: bool) -> str:
    return text if required or text == "–" else f"`{text}`"


def _input(wanted: Any) -> str:
    number = f"several of `{wanted.section}`" if wanted.many else f"one {ONE_OF[wanted.section]}"
    return f"{number}, optional" if wanted.optional else number


def _outputs(plugin: type[Plugin]) -> dict[str, str]:
    return dict(plugin.outputs) if issubclass(plugin, Simulator) else {}


def _titled(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    if rows:
        yield f"**{title}:**\n"
        yield from _table(header, rows)


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(header)} |"
    yield f"|{'---|' * len(header)}"
    for row in rows:
        yield f"| {' | '.join(_cell(cell) for cell in row)} |"
    yield ""


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


assert KINDS.keys() == TITLES.keys()
