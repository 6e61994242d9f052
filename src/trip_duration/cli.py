"""The console command ``trip-duration``: what is not a Kedro pipeline."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from trip_duration.commands import or_not_done
from trip_duration.errors import TripDurationError
from trip_duration.registry.cli import models
from trip_duration.serving.cli import serve
from trip_duration.serving.keys_cli import keys
from trip_duration.serving.log_cli import database, outcomes, trace


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="trip-duration")
def cli() -> None:
    """Trip durations of New York taxis: everything that is not a Kedro pipeline.

    Models are trained by `kedro run`; see `kedro run --help`.
    """


cli.add_command(serve)
cli.add_command(keys)


cli.add_command(models)


cli.add_command(database)
cli.add_command(outcomes)
cli.add_command(trace)


@cli.command()
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("docs/reference"),
    show_default=True,
    help="Where the pages are written.",
)
def docs(folder: Path) -> None:
    """Write the reference pages that are made from the code."""
    from trip_duration.reference import write_pages  # noqa: PLC0415 - keeps --help quick

    for path in write_pages(folder):
        click.echo(f"wrote {path}")


@cli.command()
@click.argument("run")
@click.option("--tracking-uri", help="Where the run is tracked, if not where the project's are.")
@click.option("--source-root", help="Where its months are, if not where it had them from.")
@click.option(
    "--workdir",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the temporary folder is made.",
)
@click.option("--keep", is_flag=True, help="Leave the temporary folder.")
@click.option("--here", is_flag=True, help="Use the code as it stands, not that of the commit.")
@click.option("--allow-dirty", is_flag=True, help="Try even if the commit lacks some of its code.")
def reproduce(run: str, **choices: Any) -> None:
    """Make RUN again and compare the predictions bit by bit.

    RUN is the id of an MLflow run, or the path of a run_manifest.json with predictions.parquet
    beside it. Ends with 0 if the two are identical, with 1 if they differ, with 2 if it could not
    be done.
    """
    from kedro.utils import find_kedro_project  # noqa: PLC0415 - keeps --help quick

    from trip_duration.reproduction import Choices, make_again  # noqa: PLC0415

    with or_not_done():
        project = find_kedro_project(Path.cwd())
        if project is None:
            raise TripDurationError(f"{Path.cwd()} is in no project: change to that of the run.")
        verdict = make_again(
            project, Choices(run, **choices), lambda line: click.echo(line, err=True)
        )
    for line in verdict.lines:
        click.echo(line)
    raise SystemExit(0 if verdict.identical else 1)
