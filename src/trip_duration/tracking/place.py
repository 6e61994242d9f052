"""Where runs are tracked: the tracking configuration, tied to the project instead of the shell."""

from __future__ import annotations

import os
import shlex
import sys
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from trip_duration.registry.places import TRACKING_VARIABLE, anchored
from trip_duration.secrets import masked_uri


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


def how_to_see(uri: str, experiment_id: str, run_id: str) -> str:
    """Return what shows a run: the address on a server, or the command that starts MLflow's UI."""
    safe = masked_uri(uri)
    if uri.startswith("http"):
        return f"{safe.rstrip('/')}/#/experiments/{experiment_id}/runs/{run_id}"
    # the password of a database is for the reader to fill in
    return f"{program('mlflow')} ui --backend-store-uri {shlex.quote(safe)}"


def program(name: str) -> str:
    """Return a program of this interpreter's environment, as a shell takes it from here."""
    path = from_here(str(Path(sys.executable).with_name(name)))
    # a shell would look for a bare name elsewhere
    return shlex.quote(path if "/" in path else f"./{path}")


def from_here(path: str) -> str:
    """Return a path relative to the working directory, if it is in there."""
    here = Path.cwd()
    return str(PurePath(path).relative_to(here)) if PurePath(path).is_relative_to(here) else path
