"""A project, whole and checked: every stage with its plugin configured and its inputs found.

`load` reads the file, lets every block and every plugin check what concerns it, and raises all faults at once. Nothing
has run then, and no heavy library is imported.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from pydantic import BaseModel, ValidationError

from labrun.blocks import STAGE_BLOCKS, FitBlock, Head, SimulationBlock, Split
from labrun.explain import explain
from labrun.faults import Fault, Place, ProjectFaults, did_you_mean
from labrun.inputs import SECTIONS, Input, Outline, Section, inputs_of
from labrun.layers import read_layers
from labrun.matrix import Variant, variants
from labrun.plugin import Plugin, Simulator
from labrun.registry import Offer, Registry, UnknownPlugin
from labrun.sweep import SweepError, SweepTable, distinct_rows, tabulate
from labrun.yaml12 import Document, KeyPath

__all__ = ["Project", "Ref", "Stage", "load"]

ROWS_SHOWN = 5


@dataclass(frozen=True)
class Ref:
    """One stage that another works on; `part` names a part of a dataset that is split."""

    section: Section
    stage: str
    part: str | None = None

    @property
    def id(self) -> str:
        return f"{self.section}.{self.stage}"


@dataclass
class Stage:
    """One stage, ready to be planned. A matrix has been laid out: `name` is then `base[value=…]`."""

    section: Section
    name: str
    base: str
    values: dict[str, Any]
    """What distinguishes this stage from others of its matrix."""
    offer: Offer
    plugin: Plugin
    inputs: dict[str, Ref | list[Ref] | None] = field(default_factory=dict)
    table: SweepTable | None = None
    fixed: dict[str, Any] = field(default_factory=dict)
    """The configuration of a simulation that is not swept."""
    failures: str = "stop"
    split: Split | None = None
    fit: FitBlock | None = None

    @property
    def id(self) -> str:
        return f"{self.section}.{self.name}"

    def refs(self) -> Iterator[Ref]:
        """Every stage that this one needs."""
        for found in self.inputs.values():
            yield from found if isinstance(found, list) else [found] if found else []


@dataclass
class Project:
    """A checked project; `stages` are in an order in which each follows what it needs."""

    path: Path
    document: Document
    head: Head
    registry: Registry
    stages: dict[str, Stage]

    @property
    def name(self) -> str:
        return self.head.project

    @property
    def seed(self) -> int:
        return self.head.seed


def load(path: Path, overrides: Sequence[str] = (), registry: Registry | None = None) -> Project:
    """Read and check a project.

    Raises:
        ProjectFaults: with every fault that was found.
    """
    document = read_layers(path, overrides)
    return _Check(path, document, registry or Registry.installed()).project()


class _Check:
    """Goes once through a document and gathers the faults."""

    def __init__(self, path: Path, document: Document, registry: Registry) -> None:
        self.path = path
        self.folder = path.parent
        self.document = document
        self.registry = registry
        self.faults: dict[tuple[str, Place | None], Fault] = {}
        self.blocks: dict[tuple[Section, str], list[Variant]] = {}
        self.offers: dict[tuple[Section, str], Offer | None] = {}
        self.stages: dict[str, Stage] = {}
        self.plugin_missing = False
        self.laid_out: dict[tuple[Section, str], list[Stage]] = {}

    def project(self) -> Project:
        head = self._head()
        for section in SECTIONS:
            self._read_section(section)
        if not self.blocks and not self.faults:
            self._fault("this project has no stages: add 'simulations', 'datasets', 'models' or 'analyses'", ())
        for key in self._order():
            self._lay_out(*key, seed=head.seed if head else 0)
        self._check_plugins()
        if self.plugin_missing:
            for broken in self.registry.broken:
                name = f"{broken.source} {broken.distribution_version}".strip()
                self._fault(f"the plugin {name} could not be loaded: {broken.error}", ())
        if self.faults or head is None:
            raise ProjectFaults(self.faults.values())
        return Project(self.path, self.document, head, self.registry, self.stages)

    # -- faults ----------------------------------------------------------------------------------------------------------------

    def _fault(self, message: str, path: KeyPath, *, key: bool = False, place: Place | None = None) -> None:
        place = place or self.document.place(path, key=key)
        self.faults.setdefault((message, place), Fault(message, place))

    def _explain(self, error: ValidationError, model: type[BaseModel], value: Any, where: str, path: KeyPath) -> None:
        for fault in explain(
            error, model, value, where, lambda inner, key: self.document.place((*path, *inner), key=key)
        ):
            self.faults.setdefault((fault.message, fault.place), fault)

    # -- the head and the blocks -----------------------------------------------------------------------------------------------

    def _head(self) -> Head | None:
        value = {k: v for k, v in self.document.value.items() if k not in SECTIONS}
        known = [*SECTIONS, *Head.model_fields]
        for key in [k for k in value if k not in known]:
            self._fault(f"unknown key '{key}'{did_you_mean(key, known)}", (key,), key=True)
            del value[key]
        try:
            head = Head.model_validate_json(json.dumps(value), strict=True)
        except ValidationError as error:
            self._explain(error, Head, value, "the project", ())
            return None
        for i, requirement in enumerate(head.requires):
            self._require(requirement, ("requires", i))
        for file in head.plugins:
            self.registry.add_file(self.folder / file)
        return head

    def _require(self, text: str, path: KeyPath) -> None:
        try:
            requirement = Requirement(text)
            found = metadata.version(requirement.name)
        except InvalidRequirement:
            self._fault(f"'{text}' is no requirement; write a package and versions, as in 'labrun>=1'", path)
        except metadata.PackageNotFoundError:
            self._fault(f"the project needs '{text}', which is not installed: pip install '{text}'", path)
        else:
            if not requirement.specifier.contains(found, prereleases=True):
                self._fault(
                    f"the project needs '{text}', but version {found} is installed: pip install --upgrade '{text}'",
                    path,
                )

    def _read_section(self, section: Section) -> None:
        raw = self.document.value.get(section)
        if raw is None:
            return
        if not isinstance(raw, dict):
            self._fault(f"'{section}' is a mapping from the name of a stage to the stage", (section,))
            return
        for name, block in raw.items():
            path = (section, name)
            if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", name):
                self._fault(
                    f"'{name}' is no name for a stage: letters, digits, '_' and '-', beginning with a letter",
                    path,
                    key=True,
                )
                continue
            if not isinstance(block, dict):
                self._fault(f"{section}.{name} is a mapping that begins with 'use: plugin'", path)
                continue
            self.blocks[section, name] = list(self._variants(section, name, block))
            self.offers[section, name] = self._find(section, name, block.get("use"))

    def _variants(self, section: Section, name: str, block: dict[str, Any]) -> Iterator[Variant]:
        where, path = f"{section}.{name}", (section, name)
        model = STAGE_BLOCKS[section]
        laid_out, problems = variants(block)
        for problem in problems:
            self._fault(f"{where}.matrix: {problem}", (*path, "matrix"))
        for variant in laid_out:
            try:
                parsed = model.model_validate_json(json.dumps(variant.block), strict=True)
            except ValidationError as error:
                self._explain(error, model, variant.block, where, path)
            else:
                yield replace(variant, parsed=parsed)

    def _find(self, section: Section, name: str, use: Any) -> Offer | None:
        if not isinstance(use, str):
            return None  # the block has told this fault
        try:
            return self.registry.find(section, use)
        except UnknownPlugin as error:
            self._fault(f"{section}.{name}: {error}", (section, name, "use"))
            self.plugin_missing = True
            return None

    # -- the graph -------------------------------------------------------------------------------------------------------------

    def _references(self, section: Section, name: str, block: Any) -> Iterator[tuple[Input, KeyPath, str | list[str]]]:
        """The inputs that a block names: with the key where each stands, and the text."""
        offer = self.offers[section, name]
        if offer is None:
            return
        known = {i.name: i for i in inputs_of(offer.plugin)}
        given = dict(getattr(block, "from_", {}))
        path: KeyPath = (section, name, "from")
        if "" in given:
            needed = [i for i in known.values() if not i.optional] or list(known.values())
            if len(needed) != 1:
                inputs = ", ".join(f"'{i}'" for i in known) or "none"
                self._fault(
                    f"{section}.{name}.from: {offer.name} has several inputs ({inputs}); name them, or give the one",
                    path,
                )
                return
            yield needed[0], path, given[""]
        else:
            for key, text in given.items():
                if key not in known:
                    self._fault(
                        f"{section}.{name}.from: {offer.name} has no input '{key}'{did_you_mean(key, known)}",
                        (*path, key),
                        key=True,
                    )
                else:
                    yield known[key], (*path, key), text
            for key in [k for k, i in known.items() if k not in given and not i.optional]:
                section_of = known[key].section
                self._fault(
                    f"{section}.{name}: {offer.name} needs '{key}', a stage of '{section_of}': add it under 'from'",
                    path,
                )
        if isinstance(getattr(block, "fit", None), FitBlock):
            for key in ("train", "validation"):
                if text := getattr(block.fit, key):
                    yield Input(f"fit.{key}", "datasets", False, key == "validation"), (section, name, "fit", key), text

    def _order(self) -> list[tuple[Section, str]]:
        needs: dict[tuple[Section, str], dict[tuple[Section, str], KeyPath]] = {}
        for (section, name), blocks in self.blocks.items():
            found = needs.setdefault((section, name), {})
            for variant in blocks:
                for wanted, path, text in self._references(section, name, variant.parsed):
                    for one in text if isinstance(text, list) else [text]:
                        found.setdefault((wanted.section, _parse_reference(one)[0]), path)
        order: list[tuple[Section, str]] = []
        open_: list[tuple[Section, str]] = []

        def visit(key: tuple[Section, str]) -> None:
            if key in order or key not in needs:
                return
            if key in open_:
                circle = [*open_[open_.index(key) :], key]
                words = " needs ".join(".".join(step) for step in circle)
                self._fault(f"these stages need each other: {words}", needs[circle[-2]][key])
                return
            open_.append(key)
            for other in needs[key]:
                visit(other)
            open_.pop()
            order.append(key)

        for key in needs:
            visit(key)
        return order

    def _lay_out(self, section: Section, name: str, seed: int) -> None:
        """Make the stages of a block: one, or one for each combination of its matrix and of those that it works on."""
        offer = self.offers[section, name]
        stages: dict[str, Stage] = {}
        if offer is not None:
            for variant in self.blocks[section, name]:
                for stage in self._joined(section, name, variant, offer):
                    stages.setdefault(stage.name, stage)
            for stage in stages.values():
                variant = next(v for v in self.blocks[section, name] if v.values.items() <= stage.values.items())
                self._configure(stage, variant, seed)
        self.laid_out[section, name] = list(stages.values())
        self.stages |= {stage.id: stage for stage in stages.values()}

    def _joined(self, section: Section, name: str, variant: Variant, offer: Offer) -> Iterator[Stage]:
        combinations: list[tuple[dict[str, Any], dict[str, Any]]] = [(dict(variant.values), {})]
        for wanted, path, text in self._references(section, name, variant.parsed):
            texts = text if isinstance(text, list) else [text]
            if len(texts) != 1 and not wanted.many:
                self._fault(f"{section}.{name}: '{wanted.name}' takes one stage, not {len(texts)}", path)
                return
            choices = [self._targets(wanted, one, path, f"{section}.{name}") for one in texts]
            if not all(choices):
                return
            if wanted.many:
                refs = [ref for found in choices for ref, _ in found]
                combinations = [(values, inputs | {wanted.name: refs}) for values, inputs in combinations]
            else:
                combinations = [
                    (values | theirs, inputs | {wanted.name: ref})
                    for values, inputs in combinations
                    for ref, theirs in choices[0]
                    if all(values.get(axis, value) == value for axis, value in theirs.items())
                ]
        for values, inputs in combinations:
            yield Stage(section, name + _suffix(values), name, values, offer, offer.plugin.model_construct(), inputs)

    def _targets(self, wanted: Input, text: str, path: KeyPath, where: str) -> list[tuple[Ref, dict[str, Any]]]:
        base, exact, part = _parse_reference(text)
        kind = SECTIONS[wanted.section].__name__.lower()
        known = {name for section, name in self.blocks if section == wanted.section}
        head = f"{where}.{path[-2] + '.' if path[-2] in ('from', 'fit') else ''}{path[-1]}"
        if base not in known:
            elsewhere = next((s for s, name in self.blocks if name == base), None)
            hint = did_you_mean(base, known) if known else f" (the project has no '{wanted.section}')"
            if elsewhere and not any(hint.startswith(p) for p in (": did",)):
                hint = f": '{base}' is one of the {elsewhere}"
            self._fault(f"{head}: there is no {kind} '{base}'{hint}", path)
            return []
        found = [s for s in self.laid_out.get((wanted.section, base), []) if exact is None or s.name == base + exact]
        if exact is not None and not found and self.laid_out.get((wanted.section, base)):
            names = ", ".join(s.name for s in self.laid_out[wanted.section, base])
            self._fault(f"{head}: there is no '{base}{exact}' (there are: {names})", path)
        targets = []
        for stage in found:
            parts = list(stage.split.fractions) if stage.split else []
            if part is not None and part not in parts:
                hint = did_you_mean(part, parts) if parts else f": '{base}' has no 'split'"
                self._fault(f"{head}: '{base}' has no part '{part}'{hint}", path)
                return []
            targets.append((Ref(wanted.section, stage.name, part), {} if exact else stage.values))
        return targets

    # -- the plugins -----------------------------------------------------------------------------------------------------------

    def _configure(self, stage: Stage, variant: Variant, seed: int) -> None:
        path = (stage.section, stage.base)
        block = variant.parsed
        config = block.with_
        stage.split = getattr(block, "split", None)
        stage.fit = getattr(block, "fit", None)
        if isinstance(block, SimulationBlock):
            self._sweep(stage, block, seed)
            return
        if plugin := self._validated(stage, config, (*path, "with"), lambda key: None):
            stage.plugin = plugin

    def _validated(
        self, stage: Stage, config: dict[str, Any], path: KeyPath, place_of: Any, note: str = ""
    ) -> Plugin | None:
        where = f"{stage.section}.{stage.base}.with ({stage.offer.name}){note}"
        model = stage.offer.plugin
        try:
            return model.configured(config)
        except ValidationError as error:

            def locate(inner: KeyPath, key: bool) -> Place | None:
                return (inner and place_of(str(inner[0]))) or self.document.place((*path, *inner), key=key)

            for fault in explain(error, model, config, where, locate):
                self.faults.setdefault((fault.message, fault.place), fault)
        except Exception as error:  # a validator of a plugin may raise what it likes
            self._fault(f"{where}: the plugin's own check failed: {type(error).__name__}: {error}", path)
        return None

    def _sweep(self, stage: Stage, block: SimulationBlock, seed: int) -> None:
        path: KeyPath = (stage.section, stage.base, "sweep")
        stage.failures = block.failures
        stage.fixed = block.with_
        try:
            table = tabulate(block.sweep, self.folder, seed, stage.name) if block.sweep else SweepTable()
        except SweepError as error:
            where = f"{stage.section}.{stage.base}.sweep"
            place = error.fault.place if error.fault else None
            self._fault(f"{where}: {error}", (*path, error.field) if error.field else path, place=place)
            return
        stage.table = table
        for name in table.parameters:
            if name in stage.fixed:
                self._fault(
                    f"{stage.id}: '{name}' is fixed under 'with' and swept too; remove one",
                    (*path[:2], "with", name),
                    key=True,
                )
        before, bad = len(self.faults), 0
        for member, row in distinct_rows(table):
            said = len(self.faults)
            plugin = self._validated(
                stage, stage.fixed | row, (*path[:2], "with"), *self._row_places(table, member, path)
            )
            if plugin is None:
                bad += 1
                if bad > ROWS_SHOWN and len(self.faults) > said:
                    self.faults.popitem()
            elif member == 0:
                stage.plugin = plugin
        if bad > ROWS_SHOWN and len(self.faults) > before:
            self._fault(f"{stage.id}: {bad - ROWS_SHOWN} more rows of the sweep have faults", path, key=True)

    def _row_places(self, table: SweepTable, member: int, path: KeyPath) -> tuple[Any, str]:
        if not table.parameters:
            return (lambda key: None), ""
        words, _ = table.origin(member, "")

        def place_of(key: str) -> Place | None:
            if key not in table.parameters:
                return None
            kind = next((k for k in ("grid", "table", "random") if (*path, k) in self.document.values), "grid")
            inner = (
                (*path, "grid", key)
                if kind == "grid"
                else (*path, "random", "columns", key)
                if kind == "random"
                else (*path, "table")
            )
            return table.origin(member, key)[1] or self.document.place(inner, key=True)

        return place_of, f", {words}"

    def _check_plugins(self) -> None:
        for stage in self.stages.values():
            outlines: dict[str, Any] = {}
            for name, found in stage.inputs.items():
                if not name.startswith("fit."):
                    outlines[name] = (
                        [self._outline(r) for r in found] if isinstance(found, list) else found and self._outline(found)
                    )
            try:
                problems = list(stage.plugin.check(**outlines))
            except Exception as error:  # as above: a plugin's check may raise
                if not self.faults:
                    self._fault(
                        f"{stage.id}: the check of the plugin '{stage.offer.name}' failed: {error!r}",
                        (stage.section, stage.base),
                    )
                continue
            for key, message in problems:
                at: KeyPath = (stage.section, stage.base, "with", key)
                self._fault(f"{stage.section}.{stage.base}.with.{key}: {message}", at)

    def _outline(self, ref: Ref) -> Outline:
        stage = self.stages[ref.id]
        outputs = stage.plugin.outputs if isinstance(stage.plugin, Simulator) else None
        return Outline(stage.name, stage.plugin, tuple(stage.table.columns) if stage.table else (), outputs or None)


_REFERENCE = re.compile(r"(?P<base>[^\[.]+)(?P<exact>\[.*\])?(?:\.(?P<part>[^.\[\]]+))?\Z", re.DOTALL)


def _parse_reference(text: str) -> tuple[str, str | None, str | None]:
    """`name`, `name.part`, `name[value=…]`: the base, the bracket, the part."""
    match = _REFERENCE.match(text)
    return (match["base"], match["exact"], match["part"]) if match else (text, None, None)


def _suffix(values: dict[str, Any]) -> str:
    if not values:
        return ""
    return "[" + ",".join(f"{axis.split('.')[-1]}={_label(value)}" for axis, value in values.items()) + "]"


def _label(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
    return re.sub(r"[^A-Za-z0-9_.+,-]+", "_", text)[:60]


def stage_ids(project: Project, names: Iterable[str]) -> list[str]:
    """The stages that names on the command line mean: `models.cnn`, `cnn`, or all variants of a matrix.

    Raises:
        ProjectFaults: a name fits no stage.
    """
    found: list[str] = []
    for name in names:
        fitting = [s.id for s in project.stages.values() if name in (s.id, s.name, s.base, f"{s.section}.{s.base}")]
        if not fitting:
            known = [s.id for s in project.stages.values()] + [s.name for s in project.stages.values()]
            raise ProjectFaults([Fault(f"there is no stage '{name}'{did_you_mean(name, known)}")])
        found += fitting
    return found
