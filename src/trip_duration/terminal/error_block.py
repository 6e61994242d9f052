"""Expected errors as one block of text instead of a traceback.

An error is expected if a user can cause and mend it: a wrong parameter, a missing file, a month
that fails its gate, a service that is away. Any other error is a fault in the code and keeps its
traceback.
"""

from __future__ import annotations

import errno
import logging
import re
import sys
import traceback
from collections.abc import Iterator
from types import TracebackType
from typing import IO, Any

import click
from kedro.config import MissingConfigException
from kedro.framework.cli.utils import KedroCliError
from kedro.io.core import DatasetError
from kedro.validation import DataValidationError, ParameterValidationError

from trip_duration.commands import TRACEBACK, wants_traceback
from trip_duration.errors import ParameterError, TripDurationError
from trip_duration.logs import logs_json
from trip_duration.secrets import without_password

log = logging.getLogger(__name__)

_KEDRO = (DatasetError, MissingConfigException, ParameterValidationError)
# where Kedro refuses a name of a pipeline, a node, a tag, a dataset or a runner
_KEDRO_ARGUMENTS = {
    "kedro.framework.session.session",
    "kedro.pipeline.pipeline",
    "kedro.runner.runner",
    "kedro.utils",
}
_NAMES = "`kedro registry list` names pipelines, `kedro registry describe <pipeline>` their nodes."
_RUNNERS = "Runners are SequentialRunner, ThreadRunner and ParallelRunner."
# of the machine, not of the code: no space left, no permission, a read-only file system
_MACHINE = {errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR}
_MLFLOW = "mlflow.exceptions"
# Kedro's error of a dataset that cannot be loaded from a file
_LOADING = re.compile(
    r"(?P<dataset>\w+): Failed while loading .*?filepath=\w*\(?'(?P<path>[^']+)'", re.DOTALL
)
# what the processes of ParallelRunner put in the place of the causes of an error
_REMOTE = "_RemoteTraceback"

_previous = sys.excepthook


def describe(error: BaseException) -> str | None:
    """Return what an expected error says to the user, or None if the error is not expected.

    Args:
        error: An error with its causes; Kedro wraps what a dataset raises.
    """
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, TripDurationError | DataValidationError):
            return str(cause)
        if _is_from_mlflow(cause):
            return f"MLflow: {cause}"
    return _describe_cause(causes[-1], error)


def _describe_cause(root: BaseException, error: BaseException) -> str | None:
    loading = _LOADING.match(str(error)) if isinstance(error, DatasetError) else None
    if loading is not None and isinstance(root, ValueError):
        # a file that is cut short or of another form, such as JSON that does not end
        return (
            f"dataset {loading['dataset']}: {loading['path']} cannot be read: {root}. Make it "
            "again, or restore it from a copy."
        )
    if isinstance(root, OSError) and (isinstance(error, DatasetError) or root.errno in _MACHINE):
        return _describe_os_error(root, error)
    if isinstance(root, _KEDRO):
        return str(error)
    if _refuses_argument(error):
        return f"{str(error).strip()}\n{_RUNNERS if isinstance(error, AttributeError) else _NAMES}"
    return None


def install() -> None:
    """Print expected errors as a block wherever Python would end with a traceback."""
    global _previous
    KedroCliError.show = _show_message  # type: ignore[method-assign]
    if sys.excepthook is not _print_error:
        _previous, sys.excepthook = sys.excepthook, _print_error


def _print_error(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    message = describe(error)
    # an error may hold an address with its password
    text = without_password("".join(traceback.format_exception(error)))
    if logs_json():
        lines = [message or f"{kind.__name__}: {error}", *getattr(error, "__notes__", [])]
        log.error(without_password("\n".join(lines)), extra={"traceback": text})
        return
    if message is None:
        _print_fault(kind, error, trace, text)
        return
    lines = [message.strip(), *getattr(error, "__notes__", [])]
    if wants_traceback():
        click.echo(text, err=True)
    elif not isinstance(error, ParameterError):
        lines.append(f"({TRACEBACK}=1 shows the traceback.)")
    click.echo(without_password("\n".join(["", f"Error: {lines[0]}", *lines[1:]])), err=True)


def _print_fault(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None, text: str
) -> None:
    if _previous is sys.__excepthook__:
        click.echo(text, nl=False, err=True)
    else:
        # another library has installed its own hook: call it
        _previous(kind, error, trace)


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None and type(cause).__name__ != _REMOTE:
        yield cause
        cause = cause.__cause__


def _describe_os_error(root: OSError, error: BaseException) -> str:
    # Kedro's message begins with the name of the dataset
    dataset = str(error).partition(":")[0] if isinstance(error, DatasetError) else ""
    where = f"dataset {dataset}: " if dataset.isidentifier() else ""
    return f"{where}{root.strerror or root}: {root.filename or 'no file is named'}"


def _is_from_mlflow(error: BaseException) -> bool:
    # recognised by name, because MLflow takes seconds to import
    return any(kind.__module__ == _MLFLOW for kind in type(error).__mro__)


def _refuses_argument(error: BaseException) -> bool:
    frames = list(traceback.walk_tb(error.__traceback__))
    where = frames[-1][0].f_globals.get("__name__") if frames else None
    return isinstance(error, ValueError | AttributeError) and where in _KEDRO_ARGUMENTS


def _show_message(self: KedroCliError, file: IO[Any] | None = None) -> None:
    """Print an error of Kedro's command line.

    Kedro 1.7 prints the exception that is being handled; click calls it when none is, since 8.4.
    """
    if self.VERBOSE_ERROR:
        traceback.print_exception(self)
    click.echo(f"Error: {self.format_message()}", file, err=True)
