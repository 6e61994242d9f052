"""Commands that could not do what was asked for."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from trip_duration.commands import or_not_done
from trip_duration.errors import DataError


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (DataError("no such month"), "Error: no such month\n"),
        (KeyboardInterrupt(), "Error: interrupted\n"),
        (TypeError("odd"), "Error: unexpected TypeError; this is to be reported\n"),
    ],
)
def test_whatever_fails_ends_with_two(error: BaseException, said: str) -> None:
    @click.command()
    def command() -> None:
        with or_not_done():
            raise error

    done = CliRunner().invoke(command)
    assert done.exit_code == 2
    assert done.stderr.endswith(said)
    assert ("Traceback" in done.stderr) is isinstance(error, TypeError)
