"""Where runs are tracked: the tracking configuration, tied to the project instead of the shell."""

from __future__ import annotations

import os
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trip_duration.registry.places import TRACKING_VARIABLE, anchored


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
