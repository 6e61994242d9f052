"""What is known of a trial that has ended."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self

State = Literal["complete", "pruned", "failed"]


@dataclass(frozen=True)
class Trial:
    """One setting that was tried.

    Attributes:
        study: Digest of the search that it belongs to.
        number: Place in the search; 0 is that of the configured settings.
        params: What was tried.
        state: ``complete``, ``pruned`` where it ended before the last fold, ``failed`` where the
            family could not be trained with these settings.
        scores: Score of each fold up to the end.
        value: Mean of the scores; none of a trial that is not complete.
        seconds: How long it took.
        reason: Why it failed.
    """

    study: str
    number: int
    params: dict[str, Any]
    state: State
    scores: list[float]
    value: float | None
    seconds: float
    reason: str = ""

    @property
    def name(self) -> str:
        """Name of its record: the study in short, and the number."""
        return f"{self.study[:12]}-{self.number:04d}"

    def to_record(self) -> dict[str, Any]:
        """Return it as JSON."""
        return asdict(self)

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """Rebuild it from its record."""
        return cls(**record)


def read_trials(records: Mapping[str, Mapping[str, Any]], study: str, most: int) -> list[Trial]:
    """Return the first trials of a study up to one that is missing, in the order of the search.

    Args:
        records: Records of this study and of others.
        study: Digest of the study.
        most: Trials that are asked for; an earlier run may have gone further.
    """
    own = [Trial.from_record(r) for r in records.values() if r["study"] == study]
    ordered = sorted(own, key=lambda trial: trial.number)
    # what comes after a gap was drawn knowing the one that is missing
    return [trial for place, trial in enumerate(ordered[:most]) if trial.number == place]


def best_trial(trials: Iterable[Trial]) -> Trial | None:
    """Return the complete trial of the least value, the earliest of equal ones."""
    complete = [trial for trial in trials if trial.value is not None]
    return min(complete, key=lambda trial: (trial.value, trial.number), default=None)
