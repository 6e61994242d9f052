"""The gate: what every request passes, whatever it asks for.

Request id, key, rate, size, time, headers, figures, log line; and the three answers that are asked
for thousands of times a second, which it gives without the web framework's router: that would cost
more than the predictions.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from trip_duration.serving.access import ENDPOINTS, SCOPE_OF_PATH, needs_key
from trip_duration.serving.keys import Key
from trip_duration.serving.problems import MEDIA_TYPE, Problem
from trip_duration.serving.service import Service

logger = logging.getLogger(__name__)
Answer = Callable[[bytes], Awaitable[bytes]]
_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (
        b"content-security-policy",
        b"default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    ),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)
_TLS_HEADER = (b"strict-transport-security", b"max-age=31536000")
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_CLOSED = 499
# a single request has a few hundred bytes
_MOST_OF_ONE = 16_384


class Gate:
    """Lets requests in, and sees what becomes of them.

    Args:
        app: The rest of the service.
        service: What it is made of.
    """

    def __init__(self, app: ASGIApp, service: Service) -> None:
        """Keep both."""
        self._app, self._service = app, service
        most = service.settings.max_body_bytes
        single = min(most, _MOST_OF_ONE)
        # with the most bytes that each takes
        self._answers: dict[str, tuple[Answer, int]] = {
            "/v1/predict": (service.predict, single),
            "/v1/predict/batch": (service.predict_batch, most),
            "/v1/explain": (service.explain, single),
        }
        self._patience = service.settings.request_seconds
        tls = service.settings.tls_certificate is not None
        self._headers = (*_HEADERS, _TLS_HEADER) if tls else _HEADERS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        visit = _Visit(scope, send, self._headers)
        try:
            async with asyncio.timeout(self._patience):
                await self._serve(visit, receive)
        except Problem as problem:
            await self._refuse(visit, problem)
        except TimeoutError:
            await self._refuse(visit, _too_late(visit, self._patience))
        except asyncio.CancelledError:
            # the server ends and has waited as long as it was told; nobody waits for this task
            said = "the service ends: ask again"
            await self._refuse(visit, Problem(503, "timeout", said, headers=_CLOSE))
        except _Gone:
            visit.status = _CLOSED
        except Exception:
            logger.exception("a request has failed", extra={"facts": {"request_id": visit.id}})
            said = "the service has failed; its log says why, by this request id"
            await self._refuse(visit, Problem(500, "internal", said))
        finally:
            self._note(visit, time.perf_counter() - started)

    async def _serve(self, visit: _Visit, receive: Receive) -> None:
        await self._admit(visit)
        scope = visit.scope
        known = self._answers.get(visit.path) if scope["method"] == "POST" else None
        if known is None:
            await self._app(scope, receive, visit.send)
            return
        answer, most = known
        visit.reading = True
        body = await read_body(visit.headers, receive, most)
        visit.reading = False
        await visit.answer(200, b"application/json", await answer(body))

    async def _admit(self, visit: _Visit) -> None:
        keys = self._service.keys
        if keys is None or not needs_key(visit.path):
            return
        key = keys.find(visit.given_key())
        if key is None:
            said = "a valid API key is needed: Authorization: Bearer <key>"
            raise Problem(401, "no-key", said, headers={"www-authenticate": "Bearer"})
        visit.key = key
        needed = SCOPE_OF_PATH.get(visit.path)
        if needed is not None and needed not in key.scopes:
            said = f"this key has not the scope {needed}"
            raise Problem(403, "scope", said)
        if self._service.limit is not None:
            await self._service.limit.check(key.id)

    async def _refuse(self, visit: _Visit, problem: Problem) -> None:
        self._service.metrics.count_error(problem.kind)
        if not visit.begun:
            body = problem.body(visit.id)
            await visit.answer(problem.status, MEDIA_TYPE.encode(), body, problem.headers)

    def _note(self, visit: _Visit, seconds: float) -> None:
        endpoint = visit.path if visit.path in ENDPOINTS else "other"
        self._service.metrics.count_request(endpoint, visit.status, seconds)
        access = self._service.access
        if access is not None:
            access.write(
                {
                    "request_id": visit.id,
                    "method": visit.scope["method"],
                    "path": endpoint,
                    "status": visit.status,
                    "milliseconds": round(seconds * 1e3, 3),
                    "key": visit.key and visit.key.id,
                }
            )


class _Gone(Exception):
    """The caller has hung up."""


_CLOSE = {"connection": "close"}


class _Visit:
    """One request on its way through."""

    def __init__(self, scope: Scope, send: Send, headers: tuple[tuple[bytes, bytes], ...]) -> None:
        self.scope, self._send, self._fixed = scope, send, headers
        self.path: str = scope["path"]
        self.headers: dict[bytes, bytes] = dict(scope["headers"])
        given = self.headers.get(b"x-request-id", b"")
        self.id = given.decode() if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        # the handlers of errors beyond the gate name it as well
        scope["request_id"] = self.id
        self.status, self.begun, self.reading = 0, False, False
        self.key: Key | None = None

    def given_key(self) -> str:
        said = self.headers.get(b"authorization", b"")
        if said[:7].lower() == b"bearer ":
            return said[7:].strip().decode("latin-1")
        return self.headers.get(b"x-api-key", b"").decode("latin-1")

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status, self.begun = message["status"], True
            own = {name for name, _ in message.get("headers", ())}
            fixed = [pair for pair in self._fixed if pair[0] not in own]
            headers = [*message.get("headers", ()), *fixed, (b"x-request-id", self.id.encode())]
            message = {**message, "headers": headers}
        await self._send(message)

    async def answer(
        self, status: int, kind: bytes, body: bytes, more: Mapping[str, str] | None = None
    ) -> None:
        self.status, self.begun = status, True
        headers = [
            (b"content-type", kind),
            (b"content-length", b"%d" % len(body)),
            (b"x-request-id", self.id.encode()),
            *self._fixed,
            *((name.encode(), value.encode()) for name, value in (more or {}).items()),
        ]
        start: dict[str, Any] = {"type": "http.response.start", "status": status}
        await self._send({**start, "headers": headers})
        await self._send({"type": "http.response.body", "body": body})


async def read_body(headers: Mapping[bytes, bytes], receive: Receive, most: int) -> bytes:
    """Read the body of a request.

    Args:
        headers: Its headers.
        receive: Where it comes from.
        most: Most bytes that are taken.

    Raises:
        Problem: If it is longer.
    """
    stated = headers.get(b"content-length", b"0")
    if len(stated) > 18 or int(stated) > most:  # noqa: PLR2004 - digits of any size that exists
        raise _too_long(most)
    parts: list[bytes] = []
    length = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _Gone
        parts.append(message.get("body", b""))
        length += len(parts[-1])
        if length > most:
            raise _too_long(most)
        if not message.get("more_body", False):
            return parts[0] if len(parts) == 1 else b"".join(parts)


def _too_late(visit: _Visit, seconds: float) -> Problem:
    if visit.reading:
        return Problem(408, "slow", f"not sent within {seconds:g} seconds", headers=_CLOSE)
    said = f"not answered within {seconds:g} seconds: given up"
    return Problem(503, "timeout", said, headers=_CLOSE)


def _too_long(most: int) -> Problem:
    # what is still on its way is not waited for
    said = f"a body may have {most} bytes here"
    return Problem(413, "too-long", said, headers=_CLOSE)
