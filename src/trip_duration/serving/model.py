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

from trip_duration.bundle import prefix_errors, read_bundle
from trip_duration.errors import ModelFileError, ModelUnreadableError
from trip_duration.features.requests import Requests
from trip_duration.models.predictor import KIND, Prediction, Predictor
from trip_duration.request_bounds import FIRST_YEAR
from trip_duration.serving.isolated_loading import FAMILIES_LOADED_DIRECTLY, load_in_subprocess
from trip_duration.serving.watching import PeriodicCheck
from trip_duration.serving.wire import now

if TYPE_CHECKING:
    from trip_duration.serving.outlines import Outlines

Report = Callable[[str, Mapping[str, Any]], None]


@dataclass(frozen=True)
class Served:
    """A model that was verified and tried.

    Attributes:
        predictor: What predicts.
        version: Number in the registry, or the beginning of the hash.
        sha256: Identity of the predictor.
        fallback: Whether it is the lookup table that stands in for a model.
        metrics: Test metrics, if they are known.
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
    folder: Path, version: str | None = None, fallback: bool = False, **fields: Any
) -> Served:
    """Read a predictor, verify every file of it, and let it answer once.

    Args:
        folder: Where it lies.
        version: Its number; the beginning of its hash if it has none.
        fallback: Whether it stands in for a model.
        **fields: Further fields of ``Served``.

    Raises:
        ModelFileError: If a file is missing, cut short or altered, or the answers are no durations.
        ModelUnreadableError: If the files cannot be read at present, for lack of memory or time
            for example.
    """
    with prefix_errors(folder):
        try:
            bundle = read_bundle(folder, KIND)
            if bundle.facts.get("family") not in FAMILIES_LOADED_DIRECTLY:
                load_in_subprocess(folder)
            predictor = Predictor.from_bundle(bundle)
            require_finite_predictions(predictor)
        except ModelFileError:
            raise
        except (OSError, MemoryError) as error:
            raise ModelUnreadableError(f"cannot be loaded at present: {error!r}") from error
        # the libraries have errors of their own
        except Exception as error:
            raise ModelFileError(f"cannot be loaded: {error!r}") from error
    sha256 = bundle.sha256
    return Served(predictor.without_files(), version or sha256[:12], sha256, fallback, **fields)


def require_finite_predictions(predictor: Predictor) -> None:
    """Run one prediction, which also fills caches, and check that its numbers are finite.

    Raises:
        ModelFileError: If an answer is no duration.
    """
    time = np.array([f"{FIRST_YEAR + 15}-04-12T08:30"] * 2, "datetime64[us]")
    zones = np.array([1, 2])
    requests = Requests(time, zones, zones[::-1].copy(), np.array([1.0, np.nan]))
    answers = predictor.predict(requests)
    predictor.flag(requests)
    if not are_finite(predictor, answers).all() or (answers.minutes <= 0).any():
        columns = {name: ends.tolist() for name, ends in answers._asdict().items()}
        raise ModelFileError(
            f"expected finite numbers of minutes above 0, found {columns}: not used"
        )


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
        # error of the last check; None if a model was loaded
        self.problem: str | None = None
        self._source, self._report = source, report
        # identity that was loaded or refused for good, and why it was refused
        self._seen: Hashable = None
        self._refusal: str | None = None
        # what was reported last as refused: a failure that repeats is reported once
        self._reported: tuple[Hashable, str] | None = None
        # whether a check runs, and whether its source was reported as away; both under the lock,
        # with the problem, because a check can end while it is reported as late
        self._checking, self._away, self._lock = False, False, threading.Lock()
        self._watch = PeriodicCheck("model", interval, self.look)

    @property
    def ready(self) -> bool:
        """Whether a verified model answers, rather than what stands in for it."""
        return self.current is not None and not self.current.fallback

    def start(self, patience: float) -> None:
        """Begin to look for the model, and wait for the first look to end.

        Args:
            patience: Longest wait, seconds; a source that is away must not hold up the start.
        """
        if self._watch.start(patience):
            return
        with self._lock:
            if self._checking:
                self.problem = _timeout_message(patience)

    def stop(self) -> None:
        """End the thread; a model that is being loaded is left to itself."""
        self._watch.stop()

    def is_late(self, limit: float) -> bool:
        """Tell, once for each look, whether it takes longer than ``limit`` seconds."""
        return self._watch.is_late(limit)

    def report_late(self, limit: float) -> None:
        """Report that the source does not answer, unless the check has ended meanwhile."""
        self._report_source_down(_timeout_message(limit), ends_check=False)

    def look(self) -> None:
        """Look once whether there is another model, and take it if it is sound."""
        with self._lock:
            self._checking = True
        try:
            identity = self._source.identity()
        except Exception as error:
            self._report_source_down(str(error), ends_check=True)
            return
        if identity == self._seen:
            self._end_check(self._refusal)
        with self._lock:
            away, self._away = self._away, False
        if away:
            self._report("source_back", {})
        if identity != self._seen:
            self._take(identity)

    def _take(self, identity: Hashable) -> None:
        try:
            served = self._source.load()
        except Exception as error:
            # a source may fail in ways of its own; whatever it is, the old model goes on
            self._refuse(identity, error)
            return
        self._seen, self._refusal, self._reported = identity, None, None
        self._end_check(None)
        old = self.current
        if old is None or old.name != served.name:
            self.current = served
            self._report("loaded", {**served.name, "instead_of": old and old.version})
        elif old.metrics != served.metrics:
            # the same model, measured since
            self.current = replace(old, metrics=served.metrics)

    def _refuse(self, identity: Hashable, error: Exception) -> None:
        reason = str(error)
        lasting = isinstance(error, ModelFileError) and not isinstance(error, ModelUnreadableError)
        self._seen, self._refusal = (identity, reason) if lasting else (None, None)
        self._end_check(reason)
        if self._reported != (identity, reason):
            self._reported = identity, reason
            self._report("refused", {"reason": reason, **self._kept()})

    def _end_check(self, problem: str | None) -> None:
        with self._lock:
            self._checking, self.problem = False, problem

    def _report_source_down(self, reason: str, ends_check: bool) -> None:
        with self._lock:
            if not self._checking:
                return
            self._checking, self.problem = not ends_check, reason
            away, self._away = self._away, True
        if not away:
            self._report("source_away", {"reason": reason, **self._kept()})

    def _kept(self) -> dict[str, Any]:
        return {"kept": self.current.version if self.current else None}


def _timeout_message(seconds: float) -> str:
    return f"it was not read within {seconds:g} seconds, and is still waited for"
