"""The comparison in words: for the model card, and as a page of its own."""

from __future__ import annotations

from typing import Any

from trip_duration.months import span_months

Json = dict[str, Any]
_MOST_ROWS = 12
_HEAD = [
    "candidate",
    "MAE",
    "MAE with distance",
    "difference",
    "coverage",
    "training, s",
    "size, MB",
    "one request, µs",
    "row of a batch, µs",
]


def write_card(report: Json) -> Json:
    """Write title, lines and a table.

    Args:
        report: What the comparison has found.
    """
    return {
        "title": "Comparison",
        "lines": [
            f"Each candidate was trained and tested on the same folds: {report['days']} days of "
            f"{span_months(report['months'])}. The difference is that of the MAE over both kinds "
            f"of request from the best candidate's, with its {report['confidence']:.0%} interval "
            "from a bootstrap over days. Durations and errors are in minutes.",
            report["recommendation"],
            *report["reasons"],
        ],
        "head": _HEAD,
        "rows": [_row(row) for row in report["candidates"][:_MOST_ROWS]],
    }


def _row(row: Json) -> list[str]:
    costs, difference = row["costs"], row["difference"]["overall"]
    best = difference["estimate"] == difference["lower"] == difference["upper"] == 0
    return [
        row["candidate"],
        f"{row['mae']['request']:.3f}",
        f"{row['mae']['request_with_distance']:.3f}",
        "best"
        if best
        else f"{difference['estimate']:+.3f} "
        f"({difference['lower']:+.3f} to {difference['upper']:+.3f})",
        f"{row['coverage']['request']:.1%}",
        f"{costs['fit_seconds']:.1f}",
        f"{costs['bytes'] / 1e6:.2f}",
        f"{costs['request_microseconds']:.0f}",
        f"{costs['row_microseconds']:.1f}",
    ]


def write_page(card: Json, report: Json) -> str:
    """Write the comparison as a page in Markdown.

    Args:
        card: What ``write_card`` returned.
        report: What the comparison has found, and the months that it left out.
    """
    rule = ["---", *["---:"] * (len(card["head"]) - 1)]
    rows = [_row(row) for row in report["candidates"]]
    table = [f"| {' | '.join(cells)} |" for cells in (card["head"], rule, *rows)]
    how, recommendation, *reasons = card["lines"]
    skipped = [f"- {month}: {reason}" for month, reason in report["skipped"].items()]
    parts = [f"# {card['title']}", how, "\n".join(table), f"**{recommendation}**"]
    parts.append("\n".join(f"- {reason}" for reason in reasons))
    if skipped:
        parts += ["Months that could not be tested:", "\n".join(skipped)]
    return "\n\n".join(parts) + "\n"
