"""The tables of the model card."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from trip_duration.evaluation.figures import NAMES
from trip_duration.evaluation.metrics import PRESENTATIONS, SPLITS
from trip_duration.pipelines.reporting.figures_model import total_rejected
from trip_duration.pipelines.reporting.figures_slices import Metrics, Slices

Json = dict[str, Any]
_RULES = {
    "missing_value": "a time or a zone is missing",
    "outside_month": "picked up outside the month of the file",
    "clock_change": "in the hour that a change of the clock leaves out or repeats",
    "unknown_zone": "a zone without a place on the map (264, 265)",
    "too_short": "shorter than {min_duration:g} min",
    "too_long": "longer than {max_duration:g} min",
    "refund": "takes back the charge of another record",
    "duplicate": "a further record of the same trip",
    "too_fast": "faster than {max_speed:g} miles per hour",
}
# title and form of each metric of point estimates
_COLUMNS = {
    "mae": ("MAE", "{:.2f}"),
    "rmse": ("RMSE", "{:.2f}"),
    "p90_abs_error": ("9 of 10 within", "{:.1f}"),
    "bias": ("bias", "{:+.2f}"),
    "mape": ("MAPE", "{:.1%}"),
    "r2": ("R²", "{:.3f}"),
    "rmsle": ("RMSLE", "{:.3f}"),
}


def table(head: Sequence[str], rows: Iterable[Sequence[Any]], words: int = 1) -> str:
    """Write a table in Markdown, its first columns of words to the left, numbers to the right."""
    rule = ["---"] * words + ["---:"] * (len(head) - words)
    return "\n".join(f"| {' | '.join(map(str, row))} |" for row in (head, rule, *rows))


def bullets(lines: Iterable[str]) -> str:
    """Write lines as a list."""
    return "\n".join(f"- {line}" for line in lines)


def table_metrics(metrics: Metrics) -> str:
    """Write every split and presentation beside the baseline, and the gain over it."""
    rows = [
        (
            split,
            NAMES[name],
            f"{metrics[split][name]['n']:,}",
            _gain(metrics[split], name),
            *(form.format(metrics[split][name][key]) for key, (_, form) in _COLUMNS.items()),
        )
        for split in SPLITS
        for name in PRESENTATIONS
    ]
    titles = [title for title, _ in _COLUMNS.values()]
    head = ["split", "presentation", "trips", "gain", *titles]
    return table(head, rows, words=2)


def _gain(split: dict[str, dict[str, float]], name: str) -> str:
    baseline = split["baseline"]["mae"]
    if name == "baseline" or not baseline:
        return ""
    return f"{1 - split[name]['mae'] / baseline:+.1%}"


def table_features(run: Json) -> str:
    """Write the features with their meaning and importance, the most important first."""
    shares = run["importance"]
    ranked = sorted(run["features"], key=lambda feature: -shares.get(feature["name"], 0.0))
    rows = [
        (f"`{f['name']}`", f["meaning"], f["unit"], f"{shares.get(f['name'], 0.0):.1%}")
        for f in ranked
    ]
    return table(["feature", "meaning", "unit", "importance"], rows, words=3)


def table_months(quality: Json, manifest: Json, facts: Json) -> str:
    """Write the months with their use, rows and checksums."""
    use = {
        **dict.fromkeys(facts["train_months"], "training"),
        **dict.fromkeys(facts["test_months"], "test"),
    }
    rows = [
        (
            month,
            use.get(month, "not used"),
            f"`{manifest['months'][month]['sha256']}`",
            f"{manifest['months'][month]['rows']:,}",
            f"{counts['rows_kept']:,}",
        )
        for month, counts in quality["months"].items()
    ]
    return table(["month", "use", "sha256 of the file", "rows", "trips kept"], rows, words=3)


def table_splits(metrics: Metrics, quality: Json, facts: Json) -> str:
    """Write the splits with their sizes."""
    known = sum(quality["months"][month]["rows_kept"] for month in facts["train_months"])
    late, test = (metrics[name]["request"]["n"] for name in ("validation", "test"))
    again = ", at last learnt from as well" * facts["refit"]
    sampled = metrics["train"]["request"]["n"]
    rows = [
        ("train", f"learnt from; metrics on {sampled:,}, evenly spaced", f"{known - late:,}"),
        ("validation", f"last {facts['validation_days']} days of training{again}", f"{late:,}"),
        ("test", "later months, seen by nothing in training", f"{test:,}"),
    ]
    return table(["split", "what", "trips"], rows, words=2)


def table_rules(quality: Json, bounds: Json) -> str:
    """Write the rules with the rows that each rejected, the most first."""
    read = max(sum(month["rows_read"] for month in quality["months"].values()), 1)
    rows = [
        (f"`{rule}`", _RULES.get(rule, "").format(**bounds), f"{count:,}", f"{count / read:.2%}")
        for rule, count in total_rejected(quality).items()
    ]
    return table(["rule", "what it rejects", "rows", "share"], rows, words=2)


def table_durations(slices: Slices) -> str:
    """Write the errors by actual duration."""
    rows = [(f"{record['duration']} min", *_errors(record)) for record in slices["duration"]]
    return table(["trips that took", *_HEAD], rows)


_HEAD = ("trips", "MAE", "MAE with distance", "MAE of the baseline", "bias")


def _errors(record: Json) -> tuple[str, ...]:
    errors = (record[name] for name in ("mae", "mae_with_distance", "mae_baseline"))
    return f"{record['trips']:,}", *(f"{error:.2f}" for error in errors), f"{record['bias']:+.2f}"
