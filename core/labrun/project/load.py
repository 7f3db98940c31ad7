"""Load a project and check it: configure the plugin of every stage, and find its inputs.

`load` reads the file, lets every block and every plugin check its part, and raises all faults at once. Nothing has run then, and no heavy
library is imported.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from labrun.contracts.card import HasCard
from labrun.contracts.inputs import SECTIONS, Section
from labrun.contracts.naming import LONGEST_NAME
from labrun.contracts.surroundings import Surroundings
from labrun.faults import Fault, ProjectFaults, did_you_mean
from labrun.project.blocks import STAGE_BLOCKS, STAGE_NAME, Head
from labrun.project.configure import Configuring
from labrun.project.extends import read_layers
from labrun.project.faultbook import FaultBook
from labrun.project.matrix import Variant, variants
from labrun.project.own_files import outside_project
from labrun.project.paths import folder_of
from labrun.project.programs import find_programs
from labrun.project.pydantic_errors import explain
from labrun.project.stage import Ref, Stage
from labrun.project.wiring import Block, BlockName, Wiring
from labrun.project.yaml12 import Document
from labrun.registry.registry import BrokenPlugin, Registry, UnknownPlugin
from labrun.registry.requirements import unmet

__all__ = ["Project", "Ref", "Stage", "load", "make_project", "stage_ids"]


@dataclass(repr=False)
class Project(HasCard):
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

    def __repr__(self) -> str:
        return f"<Project {self.name}: {len(self.stages)} stages, from {self.path}>"


def load(
    path: Path, overrides: Sequence[str] = (), registry: Registry | None = None, own_plugins: bool = True
) -> Project:
    """Read and check a project. Unless `own_plugins`, no code of its own is run, and its plugin files are faults.

    Raises:
        ProjectFaults: with every fault that was found.
    """
    return make_project(read_layers(path, overrides), path, registry, own_plugins)


def make_project(document: Document, path: Path, registry: Registry | None = None, own_plugins: bool = True) -> Project:
    """Check a project that has been read; files that it names lie beside `path`. Raises as `load` does."""
    registry = registry or Registry.installed()
    folder = folder_of(path)
    book = FaultBook(document)
    broken = _load_files(folder, registry, book, own_plugins)  # first, since stages that need them seem wrong without
    head = _read_head(book)
    surroundings = Surroundings(folder)
    if head is not None:
        _meet_requirements(head, book)
        surroundings = Surroundings(folder, find_programs(head, folder, book, own_plugins))
    blocks = _read_blocks(book, registry, broken)
    if head is not None and head.headline is not None:
        _check_headline(head.headline, blocks, book)
    stages = _make_stages(blocks, Configuring(book, surroundings, head.seed if head else 0, registry))
    if head is None or book:
        raise ProjectFaults(book)
    return Project(path, document, head, registry, stages)


# -- the head ------------------------------------------------------------------------------------------------------------------


def _read_head(book: FaultBook) -> Head | None:
    value = {key: inner for key, inner in book.document.value.items() if key not in SECTIONS}
    known = [*SECTIONS, *Head.model_fields]
    for key in [key for key in value if key not in known]:
        book.add(f"unknown key '{key}'{did_you_mean(key, known)}", (key,), key=True)
        del value[key]
    try:
        return Head.model_validate_json(json.dumps(value), strict=True)
    except ValidationError as error:
        book.explain(error, Head, value, "the project", ())
        return None


def _meet_requirements(head: Head, book: FaultBook) -> None:
    if not head.requires:
        return
    from packaging.requirements import InvalidRequirement, Requirement

    for i, text in enumerate(head.requires):
        try:
            problem = unmet("the project", Requirement(text))
        except InvalidRequirement:
            problem = f"'{text}' is not a requirement; write a package and versions, as in 'labrun>=1'"
        if problem:
            book.add(problem, ("requires", i))


def _load_files(folder: Path, registry: Registry, book: FaultBook, allowed: bool) -> list[BrokenPlugin]:
    """Load the plugins beside the project, even if its head has faults; return those that could not be loaded."""
    found = []
    files = book.document.value.get("plugins")
    for i, file in enumerate(files if isinstance(files, list) else []):
        if not isinstance(file, str):
            continue
        if problem := outside_project(folder / file, folder):
            book.add(f"the plugin file '{file}' is not loaded: {problem}", ("plugins", i))
            continue
        if not allowed:
            book.add(
                f"the plugin file '{file}' is code of this project, which --no-plugins does not run: read it first",
                ("plugins", i),
            )
            continue
        broken = registry.add_file(folder / file)
        if broken is not None:
            book.add(f"the plugin file '{file}' could not be loaded: {broken.explanation}", ("plugins", i))
            found.append(broken)
    return found


# -- the blocks ----------------------------------------------------------------------------------------------------------------


def _read_blocks(book: FaultBook, registry: Registry, reported: list[BrokenPlugin]) -> dict[BlockName, Block]:
    blocks: dict[BlockName, Block] = {}
    missing = False
    for section in SECTIONS:
        for name, raw in _raw_blocks(book, section):
            block = Block(section, name, [])
            for variant in _read_variants(book, section, name, raw):
                use = variant.block.get("use")
                try:
                    offer = registry.find(section, use) if isinstance(use, str) else None
                    block.variants.append(replace(variant, offer=offer))
                except UnknownPlugin as error:
                    book.add(f"{block.id}: {error}", (section, name, *variant.written_at(("use",))))
                    block.variants.append(variant)
                    missing = True
            blocks[section, name] = block
    if missing:
        for broken in (one for one in registry.broken if one not in reported):
            book.add(f"the plugin {broken.title} could not be loaded: {broken.explanation}", ())
    if not blocks and not book:
        book.add("this project has no stages: add 'simulations', 'datasets', 'models' or 'analyses'", ())
    return blocks


def _raw_blocks(book: FaultBook, section: Section) -> Iterator[tuple[str, dict[str, Any]]]:
    raw = book.document.value.get(section)
    if raw is not None and not isinstance(raw, dict):
        book.add(f"'{section}' is a mapping from the name of a stage to the stage", (section,))
        return
    alike: dict[str, str] = {}
    for name, block in (raw or {}).items():
        other = alike.setdefault(name.casefold(), name)
        if other != name:
            problem = "differ in case only: macOS and Windows would put both into one folder. Rename one of them"
            book.add(f"{section}.{other} and {section}.{name} {problem}", (section, name), key=True)
        elif len(name) > LONGEST_NAME:
            problem = f"has {len(name)} characters: the name of a stage has at most {LONGEST_NAME}"
            book.add(f"'{name:.20}…' {problem}", (section, name), key=True)
        elif not re.search(STAGE_NAME, name):
            problem = "cannot name a stage: begin with a letter, and use only letters, digits, '_' and '-'"
            book.add(f"'{name}' {problem}", (section, name), key=True)
        elif not isinstance(block, dict):
            book.add(f"{section}.{name} is a mapping that begins with 'use: plugin'", (section, name))
        else:
            yield name, block


def _read_variants(book: FaultBook, section: Section, name: str, raw: dict[str, Any]) -> Iterator[Variant]:
    """Yield the variants of a block; one that has faults is not parsed."""
    where, path = f"{section}.{name}", (section, name)
    model = STAGE_BLOCKS[section]
    laid_out, problems = variants(raw)
    for axis, problem in problems:
        book.add(f"{where}.matrix: {problem}", (*path, "matrix", *([axis] if axis else [])), key=True)
    for variant in laid_out:
        try:
            yield replace(variant, parsed=model.model_validate_json(json.dumps(variant.block), strict=True))
        except ValidationError as error:
            locate = partial(variant.place, book.document, path)
            book.extend(explain(error, model, variant.block, lambda _: where, locate))
            yield variant


def _check_headline(headline: str, blocks: dict[BlockName, Block], book: FaultBook) -> None:
    known = [name for section, name in blocks if section == "analyses"]
    stage = headline.partition("/")[0]
    if stage.partition("[")[0] not in known:
        book.add(f"headline: there is no analysis '{stage}'{did_you_mean(stage, known)}", ("headline",))


# -- the stages ----------------------------------------------------------------------------------------------------------------


def _make_stages(blocks: dict[BlockName, Block], configuring: Configuring) -> dict[str, Stage]:
    wiring = Wiring(blocks, configuring.book)
    stages: dict[str, Stage] = {}
    for draft in wiring.drafts():
        stage = configuring.stage(draft)
        if stage is not None:
            stages[stage.id] = stage
    for stage in stages.values():
        if all(ref.id in stages for ref in stage.refs()):
            configuring.check_together(stage, stages)
    return stages


def stage_ids(project: Project, names: Iterable[str]) -> list[str]:
    """Find the stages that names on the command line mean: `models.cnn`, `cnn`, or all variants of a matrix.

    Raises:
        ProjectFaults: a name fits no stage.
    """
    found: list[str] = []
    for name in names:
        fitting = [s.id for s in project.stages.values() if name in s.names]
        if not fitting:
            known = [s.id for s in project.stages.values()] + [s.name for s in project.stages.values()]
            raise ProjectFaults([Fault(f"there is no stage '{name}'{did_you_mean(name, known)}")])
        found += fitting
    return found
