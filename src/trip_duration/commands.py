"""How a command ends that could not do what was asked for."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import click

from trip_duration.errors import TripDurationError


class NotDone(click.ClickException):
    """What was asked for could not be done, which is not to be taken for an answer to it."""

    exit_code = 2


@contextmanager
def or_not_done() -> Iterator[None]:
    """End the command with 2 if the block fails, whatever it fails of.

    Python would end it with 1, by which commands say that what they have looked at does not hold.
    """
    try:
        yield
    except TripDurationError as error:
        raise NotDone(str(error)) from None
    except KeyboardInterrupt:
        raise NotDone("interrupted") from None
    except Exception as error:
        click.echo(traceback.format_exc(), err=True)
        raise NotDone(f"unexpected {type(error).__name__}; this is to be reported") from error
