"""Commands of the prediction log: its tables, real durations, where an answer comes from."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from trip_duration.commands import or_not_done

if TYPE_CHECKING:
    from trip_duration.registry.trace import Link, Trace

VARIABLE = "TRIP_DURATION_SERVE_LOG_URL"
_MARKS = {True: "ok     ", False: "BROKEN ", None: "-      "}


def _own_database() -> str:
    from trip_duration.registry.places import database_url  # noqa: PLC0415 - keeps --help quick

    return database_url()


def _own_raw() -> Path:
    from trip_duration.registry.places import data_folder  # noqa: PLC0415 - keeps --help quick

    return data_folder() / "01_raw"


_database = click.option(
    "--database",
    "url",
    envvar=VARIABLE,
    default=_own_database,
    show_default="TRIP_DURATION_DATABASE_URL, service.db in the data folder",
    show_envvar=True,
    help="Database of the prediction log.",
)


@click.group()
def database() -> None:
    """The database of the prediction log."""


@database.command("upgrade")
@_database
def upgrade_command(url: str) -> None:
    """Make its tables, or bring them to the form of this version.

    The service does so itself when it starts. Processes that do so at once wait for each other.
    """
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415 - keeps --help quick

    from trip_duration.serving.database import (  # noqa: PLC0415
        masked,
        open_database,
        unreadable,
        upgrade,
    )

    with or_not_done():
        engine = open_database(url)
        try:
            upgrade(engine)
        except (SQLAlchemyError, OSError) as error:
            raise unreadable(engine, error) from None
    click.echo(f"{masked(engine.url)} is up to date")


@click.group()
def outcomes() -> None:
    """Real durations of trips that were predicted."""


@outcomes.command("load")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@_database
def load_command(file: Path, url: str) -> None:
    """Join the real durations in FILE to the logged predictions.

    FILE is CSV or parquet with the columns prediction_id and duration_minutes. Rows that cannot be
    loaded are written beside it with their reasons. Ends with 2 if nothing could be done.
    """
    from trip_duration.serving.database import open_database  # noqa: PLC0415 - keeps --help quick
    from trip_duration.serving.outcomes import load_outcomes  # noqa: PLC0415

    with or_not_done():
        done = load_outcomes(open_database(url), file)
    click.echo(f"{done.rows} rows: {done.loaded} loaded, {sum(done.set_aside.values())} set aside")
    for reason, count in done.set_aside.items():
        click.echo(f"  {count} row{'s' if count > 1 else ''}: {reason}")
    if done.beside is not None:
        click.echo(f"set aside in {done.beside}")


@click.command("trace")
@click.argument("prediction_id")
@_database
@click.option("--tracking-uri", help="Where models and runs are, if not where the project's are.")
@click.option(
    "--raw",
    type=click.Path(file_okay=False, path_type=Path),
    default=_own_raw,
    show_default="01_raw in the data folder",
    help="Folder of the ingested files; those that are there are hashed.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def trace(prediction_id: str, url: str, tracking_uri: str | None, raw: Path, as_json: bool) -> None:
    """Follow a prediction to its model, its run, its code and the bytes that it was learnt from.

    Every hash on the way is computed anew. Ends with 0 if all of them hold, with 1 if one does not,
    which is named, and with 2 if the way could not be followed.
    """
    from trip_duration.registry.places import registry_uri  # noqa: PLC0415 - see load
    from trip_duration.registry.trace import Answer, trace_answer  # noqa: PLC0415
    from trip_duration.registry.versions import Registry  # noqa: PLC0415
    from trip_duration.serving.database import find, open_database  # noqa: PLC0415

    with or_not_done():
        row = find(open_database(url), prediction_id)
        answer = Answer(prediction_id, row["model_version"], row["model_sha256"])
        place = tracking_uri or registry_uri()
        found = trace_answer(answer, Registry(place), raw)
    for line in [_as_json(row, found)] if as_json else _as_lines(row, found):
        click.echo(line)
    raise SystemExit(1 if found.broken else 0)


def _as_json(row: dict[str, Any], found: Trace) -> str:
    broken = None if found.broken is None else asdict(found.broken)
    content = {**asdict(found), "prediction": row, "broken": broken}
    return json.dumps(content, indent=2, default=lambda moment: moment.isoformat())


def _as_lines(row: dict[str, Any], found: Trace) -> Iterator[str]:
    tree = {True: "", False: ", with changes that were not committed", None: ""}[found.clean]
    yield f"prediction  {found.answer.prediction_id} of {row['requested_at'].isoformat()}"
    yield f"answer      {row['minutes']} minutes"
    yield f"model       version {found.version}, sha256 {found.answer.model_sha256}"
    yield f"run         {found.run_id}, {len(found.parameters)} parameters (--json shows them)"
    for run_id in found.parents:
        yield f"parent      run {run_id}, from whose predictor it was calibrated"
    yield f"commit      {found.commit or 'unknown'}{tree}"
    yield f"lock        {found.lock or 'unknown'}"
    for link in found.links:
        yield _MARKS[link.holds] + _describe(link)
    broken = found.broken
    yield (
        "every hash that is at hand holds"
        if broken is None
        else f"the first that does not hold: {broken.name}"
    )


def _describe(link: Link) -> str:
    if link.holds:
        return f"{link.name}: {link.expected}"
    return f"{link.name}: expected {link.expected}, found {link.found}"
