"""Programs that are run and that end with us, whichever way we end."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from trip_duration.errors import ReproductionError

_STDERR = 2
PATIENCE = 10.0  # seconds that a program has to end by itself
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run_program(
    command: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None
) -> None:
    """Run a program and show what it says as it says it, on standard error.

    Args:
        command: The program with its arguments.
        folder: Its working directory.
        environment: Its variables; ours if none are given.

    Raises:
        ReproductionError: If it cannot be started, or says that it has failed.
    """
    try:
        # a group of its own, so that its own programs can be ended with it
        program = subprocess.Popen(  # noqa: S603 - commands that this room puts together
            command, cwd=folder, env=environment, stdout=_STDERR, start_new_session=True
        )
    except OSError as error:
        raise ReproductionError(f"{command[0]} cannot be run: {error}.") from error
    try:
        code = program.wait()
    except BaseException:
        _end(program)
        raise
    if code:
        shown = " ".join(map(str, command))
        raise ReproductionError(f"`{shown}` ended with code {code}; it says above why.")


def _end(program: subprocess.Popen[bytes]) -> None:
    with no_interruption():
        os.killpg(program.pid, signal.SIGTERM)
        try:
            program.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(program.pid, signal.SIGKILL)
            program.wait()


def git(folder: Path, *arguments: str) -> str:
    """Run git and return what it says.

    Raises:
        ReproductionError: If it fails.
    """
    # no hook of the repository has a part in this
    command = ["git", "-c", "core.hooksPath=/dev/null", *arguments]
    try:
        done = subprocess.run(  # noqa: S603 - arguments of this room
            command, cwd=folder, env=clean_variables(), capture_output=True, text=True, check=True
        )
    except FileNotFoundError as error:
        raise ReproductionError(f"git cannot be run in {folder}: {error}.") from error
    except subprocess.CalledProcessError as error:
        said = error.stderr.strip()
        raise ReproductionError(f"git {' '.join(arguments)} in {folder}: {said}") from None
    return done.stdout.strip()


def clean_variables() -> dict[str, str]:
    """Return our variables without those that say where git's and Python's things are."""
    ours = os.environ.items()
    return {k: v for k, v in ours if not k.startswith("GIT_") and k != "PYTHONPATH"}


@contextmanager
def interruptible() -> Iterator[None]:
    """Make every request to end a ``KeyboardInterrupt``, after which there is time to clean up."""
    before = {number: signal.signal(number, signal.default_int_handler) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def no_interruption() -> Iterator[None]:
    """Put off requests to end: cleaning up is what they ask for."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
