"""``trip-duration models``: which versions there are, which one serves, and who changed that."""

from __future__ import annotations

import getpass
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from trip_duration.commands import or_not_done
from trip_duration.errors import TripDurationError
from trip_duration.registry.places import (
    data_folder,
    database_url,
    find_project,
    registry_uri,
)

if TYPE_CHECKING:
    from trip_duration.registry.promotion import Keeper

_GATE_REPORT = "08_reporting/gate_report.json"


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--tracking-uri",
    help="The registry. [default: MLFLOW_TRACKING_URI, mlflow.db in the data folder]",
)
@click.option(
    "--database-url",
    help="The ledger. [default: TRIP_DURATION_DATABASE_URL, service.db in the data folder]",
)
@click.option("--by", help="Who asks, for the ledger. [default: the user of this machine]")
@click.pass_context
def models(
    context: click.Context, tracking_uri: str | None, database_url: str | None, by: str | None
) -> None:
    """Look at registered versions and change which one serves.

    A version is named by its number, by its semantic version (v1.2.3) or by an alias: champion (the
    one that serves), challenger (the one that a run has registered last), previous (the one that a
    rollback comes back to).
    The data folder is TRIP_DURATION_DATA_ROOT, else data of the project.

    Every command ends with 0 if it was done and with 2 if not; `verify` ends with 1 if something
    does not hold.
    """
    context.obj = {"tracking_uri": tracking_uri, "database_url": database_url, "by": by}


def _keeper(choices: dict[str, str | None]) -> Keeper:
    from trip_duration.registry.ledger import Ledger  # noqa: PLC0415 - keeps --help quick
    from trip_duration.registry.promotion import Keeper  # noqa: PLC0415
    from trip_duration.registry.versions import Registry  # noqa: PLC0415

    registry = Registry(choices["tracking_uri"] or registry_uri())
    ledger = Ledger(choices["database_url"] or database_url())
    return Keeper(registry, ledger, choices["by"] or getpass.getuser())


@models.command("list")
@click.option("--json", "as_json", is_flag=True, help="A JSON array, with every figure.")
@click.pass_obj
def list_versions(choices: dict[str, str | None], as_json: bool) -> None:
    """List every version, the newest first.

    With the months that it was trained on, their source (synthetic or real), the mean absolute
    error on test trips in minutes without / with distance, and who registered it when (UTC).
    """
    from trip_duration.registry.listing import describe_versions, print_versions  # noqa: PLC0415

    with or_not_done():
        keeper = _keeper(choices)
        records = describe_versions(keeper.registry.versions(), keeper.ledger.lines())
    if as_json:
        click.echo(json.dumps(records, indent=2))
    else:
        print_versions(records)


@models.command()
@click.argument("reference", default="champion")
@click.pass_obj
def show(choices: dict[str, str | None], reference: str) -> None:
    """Show what is known of a version, and every change it was part of.

    REFERENCE is an alias, a number or a semantic version; the champion if it is not given.
    """
    from trip_duration.registry.listing import (  # noqa: PLC0415 - keeps --help quick
        print_aligned,
        print_gate,
        print_history,
    )

    with or_not_done():
        keeper = _keeper(choices)
        keeper.settle()
        version = keeper.registry.get(reference)
        lines = [line for line in keeper.ledger.lines() if line.version == version.number]
    known = {
        "version": version.name,
        "aliases": " ".join(version.aliases) or "none",
        "stage": version.stage,
        "sha256": version.sha256,
        "run": version.run_id,
        "registered": f"{version.created_at:%Y-%m-%d %H:%M:%S} UTC",
        "description": version.description,
        **version.tags,
        **{name: f"{value:.4f}" for name, value in version.metrics.items()},
    }
    print_aligned(list(known.items()))
    print_history(lines)
    for line in lines:
        print_gate(line.content.get("gate_report"))


@models.command()
@click.argument("reference", default="challenger")
@click.option(
    "--gate-report",
    type=click.Path(dir_okay=False, path_type=Path),
    help=f"What the pipeline promotion has written. [default: {_GATE_REPORT} in the data folder]",
)
@click.option("--force", is_flag=True, help="Promote without a passing gate report.")
@click.option("--reason", default="", help="Why, for the ledger; required with --force.")
@click.pass_obj
def promote(
    choices: dict[str, str | None],
    reference: str,
    gate_report: Path | None,
    force: bool,
    reason: str,
) -> None:
    """Let a version serve; the champion becomes the previous one.

    REFERENCE is an alias, a number or a semantic version; the challenger if it is not given. Takes
    the gate report of exactly this version, compared with exactly the present champion: `kedro run
    --pipelines promotion --params "version=..."` writes it.
    """
    with or_not_done():
        keeper = _keeper(choices)
        path = gate_report or data_folder() / _GATE_REPORT
        report = _read_report(path, required=gate_report is not None)
        line = keeper.promote(reference, report, reason=reason, force=force)
    click.echo(f"version {line.version} is the champion; line {line.sequence} of the ledger")


@models.command()
@click.option("--reason", default="", help="Why, for the ledger.")
@click.pass_obj
def rollback(choices: dict[str, str | None], reason: str) -> None:
    """Let the previous champion serve again; takes no gate."""
    with or_not_done():
        line = _keeper(choices).rollback(reason)
    click.echo(f"version {line.version} is the champion again; line {line.sequence} of the ledger")


@models.command()
@click.argument("reference")
@click.option("--reason", default="", help="Why, for the ledger.")
@click.pass_obj
def archive(choices: dict[str, str | None], reference: str, reason: str) -> None:
    """Put a version away: no alias points to it, no rollback comes back to it."""
    with or_not_done():
        line = _keeper(choices).archive(reference, reason)
    click.echo(f"version {line.version} is archived; line {line.sequence} of the ledger")


@models.command()
@click.argument("reference", default="champion")
@click.pass_obj
def tag(choices: dict[str, str | None], reference: str) -> None:
    """Make an annotated git tag, such as model-v1.2.3, at the commit of a version's run.

    REFERENCE is an alias, a number or a semantic version; the champion if it is not given. Refused
    if the code of the run was not that of a commit. The tag is not pushed.
    """
    from trip_duration.registry.git_tags import tag_commit  # noqa: PLC0415 - keeps --help quick

    with or_not_done():
        version = _keeper(choices).registry.get(reference)
        click.echo(tag_commit(version, find_project(Path.cwd())))


@models.command()
@click.option("--json", "as_json", is_flag=True, help="Whole lines, a JSON object each.")
@click.pass_obj
def history(choices: dict[str, str | None], as_json: bool) -> None:
    """Show the ledger: who changed what, when and why."""
    from trip_duration.registry.listing import print_history  # noqa: PLC0415 - keeps --help quick

    with or_not_done():
        lines = _keeper(choices).ledger.lines()
    if as_json:
        for line in lines:
            click.echo(json.dumps(asdict(line)))
    else:
        print_history(lines)


@models.command()
@click.pass_obj
def verify(choices: dict[str, str | None]) -> None:
    """Verify the chain of the ledger, and that the registry is as the ledger says.

    Names the first line that does not hold, and ends with 1.
    """
    from trip_duration.registry.rules import find_problems  # noqa: PLC0415 - keeps --help quick

    with or_not_done():
        keeper = _keeper(choices)
        problems = find_problems(keeper.registry, keeper.ledger)
        count = len(keeper.ledger.lines())
    for problem in problems:
        click.echo(problem)
    if problems:
        raise SystemExit(1)
    click.echo(f"{count} lines hold, and the registry is as they say")


def _read_report(path: Path, required: bool) -> dict[str, Any]:
    if not path.is_file() and not required:
        return {}
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise TripDurationError(f"{path} is no gate report that can be read: {error}.") from None
    if not isinstance(report, dict):
        raise TripDurationError(f"{path} is no gate report: expected a JSON object.")
    return report
