"""Where runs are tracked: the tracking configuration, tied to the project instead of the shell."""

from __future__ import annotations

import re
from copy import deepcopy
from pathlib import Path
from typing import Any

SQLITE = "sqlite:///"
_PASSWORD = re.compile(r"(?<=://)([^/@\s:]*):[^\s/]*@|(?<=://)[^\s/:@]*@")


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
    uri = server["mlflow_tracking_uri"] = _absolute(server.get("mlflow_tracking_uri"), project)
    creation = conf.get("tracking", {}).get("experiment", {}).get("create_experiment_kwargs", {})
    location = creation.get("artifact_location")
    if location and "://" not in location:
        # a folder of this machine means nothing to a server
        served = uri is not None and uri.startswith("http")
        creation["artifact_location"] = None if served else str(project / location)
    return conf


def _absolute(uri: str | None, project: Path) -> str | None:
    if uri is None or not uri.startswith(SQLITE):
        return uri
    path, mark, query = uri.removeprefix(SQLITE).partition("?")
    return f"{SQLITE}{(project / path).as_posix()}{mark}{query}"


def without_password(text: str) -> str:
    """Return a text with the users and passwords of its URLs replaced by ``***``."""
    return _PASSWORD.sub("***@", text)


def how_to_see(uri: str, experiment_id: str, run_id: str) -> str:
    """Return what shows a run: the address on a server, or the command that starts MLflow's UI."""
    safe = without_password(uri)
    if uri.startswith("http"):
        return f"{safe.rstrip('/')}/#/experiments/{experiment_id}/runs/{run_id}"
    # the password of a database is for the reader to fill in
    return f"mlflow ui --backend-store-uri {safe}"
