"""The console command ``trip-duration``: what is not a Kedro pipeline."""

from __future__ import annotations

from pathlib import Path

import click


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="trip-duration")
def cli() -> None:
    """Trip durations of New York taxis: everything that is not a Kedro pipeline.

    Models are trained by `kedro run`; see `kedro run --help`.
    """


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
