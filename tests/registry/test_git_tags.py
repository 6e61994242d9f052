"""Git tags of versions, in a real repository."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from trip_duration.cli import cli
from trip_duration.registry import Version
from trip_duration.registry.promotion import Keeper
from trip_duration.registry.records import Candidate


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with two commits; the identity is the environment's, not this machine's."""
    folder = tmp_path / "repository"
    (folder / "conf").mkdir(parents=True)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "none"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Ada")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "ada@example.org")
    git(folder, "init", "--quiet")
    for number in ("one", "two"):
        (folder / "pyproject.toml").write_text(f"[tool.kedro]\n# {number}\n")
        git(folder, "add", "--all")
        git(folder, "commit", "--quiet", "--message", number)
    return folder


@pytest.fixture
def register_at(
    keeper: Keeper, log_candidate: Callable[[int], Candidate]
) -> Callable[[str, str], Version]:
    """Register a version whose run was made from a commit, in a clean tree or not."""
    count = iter(range(9))

    def register(commit: str, clean: str = "true") -> Version:
        tags = {"git.commit": commit, "git.clean": clean, "training_data_digest": "d" * 64}
        return keeper.register(replace(log_candidate(next(count)), tags=tags))

    return register


@pytest.fixture
def call(
    keeper: Keeper, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Result]:
    monkeypatch.chdir(repository / "conf")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", keeper.registry.tracking_uri)
    monkeypatch.setenv("TRIP_DURATION_DATABASE_URL", keeper.ledger.url)
    return lambda *words: CliRunner().invoke(cli, ["models", "tag", *words])


def test_the_tag_is_annotated_and_stands_at_the_commit_of_the_run(
    call: Callable[..., Result], register_at: Callable[..., Version], repository: Path
) -> None:
    first, last = git(repository, "rev-list", "--reverse", "HEAD").split()
    version = register_at(first)
    done = call("challenger")
    assert done.exit_code == 0, done.output
    assert done.output.startswith(f"made the git tag model-v1.0.0 of version 1 at commit {first}")
    assert git(repository, "cat-file", "-t", "model-v1.0.0") == "tag"
    assert git(repository, "rev-parse", "model-v1.0.0^{commit}") == first
    message = git(repository, "for-each-ref", "--format=%(contents)", "refs/tags")
    assert message.startswith("Model v1.0.0: small 0")
    for part in (version.sha256, version.run_id, "d" * 64):
        assert part in message

    again = call("v1.0.0")
    assert again.exit_code == 0
    assert "exists already, at commit" in again.output
    assert "nothing was changed" in again.output

    git(repository, "tag", "--delete", "model-v1.0.0")
    git(repository, "tag", "model-v1.0.0", last)
    taken = call("1")
    assert taken.exit_code == 2
    assert f"exists already, at commit {last}" in taken.output
    assert git(repository, "rev-parse", "model-v1.0.0^{commit}") == last


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (("HEAD", "false"), " with changes that were not committed"),
        (("HEAD", "unknown"), " perhaps with changes that were not committed"),
        (("unknown", "unknown"), "was not made in a git repository"),
        (("0" * 40, "true"), "does not have. Fetch it"),
    ],
)
def test_code_that_no_commit_holds_is_not_tagged(
    call: Callable[..., Result],
    register_at: Callable[..., Version],
    repository: Path,
    code: tuple[str, str],
    reason: str,
) -> None:
    commit, clean = code
    register_at(git(repository, "rev-parse", commit) if commit == "HEAD" else commit, clean)
    done = call("1")
    assert done.exit_code == 2
    assert done.output.startswith("Error: ")
    assert reason in done.output.replace("\n", " ")
    assert git(repository, "tag") == ""


def test_what_git_refuses_is_told_as_it_says_it(
    call: Callable[..., Result],
    register_at: Callable[..., Version],
    repository: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    register_at(git(repository, "rev-parse", "HEAD"))
    monkeypatch.setenv("GIT_COMMITTER_NAME", "")
    refused = call("1")
    assert refused.exit_code == 2
    assert "git tag failed: " in refused.output
    assert "ident" in refused.output
    monkeypatch.setenv("PATH", "")
    assert "git cannot be run in" in call("1").output


def test_a_version_of_before_has_nothing_to_be_tagged_by(
    call: Callable[..., Result], register_at: Callable[..., Version], keeper: Keeper
) -> None:
    register_at("0" * 40)
    client = keeper.registry._client
    client.delete_model_version_tag(keeper.registry.name, "1", "semantic_version")
    assert "has no semantic version" in call("1").output
