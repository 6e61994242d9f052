"""Places of tracking: anchored to the project, the user's own between sessions, and shown."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from trip_duration.registry.places import TRACKING_VARIABLE
from trip_duration.tracking.place import TrackingVariable, anchor

PROJECT = Path("/home/me/project")


def conf(uri: str | None, location: str | None = "data/mlflow_artifacts") -> dict[str, Any]:
    creation = {"artifact_location": location}
    return {
        "server": {"mlflow_tracking_uri": uri},
        "tracking": {"experiment": {"create_experiment_kwargs": creation}},
    }


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("sqlite:///data/mlflow.db", "sqlite:////home/me/project/data/mlflow.db"),
        ("sqlite:///data/m.db?timeout=5", "sqlite:////home/me/project/data/m.db?timeout=5"),
        ("sqlite:////elsewhere/mlflow.db", "sqlite:////elsewhere/mlflow.db"),
        ("postgresql://u:p@h/d", "postgresql+psycopg2://u:p@h/d"),
        ("postgresql+psycopg://u:p@h/d", "postgresql+psycopg://u:p@h/d"),
        (None, None),
    ],
)
def test_a_relative_database_is_the_projects(given: str | None, expected: str | None) -> None:
    assert anchor(conf(given), PROJECT)["server"]["mlflow_tracking_uri"] == expected


@pytest.mark.parametrize(
    ("uri", "location", "expected"),
    [
        ("https://mlflow.example", "data/mlflow_artifacts", None),
        ("http://localhost:5000", "s3://bucket/runs", "s3://bucket/runs"),
        ("postgresql://u:p@h/d", "data/mlflow_artifacts", "/home/me/project/data/mlflow_artifacts"),
    ],
)
def test_a_server_is_given_no_folder_of_this_machine(
    uri: str, location: str, expected: str | None
) -> None:
    anchored = anchor(conf(uri, location), PROJECT)
    creation = anchored["tracking"]["experiment"]["create_experiment_kwargs"]
    assert creation["artifact_location"] == expected


def test_anchoring_leaves_its_argument_alone() -> None:
    given = conf("sqlite:///a.db")
    anchor(given, PROJECT)
    assert given == conf("sqlite:///a.db")


def test_what_a_session_leaves_in_the_environment_is_undone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    variable = TrackingVariable()
    for users in (None, "http://mine"):
        monkeypatch.delenv(TRACKING_VARIABLE, raising=False)
        if users:
            monkeypatch.setenv(TRACKING_VARIABLE, users)
        variable.remember("sqlite:////a.db")
        monkeypatch.setenv(TRACKING_VARIABLE, "sqlite:////a.db")
        variable.restore()
        assert os.environ.get(TRACKING_VARIABLE) == users


def test_what_is_set_between_two_sessions_is_the_users(monkeypatch: pytest.MonkeyPatch) -> None:
    variable = TrackingVariable()
    variable.remember("sqlite:////a.db")
    monkeypatch.setenv(TRACKING_VARIABLE, "http://new")
    variable.restore()
    assert os.environ[TRACKING_VARIABLE] == "http://new"
