"""The command ``keys``: make, list and revoke API keys of the service."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from trip_duration.errors import TripDurationError

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.group()
@click.option(
    "--file",
    type=_FILE,
    envvar="TRIP_DURATION_SERVE_KEYS",
    default=Path("conf/local/api_keys.json"),
    show_default=True,
    help="File of the API keys.",
)
@click.pass_context
def keys(context: click.Context, file: Path) -> None:
    """Make, list and revoke API keys of the service.

    A service that runs follows within about a second.
    """
    context.obj = file


@keys.command()
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice(["predict", "explain", "admin"]),
    default=("predict", "explain"),
    show_default=True,
    help="What it may ask for; can be given several times.",
)
@click.pass_obj
def create(file: Path, name: str, scopes: tuple[Any, ...]) -> None:
    """Make a key for NAME and print it, once and never again."""
    key = _change(file, "key_created", lambda key_file: key_file.create(name, scopes), name=name)
    click.echo(key)


@keys.command(name="list")
@click.pass_obj
def list_keys(file: Path) -> None:
    """List the keys: id, name, scopes, since when, until when."""
    for key in _read(file).keys:
        state = f"revoked {key.revoked_at:%Y-%m-%d}" if key.revoked_at else "in force"
        scopes = ",".join(key.scopes)
        click.echo(f"{key.id}  {key.created_at:%Y-%m-%d}  {state:18}  {scopes:22}  {key.name}")


@keys.command()
@click.argument("identity", metavar="ID")
@click.pass_obj
def revoke(file: Path, identity: str) -> None:
    """Revoke the key ID, which is the middle part of the key itself."""
    _change(file, "key_revoked", lambda key_file: key_file.revoke(identity), id=identity)
    click.echo(f"{identity} is revoked")


def _read(file: Path) -> Any:
    from trip_duration.serving.keys import KeyFile  # noqa: PLC0415 - keeps --help quick

    try:
        return KeyFile.read(file)
    except TripDurationError as error:
        raise click.ClickException(str(error)) from None


def _change(file: Path, *change: Any, **facts: Any) -> Any:
    try:
        return change_keys(file, *change, **facts)
    except OSError as error:
        raise click.ClickException(f"{file}: the keys cannot be changed: {error}") from None
    except TripDurationError as error:
        raise click.ClickException(str(error)) from None


def change_keys(file: Path, action: str, change: Any, **facts: Any) -> Any:
    """Change the file of keys, one process at a time, and note it in the audit log."""
    from trip_duration.serving.journal import Audit  # noqa: PLC0415 - keeps --help quick
    from trip_duration.storage import hold_lock  # noqa: PLC0415

    audit = os.environ.get("TRIP_DURATION_SERVE_AUDIT")
    with hold_lock(file.with_name(f".{file.name}.lock"), str(file), "change of API keys"):
        key_file = _read(file)
        result = change(key_file)
        key_file.write(file)
    Audit(Path(audit) if audit else None).write(action, file=str(file), **facts)
    return result
