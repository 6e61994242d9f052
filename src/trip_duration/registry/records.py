"""What is said of a version: by its registration, by its aliases, by its tags."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion

    from trip_duration.models import Predictor

MODEL_NAME = "trip-duration"
CHAMPION, CHALLENGER, PREVIOUS = ALIASES = ("champion", "challenger", "previous")
# MLflow's own stages are deprecated; these are the same words as a tag
UNSTAGED, STAGING, PRODUCTION, ARCHIVED = STAGES = ("None", "Staging", "Production", "Archived")
SHA256, STAGE, LEDGER_HEAD = "predictor_sha256", "stage", "ledger.head"
TRAINING_DATA = "training_data_digest"
SEMANTIC = "semantic_version"
METRIC = "metric."


@dataclass(frozen=True)
class Version:
    """A registered version.

    Attributes:
        number: Its number.
        sha256: Identity of the predictor: the hash of its manifest.
        run_id: The MLflow run that has trained it.
        aliases: Those that point to it.
        stage: ``None``, ``Staging``, ``Production`` or ``Archived``.
        created_at: When it was registered, UTC.
        tags: What else is known of it: digest of the data, commit and so on.
        metrics: Figures of the run that has trained it.
        description: In words.
        semantic_version: ``v1.2.3``; empty of a version that was registered before there were any.
    """

    number: str
    sha256: str
    run_id: str
    aliases: tuple[str, ...]
    stage: str
    created_at: datetime
    tags: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    description: str = ""
    semantic_version: str = ""

    @property
    def name(self) -> str:
        """The number, and the semantic version if there is one: ``2 (v1.0.1)``."""
        return f"{self.number} ({self.semantic_version})" if self.semantic_version else self.number


@dataclass(frozen=True)
class Registered:
    """A version and its predictor."""

    version: Version
    predictor: Predictor


@dataclass(frozen=True)
class Candidate:
    """A logged model that is to be registered.

    Attributes:
        model_id: Its identity in MLflow.
        run_id: The run that has logged it.
        sha256: Identity of its predictor.
        metrics: Figures of the run.
        tags: What else is known of it.
        description: In words.
        parent: Number of the version whose intervals were calibrated anew, if it is one.
    """

    model_id: str
    run_id: str
    sha256: str
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    description: str
    parent: str | None = None


def describe(found: ModelVersion, aliases: Mapping[str, str]) -> Version:
    """Return a version as MLflow has it, with the aliases that point to it."""
    tags, number = dict(found.tags), str(found.version)
    metrics = {
        name.removeprefix(METRIC): float(tags.pop(name))
        for name in [*tags]
        if name.startswith(METRIC)
    }
    return Version(
        number,
        sha256=tags.pop(SHA256, ""),
        run_id=str(found.run_id or ""),
        aliases=tuple(sorted(alias for alias, to in aliases.items() if to == number)),
        stage=tags.pop(STAGE, UNSTAGED),
        created_at=datetime.fromtimestamp(found.creation_timestamp / 1000, UTC),
        tags=tags,
        metrics=metrics,
        description=found.description or "",
        semantic_version=tags.pop(SEMANTIC, ""),
    )
