"""Where runs are tracked: the tracking configuration, tied to the project instead of the shell."""

from __future__ import annotations

import os
import socket
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from trip_duration.errors import TrackingError
from trip_duration.registry.places import TRACKING_VARIABLE, anchored
from trip_duration.secrets import masked_uri, without_password

_PORTS = {"http": 80, "https": 443}
_SECONDS = 5


@dataclass
class TrackingVariable:
    """``MLFLOW_TRACKING_URI`` as the user has set it.

    MLflow overwrites it with the place in use, where the next session of the process would find it.
    """

    found: str | None = None
    placed: str | None = None

    def restore(self) -> None:
        """Undo what an earlier session has left; what was set since then is the user's."""
        if self.placed is None or os.environ.get(TRACKING_VARIABLE) != self.placed:
            return
        del os.environ[TRACKING_VARIABLE]
        if self.found is not None:
            os.environ[TRACKING_VARIABLE] = self.found

    def remember(self, coming: str | None) -> None:
        """Note what the user has, before MLflow sets the variable to ``coming``."""
        self.found, self.placed = os.environ.get(TRACKING_VARIABLE), coming


def anchor(conf: dict[str, Any], project: Path) -> dict[str, Any]:
    """Make relative places absolute, and leave the artifacts of a server to the server.

    Args:
        conf: Content of ``mlflow.yml``.
        project: Root of the project.

    Returns:
        The same configuration, independent of the working directory.
    """
    conf = deepcopy(conf)
    server = conf.setdefault("server", {})
    uri = server.get("mlflow_tracking_uri")
    if uri is not None:
        uri = server["mlflow_tracking_uri"] = anchored(uri, project)
    creation = conf.get("tracking", {}).get("experiment", {}).get("create_experiment_kwargs", {})
    location = creation.get("artifact_location")
    if location and "://" not in location:
        # a folder of this machine means nothing to a server
        served = uri is not None and uri.startswith("http")
        creation["artifact_location"] = None if served else str(project / location)
    return conf


def require_answer(uri: str | None) -> None:
    """Connect once to the server or the database where runs are tracked.

    MLflow would try again for minutes before it says that nobody answers.

    Args:
        uri: The tracking URI. Files need no answer.

    Raises:
        TrackingError: If it cannot be reached; the message has no password.
    """
    if uri is None:
        return
    try:
        if uri.startswith(tuple(_PORTS)):
            _connect(uri)
        elif uri.startswith("postgresql"):
            _open_database(uri)
    except ValueError:
        # the error repeats parts of the address, the password among them
        raise TrackingError(
            f"the address in {TRACKING_VARIABLE} cannot be read: expected for example "
            "http://host:5000 or postgresql://user:password@host/name. In a password write / as "
            "%2F, : as %3A, @ as %40 and % as %25."
        ) from None
    except OSError as error:
        reason = without_password(str(error), uri).strip()
        raise TrackingError(
            f"the tracking server {masked_uri(uri)} does not answer: {reason}. Start it, or set "
            f"{TRACKING_VARIABLE} to another; without it runs are tracked in the data folder."
        ) from None


def _connect(uri: str) -> None:
    address = urlsplit(uri)
    if address.scheme in getproxies() and not proxy_bypass(address.hostname or ""):
        # the proxy connects, not this machine
        return
    port = address.port or _PORTS[address.scheme]
    with socket.create_connection((address.hostname or "", port), _SECONDS):
        pass


def _open_database(uri: str) -> None:
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415 - for databases alone

    from trip_duration.registry import databases  # noqa: PLC0415

    try:
        databases.require_answer(uri, f"tracking server ({TRACKING_VARIABLE})")
    except (SQLAlchemyError, ImportError) as error:
        raise ConnectionError(str(getattr(error, "orig", None) or error)) from None
