"""The blocks of a project file: what may stand in it, before any plugin is asked."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator, model_validator

from labrun.contracts.strict import StrictModel
from labrun.learning.settings import FitBlock
from labrun.project.sweep import Sweep

__all__ = [
    "STAGE_BLOCKS",
    "AnalysisBlock",
    "DatasetBlock",
    "Head",
    "ModelBlock",
    "SimulationBlock",
    "Split",
]

STAGE_NAME = r"^[A-Za-z][A-Za-z0-9_-]*$"


class Head(StrictModel):
    """The keys of a project beside its stages."""

    project: str = Field(pattern=STAGE_NAME, description="name of the project, and of the folder of its runs")
    description: str = Field("", description="the question that the project answers")
    seed: int = Field(0, ge=0, description="all random numbers follow from this one")
    requires: list[str] = Field(default=[], description="packages that must be installed, as in 'labrun>=1'")
    plugins: list[str] = Field(default=[], description="local plugin files, beside the project")
    extends: str | None = Field(None, description="the project that this one is laid over")


class _StageBlock(StrictModel):
    use: str = Field(description="name of the plugin, or distribution:name")
    with_: dict[str, Any] = Field(default={}, alias="with", description="configuration of the plugin")


def _one_or_many(value: Any) -> Any:
    return {"": value} if isinstance(value, (str, list)) else value


_Reference = str | list[str]
References = Annotated[
    dict[str, _Reference], BeforeValidator(_one_or_many, json_schema_input_type=_Reference | dict[str, _Reference])
]
Matrix = Annotated[dict[str, Annotated[list[Any], Field(min_length=1)]], Field(min_length=1)]


class SimulationBlock(_StageBlock):
    """A simulation: one member for each row of its sweep."""

    sweep: Sweep | None = Field(None, description="the table of parameters; without one there is a single member")
    failures: Literal["stop", "skip"] = Field("stop", description="what a member that fails does to the run")


class Split(StrictModel):
    """Parts of a dataset, named in other stages as `dataset.part`."""

    fractions: dict[str, Annotated[float, Field(gt=0, le=1)]] = Field(min_length=2, description="share of each part")
    by: Literal["member", "example"] = Field(
        "member", description="what must not be parted; 'example' lets a member lie on two sides"
    )

    @field_validator("fractions")
    @classmethod
    def _adds_up(cls, fractions: dict[str, float]) -> dict[str, float]:
        if sum(fractions.values()) > 1 + 1e-9:
            raise ValueError(f"the fractions add up to {sum(fractions.values()):g}, more than 1")
        return fractions


class DatasetBlock(_StageBlock):
    """A dataset: examples made from other stages."""

    from_: References = Field(default={}, alias="from", description="the stages that it is made from")
    split: Split | None = Field(None, description="parts of the dataset")
    matrix: Matrix | None = Field(
        None, description="one stage for each combination of these values (dotted keys of this stage)"
    )


class ModelBlock(_StageBlock):
    """A model and its training, or one that is trained already."""

    from_: References = Field(default={}, alias="from", description="the stages that it is built with, if it needs any")
    fit: FitBlock | None = Field(None, description="how it is trained")
    pretrained: str | None = Field(
        None,
        description="instead of 'fit' and 'with': a trained model, by its name (labrun describe tells) or its folder",
    )
    matrix: Matrix | None = Field(
        None, description="one stage for each combination of these values (dotted keys of this stage)"
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


class AnalysisBlock(_StageBlock):
    """An analysis."""

    from_: References = Field(default={}, alias="from", description="the stages that it looks at")
    matrix: Matrix | None = Field(
        None, description="one stage for each combination of these values (dotted keys of this stage)"
    )
    each: list[str] = Field(
        default=[],
        description="one stage for each combination of values that these keys have in the matrices of what it looks at; where it "
        "takes several stages, it then takes those that agree",
    )


STAGE_BLOCKS: dict[str, type[_StageBlock]] = {
    "simulations": SimulationBlock,
    "datasets": DatasetBlock,
    "models": ModelBlock,
    "analyses": AnalysisBlock,
}
