"""What a run depends on besides data and parameters: code, libraries, machine."""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
from importlib.metadata import distributions
from pathlib import Path

from trip_duration.identity import COMPUTING, versions

UNKNOWN = "unknown"
# what runs, tracks, searches and saves; the libraries that compute are those of an identity
_OTHERS = (
    ("trip-duration",),
    ("kedro",),
    ("kedro-mlflow",),
    ("mlflow",),
    ("optuna",),
    ("pandera",),
    ("pydantic",),
    ("skops",),
)


def git_state(project: Path) -> dict[str, str]:
    """Return the commit and whether the tree is clean; ``unknown`` outside a repository."""
    commit = _git(project, "rev-parse", "HEAD")
    changes = _git(project, "status", "--porcelain") if commit else None
    clean = UNKNOWN if changes is None else str(not changes).lower()
    return {"git.commit": commit or UNKNOWN, "git.clean": clean}


def git_changes(project: Path) -> str | None:
    """Return a SHA-256 of what is not committed, new files included; None if git fails."""
    root = _git(project, "rev-parse", "--show-toplevel")
    if root is None:
        return None
    top = Path(root)
    changed = _git(top, "diff", "--binary", "--no-ext-diff", "--no-textconv", "HEAD")
    new = _git(top, "ls-files", "--others", "--exclude-standard", "-z")
    if changed is None or new is None:
        return None
    digest = hashlib.sha256(changed.encode(errors="surrogateescape"))
    for name in filter(None, new.split("\0")):
        content = (top / name).read_bytes() if (top / name).is_file() else b""
        head = f"{name} {len(content)}\n".encode(errors="surrogateescape")
        digest.update(head + content)
    return digest.hexdigest()


def _git(project: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(  # noqa: S603 - fixed arguments
            ["git", *arguments],  # noqa: S607 - git is wherever the user has it
            cwd=project,
            capture_output=True,
            text=True,
            # a change need not be text
            errors="surrogateescape",
            timeout=20,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def libraries() -> dict[str, str]:
    """Return the versions of Python and of the libraries that make a model of any family."""
    numbers = versions((*COMPUTING, *_OTHERS))
    named = {f"version.{name}": number for name, number in numbers.items()}
    return {"version.python": platform.python_version(), **named}


def all_distributions() -> str:
    """Return everything installed, a ``name==version`` a line."""
    names = {f"{found.name}=={found.version}" for found in distributions()}
    return "\n".join(sorted(names, key=str.lower)) + "\n"


def hardware() -> dict[str, str]:
    """Return processors and memory of this machine."""
    return {
        "hardware.cpu_count": str(os.cpu_count() or UNKNOWN),
        "hardware.cpu_model": _cpu_model(),
        "hardware.memory_gib": _memory_gib(),
        "hardware.platform": platform.platform(),
    }


def _cpu_model(listing: Path = Path("/proc/cpuinfo")) -> str:
    try:
        lines = listing.read_text().splitlines()
    except OSError:
        lines = []
    models = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.processor() or platform.machine() or UNKNOWN)


def _memory_gib() -> str:
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return UNKNOWN
    return f"{total / 2**30:.1f}"
