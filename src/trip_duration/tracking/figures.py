"""All figures of a run on one page, because MLflow's UI shows plotly's JSON as text."""

from __future__ import annotations

import json
from html import escape
from pathlib import Path

PREFIX = "report_"
PAGE = "figures.html"


def write_page(folder: Path) -> None:
    """Write a page of the figures in a folder, which needs no network; none without figures.

    Args:
        folder: Where figures lie as ``report_*.json``. The page is written beside them.
    """
    paths = sorted(folder.glob(f"{PREFIX}*.json"))
    if paths:
        parts = [_section(path, first=path is paths[0]) for path in paths]
        head = '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Figures</title>'
        page = "\n".join([f"{head}</head><body>", *parts, "</body></html>\n"])
        (folder / PAGE).write_text(page, encoding="utf-8")


def _section(path: Path, first: bool) -> str:
    from plotly.io import to_html  # noqa: PLC0415 - only where a run is tracked

    # as it was saved; the first brings the library for all
    figure = json.loads(path.read_text(encoding="utf-8"))
    drawn = to_html(figure, full_html=False, include_plotlyjs=first, validate=False)
    title = escape(path.stem.removeprefix(PREFIX).replace("_", " "))
    return f"<h2>{title}</h2>\n{drawn}"
