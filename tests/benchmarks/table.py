"""How results are shown: a table in the terminal, and the same table as a page."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from tests.benchmarks.measure import Report, Row

HEAD = ("what", "ours", "theirs", "ratio", "asked", "")


def cells(row: Row) -> tuple[str, ...]:
    ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
    bound = ">=" if row.at_least else "<="
    asked = "" if row.asked is None else f"{bound} {row.asked:g}{row.unit}"
    return row.what, row.ours, row.theirs, ratio, asked, row.verdict


def as_text(rows: Sequence[Row]) -> str:
    lines = [HEAD, *map(cells, rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def as_markdown(rows: Sequence[Row]) -> str:
    lines = [HEAD, ("---",) * len(HEAD), *map(cells, rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def machine() -> str:
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return (
        f"Python {platform.python_version()}, {os.cpu_count()} cores, load average {load} "
        "at the end"
    )


def write_page(reports: Sequence[Report], command: str, page: Path) -> None:
    rows = [row for report in reports for row in report.rows]
    remarks = "\n".join(f"- {remark}" for report in reports for remark in report.remarks)
    page.write_text(
        "# Benchmarks\n\n"
        f"Written by `{command}` on {date.today():%Y-%m-%d}. {machine()}.\n\n"
        "Both sides run in turn on the same machine, several times, and the median counts. Only "
        "the\nratios mean something on another machine.\n\n"
        f"{as_markdown(rows)}\n"
        f"## Remarks\n\n{remarks}\n"
    )
