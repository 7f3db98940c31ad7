"""The blocks of a project file: what may stand in it, before any plugin is asked."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from labrun.augmentation import Augmentation
from labrun.schedule import Schedule
from labrun.sweep import Sweep

__all__ = [
    "STAGE_BLOCKS",
    "AnalysisBlock",
    "DatasetBlock",
    "FitBlock",
    "Head",
    "ModelBlock",
    "SimulationBlock",
    "Split",
]

STAGE_NAME = r"^[A-Za-z][A-Za-z0-9_-]*$"


class _Block(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, allow_inf_nan=False)


class Head(_Block):
    """The keys of a project beside its stages."""

    project: str = Field(pattern=STAGE_NAME, description="name of the project, and of the folder of its runs")
    description: str = Field("", description="the question that the project answers")
    seed: int = Field(0, ge=0, description="all random numbers follow from this one")
    requires: list[str] = Field(default=[], description="packages that must be installed, as in 'labrun>=1'")
    plugins: list[str] = Field(default=[], description="local plugin files, beside the project")
    extends: str | None = Field(None, description="the project that this one is laid over")


class _StageBlock(_Block):
    use: str = Field(description="name of the plugin, or distribution:name")
    with_: dict[str, Any] = Field(default={}, alias="with", description="configuration of the plugin")


def _one_or_many(value: Any) -> Any:
    return {"": value} if isinstance(value, (str, list)) else value


_Reference = str | list[str]
References = Annotated[
    dict[str, _Reference], BeforeValidator(_one_or_many, json_schema_input_type=_Reference | dict[str, _Reference])
]
Matrix = Annotated[dict[str, Annotated[list[Any], Field(min_length=1)]], Field(min_length=1)]


_Augment = Annotated[
    Augmentation, BeforeValidator(lambda value: value, json_schema_input_type=Augmentation | list[str | dict[str, Any]])
]
"""For the schema alone: `Augmentation` itself takes the short list."""

_Schedule = Annotated[
    Schedule,
    BeforeValidator(lambda value: value, json_schema_input_type=Schedule | Literal["constant", "cosine"]),
]
"""As above: `Schedule` itself takes the word."""


class SimulationBlock(_StageBlock):
    """A simulation: one member for each row of its sweep."""

    sweep: Sweep | None = Field(None, description="the table of parameters; without one there is a single member")
    failures: Literal["stop", "skip"] = Field("stop", description="what a member that fails does to the run")


class Split(_Block):
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


class EarlyStopping(_Block):
    """Stop when the monitored number has not become better for `patience` epochs."""

    patience: int = Field(ge=1, description="epochs to wait")


class SamplesBlock(_Block):
    """What the network makes of the first validation examples is kept while it trains."""

    every: int = Field(ge=1, description="epochs from one look to the next")
    count: int = Field(4, ge=1, description="how many examples")


class FitBlock(_Block):
    """How a model is trained."""

    train: str = Field(description="the dataset, or part of one, to train on")
    validation: str | None = Field(None, description="the dataset that is watched while training")
    epochs: int = Field(ge=1, description="passes over the training examples")
    batch_size: int = Field(32, ge=1, description="examples in one step")
    augment: _Augment = Field(
        default=Augmentation(), description="changes of the inputs, and of targets that are images"
    )
    schedule: _Schedule = Field(default=Schedule(), description="course of the learning rate: constant, cosine, …")
    monitor: str | None = Field(None, description="number that says which epoch is best (default: val_loss, or loss)")
    keep: Literal["last", "best"] = Field("last", description="the weights of which epoch are kept")
    early_stopping: EarlyStopping | None = Field(None, description="stop before `epochs` if nothing becomes better")
    samples: SamplesBlock | None = Field(None, description="keep answers to a few validation examples while training")
    seed: int = Field(0, ge=0, description="another number gives another initialization, order and augmentation")
    tensorboard: bool = Field(False, description="write logs for TensorBoard (needs the package)")


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
