"""Join stages: find what each block names under `from` and `fit`, put them in order, and lay out matrices and what works on them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from typing import Any, TypeAlias

from labrun.contracts.inputs import ONE_OF, Input, Section
from labrun.contracts.naming import suffix
from labrun.faults import did_you_mean
from labrun.project.faultbook import FaultBook
from labrun.project.matrix import MAX_VARIANTS, Variant
from labrun.project.stage import Inputs, Ref
from labrun.project.yaml12 import KeyPath
from labrun.registry.registry import Offer

__all__ = ["Block", "BlockName", "Draft", "Wiring"]

BlockName: TypeAlias = tuple[Section, str]

FIT = "fit."
"""Prefix of references under `fit`, which are not inputs of the plugin: the model is fitted on them."""


@dataclass
class Block:
    """The block of one stage, or of all stages of one matrix."""

    section: Section
    name: str
    variants: list[Variant]

    @property
    def id(self) -> str:
        return f"{self.section}.{self.name}"


@dataclass(frozen=True)
class Draft:
    """A stage that is joined to others, before its plugin is configured."""

    section: Section
    name: str
    base: str
    values: dict[str, Any]
    """The values that distinguish it from others of its matrix."""
    variant: Variant
    offer: Offer
    inputs: Inputs
    fitted_on: dict[str, Ref]
    """The datasets of a model, by their keys under `fit`."""
    is_joined: bool
    """Whether all stages that it names were found."""

    @property
    def id(self) -> str:
        return f"{self.section}.{self.name}"

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts that other stages can name."""
        return self.variant.parsed.parts if self.variant.parsed else ()


@dataclass(frozen=True)
class _Reference:
    """One input of a block and the stages that it names; `path` leads to them within the block."""

    input: Input
    path: KeyPath
    texts: list[str]


@dataclass
class Wiring:
    """Joins the stages of all blocks. What is wrong goes to `book`, and the block that it concerns to `flawed`."""

    blocks: dict[BlockName, Block]
    book: FaultBook
    flawed: set[str] = field(default_factory=set)
    _references: dict[BlockName, list[list[_Reference]]] = field(default_factory=dict)
    _laid_out: dict[BlockName, list[Draft]] = field(default_factory=dict)

    def drafts(self) -> Iterator[Draft]:
        """Yield every stage, each after what it needs."""
        for name, block in self.blocks.items():
            self._references[name] = [[*self._read(block, variant)] for variant in block.variants]
            if any(variant.parsed is None for variant in block.variants):
                self.flawed.add(block.id)
        for name in self._order():
            yield from self._lay_out(self.blocks[name], self._references[name])

    # -- what a block names ----------------------------------------------------------------------------------------------------

    def _read(self, block: Block, variant: Variant) -> Iterator[_Reference]:
        if variant.offer is None or variant.parsed is None:
            return
        known = {one.name: one for one in variant.parsed.takes(variant.offer.plugin)}
        yield from self._read_from(block, variant, variant.offer, known, variant.parsed.inputs)
        for key, text in variant.parsed.fitted_on.items():
            yield _Reference(Input(FIT + key, "datasets", False, key == "validation"), ("fit", key), [text])

    def _read_from(
        self, block: Block, variant: Variant, offer: Offer, known: dict[str, Input], given: dict[str, list[str]]
    ) -> Iterator[_Reference]:
        if "" in given:  # a bare name: the one input that there is, or the one that must be given
            needed = [i for i in known.values() if not i.optional] or list(known.values())
            if len(needed) == 1:
                yield _Reference(needed[0], ("from",), given[""])
            else:
                names = ", ".join(f"'{name}'" for name in known)
                problem = f"has several inputs ({names}); write which" if known else "takes nothing; remove 'from'"
                self._flaw(block, variant, ("from",), f"{block.id}.from: {offer.name} {problem}")
            return
        for key, texts in given.items():
            if key in known:
                yield _Reference(known[key], ("from", key), texts)
            else:
                problem = f"{offer.name} has no input '{key}'{did_you_mean(key, known)}"
                self._flaw(block, variant, ("from", key), f"{block.id}.from: {problem}", key=True)
        for key, wanted in known.items():
            if key not in given and not wanted.optional:
                problem = f"{offer.name} needs '{key}', a stage of '{wanted.section}': add it under 'from'"
                self._flaw(block, variant, ("from",), f"{block.id}: {problem}")

    def _flaw(self, block: Block, variant: Variant, path: KeyPath, message: str, *, key: bool = False) -> None:
        self.flawed.add(block.id)
        self.book.add(message, (block.section, block.name, *variant.written_at(path)), key=key)

    # -- the order -------------------------------------------------------------------------------------------------------------

    def _order(self) -> list[BlockName]:
        """Order the blocks, each after those that it names. Blocks that need each other are faults."""
        needs: dict[BlockName, dict[BlockName, tuple[Variant, KeyPath]]] = {name: {} for name in self.blocks}
        for name, block in self.blocks.items():
            for variant, references in zip(block.variants, self._references[name], strict=True):
                for reference in references:
                    for text in reference.texts:
                        other = (reference.input.section, _parse_reference(text)[0])
                        if other in self.blocks:
                            needs[name].setdefault(other, (variant, reference.path))
        while True:
            try:
                return [*TopologicalSorter(needs).static_order()]
            except CycleError as error:
                circle: list[BlockName] = error.args[1][::-1]
                variant, path = needs[circle[0]].pop(circle[1])
                words = " needs ".join(".".join(name) for name in circle)
                self._flaw(self.blocks[circle[0]], variant, path, f"these stages need each other: {words}")

    # -- the stages ------------------------------------------------------------------------------------------------------------

    def _lay_out(self, block: Block, references: list[list[_Reference]]) -> Iterator[Draft]:
        """Yield the stages of a block: one, or one for each combination of its matrix and of those that it works on."""
        drafts = self._laid_out.setdefault((block.section, block.name), [])
        found = [
            (variant, values, refs)
            for variant, wanted in zip(block.variants, references, strict=True)
            for values, refs in (self._combinations(block, variant, wanted) if variant.offer else ())
        ]
        names = _distinct_names(block.name, [values for _, values, _ in found])
        taken: set[str] = set()
        for name, (variant, values, refs) in zip(names, found, strict=True):
            if name in taken:
                problem = f"it makes '{block.name}{suffix(values)}' twice"
                self._flaw(block, variant, ("matrix",), f"{block.id}.matrix: {problem}")
            elif variant.offer is not None:
                taken.add(name)
                inputs = {key: ref for key, ref in refs.items() if not key.startswith(FIT)}
                fitted_on = {key.removeprefix(FIT): ref for key, ref in refs.items() if key.startswith(FIT)}
                is_joined = block.id not in self.flawed
                drafts.append(
                    Draft(block.section, name, block.name, values, variant, variant.offer, inputs, fitted_on, is_joined)
                )
                yield drafts[-1]

    def _combinations(
        self, block: Block, variant: Variant, references: list[_Reference]
    ) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        """Return values and inputs of each stage that a variant makes: stages of matrices are joined where their values agree."""
        combinations: list[tuple[dict[str, Any], dict[str, Any]]] = [(dict(variant.values), {})]
        found = [(reference, self._targets(block, variant, reference)) for reference in references]
        self._check_each(block, variant, {axis: None for _, targets in found for _, of in targets or [] for axis in of})
        for reference, targets in found:
            name = reference.input.name
            if targets is None:
                continue
            choices = _gathered(targets, variant) if reference.input.many else targets
            combinations = [
                (values | theirs, inputs | {name: ref})
                for values, inputs in combinations
                for ref, theirs in choices
                if _agree(values, theirs)
            ]
            if not combinations or len(combinations) > MAX_VARIANTS:
                problem = (
                    f"makes more than {MAX_VARIANTS:,} stages" if combinations else "leaves no combination of values"
                )
                self._flaw(block, variant, reference.path, f"{block.id}: joining its matrices with '{name}' {problem}")
                return []
        return combinations

    def _check_each(self, block: Block, variant: Variant, known: Iterable[str]) -> None:
        for i, axis in enumerate(variant.axes):
            if axis not in known and block.id not in self.flawed:
                problem = f"no matrix of its inputs has the key '{axis}'{did_you_mean(axis, list(known))}"
                self._flaw(block, variant, ("each", i), f"{block.id}.each: {problem}")

    def _targets(
        self, block: Block, variant: Variant, reference: _Reference
    ) -> list[tuple[Ref, dict[str, Any]]] | None:
        """Return the stages that a reference names, each with the values that distinguish it in its matrix."""
        where = ".".join([block.id, *map(str, reference.path)])
        if len(reference.texts) != 1 and not reference.input.many:
            problem = f"'{reference.input.name}' takes one stage, not {len(reference.texts)}"
            self._flaw(block, variant, reference.path, f"{where}: {problem}")
            return None
        targets = []
        for i, text in enumerate(reference.texts):
            try:
                targets += self._find(reference.input.section, text)
            except LookupError as error:
                path = (*reference.path, i) if len(reference.texts) > 1 else reference.path
                self._flaw(block, variant, path, f"{where}: {error.args[0]}")
                return None
        if not targets:  # the block that it names has faults of its own
            self.flawed.add(block.id)
        return targets or None

    def _find(self, section: Section, text: str) -> list[tuple[Ref, dict[str, Any]]]:
        """Find the stages that `name`, `name.part` or `name[value=…]` means.

        Raises:
            LookupError: there is none; the message lists those that exist.
        """
        base, exact, part = _parse_reference(text)
        if (section, base) not in self.blocks:
            raise LookupError(f"there is no {ONE_OF[section]} '{base}'{self._hint(section, base)}")
        drafts = self._laid_out.get((section, base), [])
        found = [draft for draft in drafts if exact is None or draft.name == base + exact]
        if drafts and not found:
            raise LookupError(f"there is no '{base}{exact}' (there are: {', '.join(d.name for d in drafts)})")
        for draft in found:
            if part is not None and part not in draft.parts and draft.is_joined:
                hint = did_you_mean(part, draft.parts) if draft.parts else f": '{base}' has no 'split'"
                raise LookupError(f"'{base}' has no part '{part}'{hint}")
        return [(Ref(section, draft.name, part), {} if exact else draft.values) for draft in found]

    def _hint(self, section: Section, base: str) -> str:
        known = [name for of, name in self.blocks if of == section]
        elsewhere = next((of for of, name in self.blocks if name == base), None)
        if elsewhere:
            return f": '{base}' is one of the {elsewhere}"
        return did_you_mean(base, known) if known else f" (the project has no '{section}')"


def _distinct_names(base: str, variants: list[dict[str, Any]]) -> list[str]:
    """Name the stages of a matrix. Names that agree, or differ in case only, get a digest of their values."""
    names = [base + suffix(values) for values in variants]
    times = Counter(name.casefold() for name in names)
    return [
        name if times[name.casefold()] == 1 else base + suffix(values, exact=True)
        for name, values in zip(names, variants, strict=True)
    ]


def _agree(values: dict[str, Any], others: dict[str, Any]) -> bool:
    """Check whether two stages have the same values on the axes that they share."""
    return all(values.get(axis, value) == value for axis, value in others.items())


def _gathered(targets: list[tuple[Ref, dict[str, Any]]], variant: Variant) -> list[tuple[list[Ref], dict[str, Any]]]:
    """Group the targets of an input that takes several stages: all of them, or those with the same values on the axes of `each`."""
    shared = [{axis: values[axis] for axis in variant.axes if axis in values} for _, values in targets]
    distinct = [one for i, one in enumerate(shared) if one not in shared[:i]]
    fullest = [one for one in distinct if not any(one.items() < other.items() for other in distinct)]
    return [([ref for ref, theirs in targets if _agree(one, theirs)], one) for one in fullest]


_REFERENCE = re.compile(r"(?P<base>[^\[.]+)(?P<exact>\[.*\])?(?:\.(?P<part>[^.\[\]]+))?", re.DOTALL)


def _parse_reference(text: str) -> tuple[str, str | None, str | None]:
    """Split `name`, `name.part` or `name[value=…]` into the base, the bracket and the part."""
    match = _REFERENCE.fullmatch(text)
    return (match["base"], match["exact"], match["part"]) if match else (text, None, None)
