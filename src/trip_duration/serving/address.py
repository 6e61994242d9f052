"""The address that the service listens on."""

from __future__ import annotations

import socket

from trip_duration.errors import ParameterError


def require_address(host: str, port: int) -> None:
    """Refuse an address that cannot be listened on, before a model is loaded.

    Args:
        host: Name or address of this machine.
        port: The port; 0 for a free one.

    Raises:
        ParameterError: If the port is taken, or the address is not this machine's.
    """
    try:
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = addresses[0]
        with socket.socket(family, kind, protocol) as listener:
            # as uvicorn does: a port that was left a moment ago is free
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
    # a part of the name that is too long cannot be encoded
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ParameterError(
            f"cannot listen on {host}, port {port}: {reason}. End the program "
            "that listens there, or choose another address by --host and --port."
        ) from None
