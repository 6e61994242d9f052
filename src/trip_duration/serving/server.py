"""uvicorn's server, which says in one line what it serves as soon as it listens."""

from __future__ import annotations

import logging
import socket
from collections.abc import Sequence
from typing import Any

import uvicorn

from trip_duration.months import span_months
from trip_duration.params import SYNTHETIC
from trip_duration.serving.model import ModelHolder, Served

logger = logging.getLogger(__name__)
_EVERY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104 - shown, not bound


class Server(uvicorn.Server):
    """One process that listens.

    Args:
        config: Configuration of uvicorn.
        holder: Holds the model that answers; None if another process says which one it is.
    """

    def __init__(self, config: uvicorn.Config, holder: ModelHolder | None = None) -> None:
        """Keep what is needed; nothing listens yet."""
        super().__init__(config)
        self._holder = holder

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Load the model, listen, and log what is served and where."""
        await super().startup(sockets=sockets)
        if self._holder is not None and self.started:
            listening = sockets or [one for server in self.servers for one in server.sockets]
            url = _url_of(self.config, listening)
            facts = {"url": url, **_facts_of(self._holder.current)}
            logger.info(describe_start(self._holder, url), extra={"facts": facts})


def describe_start(holder: ModelHolder, url: str) -> str:
    """Return which model answers, learnt from which months, read from where, and at what address.

    Args:
        holder: Holds the model.
        url: The address of the page.
    """
    served = holder.current
    where = f"Open {url}"
    problem = f"No model could be loaded: {(holder.problem or '').rstrip('. ')}."
    if served is None:
        return f"{problem} Requests get status 503 until one can be. {where}"
    description = _describe(served)
    if not served.fallback:
        return f"Serving {description}. {where}"
    return f"{problem} Until one can be, the lookup table answers: {description}. {where}"


def _describe(served: Served) -> str:
    facts = _facts_of(served)
    parts = [f"version {served.version} ({facts['family']}) from {served.origin}"]
    months = facts["train_months"]
    if isinstance(months, list) and months:
        parts.append(f"learnt from {span_months(tuple(map(str, months)))}")
    if facts["source"] == SYNTHETIC:
        parts.append("of a synthetic city: its trips are made up")
    if facts["test_mae"] is not None:
        parts.append(f"test MAE {facts['test_mae']:.2f} minutes without distance")
    return ", ".join(parts)


def _facts_of(served: Served | None) -> dict[str, Any]:
    if served is None:
        return {}
    predictor = served.predictor
    return {
        "version": served.version,
        "sha256": served.sha256,
        "fallback": served.fallback,
        "family": predictor.family,
        "train_months": predictor.facts.get("train_months"),
        "source": served.source,
        "test_mae": _test_mae(served),
    }


def _test_mae(served: Served) -> float | None:
    try:
        return float((served.metrics or {})["test"]["request"]["mae"])
    except (KeyError, TypeError, ValueError):
        return None


def _url_of(config: uvicorn.Config, listening: Sequence[Any]) -> str:
    scheme = "https" if config.is_ssl else "http"
    host = "localhost" if config.host in _EVERY_ADDRESS else config.host
    # the system chooses the port if 0 was asked for
    port = listening[0].getsockname()[1] if listening else config.port
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}/"
