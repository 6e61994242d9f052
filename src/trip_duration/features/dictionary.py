"""The words of the feature dictionary."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import get_args

from trip_duration.params.model import Source

KNOWN_SOURCES: tuple[str, ...] = get_args(Source)


@dataclass(frozen=True)
class Feature:
    """One column of the feature matrix.

    Attributes:
        name: Name of the column.
        meaning: What it says.
        unit: Its unit or range.
        source: Where it comes from: calendar, zones, history of training trips, or the request.
        version: Version of its definition. A saved transformer names the versions that it was
            fitted with, and is refused by code that computes another one.
    """

    name: str
    meaning: str
    unit: str
    source: str
    version: int = 1

    @property
    def known_at_request(self) -> bool:
        """Whether it is known before the trip. A feature that is not is a leak."""
        return self.source in KNOWN_SOURCES


def as_markdown(features: Iterable[Feature]) -> str:
    """Write the dictionary as a table for the documentation."""
    rows = [
        f"| `{f.name}` | {f.meaning} | {f.unit} | {f.source} | "
        f"{'yes' if f.known_at_request else 'no'} |"
        for f in features
    ]
    head = ["| feature | meaning | unit | source | known at request |", "|---|---|---|---|---|"]
    return "\n".join([*head, *rows]) + "\n"
