"""Annotated git tags of registered versions, at the commits that their runs were made from."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from trip_duration.errors import RegistryError
from trip_duration.registry.records import TRAINING_DATA, Version

PREFIX = "model-"
_SECONDS = 60
# variables by which a hook of git names its own repository
_REPOSITORY = {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY"}
_HASH = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


def tag_commit(version: Version, project: Path) -> str:
    """Make the git tag of a version, for example ``model-v1.2.3``.

    Args:
        version: The version.
        project: A folder in the repository of the project.

    Returns:
        What was done, in a sentence.

    Raises:
        RegistryError: If the version has no semantic version, if the code of its run is not that of
            a known commit, or if git does not make the tag.
    """
    commit = _require_commit(version)
    if not _succeeds(project, "rev-parse", "--git-dir"):
        raise RegistryError(f"{project} is in no git repository: run this in that of the project.")
    name = f"{PREFIX}{version.semantic_version}"
    at = f"commit {commit} of its run {version.run_id}"
    if not _succeeds(project, "cat-file", "-e", f"{commit}^{{commit}}"):
        raise RegistryError(
            f"version {version.name} was made from commit {commit}, which the repository at "
            f"{project} does not have. Fetch it (`git fetch --all`), or change to its repository."
        )
    if _succeeds(project, "rev-parse", "--verify", "--quiet", f"refs/tags/{name}"):
        existing = _git(project, "rev-parse", f"refs/tags/{name}^{{commit}}")
        if existing != commit:
            raise RegistryError(
                f"the git tag {name} exists already, at commit {existing}; version {version.name} "
                f"was made from {commit}. Look at `git show {name}`: it is of another registry."
            )
        return f"the git tag {name} exists already, at {at}; nothing was changed"
    _git(project, "tag", "--annotate", "--message", _describe(version), name, commit)
    return (
        f"made the git tag {name} of version {version.number} at {at}; to share it: "
        f"git push origin {name}"
    )


def _require_commit(version: Version) -> str:
    if not version.semantic_version:
        raise RegistryError(
            f"version {version.number} has no semantic version: it was registered before there "
            "were any. Train and register it anew to tag it."
        )
    commit, clean = (version.tags.get(f"git.{name}", "unknown") for name in ("commit", "clean"))
    if not _HASH.fullmatch(commit):
        raise RegistryError(
            f"the commit of version {version.name} is {commit}: its run {version.run_id} was not "
            "made in a git repository."
        )
    if clean != "true":
        changes = "with changes" if clean == "false" else "perhaps with changes"
        raise RegistryError(
            f"version {version.name} was made from commit {commit} {changes} that were not "
            "committed, so that no commit holds its code. Commit them, train again, and tag the "
            "version that is registered then."
        )
    return commit


def _describe(version: Version) -> str:
    tags = version.tags
    lines = [
        f"Model {version.semantic_version}: {version.description}",
        "",
        f"registered version: {version.number}",
        f"predictor sha256: {version.sha256}",
        f"MLflow run: {version.run_id}",
        f"training data digest: {tags.get(TRAINING_DATA, 'unknown')}",
    ]
    return "\n".join(lines)


def _succeeds(project: Path, *arguments: str) -> bool:
    return _call(project, *arguments).returncode == 0


def _git(project: Path, *arguments: str) -> str:
    done = _call(project, *arguments)
    if done.returncode:
        raise RegistryError(f"git {arguments[0]} failed: {done.stderr.strip()}")
    return done.stdout.strip()


def _call(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(  # noqa: S603 - the commit was checked to be a hash
            ["git", *arguments],  # noqa: S607 - git is wherever the user has it
            cwd=project,
            env={name: value for name, value in os.environ.items() if name not in _REPOSITORY},
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RegistryError(f"git cannot be run in {project}: {error}") from None
