"""With which Python a run is made again: the one that runs, or one installed from the lock."""

from __future__ import annotations

import platform
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from trip_duration.errors import ReproductionError
from trip_duration.identity import versions
from trip_duration.reproduction.processes import clean_variables, run_program
from trip_duration.tracking.manifest import RunManifest, sha256_of_lock


@dataclass(frozen=True)
class Environment:
    """What a run depends on besides its code.

    Attributes:
        python: Version of the interpreter.
        lock: SHA-256 of the lock that the libraries were installed from.
        libraries: Versions of those that compute.
    """

    python: str
    lock: str | None
    libraries: dict[str, str]


def running_environment(project: Path) -> Environment:
    """Describe the environment of this process, taken to be that of the project's lock."""
    return Environment(platform.python_version(), sha256_of_lock(project), versions())


def why_install(manifest: RunManifest, tree: Path, running: Environment) -> str | None:
    """Say why the running environment will not do for a run, or nothing if it will.

    Args:
        manifest: The run.
        tree: The project as of the recorded commit.
        running: The environment at hand.
    """
    if _series(manifest.python) != _series(running.python):
        return f"the run had Python {manifest.python}, this is {running.python}"
    if sha256_of_lock(tree) != running.lock:
        return "the lock of the commit is not that of the running environment"
    both = manifest.libraries, running.libraries
    other = [name for name in both[0] if both[0][name] != both[1].get(name)]
    if other:
        versions = ", ".join(f"{name} {both[0][name]}" for name in other)
        return f"the run had {versions}, the running environment has not"
    return None


def install(manifest: RunManifest, tree: Path) -> Path:
    """Install the environment of the lock into the tree, and return its interpreter.

    Raises:
        ReproductionError: If there is no such Python, or if the lock cannot be installed.
    """
    run_program(install_command(manifest.python), tree, clean_variables())
    return tree / ".venv/bin/python"


def install_command(version: str) -> list[str]:
    """Return the command that installs the environment, in the project's one vocabulary.

    Args:
        version: Version of Python that the run had; its third number may be another.

    Raises:
        ReproductionError: If there is no such Python.
    """
    series = _series(version)
    same = series == _series(platform.python_version())
    python = sys.executable if same else shutil.which(f"python{series}")
    if python is None:
        raise ReproductionError(f"the run had Python {version}: install Python {series} first.")
    return ["make", "install", f"PYTHON={python}", "VENV=.venv"]


def _series(version: str) -> str:
    return ".".join(version.split(".")[:2])
