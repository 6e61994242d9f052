"""The parts of a running service, put together: model, keys, limit, log, figures."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import ValidationError
from pydantic_core import to_json

from trip_duration.errors import ParameterError
from trip_duration.serving.answers import (
    Answers,
    Collector,
    answer,
    as_arrays,
    as_entries,
)
from trip_duration.serving.batch import read_batch, write_batch
from trip_duration.serving.journal import AccessLog, Audit
from trip_duration.serving.keys import Keys
from trip_duration.serving.limits import RateLimit
from trip_duration.serving.metrics import Metrics
from trip_duration.serving.model import ModelHolder, Served
from trip_duration.serving.outlines import OutlinesFile
from trip_duration.serving.problems import Problem, invalid
from trip_duration.serving.settings import Settings
from trip_duration.serving.sources import load_fallback, make_source
from trip_duration.serving.watching import run_with_timeout
from trip_duration.serving.wire import ALLOWED, PredictRequest, now

if TYPE_CHECKING:
    from trip_duration.serving.log import PredictionLog

logger = logging.getLogger(__name__)
_FIGURES_EVERY = 1.0
# rows that are quicker answered than handed to a thread
_FEW_ROWS = 16
# LightGBM computes without holding Python, so that single predictions go on beside these
_THREADS = 2


class Service:
    """One process's service.

    Args:
        settings: Settings of the service.

    Raises:
        ParameterError: If keys, limits or log cannot be had as settings say.
    """

    def __init__(self, settings: Settings) -> None:
        """Open what settings name; no model is loaded yet."""
        self.settings = settings
        self.metrics, self.audit = Metrics(), Audit(settings.audit)
        self.access = AccessLog() if settings.access_log else None
        self.keys = _open_keys(settings)
        self.limit: RateLimit | None = None
        if settings.rate_limit is not None and settings.auth:
            self.limit = RateLimit(
                settings.rate_limit, settings.rate_storage, self.metrics.count_uncounted
            )
        self.outlines = OutlinesFile(settings)
        self.holder = ModelHolder(make_source(settings), settings.watch_seconds, self._report)
        self.log = _open_log(settings)
        self._collector = Collector(self._answer_all)
        self._threads = ThreadPoolExecutor(_THREADS, "rows")
        self._watching: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Load the model and begin to log."""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, self._load)
        if self.log is not None:
            self.log.start()
        self._watching = loop.create_task(self._watch())
        # what is there by now stays: looking through it for garbage would hold up all requests
        gc.freeze()

    def _load(self) -> None:
        patience = self.settings.load_seconds
        end = time.monotonic() + patience
        if self.keys is not None:
            self.keys.start()
        try:
            self.holder.current = run_with_timeout(patience, lambda: load_fallback(self.settings))
        except TimeoutError as error:
            logger.error("the lookup table cannot stand in for a model: %s", error)
        self.holder.start(max(end - time.monotonic(), 0.1))
        self.outlines.start()

    async def stop(self) -> None:
        """Write what is left of the logs, within the time that is set for them."""
        self.holder.stop()
        self.outlines.stop()
        if self.keys is not None:
            self.keys.stop()
        if self._watching is not None:
            self._watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watching
        if self.log is not None:
            await asyncio.to_thread(self.log.close, float(self.settings.shutdown_seconds))
        self._threads.shutdown(wait=False, cancel_futures=True)
        if self.access is not None:
            self.access.flush()

    @property
    def served(self) -> Served:
        """The model that answers.

        Raises:
            Problem: If there is none.
        """
        served = self.holder.current
        if served is None:
            raise Problem(
                503,
                "no-model",
                "no model could be loaded, see /health/ready",
                headers={"retry-after": "10"},
            )
        return served

    async def predict(self, body: bytes) -> bytes:
        """Answer one request."""
        return await self._collector.ask(_read(body))

    async def predict_batch(self, body: bytes) -> bytes:
        """Answer many requests."""
        size = len(body)
        if size < _FEW_ROWS * 100:
            return self._batch(body)
        return await self._in_thread(self._batch, body)

    async def explain(self, body: bytes) -> bytes:
        """Answer one request with its reasons."""
        return await self._in_thread(self._explain, _read(body))

    def _answer_all(self, requests: list[PredictRequest]) -> list[bytes | Problem]:
        answers = answer(self.served, requests)
        name = answers.served.name
        finite = answers.only_finite() if not all(answers.finite) else answers
        self._note(finite)
        written = iter([to_json({**content, "model": name}) for content in finite.write()])
        return [
            next(written) if sound else _non_finite_problem(answers) for sound in answers.finite
        ]

    def _batch(self, body: bytes) -> bytes:
        batch = read_batch(body, self.settings.max_rows)
        answers = answer(self.served, list(batch.good.values()))
        if not all(answers.finite):
            raise _non_finite_problem(answers)
        self._note(answers)
        return to_json(write_batch(batch, answers))

    def _explain(self, request: PredictRequest) -> bytes:
        answers = answer(self.served, [request])
        explanation = answers.served.predictor.explain(as_arrays([request]))
        if not all(answers.finite) or not np.isfinite(explanation.contributions).all():
            raise _non_finite_problem(answers)
        self._note(answers)
        parts = dict(zip(explanation.features, explanation.contributions[0].tolist(), strict=True))
        order = sorted(parts, key=lambda feature: -abs(parts[feature]))
        reasons = [{"feature": feature, "minutes": parts[feature]} for feature in order]
        return to_json(
            {
                **answers.write()[0],
                "model": answers.served.name,
                "base_minutes": float(explanation.base[0]),
                "contributions": reasons,
            }
        )

    def _note(self, answers: Answers) -> None:
        self.metrics.count_answers(answers)
        if self.log is not None:
            self.log.put(as_entries(answers, now()))

    async def _in_thread(self, work: Callable[[Any], bytes], given: Any) -> bytes:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, given)

    def _report(self, event: str, facts: Mapping[str, Any]) -> None:
        self.metrics.count_event(event)
        self.audit.write(f"model_{event}", **facts)

    async def _watch(self) -> None:
        while True:
            self.metrics.watch(self.holder.current, self.log)
            self._report_late()
            await asyncio.sleep(_FIGURES_EVERY)

    def _report_late(self) -> None:
        limit = self.settings.load_seconds
        if self.holder.is_late(limit):
            # in a thread: the audit log may be on the hanging file system
            report = threading.Thread(target=self.holder.report_late, args=(limit,), daemon=True)
            report.start()
        self.outlines.warn_if_late()
        if self.keys is not None:
            self.keys.warn_if_late()


def _read(body: bytes) -> PredictRequest:
    try:
        return PredictRequest.model_validate_json(body)
    except ValidationError as error:
        raise invalid(error, ALLOWED) from None


def _non_finite_problem(answers: Answers) -> Problem:
    """Log and return the problem of an answer that is not finite, which JSON cannot hold."""
    logger.error("version %s answers with numbers that are not finite", answers.served.version)
    detail = "the model has no finite number for this request; tell who runs the service"
    return Problem(500, "internal", detail)


def _open_keys(settings: Settings) -> Keys | None:
    if not settings.auth:
        return None
    try:
        keys = run_with_timeout(settings.load_seconds, lambda: Keys(settings.keys))
    except TimeoutError as error:
        raise ParameterError(f"{settings.keys}: the keys cannot be read: {error}") from None
    if not len(keys):
        raise ParameterError(
            f"{settings.keys} holds no API key in force: make one with "
            "`trip-duration keys create`, or serve this machine alone with --no-auth"
        )
    return keys


def _open_log(settings: Settings) -> PredictionLog | None:
    if not settings.log:
        return None
    from trip_duration.serving.log import open_log  # noqa: PLC0415 - needs SQLAlchemy

    return open_log(settings.log_url, settings.log_spool)
