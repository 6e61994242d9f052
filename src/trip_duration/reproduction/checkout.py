"""Where a run is made again: the recorded commit in a folder of its own, gone when it is done."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from trip_duration.errors import ReproductionError
from trip_duration.reproduction.processes import git, no_interruption

PREFIX = "trip-duration-reproduce-"
# what a run needs of a project that is not checked out but copied
PARTS = ("conf", "src", "pyproject.toml", ".telemetry", "requirements.lock")


@contextmanager
def workplace(parent: Path | None, keep: bool) -> Iterator[Path]:
    """Make a temporary folder, and remove it at the end unless it is to be kept.

    Args:
        parent: Where it is made; the system's folder for temporary files if none is given.
        keep: Whether it stays.
    """
    if parent is not None:
        parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent)).resolve()
    try:
        yield folder
    finally:
        if not keep:
            with no_interruption():
                shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def checked_out(project: Path, commit: str, folder: Path, keep: bool) -> Iterator[Path]:
    """Check out a commit beside the project's own tree, as a worktree of git.

    Args:
        project: Root of the project, in its repository.
        commit: What to check out.
        folder: An existing folder, in which the worktree is made.
        keep: Whether the worktree stays.

    Returns:
        The root of the project in the worktree.

    Raises:
        ReproductionError: If the repository does not have the commit.
    """
    top = Path(git(project, "rev-parse", "--show-toplevel"))
    inside = git(project, "rev-parse", "--show-prefix")
    _require(top, commit)
    tree = folder / "tree"
    try:
        git(top, "worktree", "add", "--quiet", "--detach", str(tree), commit)
        yield tree / inside
    finally:
        if not keep:
            with no_interruption():
                _remove(top, tree)


def _require(repository: Path, commit: str) -> None:
    try:
        git(repository, "cat-file", "-e", f"{commit}^{{commit}}")
    except ReproductionError:
        raise ReproductionError(
            f"commit {commit} is not in the repository {repository}. Fetch it, or run this in a "
            "clone that has it."
        ) from None


def _remove(repository: Path, tree: Path) -> None:
    with suppress(ReproductionError):
        git(repository, "worktree", "remove", "--force", "--force", str(tree))
    shutil.rmtree(tree, ignore_errors=True)
    with suppress(ReproductionError):
        git(repository, "worktree", "prune")


def copied(project: Path, folder: Path) -> Path:
    """Copy the project as it stands, changes that are not committed included, without its data."""
    tree = folder / "tree"
    tree.mkdir()
    for name in PARTS:
        source = project / name
        if source.is_dir():
            shutil.copytree(source, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif source.is_file():
            shutil.copy(source, tree / name)
    return tree
