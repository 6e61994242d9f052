"""The tables that ``trip-duration models`` prints: versions, the ledger, the outcome of a gate."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import click

from trip_duration.registry.ledger import Line
from trip_duration.registry.records import Version

Record = dict[str, Any]
ABSENT = "-"
HEAD = (
    "no",
    "version",
    "aliases",
    "stage",
    "family",
    "service",
    "months",
    "source",
    "MAE/with dist.",
    "by",
    "registered",
)
# what may be long, or whose head is longer than its values
FOLDING = {"aliases", "MAE/with dist.", "by"}
_FIGURES = {
    "test_mae_without_distance": "test.request.mae",
    "test_mae_with_distance": "test.request_with_distance.mae",
}


def describe_versions(versions: Iterable[Version], lines: Iterable[Line]) -> list[Record]:
    """Return what is listed of each version, in the order of the versions; JSON.

    Args:
        versions: Registered versions.
        lines: The ledger, which tells who registered them.
    """
    registered = [line for line in lines if line.action == "register"]
    actors = {(line.version, line.sha256): line.actor for line in registered}
    return [_describe(each, actors.get((each.number, each.sha256))) for each in versions]


def _describe(version: Version, actor: str | None) -> Record:
    tags = version.tags
    return {
        "number": version.number,
        "semantic_version": version.semantic_version or None,
        "aliases": list(version.aliases),
        "stage": version.stage,
        "family": tags.get("family"),
        "service": tags.get("service"),
        "train_months": tags.get("train_months"),
        "source": tags.get("source"),
        **{name: version.metrics.get(figure) for name, figure in _FIGURES.items()},
        "registered_by": actor,
        "registered_at": version.created_at.isoformat(timespec="seconds"),
        "sha256": version.sha256,
        "run_id": version.run_id,
    }


def print_versions(records: Sequence[Record]) -> None:
    """Print a table: drawn to the width of a terminal, else as aligned text."""
    rows = [_cells(record) for record in records]
    if sys.stdout.isatty():
        from rich.console import Console  # noqa: PLC0415 - only where a table is drawn

        Console().print(draw(rows))
    else:
        print_aligned([HEAD, *rows])


def _cells(record: Record) -> tuple[str, ...]:
    errors = [record[name] for name in _FIGURES]
    has_errors = any(error is not None for error in errors)
    both = " / ".join(ABSENT if error is None else f"{error:.2f}" for error in errors)
    texts = (
        record["number"],
        record["semantic_version"],
        " ".join(record["aliases"]),
        record["stage"],
        record["family"],
        record["service"],
        record["train_months"],
        record["source"],
        both if has_errors else None,
        record["registered_by"],
        record["registered_at"][:10],
    )
    return tuple(text or ABSENT for text in texts)


def draw(rows: Iterable[Sequence[str]]) -> Any:
    """Return the table for a terminal, whose cells fold where the terminal is narrow."""
    from rich.table import Table  # noqa: PLC0415 - see print_versions
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold")
    for name in HEAD:
        table.add_column(name, overflow="fold", no_wrap=name not in FOLDING)
    for row in rows:
        # as text, not as markup: a tag is written by whoever may write to the registry
        table.add_row(*(Text(cell) for cell in row))
    return table


def print_aligned(rows: Sequence[Sequence[object]]) -> None:
    """Print rows as columns of text with two spaces between them."""
    widths = [max(len(str(row[i])) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        cells = (f"{cell!s:<{width}}" for cell, width in zip(row, widths, strict=True))
        click.echo("  ".join(cells).rstrip())


def print_history(lines: Iterable[Line]) -> None:
    """Print lines of the ledger."""
    head = ("line", "when (UTC)", "event", "action", "version", "who", "why")
    rows = [
        (
            line.sequence,
            line.at[:19].replace("T", " "),
            line.event,
            line.action + (" (forced)" if line.content.get("forced") else ""),
            line.version,
            line.actor,
            line.reason or ABSENT,
        )
        for line in lines
    ]
    click.echo()
    print_aligned([head, *rows])


def print_gate(report: Mapping[str, Any] | None) -> None:
    """Print the criteria of a gate report, if there is one."""
    if report:
        click.echo(f"\ngate on {', '.join(report.get('months', []))}:")
        for criterion in report["criteria"]:
            outcome = "passed" if criterion["passed"] else "FAILED"
            click.echo(f"  {outcome} {criterion['name']}: {criterion['words']}")
