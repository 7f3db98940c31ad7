"""The blocks of a project file: what may stand in it, before any plugin is asked."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator, model_validator

from labrun.amounts import DURATION, seconds_in
from labrun.contracts.inputs import Input, inputs_of
from labrun.contracts.naming import LONGEST_NAME
from labrun.contracts.plugin import Plugin
from labrun.contracts.strict import StrictModel
from labrun.learning.settings import FitBlock
from labrun.project.sweep import Sweep

__all__ = [
    "STAGE_BLOCKS",
    "AnalysisBlock",
    "DatasetBlock",
    "Head",
    "ModelBlock",
    "ProgramBlock",
    "SimulationBlock",
    "Split",
    "StageBlock",
]

LONGEST = 1e9
"""Seconds that a time limit may have: 31 years."""

STAGE_NAME = r"^[A-Za-z][A-Za-z0-9_-]*$"
PROGRAM_NAME = r"^[A-Za-z][A-Za-z0-9_]*$"


class ProgramBlock(StrictModel):
    """A program that the simulations of a project may start."""

    path: str = Field(
        min_length=1, description="its file, relative to the project; a name without '/' is looked up on the PATH"
    )
    version: list[str] = Field(
        default=[], description="arguments with which it prints its version, which is then part of the keys"
    )


def _as_block(value: Any) -> Any:
    return {"path": value} if isinstance(value, str) else value


Program = Annotated[ProgramBlock, BeforeValidator(_as_block, json_schema_input_type=str | ProgramBlock)]


class Head(StrictModel):
    """The keys of a project beside its stages."""

    project: str = Field(
        pattern=STAGE_NAME, max_length=LONGEST_NAME, description="name of the project, and of the folder of its runs"
    )
    description: str = Field("", description="the question that the project answers")
    seed: int = Field(0, ge=0, description="all random numbers follow from this one")
    headline: str | None = Field(
        None, description="analysis whose figure heads the report; STAGE/FIGURE if it has several"
    )
    requires: list[str] = Field(default=[], description="packages that must be installed, as in 'labrun>=1'")
    label: dict[str, str] = Field(
        default={}, description="symbol and unit of swept columns, as axes show them: {tumbling_rate: 'α [1/sweep]'}"
    )
    plugins: list[str] = Field(default=[], description="local plugin files, beside the project")
    programs: dict[Annotated[str, Field(pattern=PROGRAM_NAME)], Program] = Field(
        default={}, description="programs that its simulations may start, by name"
    )
    extends: str | None = Field(None, description="the project that this one is laid over")


class StageBlock(StrictModel):
    """The keys that all stages share, and those that connect them."""

    use: str = Field(description="name of the plugin, or distribution:name")
    with_: dict[str, Any] = Field(default={}, alias="with", description="configuration of the plugin")

    @property
    def inputs(self) -> dict[str, list[str]]:
        """The stages that the block names for each input of its plugin; a lone input may have no name, `""`."""
        return {}

    @property
    def fitted_on(self) -> dict[str, str]:
        """The datasets that a model is trained on, by their keys under `fit`."""
        return {}

    def takes(self, plugin: type[Plugin]) -> tuple[Input, ...]:
        """The inputs that the block may name, for its plugin."""
        return inputs_of(plugin)

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts that other stages can name."""
        return ()

    @property
    def axes(self) -> list[str]:
        """The keys of its inputs' matrices for whose values one stage each is made."""
        return []


def _one_or_many(value: Any) -> Any:
    return {"": value} if isinstance(value, (str, list)) else value


_Reference = str | list[str]
References = Annotated[
    dict[str, _Reference], BeforeValidator(_one_or_many, json_schema_input_type=_Reference | dict[str, _Reference])
]
Matrix = Annotated[dict[str, Annotated[list[Any], Field(min_length=1)]], Field(min_length=1)]


def _listed(references: dict[str, str | list[str]]) -> dict[str, list[str]]:
    return {key: [named] if isinstance(named, str) else named for key, named in references.items()}


class _JoinedBlock(StageBlock):
    from_: References = Field(default={}, alias="from", description="the stages that it is made from")
    matrix: Matrix | None = Field(
        None, description="one stage for each combination of these values (dotted keys of this stage)"
    )

    @property
    def inputs(self) -> dict[str, list[str]]:
        return _listed(self.from_)


def _in_seconds(value: Any) -> Any:
    return seconds_in(value) if isinstance(value, str) else value


_Seconds = Annotated[float, Field(gt=0, le=LONGEST)]
Duration = Annotated[
    _Seconds,
    BeforeValidator(_in_seconds, json_schema_input_type=_Seconds | Annotated[str, Field(pattern=DURATION)]),
]
"""A number of seconds, or a text such as `10 min`."""


class SimulationBlock(StageBlock):
    """A simulation: one member for each row of its sweep."""

    from_: References = Field(
        default={}, alias="from", description="the model, or several, by which an adaptive sweep classifies members"
    )
    sweep: Sweep | None = Field(None, description="the table of parameters; without one there is a single member")
    failures: Literal["stop", "skip"] = Field("stop", description="what a member that fails does to the run")
    timeout: Duration | None = Field(
        None, description="the most time that a member may take: seconds, or '10 min'; one that takes longer fails"
    )

    @property
    def inputs(self) -> dict[str, list[str]]:
        return _listed(self.from_)

    def takes(self, plugin: type[Plugin]) -> tuple[Input, ...]:
        is_adaptive = self.sweep is not None and self.sweep.adaptive is not None
        return (Input("model", "models", many=True, optional=True),) if is_adaptive else ()


class Split(StrictModel):
    """Parts of a dataset, named in other stages as `dataset.part`."""

    fractions: dict[str, Annotated[float, Field(gt=0, le=1)]] = Field(min_length=2, description="share of each part")
    by: Literal["member", "example"] = Field(
        "member", description="what is kept whole; 'example' lets examples of one member lie on two sides"
    )

    @field_validator("fractions")
    @classmethod
    def _adds_up(cls, fractions: dict[str, float]) -> dict[str, float]:
        if sum(fractions.values()) > 1 + 1e-9:
            raise ValueError(f"the fractions add up to {sum(fractions.values()):g}, more than 1")
        return fractions


class DatasetBlock(_JoinedBlock):
    """A dataset: examples made from other stages."""

    split: Split | None = Field(None, description="parts of the dataset")

    @property
    def parts(self) -> tuple[str, ...]:
        return tuple(self.split.fractions) if self.split else ()


class ModelBlock(_JoinedBlock):
    """A model and its training, or one that is trained already."""

    fit: FitBlock | None = Field(None, description="how it is trained")
    pretrained: str | None = Field(
        None,
        description="instead of 'fit' and 'with': a trained model, by its name (see labrun describe) or its folder",
    )

    @field_validator("pretrained")
    @classmethod
    def _brings_its_own(cls, pretrained: str | None, others: ValidationInfo) -> str | None:
        if pretrained is not None and others.data.get("fit") is not None:
            raise ValueError("it is trained already: remove 'fit', or remove 'pretrained' to train it")
        if pretrained is not None and others.data.get("with_"):
            raise ValueError("a pretrained model brings its own configuration: remove 'with'")
        return pretrained

    @model_validator(mode="after")
    def _is_trained(self) -> ModelBlock:
        if self.fit is None and self.pretrained is None:
            raise ValueError("a model needs 'fit' (how it is trained) or 'pretrained' (one that is)")
        return self

    @property
    def fitted_on(self) -> dict[str, str]:
        if self.fit is None:
            return {}
        return {"train": self.fit.train} | ({"validation": self.fit.validation} if self.fit.validation else {})


class AnalysisBlock(_JoinedBlock):
    """An analysis."""

    each: list[str] = Field(
        default=[],
        description="one stage for each combination of values that these keys have in the matrices of its inputs; an input that takes "
        "several stages gets those that agree",
    )

    @property
    def axes(self) -> list[str]:
        return self.each


STAGE_BLOCKS: dict[str, type[StageBlock]] = {
    "simulations": SimulationBlock,
    "datasets": DatasetBlock,
    "models": ModelBlock,
    "analyses": AnalysisBlock,
}
