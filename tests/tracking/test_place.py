"""Places of tracking: anchored to the project, and shown without passwords."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from trip_duration.tracking.place import anchor, how_to_see, without_password

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
        ("postgresql://u:p@h/d", "postgresql://u:p@h/d"),
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


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("at postgresql+psycopg2://trip:pa55@db:5432/x", "at postgresql+psycopg2://***@db:5432/x"),
        ("https://token@host/path", "https://***@host/path"),
        ("postgresql://trip:p@ss:w@db/x", "postgresql://***@db/x"),
        ("https://host/a@b and me@example.org", "https://host/a@b and me@example.org"),
    ],
)
def test_passwords_are_masked(text: str, expected: str) -> None:
    assert without_password(text) == expected


def test_a_server_is_an_address_and_a_database_a_command() -> None:
    assert how_to_see("http://h:5000/", "1", "ab") == "http://h:5000/#/experiments/1/runs/ab"
    shown = how_to_see("postgresql://u:p@h/d", "1", "ab")
    assert shown == "mlflow ui --backend-store-uri postgresql://***@h/d"
