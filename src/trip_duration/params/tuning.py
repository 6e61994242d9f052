"""The group of the pipeline that searches for better settings of a family."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self, TypeVar, cast

from pydantic import BaseModel, Discriminator, Field, Tag, ValidationError, model_validator

from trip_duration.params.model import ModellingParams, ModelType
from trip_duration.params.types import Group, Seed

Strategy = Literal["none", "grid", "random", "bayesian"]
Value = int | float | str | bool
Settings = TypeVar("Settings", bound=BaseModel)


class Span(Group):
    """A range of a parameter; of whole numbers if the parameter is one.

    Attributes:
        low: Least value.
        high: Greatest value.
        log: Whether equal ratios count alike, not equal differences.
        steps: Values that a grid takes of it, both ends included.
    """

    low: int | float
    high: int | float
    log: bool = False
    steps: Annotated[int, Field(ge=2)] = 3

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.low >= self.high:
            raise ValueError(f"low ({self.low}) must be below high ({self.high})")
        if self.log and self.low <= 0:
            raise ValueError(f"a range in ratios must begin above 0, not with {self.low}")
        return self

    @property
    def ends(self) -> tuple[Value, ...]:
        """Values between which all others lie."""
        return self.low, self.high


class Choice(Group):
    """A few values of a parameter.

    Attributes:
        choices: The values; a grid takes all of them.
    """

    choices: Annotated[tuple[Value, ...], Field(min_length=1)]

    @property
    def ends(self) -> tuple[Value, ...]:
        """All values."""
        return self.choices


def _kind(area: Any) -> str:
    given = area if isinstance(area, dict) else vars(area) if isinstance(area, Group) else {}
    return "choices" if "choices" in given else "range"


# what is wrong is said of the one that is meant, not of both
Area = Annotated[
    Annotated[Span, Tag("range")] | Annotated[Choice, Tag("choices")], Discriminator(_kind)
]
Space = dict[str, Area]


class TuningParams(Group):
    """How better settings of the chosen family are searched for.

    Attributes:
        strategy: ``none`` tries the configured settings only; ``grid`` goes through a grid in
            random order; ``random`` draws; ``bayesian`` draws where earlier trials did well (TPE).
        trials: Trials at most, the one of the configured settings included.
        timeout: Minutes that all trials together may take before no other begins; 0 means any.
        folds: Folds by the calendar, by which a trial is scored.
        fold_unit: Unit of ``fold_length``.
        fold_length: Days or months of the window that a fold is scored on.
        pruning: Whether a trial ends early that does worse than half of the others up to a fold.
        seed: Seed of everything drawn.
        spaces: What each parameter of each family may be: a range (``low``, ``high``, ``log``,
            ``steps``) or ``choices``.
    """

    strategy: Strategy = "bayesian"
    trials: Annotated[int, Field(ge=1, le=10_000)] = 30
    timeout: Annotated[float, Field(ge=0)] = 0.0
    folds: Annotated[int, Field(ge=1, le=24)] = 3
    fold_unit: Literal["days", "months"] = "days"
    fold_length: Annotated[int, Field(ge=1, le=366)] = 7
    pruning: bool = True
    seed: Seed = 0
    spaces: dict[ModelType, Space]

    @model_validator(mode="after")
    def _possible(self) -> Self:
        found = [f for family, space in self.spaces.items() for f in _faults(family, space)]
        if found:
            raise ValueError("; ".join(found))
        return self


def family_group(family: ModelType) -> type[Group]:
    """Return the group of a family's settings."""
    return cast("type[Group]", ModellingParams.model_fields[family].annotation)


def with_values(group: Settings, values: dict[str, Any]) -> Settings:
    """Return a copy of a group with other values, held to the group's own bounds."""
    return type(group).model_validate({**group.model_dump(), **values})


def _faults(family: ModelType, space: Space) -> list[str]:
    group = family_group(family)
    found = []
    for name, area in space.items():
        where = f"spaces.{family}.{name}"
        if name not in group.model_fields:
            known = ", ".join(group.model_fields)
            found.append(f"{where}: unknown parameter; {family} has {known}")
            continue
        found += [f"{where}: {said}" for said in _refused(group, name, area)]
    return found


def _refused(group: type[Group], name: str, area: Span | Choice) -> list[str]:
    found = []
    for value in area.ends:
        try:
            group.model_validate({name: value})
        except ValidationError as error:
            found += [f"{value}: {detail['msg']}" for detail in error.errors()]
    return found
