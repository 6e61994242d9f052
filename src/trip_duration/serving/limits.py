"""How often one key may ask."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from limits import parse
from limits.aio.storage import Storage
from limits.aio.strategies import FixedWindowRateLimiter
from limits.errors import ConfigurationError
from limits.storage import storage_from_string

from trip_duration.errors import ParameterError
from trip_duration.serving.problems import Problem

logger = logging.getLogger(__name__)
_COMPLAIN_EVERY = 10.0
# a request must not wait long for a Redis that is away, nor all of them again and again
_PATIENCE, _PAUSE = 0.5, 1.0


class RateLimit:
    """A limit on the requests of each caller, counted in memory or in Redis.

    Args:
        rate: Such as ``100/second``.
        storage: ``memory://``, where each process counts for itself, or ``redis://host``, where all
            count together.
        uncounted: Told of each request that could not be counted.

    Raises:
        ParameterError: If the storage cannot be used.
    """

    def __init__(self, rate: str, storage: str, uncounted: Callable[[], None]) -> None:
        """Open the storage; Redis is first asked at the first request."""
        self._rate, self._uncounted = parse(rate), uncounted
        # by itself it would try again for seconds
        patience = {"socket_timeout": _PATIENCE, "socket_connect_timeout": _PATIENCE, "retry": None}
        # neither user nor password, nor what may follow
        where = storage.rpartition("@")[2].partition("?")[0]
        redis = storage.startswith("redis")
        options = {"implementation": "redispy", **patience} if redis else {}
        try:
            found = storage_from_string(f"async+{storage}", **options)  # type: ignore[arg-type]
        except (ConfigurationError, ValueError):
            # what the library says repeats the password
            raise ParameterError(
                f"requests cannot be counted in {where}: expected memory:// or "
                "redis://host:port/number, which needs `pip install 'trip-duration[redis]'`"
            ) from None
        assert isinstance(found, Storage)  # noqa: S101 - async+ asks for this kind
        self._limiter = FixedWindowRateLimiter(found)
        self._complain_at = self._ask_at = 0.0

    async def check(self, caller: str) -> None:
        """Count a request.

        Raises:
            Problem: If the caller has asked too often.
        """
        if time.monotonic() < self._ask_at:
            self._uncounted()
            return
        try:
            allowed = await self._limiter.hit(self._rate, caller)
        except Exception as error:
            # without the counter answers go on: a limit is no reason to be away
            self._ask_at = time.monotonic() + _PAUSE
            self._uncounted()
            self._complain(error)
            return
        if not allowed:
            raise Problem(
                429,
                "rate-limit",
                f"more than {self._rate}: ask again later",
                headers={"retry-after": str(self._rate.get_expiry())},
            )

    def _complain(self, error: Exception) -> None:
        if time.monotonic() > self._complain_at:
            self._complain_at = time.monotonic() + _COMPLAIN_EVERY
            logger.error("requests are not counted, nobody is limited: %r", error)
