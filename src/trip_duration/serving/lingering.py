"""Delay closing a connection until the client has finished sending (nginx: lingering_close).

A system that closes a connection with data unread resets it, and the client's system then throws
away what it has not read yet: the answer. Servers therefore read on for a while. So
clients such as Python's urllib, which send everything before they read, get the reason why a long
body was refused.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

# most bytes discarded after the answer
MOST_BYTES = 64 * 2**20
SECONDS = 3.0


class LingeringTransport:
    """asyncio transport whose close waits, within limits, for an unfinished request body.

    Args:
        transport: The transport.
        is_sending: Tells whether the client is in the middle of a body that was answered already.
    """

    def __init__(self, transport: asyncio.Transport, is_sending: Callable[[], bool]) -> None:
        """Keep both; nothing is closed yet."""
        self._transport, self._is_sending = transport, is_sending
        self.write = transport.write
        self._timer: asyncio.TimerHandle | None = None
        self._read = 0

    def __getattr__(self, name: str) -> Any:
        """Return what the transport has by this name."""
        return getattr(self._transport, name)

    @property
    def is_lingering(self) -> bool:
        """Whether closing is delayed because the client is still sending."""
        return self._timer is not None

    def is_closing(self) -> bool:
        """Tell whether nothing more will be written."""
        return self.is_lingering or self._transport.is_closing()

    def close(self) -> None:
        """Close, or read on for a while if the client is still sending."""
        if self.is_lingering or self._transport.is_closing():
            return
        if not self._is_sending():
            self._transport.close()
            return
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(SECONDS, self.close_now)
        # uvicorn stops reading while bodies wait, and nobody takes this one
        self._transport.resume_reading()

    def count_discarded(self, length: int) -> None:
        """Note that so many bytes were read behind the answer; too many end the connection."""
        self._read += length
        if self._read > MOST_BYTES:
            self.close_now()

    def close_now(self) -> None:
        """Close without waiting for the client any longer."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None
        self._transport.close()
