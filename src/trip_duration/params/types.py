"""The types that groups of parameters are made of."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)

from trip_duration.months import parse_months

SYNTHETIC: Final = "synthetic"


class Service(StrEnum):
    """The taxi services that this project reads."""

    GREEN = "green"
    YELLOW = "yellow"


def _without_credentials(root: str) -> str:
    # the value itself is never repeated: it would end in a log
    try:
        parts = [urlsplit(link) for link in root.split("::")]  # fsspec chains addresses with ::
    except ValueError:
        raise ValueError("is not an address: expected a folder or <protocol>://<place>") from None
    if any(part.username or part.password or part.query for part in parts):
        raise ValueError(
            "must not carry a user, a password or a query: give credentials through the environment"
        )
    return root.rstrip("/") or "/"


def _split_words(value: object) -> object:
    # --params splits at commas, so that a list is given as words with spaces between them
    words = value.replace(",", " ").split() if isinstance(value, str) else value
    return tuple(dict.fromkeys(words)) if isinstance(words, list | tuple) else words


# before the type of a tuple: read it from words separated by spaces
AsWords = BeforeValidator(_split_words)
SomeWords = Field(min_length=1, json_schema_extra={"kind": "words"})
Months = Annotated[tuple[str, ...], BeforeValidator(parse_months)]
SomeMonths = Annotated[Months, Field(min_length=1)]
SourceRoot = Annotated[str, Field(min_length=1), AfterValidator(_without_credentials)]
Share = Annotated[float, Field(ge=0, le=1)]
Minutes = Annotated[float, Field(ge=0)]
Seed = Annotated[int, Field(ge=0, lt=2**31)]
Threads = Annotated[int, Field(ge=1, le=1_024)]


class Group(BaseModel):
    """Base of all groups: frozen, and closed to unknown names; errors do not repeat values."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class MonthChoice(Group):
    """Which months a run is about.

    Attributes:
        service: Taxi service whose files are read.
        months: Months to ingest and process. Empty means those of training and test.
        train_months: Months that the model learns from; the last days are its validation window.
        test_months: Months that the model is judged on.
    """

    service: Service
    months: Months = ()
    train_months: Months = ()
    test_months: Months = ()

    @property
    def wanted(self) -> tuple[str, ...]:
        """The months to ingest and process, in calendar order."""
        return self.months or tuple(sorted({*self.train_months, *self.test_months}))

    @model_validator(mode="after")
    def _some_month(self) -> Self:
        if not self.wanted:
            raise ValueError("no month is named: set train_months and test_months, or months")
        return self
