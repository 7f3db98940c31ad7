"""Write a new project for chosen plugins: every field with its description and default, and a value where one is required."""

from __future__ import annotations

import json
import re
import tempfile
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from labrun.contracts.fields import FieldInWords, fields_in_words
from labrun.contracts.inputs import ONE_OF, SECTIONS, Input, Kind, Outline, Section, inputs_of
from labrun.contracts.plugin import Simulator
from labrun.faults import Fault, LabrunError, ProjectFaults
from labrun.files.atomic import write_atomically
from labrun.learning.settings import FitBlock
from labrun.project.blocks import STAGE_NAME
from labrun.registry.registry import Offer, Registry, UnknownPlugin
from labrun.scaffold.settings import Settings, choose_settings, choose_sweep

__all__ = ["NewProject", "Stage", "lay_out", "write_project"]

WIDTH = 110
PARTS = {"train": 0.7, "validation": 0.1, "test": 0.2}
TEMPLATE = Path(__file__).with_name("templates") / "project.yaml"
Choices = Mapping[Section, Sequence[str]]


@dataclass
class Stage:
    """One stage of a new project, named after its plugin."""

    offer: Offer
    settings: Settings
    inputs: dict[str, str | list[str]] = field(default_factory=dict)
    sweep: dict[str, list[Any]] = field(default_factory=dict)
    trains_on: str = ""
    """The dataset of a model."""
    outline: Outline | None = None
    """Its configuration and outputs, if it can be configured."""

    def place(self, key: str) -> str:
        """The path of a field in the project: `simulations.waves.with.size`."""
        block = "sweep.grid" if key in self.sweep else "with"
        return f"{self.offer.section}.{self.offer.name}.{block}.{key}"


@dataclass(frozen=True)
class NewProject:
    """The written project, and what the user must still complete."""

    path: Path
    missing: Sequence[str]
    """Values that must be given: path and description of each."""
    guessed: Sequence[str]
    """Paths of placeholders: values that are valid, but only guessed."""
    faults: Sequence[Fault]
    """Faults that `labrun check` finds."""


def write_project(name: str, choices: Choices, registry: Registry, output: Path) -> NewProject:
    """Write a project for the chosen plugins; without any, a small project that runs as it is.

    Raises:
        ProjectFaults: the name is not valid, the file exists, there is no such plugin, or one needs a stage that was not chosen.
        LabrunError: the file cannot be written.
    """
    if not re.search(STAGE_NAME, name):
        raise ProjectFaults(
            [
                Fault(
                    f"'{name}' cannot be the name of a project: use letters, digits, '_' and '-', beginning with a letter"
                )
            ]
        )
    path = output / f"{name}.yaml"
    if path.exists() or path.is_symlink():
        raise ProjectFaults([Fault(f"'{path}' exists already: take another name, or another folder with --output")])
    stages = lay_out(choices, registry)
    text = (
        "\n".join(_lines(name, stages)) + "\n" if stages else TEMPLATE.read_text(encoding="utf-8").replace("NAME", name)
    )
    try:
        with write_atomically(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
    except OSError as error:
        raise LabrunError(f"cannot write '{path}': {error.strerror}") from error
    missing = [
        f"{one.place(found.path)}: {found.description}"
        for one in stages
        for found in _fields(one, one.settings.missing)
    ]
    guessed = [one.place(key) for one in stages for key in one.settings.guessed]
    return NewProject(path, missing, guessed, _faults(text, registry) if not missing else ())


def _faults(text: str, registry: Registry) -> Sequence[Fault]:
    """The faults that `labrun check` finds in a project."""
    from labrun.project.load import load

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "project.yaml"
        path.write_text(text, encoding="utf-8")
        try:
            load(path, registry=registry)
        except ProjectFaults as faults:
            return [Fault(fault.message) for fault in faults.faults]
    return ()


# -- the stages ----------------------------------------------------------------------------------------------------------------


def lay_out(choices: Choices, registry: Registry) -> list[Stage]:
    """Return the stages of the chosen plugins, each joined to those before it.

    Raises:
        ProjectFaults: there is no such plugin, or one needs a stage that was not chosen.
    """
    try:
        offers = [
            registry.find(section, use) for section in SECTIONS for use in dict.fromkeys(choices.get(section, ()))
        ]
    except UnknownPlugin as error:
        raise ProjectFaults([Fault(str(error))]) from error
    stages: list[Stage] = []
    for offer in sorted(offers, key=_rank):
        stages.append(_make_stage(offer, stages))
    return stages


def _rank(offer: Offer) -> int:
    """The order in which stages are made: a dataset that needs a model comes after it."""
    order: list[Kind] = [*SECTIONS]
    if offer.section == "datasets" and any(one.section == "models" for one in inputs_of(offer.plugin)):
        return 2 * order.index("models") + 1
    return 2 * order.index(offer.section)


def _make_stage(offer: Offer, before: Sequence[Stage]) -> Stage:
    inputs: dict[str, str | list[str]] = {}
    outlines: dict[str, Outline | list[Outline] | None] = {}
    for wanted in inputs_of(offer.plugin):
        found = _stages_for(wanted, offer, before)
        if found and not (
            wanted.optional and wanted.section == "analyses"
        ):  # any analysis: which one fits is not known
            names = [_called(stage, wanted.name, offer) for stage in found]
            inputs[wanted.name] = names if wanted.many and len(names) > 1 else names[0]
            known = [stage.outline for stage in found if stage.outline is not None]
            outlines[wanted.name] = (known if wanted.many else known[0]) if known else None
    settings = choose_settings(offer.plugin, outlines)
    sweep = choose_sweep(offer.plugin, settings) if offer.section == "simulations" else {}
    stage = Stage(offer, settings, inputs, sweep)
    if offer.section == "models":
        stage.trains_on = _stages_for(Input("fit.train", "datasets", False, False), offer, before)[0].offer.name
    stage.outline = _outline(stage)
    return stage


def _stages_for(wanted: Input, offer: Offer, before: Sequence[Stage]) -> list[Stage]:
    """The stages that can be an input.

    Raises:
        ProjectFaults: there is none, and the input is not optional.
    """
    found = [stage for stage in before if stage.offer.section == wanted.section]
    if not found and not wanted.optional:
        kind = ONE_OF[wanted.section]
        option = "simulator" if wanted.section == "simulations" else kind
        raise ProjectFaults([Fault(f"'{offer.name}' needs a {kind} as '{wanted.name}': choose one with --{option}")])
    return found


def _called(stage: Stage, name: str, user: Offer) -> str:
    """The reference to a stage as an input. An analysis takes the part of a dataset that its input names, by default the test."""
    if stage.offer.section != "datasets" or user.section != "analyses":
        return stage.offer.name
    part = next((part for part in PARTS if part in name), "test")
    return f"{stage.offer.name}.{part}"


def _outline(stage: Stage) -> Outline | None:
    plugin = stage.offer.plugin
    first = {key: values[0] for key, values in stage.sweep.items()}
    try:
        configured = plugin.configured(stage.settings.values | first)
    except Exception:  # a value is missing, or a validator raised
        return None
    outputs = configured.declared_outputs() if isinstance(configured, Simulator) else None
    columns = (*stage.sweep, "repeat") if stage.offer.section == "simulations" else ()
    return Outline(stage.offer.name, configured, columns, outputs or None)


# -- the text ------------------------------------------------------------------------------------------------------------------


def _lines(name: str, stages: Sequence[Stage]) -> Iterator[str]:
    yield "# yaml-language-server: $schema=labrun.schema.json"
    yield from _comment(
        "Lines of the form '#key: value' are defaults: remove the '#' to change one. Begin with: labrun check."
    )
    yield f"project: {name}"
    yield 'description: "" # the question that the project answers'
    yield "seed: 0 # of all random numbers"
    for section in SECTIONS:
        chosen = [stage for stage in stages if stage.offer.section == section]
        if chosen:
            yield f"\n{section}:"
        has_dataset = any(stage.offer.section == "datasets" for stage in stages)
        for number, stage in enumerate(chosen):
            if number:
                yield ""
            yield from _stage_lines(stage, 20 if has_dataset else 2)


def _stage_lines(stage: Stage, repeats: int) -> Iterator[str]:
    yield f"  {stage.offer.name}:"
    yield from _comment(stage.offer.summary, 4)
    yield f"    use: {stage.offer.name}"
    yield from _from(stage)
    yield from _with(stage)
    if stage.sweep:
        yield "    sweep:"
        yield from _comment("every combination of these values, each repeated with other random numbers", 6)
        yield f"      grid: {_flow(stage.sweep)}"
        yield f"      repeats: {repeats}"
    if stage.offer.section == "datasets":
        yield f"    split: {{fractions: {_flow(PARTS)}}} # no member lies in two of them"
    if stage.trains_on:
        yield f"    fit: {{train: {stage.trains_on}.train, validation: {stage.trains_on}.validation, epochs: 10}}"
        known = [key for key in FitBlock.model_fields if key not in ("train", "validation", "epochs")]
        yield from _comment(f"other keys of fit: {', '.join(known)}", 4)


def _from(stage: Stage) -> Iterator[str]:
    """The inputs of a stage, and as comments its optional inputs."""
    inputs = inputs_of(stage.offer.plugin)
    joined = {one.name: stage.inputs[one.name] for one in inputs if one.name in stage.inputs}
    needed = [one.name for one in inputs if not one.optional]
    lone = len(needed) == 1 and [*joined] == needed
    line = f"    from: {_flow(joined[needed[0]] if lone else joined)}"
    if len(line) > WIDTH:
        yield "    from:"
        yield from (f"      {name}: {_flow(stages)}" for name, stages in joined.items())
    elif joined:
        yield line
    for one in inputs:
        if one.name not in joined:
            yield from _comment(
                f"from may also name {one.name}: {'several' if one.many else 'one'} of '{one.section}'", 4
            )


def _with(stage: Stage) -> Iterator[str]:
    fields = [*fields_in_words(stage.offer.plugin)]
    if not fields:
        return
    yield "    with:" if stage.settings.values else "    #with:"
    for described in fields:
        words = (
            f"{described.description or described.path} ({described.type}{', required' if described.required else ''})"
        )
        if described.depth:
            yield from _comment(f"  {described.path}: {words}", 6)
            continue
        yield from _comment(words, 6)
        yield _setting(stage, described)


def _setting(stage: Stage, described: FieldInWords) -> str:
    key = described.path
    if key in stage.sweep:
        return f"      # {key} is swept, below"
    if key in stage.settings.missing:
        return f"      #{key}: # must be given"
    if key in stage.settings.values:
        remark = " # a placeholder: replace it" if key in stage.settings.guessed else ""
        return f"      {key}: {_flow(stage.settings.values[key])}{remark}"
    return f"      # {key} comes with the preset" if described.required else f"      #{key}: {_flow(described.default)}"


def _fields(stage: Stage, keys: Iterable[str]) -> Iterator[FieldInWords]:
    wanted = set(keys)
    return (described for described in fields_in_words(stage.offer.plugin) if described.path in wanted)


def _comment(text: str, indent: int = 0) -> Iterator[str]:
    """A comment, wrapped between words."""
    before = " " * indent + "# "
    yield from textwrap.wrap(
        " ".join(text.split()), WIDTH, initial_indent=before, subsequent_indent=before, break_on_hyphens=False
    )


def _flow(value: Any) -> str:
    """A value on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_flow, value)) + "]"
    if (
        isinstance(value, str)
        and re.fullmatch(r"[A-Za-z_][\w.]*", value)
        and value.lower() not in ("true", "false", "null")
    ):
        return value
    return json.dumps(value, ensure_ascii=False)
