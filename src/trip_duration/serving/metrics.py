"""What Prometheus is told.

With several processes, each writes its figures to files of a shared folder, and whichever is asked
adds them up (the library's multiprocess mode).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Literal

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from trip_duration.serving.answers import Answers
from trip_duration.serving.model import Served

if TYPE_CHECKING:
    from trip_duration.serving.log import PredictionLog

MULTIPROCESS = "PROMETHEUS_MULTIPROC_DIR"
_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_KINDS = (
    "internal",
    "invalid-request",
    "method",
    "no-key",
    "no-model",
    "no-zones",
    "not-found",
    "rate-limit",
    "scope",
    "slow",
    "timeout",
    "too-long",
    "too-many-rows",
)
_EVENTS = ("loaded", "refused", "source_away", "source_back")
_MINUTES = (1.0, 2.5, 5.0, 7.5, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0, 90.0, 120.0)


class Metrics:
    """All figures of one service."""

    def __init__(self) -> None:
        """Register them."""
        self._registry = registry = CollectorRegistry()
        name = "trip_duration"
        self._requests = Counter(
            f"{name}_requests", "requests", ("endpoint", "status"), registry=registry
        )
        self._seconds = Histogram(
            f"{name}_request_seconds",
            "time to answer",
            ("endpoint",),
            buckets=_SECONDS,
            registry=registry,
        )
        self._errors = Counter(
            f"{name}_errors", "requests that were not answered", ("kind",), registry=registry
        )
        self._predictions = Counter(
            f"{name}_predictions", "predicted durations", ("fallback",), registry=registry
        )
        self._flags = Counter(
            f"{name}_flags", "predictions that were flagged", ("flag",), registry=registry
        )
        self._widths = Histogram(
            f"{name}_interval_width_minutes",
            "upper less lower end of the intervals",
            buckets=_MINUTES,
            registry=registry,
        )
        self._uncounted = Counter(
            f"{name}_uncounted",
            "requests that no limit was asked for, its storage being away",
            registry=registry,
        )
        self._events = Counter(
            f"{name}_model_events", "models loaded, refused, away", ("event",), registry=registry
        )
        self._model, self._without, self._away = self._of_the_model()
        self._log = self._of_the_log()
        self._begin_at_zero()
        self._named: tuple[str, str, str] | None = None
        self._cells: dict[tuple[str, int], tuple[Counter, Histogram]] = {}

    def _begin_at_zero(self) -> None:
        # Prometheus sees no increase of what is not there before it first happens
        for kind in _KINDS:
            self._errors.labels(kind)
        for event in _EVENTS:
            self._events.labels(event)

    def _of_the_model(self) -> tuple[Gauge, Gauge, Gauge]:
        # of processes that live: one that dies while its source is away never says it is back
        answers = Gauge(
            "trip_duration_model_info",
            "the model that answers",
            ("version", "sha256", "fallback"),
            registry=self._registry,
            multiprocess_mode="livemax",
        )
        without = Gauge(
            "trip_duration_without_model",
            "processes that no verified model answers in",
            registry=self._registry,
            multiprocess_mode="livesum",
        )
        away = Gauge(
            "trip_duration_model_source_away",
            "whether folder or registry of the model cannot be read",
            registry=self._registry,
            multiprocess_mode="livemax",
        )
        return answers, without, away

    def _of_the_log(self) -> dict[str, Gauge]:
        return {
            "queued": self._gauge("queued", "that wait in memory", "livesum"),
            "spooled": self._gauge("spooled", "that wait on disk", "livesum"),
            # what a process has lost stays lost when it ends
            "lost": self._gauge("lost", "that could not be logged, since the start", "sum"),
            "written": self._gauge("written", "that were logged, since the start", "sum"),
        }

    def _gauge(self, what: str, words: str, mode: Literal["livesum", "sum"]) -> Gauge:
        return Gauge(
            f"trip_duration_log_{what}",
            f"predictions {words}",
            registry=self._registry,
            multiprocess_mode=mode,
        )

    def count_request(self, endpoint: str, status: int, seconds: float) -> None:
        """Count a request that has ended."""
        cell = self._cells.get((endpoint, status))
        if cell is None:
            # labels are looked up once: it takes as long as the counting
            cell = (
                self._requests.labels(endpoint, str(status)),
                self._seconds.labels(endpoint),
            )
            self._cells[endpoint, status] = cell
        cell[0].inc()
        cell[1].observe(seconds)

    def count_error(self, kind: str) -> None:
        """Count a request that was answered by a problem."""
        self._errors.labels(kind).inc()

    def count_uncounted(self) -> None:
        """Count a request that was let in although it could not be told how many came before."""
        self._uncounted.inc()

    def count_answers(self, answers: Answers) -> None:
        """Count predictions."""
        self._predictions.labels(str(answers.served.fallback).lower()).inc(len(answers.ids))
        if answers.served.predictor.intervals is not None:
            for lower, upper in zip(answers.lower, answers.upper, strict=True):
                self._widths.observe(upper - lower)
        for flags in answers.flags:
            for flag in flags:
                self._flags.labels(flag).inc()

    def count_event(self, event: str) -> None:
        """Count what happened to the model."""
        self._events.labels(event).inc()
        if event in {"source_away", "source_back"}:
            self._away.set(event == "source_away")

    def watch(self, served: Served | None, log: PredictionLog | None) -> None:
        """Note which model answers and how the log fares."""
        named = None
        if served is not None:
            named = (served.version, served.sha256, str(served.fallback).lower())
        if named != self._named and self._named is not None:
            self._model.labels(*self._named).set(0)
        if named is not None:
            self._model.labels(*named).set(1)
        self._without.set(served is None or served.fallback)
        self._named = named
        if log is not None:
            for what, gauge in self._log.items():
                gauge.set(getattr(log, what))

    def write(self) -> bytes:
        """Return all figures as Prometheus reads them."""
        if MULTIPROCESS not in os.environ:
            return generate_latest(self._registry)
        together = CollectorRegistry()
        MultiProcessCollector(together)  # type: ignore[no-untyped-call]
        return generate_latest(together)


def forget(pid: int) -> None:
    """Remove the figures of a process that has ended which say how it fares; counts stay."""
    mark_process_dead(pid, os.environ[MULTIPROCESS])  # type: ignore[no-untyped-call]
