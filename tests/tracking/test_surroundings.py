"""Code, libraries and machine of a run."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from trip_duration.tracking import surroundings


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    who = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
    for command in (["init", "-q"], [*who, "commit", "-q", "--allow-empty", "-m", "first"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    return tmp_path


def test_a_clean_tree_and_a_changed_one(repository: Path) -> None:
    clean = surroundings.git_state(repository)
    (repository / "new").write_text("x")
    changed = surroundings.git_state(repository)
    assert len(clean["git.commit"]) == 40
    assert (clean["git.clean"], changed["git.clean"]) == ("true", "false")
    assert changed["git.commit"] == clean["git.commit"]


def test_outside_a_repository_both_are_unknown(tmp_path: Path) -> None:
    expected = {"git.commit": "unknown", "git.clean": "unknown"}
    assert surroundings.git_state(tmp_path) == expected


def test_without_git_both_are_unknown(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert set(surroundings.git_state(repository).values()) == {"unknown"}


def test_the_processor_is_named_or_unknown(tmp_path: Path) -> None:
    listing = tmp_path / "cpuinfo"
    listing.write_text("processor : 0\nmodel name\t: Abacus 9: fast\n")
    assert surroundings._cpu_model(listing) == "Abacus 9: fast"
    assert surroundings._cpu_model(tmp_path / "missing")


def test_memory_is_a_number_of_gib() -> None:
    assert float(surroundings.hardware()["hardware.memory_gib"]) > 0.1
