"""The model that answers: verified before its first answer, swapped without dropping a request.

A request takes the model once and keeps it to its end, so that a swap is one assignment.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from trip_duration.bundle import naming, read_bundle
from trip_duration.errors import ModelFileError
from trip_duration.features.requests import Requests
from trip_duration.models.predictor import KIND, Prediction, Predictor
from trip_duration.request_bounds import FIRST_YEAR
from trip_duration.serving.trial import SAFE, load_in_process
from trip_duration.serving.watching import Watch
from trip_duration.serving.wire import now

if TYPE_CHECKING:
    from trip_duration.serving.outlines import Outlines

Report = Callable[[str, Mapping[str, Any]], None]
# the source of trips that are made up
SYNTHETIC = "synthetic"


@dataclass(frozen=True)
class Served:
    """A model that was verified and tried.

    Attributes:
        predictor: What predicts.
        version: Number in the registry, or the beginning of the hash.
        sha256: Identity of the predictor.
        fallback: Whether it is the lookup table that stands in for a model.
        metrics: What it was measured to do, if that is known.
        loaded_at: Since when it can answer.
        origin: Where it was read from, in words.
        outlines: Outlines of its zones, if they came with it.
    """

    predictor: Predictor
    version: str
    sha256: str
    fallback: bool = False
    metrics: Mapping[str, Any] | None = None
    loaded_at: datetime = field(default_factory=now)
    origin: str = "a folder"
    outlines: Outlines | None = None

    @property
    def name(self) -> dict[str, Any]:
        """Version, hash, and whether it only stands in: what each answer says of its model."""
        return {"version": self.version, "sha256": self.sha256, "fallback": self.fallback}

    @property
    def source(self) -> str | None:
        """Kind of source of the training trips, "synthetic" for example; None if not known."""
        source = self.predictor.facts.get("source")
        return source if isinstance(source, str) else None


class Source(Protocol):
    """Where a model comes from."""

    def identity(self) -> Hashable:
        """Return what changes if the model may have changed; cheap. Raises if it cannot be had."""

    def load(self) -> Served:
        """Read and verify the model. Raises if it is broken or cannot be had."""


def load_served(
    folder: Path, version: str | None = None, fallback: bool = False, **known: Any
) -> Served:
    """Read a predictor, verify every file of it, and let it answer once.

    Args:
        folder: Where it lies.
        version: Its number; the beginning of its hash if it has none.
        fallback: Whether it stands in for a model.
        **known: Further fields of ``Served``.

    Raises:
        ModelFileError: If a file is missing, cut short or altered, or the answers are no durations.
    """
    try:
        with naming(folder):
            bundle = read_bundle(folder, KIND)
            if bundle.facts.get("family") not in SAFE:
                load_in_process(folder)
            predictor = Predictor.from_bundle(bundle)
            try_predictor(predictor)
    except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
        raise ModelFileError(f"{folder}: cannot be loaded: {error!r}") from error
    sha256 = bundle.sha256
    return Served(predictor, version or sha256[:12], sha256, fallback, **known)


def try_predictor(predictor: Predictor) -> None:
    """Let a predictor answer, which also fills what is computed at the first answer only.

    Raises:
        ModelFileError: If an answer is no duration.
    """
    time = np.array([f"{FIRST_YEAR + 15}-04-12T08:30"] * 2, "datetime64[us]")
    zones = np.array([1, 2])
    requests = Requests(time, zones, zones[::-1].copy(), np.array([1.0, np.nan]))
    answers = predictor.predict(requests)
    predictor.flag(requests)
    if not are_finite(predictor, answers).all() or (answers.minutes <= 0).any():
        said = {name: ends.tolist() for name, ends in answers._asdict().items()}
        raise ModelFileError(f"expected finite numbers of minutes above 0, found {said}: not used")


def are_finite(predictor: Predictor, answers: Prediction) -> npt.NDArray[np.bool_]:
    """Tell of each answer whether its minutes, and the ends of its interval if any, are finite."""
    finite = np.isfinite(answers.minutes)
    if predictor.intervals is not None:
        finite &= np.isfinite(answers.lower) & np.isfinite(answers.upper)
    return finite


class ModelHolder:
    """Holds the model that answers, and looks for its successor in a thread of its own.

    Args:
        source: Where the model comes from.
        interval: Seconds between two looks.
        report: Told of every swap, refusal and failure, by name of the event.
    """

    def __init__(self, source: Source, interval: float, report: Report) -> None:
        """Keep what is needed; nothing is loaded yet."""
        self.current: Served | None = None
        # why the last look has not ended with a model
        self.problem: str | None = None
        self._source, self._report = source, report
        # what was last loaded or refused: it is tried again when it has changed
        self._seen: Hashable = None
        self._away, self._lock = False, threading.Lock()
        self._watch = Watch("model", interval, self.look)

    @property
    def ready(self) -> bool:
        """Whether a verified model answers, rather than what stands in for it."""
        return self.current is not None and not self.current.fallback

    def start(self, patience: float) -> None:
        """Begin to look for the model, and wait for the first look to end.

        Args:
            patience: Longest wait, seconds; a source that is away must not hold up the start.
        """
        if not self._watch.start(patience) and self.problem is None:
            self.problem = _late(patience)

    def stop(self) -> None:
        """End the thread; a model that is being loaded is left to itself."""
        self._watch.stop()

    def is_late(self, limit: float) -> bool:
        """Tell, once for each look, whether it takes longer than ``limit`` seconds."""
        return self._watch.is_late(limit)

    def report_late(self, limit: float) -> None:
        """Report that the source does not answer; the present look goes on."""
        self._say_away(TimeoutError(_late(limit)))

    def look(self) -> None:
        """Look once whether there is another model, and take it if it is sound."""
        try:
            identity = self._source.identity()
        except Exception as error:
            self._say_away(error)
            return
        with self._lock:
            away, self._away = self._away, False
        if away:
            self._report("source_back", {})
        if identity == self._seen:
            return
        self._take(identity)

    def _take(self, identity: Hashable) -> None:
        try:
            found = self._source.load()
        except Exception as error:
            # a source may fail in ways of its own; whatever it is, the old model goes on
            self.problem = str(error)
            self._report("refused", {"reason": self.problem, **self._kept()})
            self._seen = identity if isinstance(error, ModelFileError) else None
            return
        self._seen, self.problem = identity, None
        old = self.current
        if old is None or old.name != found.name:
            self.current = found
            self._report("loaded", {**found.name, "instead_of": old and old.version})
        elif old.metrics != found.metrics:
            # the same model, measured since
            self.current = replace(old, metrics=found.metrics)

    def _say_away(self, error: Exception) -> None:
        self.problem = str(error)
        with self._lock:
            away, self._away = self._away, True
        if not away:
            self._report("source_away", {"reason": str(error), **self._kept()})

    def _kept(self) -> dict[str, Any]:
        return {"kept": self.current.version if self.current else None}


def _late(seconds: float) -> str:
    return f"it was not read within {seconds:g} seconds, and is still waited for"
