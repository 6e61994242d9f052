"""HTTP as uvicorn speaks it, with bounds on what comes before a request has begun.

uvicorn waits for the head of a request as long as the client likes, and takes a head of any length:
a few thousand slow clients, or a single long one, would be enough to keep all others out. It drops
the body of each request that offers another protocol, as Java's client does at first. It closes on
clients that are still sending, whose system then throws the answer away. And it does not answer
those that end their side of the connection behind the request, as netcat does.
"""

from __future__ import annotations

import asyncio
import sys
from typing import ClassVar, cast

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from trip_duration.serving.lingering import LingeringTransport

MOST_HEAD_BYTES = 65_536
# the longest piece that a loop hands over at once
_MOST_PIECE_BYTES = 262_144
_REFUSAL = b"HTTP/1.1 %b\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class BoundedProtocol(HttpToolsProtocol):
    """One connection. A request that comes whole, as almost all do, costs it nothing.

    Attributes:
        seconds: Longest time for the head of a request, and for one to begin.
    """

    seconds: ClassVar[float]
    _head_bytes = 0
    _in_head = False
    _deadline: asyncio.TimerHandle | None = None
    _lingering: LingeringTransport
    _dropped_from: int | None = None

    @classmethod
    def within(cls, seconds: float) -> type[BoundedProtocol]:
        """Return the protocol with this bound; uvicorn makes the connections itself."""
        return type(cls.__name__, (cls,), {"seconds": seconds})

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first request."""
        self._lingering = LingeringTransport(transport, self._is_body_on_its_way)
        super().connection_made(cast(asyncio.Transport, self._lingering))
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._wait_no_more()
        self._lingering.close_now()
        super().connection_lost(exc)

    def eof_received(self) -> bool | None:  # type: ignore[override]
        """Keep the connection open for the answer after the client has closed its sending side.

        Returns:
            Whether the connection stays open for the answer.
        """
        # with TLS the end of one side is that of both
        if self.scheme == "https" or self.cycle is None or self.cycle.response_complete:
            return False
        if self.cycle.more_body or self._lingering.is_closing():
            return False
        self.cycle.keep_alive = False
        return True

    def shutdown(self) -> None:
        """End when the answer under way, if any, is sent."""
        if self._lingering.is_lingering:
            self._lingering.close_now()
        super().shutdown()

    def data_received(self, data: bytes) -> None:
        """Take what has come, and look whether the head of a request is still on its way."""
        if self._lingering.is_lingering:
            self._discard(data)
            return
        super().data_received(data)
        if self._dropped_from is not None:
            self._take_dropped(data)
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > MOST_HEAD_BYTES:
                self._refuse(b"431 Request Header Fields Too Large")
                return
        if self._deadline is None and (self._in_head or self._owes_nothing()):
            self._wait()

    def _owes_nothing(self) -> bool:
        # what comes between requests, or after the answer, ends uvicorn's own waiting
        return self.cycle is None or self.cycle.response_complete

    def on_message_begin(self) -> None:
        """Note that a head begins."""
        self._in_head = True
        # the piece may hold the body of a request before it as well, which is not to be counted
        self._head_bytes = 0 if self.cycle is None else -_MOST_PIECE_BYTES
        super().on_message_begin()

    def _is_body_on_its_way(self) -> bool:
        cycle = self.cycle
        return cycle is not None and cycle.response_complete and cycle.more_body

    def _discard(self, data: bytes) -> None:
        """Read the rest of a body that was answered already, and close behind it."""
        try:
            self.parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._lingering.close_now()
        self._lingering.count_discarded(len(data))

    def on_message_complete(self) -> None:
        """Note that a request has come whole."""
        if self._lingering.is_lingering:
            self._lingering.close_now()
        super().on_message_complete()

    def on_headers_complete(self) -> None:
        """Note that it has come."""
        if self._lingering.is_closing():
            # a further request, behind one that ends the connection
            return
        self._in_head = False
        if self._deadline is not None:
            self._wait_no_more()
        super().on_headers_complete()

    def _should_upgrade(self) -> bool:
        # asked for such requests alone: uvicorn leaves them, and hands them over by the next method
        return self.scope["method"] != "CONNECT"

    def handle_websocket_upgrade(self) -> None:
        """Note where the parser has stopped, which only the error that is handled here says."""
        stopped = sys.exception()
        assert isinstance(stopped, httptools.HttpParserUpgrade)  # noqa: S101 - uvicorn catches it
        self._dropped_from = stopped.args[0]

    def _unsupported_upgrade_warning(self) -> None:
        # a tunnel: whatever follows is not for this service
        self.cycle.keep_alive = False

    def _take_dropped(self, data: bytes) -> None:
        """Take the request again, and what follows it, as if no other protocol were offered."""
        rest = memoryview(data)  # a copy for each of many requests would be long work
        while self._dropped_from is not None:
            rest, self._dropped_from = rest[self._dropped_from :], None
            # the old one reads nothing after a request that closes the connection
            self.parser = httptools.HttpRequestParser(self)
            self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
            super().data_received(self._head_without_offer())
            if not self.transport.is_closing():
                super().data_received(rest)  # type: ignore[arg-type]

    def _head_without_offer(self) -> bytes:
        method, version = self.scope["method"].encode(), self.scope["http_version"].encode()
        kept = [b"%b: %b" % pair for pair in self.headers if pair[0] != b"upgrade"]
        return b"\r\n".join([b"%b %b HTTP/%b" % (method, self.url, version), *kept, b"", b""])

    def _wait(self) -> None:
        self._deadline = self.loop.call_later(self.seconds, self._give_up)

    def _wait_no_more(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = None

    def _give_up(self) -> None:
        self._deadline = None
        if self._in_head:
            self._refuse(b"408 Request Timeout")
        else:
            self._lingering.close_now()

    def _refuse(self, status: bytes) -> None:
        self._in_head = False
        if not self.transport.is_closing():
            self.transport.write(_REFUSAL % status)
            self.transport.close()
