"""CLI errors and exit codes."""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import click

from trip_duration.errors import TripDurationError

# variable of the environment: show the traceback of errors that have a block of text
TRACEBACK = "TRIP_DURATION_TRACEBACK"


class NotDone(click.ClickException):
    """The command could not be carried out; its exit code differs from that of a bad result."""

    exit_code = 2


def wants_traceback() -> bool:
    """Tell whether the user wants the traceback of expected errors as well."""
    return os.environ.get(TRACEBACK, "").lower() not in {"", "0", "false", "no"}


@contextmanager
def or_not_done() -> Iterator[None]:
    """End the command with exit code 2 if the block fails, whatever it fails of.

    Python would end it with 1, by which commands say that what they have looked at does not hold.
    """
    try:
        yield
    except TripDurationError as error:
        if wants_traceback():
            click.echo(traceback.format_exc(), err=True)
        raise NotDone(str(error)) from None
    except KeyboardInterrupt:
        raise NotDone("interrupted") from None
    except Exception as error:
        click.echo(traceback.format_exc(), err=True)
        raise NotDone(f"unexpected {type(error).__name__}; this is to be reported") from error
