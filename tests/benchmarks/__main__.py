"""``python -m tests.benchmarks``: measure, and print a table of ratios."""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import click
from tqdm.auto import tqdm

from tests.benchmarks import (
    batch,
    features,
    processing,
    ready,
    request,
    service,
    startup,
    studies,
    table,
    whole_run,
)
from tests.benchmarks.measure import Report
from tests.benchmarks.projects import Workshop

BENCHES: dict[str, Callable[[Workshop], Report]] = {
    "month": processing.bench_month,
    "run": whole_run.bench_run,
    "tuning": studies.bench_tuning,
    "backtest": studies.bench_backtest,
    "memory": processing.bench_memory,
    "features": features.bench_features,
    "request": request.bench_request,
    "service": service.bench_service,
    "batch": batch.bench_batch,
    "ready": ready.bench_ready,
    "startup": startup.bench_startup,
}
LISTED = "\n".join(f"  {name}: {bench.__doc__}" for name, bench in BENCHES.items())


@click.command(epilog=f"\b\nBenches, all of them if none is named:\n{LISTED}")
@click.argument("names", nargs=-1, type=click.Choice(list(BENCHES)))
@click.option("--quick", is_flag=True, help="Small months, few repetitions: figures mean little.")
@click.option("--list", "listing", is_flag=True, help="Name the benches and measure nothing.")
@click.option("--page", type=click.Path(dir_okay=False, path_type=Path), help="Write a page, too.")
def main(names: tuple[str, ...], quick: bool, listing: bool, page: Path | None) -> None:
    """Measure this project against the same work in plain scripts.

    The whole run is measured on real months if TLC_SOURCE_ROOT names a folder of them.
    """
    if listing:
        click.echo(LISTED)
        return
    logging.disable(logging.WARNING)
    chosen = names or tuple(BENCHES)
    with tempfile.TemporaryDirectory(prefix="trip-duration-bench-") as folder:
        shop = Workshop(Path(folder), quick)
        reports = [measure(name, shop) for name in tqdm(chosen, desc="benches", disable=None)]
    show(reports)
    if page is not None:
        table.write_page(reports, write_command(names, quick, page), page)
        click.echo(f"wrote {page}")


def measure(name: str, shop: Workshop) -> Report:
    load = os.getloadavg()[0]
    click.echo(f"{name}: {BENCHES[name].__doc__} Load average {load:.1f}.", err=True)
    return BENCHES[name](shop)


def show(reports: list[Report]) -> None:
    click.echo(table.as_text([row for report in reports for row in report.rows]))
    click.echo(table.machine())
    for report in reports:
        for remark in report.remarks:
            click.echo(f"- {remark}")


def write_command(names: tuple[str, ...], quick: bool, page: Path) -> str:
    place = ["TLC_SOURCE_ROOT=..."] if "TLC_SOURCE_ROOT" in os.environ else []
    options = [*names, *["--quick"] * quick, f"--page {page}"]
    return " ".join([*place, "python -m tests.benchmarks", *options])


if __name__ == "__main__":
    main(prog_name="python -m tests.benchmarks")
