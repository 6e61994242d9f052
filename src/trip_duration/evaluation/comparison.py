"""Candidates beside each other: what they are worth, how sure that is, and what they cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from trip_duration.evaluation.bootstrap import Difference, bootstrap_difference, draw_days
from trip_duration.evaluation.folds import Candidate, Task
from trip_duration.evaluation.slices import SUFFIXES
from trip_duration.params import ComparisonParams

Record = dict[str, Any]
# where the sums of absolute errors of a presentation stand in the sums of a day
_COLUMN = {"request": 1, "request_with_distance": 2}


def make_candidates(params: ComparisonParams) -> list[Candidate]:
    """Return each family with each feature set."""
    named = [
        Candidate(family, params.sources[name], name)
        for family in params.families
        for name in params.feature_sets
    ]
    return list(dict.fromkeys(named))


def compare(
    tasks: Sequence[Task], results: Mapping[str, Record], params: ComparisonParams
) -> Record:
    """Compare candidates on the trips of the same months.

    Args:
        tasks: What was carried out, the same folds for each candidate.
        results: The outcomes by name.
        params: Tolerance, and how differences are bounded.

    Returns:
        ``months`` and ``days`` compared; ``candidates``, the best first, each with the mean
        absolute error of both presentations, its difference from the best, and its costs; and the
        ``recommendation`` with its ``reasons``.
    """
    if not tasks:
        return {}
    by_candidate: dict[Candidate, list[Record]] = {}
    for task in tasks:
        by_candidate.setdefault(task.candidate, []).append(results[task.name])
    sums = {each.name: _gather_days(records) for each, records in by_candidate.items()}
    draws = draw_days(len(next(iter(sums.values()))), params.replicates, params.seed)
    rows = [_summarise(each, found, sums[each.name]) for each, found in by_candidate.items()]
    best = min(rows, key=lambda row: row["mae"]["overall"])["candidate"]
    for row in rows:
        row["difference"] = {
            name: difference._asdict()
            for name, difference in _differ(
                sums[row["candidate"]], sums[best], draws, params.confidence
            ).items()
        }
    rows.sort(key=lambda row: row["mae"]["overall"])
    return {
        "months": sorted({task.test.month for task in tasks}),
        "days": draws.shape[1],
        "confidence": params.confidence,
        "candidates": rows,
        **recommend(rows, params.tolerance),
    }


def _gather_days(records: Sequence[Record]) -> Any:
    """Return the sums of all days, shape ``(days, 4)``, in the order of the calendar."""
    days = {day: sums for record in records for day, sums in record["days"].items()}
    return np.array([days[day] for day in sorted(days)], dtype=np.float64)


def _summarise(candidate: Candidate, records: Sequence[Record], days: Any) -> Record:
    trips, *sums = days.sum(axis=0)
    without, given, baseline = (float(total / trips) for total in sums)
    costs = [record["costs"] for record in records]
    coverage = {
        kind: float(
            sum(r["metrics"][kind]["coverage"] * r["metrics"][kind]["n"] for r in records) / trips
        )
        for kind in SUFFIXES
    }
    return {
        "candidate": candidate.name,
        "family": candidate.family,
        # not those of the records, which another study may have made under other names
        "feature_set": candidate.feature_set,
        "sources": list(candidate.sources),
        "trips": int(trips),
        "trainings": len(records),
        "train_trips": float(np.mean([record["train_trips"] for record in records])),
        "mae": {
            "request": without,
            "request_with_distance": given,
            "overall": (without + given) / 2,
            "baseline": baseline,
        },
        "coverage": coverage,
        "costs": {key: float(np.mean([cost[key] for cost in costs])) for key in costs[0]},
    }


def _differ(own: Any, best: Any, draws: Any, confidence: float) -> dict[str, Difference]:
    pairs = {name: (own[:, column], best[:, column]) for name, column in _COLUMN.items()}
    # both kinds of request count alike
    halves = [sum(days[:, column] for column in _COLUMN.values()) / 2 for days in (own, best)]
    pairs["overall"] = halves[0], halves[1]
    return {
        name: bootstrap_difference(own[:, 0], *pair, draws, confidence)
        for name, pair in pairs.items()
    }


def recommend(rows: Sequence[Record], tolerance: float) -> Record:
    """Recommend the cheapest candidate that is as good as the best, as far as one can tell.

    Args:
        rows: Candidates with errors, differences and costs, the best first.
        tolerance: Share of the best one's error below which a difference does not matter.

    Returns:
        ``recommended``, its name; the ``recommendation`` in a sentence, and ``reasons``.
    """
    best = rows[0]
    verdicts = {row["candidate"]: _judge(row, best, tolerance) for row in rows}
    good = [row for row in rows if verdicts[row["candidate"]][0]]
    chosen = min(good, key=lambda row: row["costs"]["fit_seconds"])
    costs = chosen["costs"]
    name = chosen["candidate"]
    said = (
        f"Take {name}: MAE {chosen['mae']['request']:.3f} minutes without distance and "
        f"{chosen['mae']['request_with_distance']:.3f} with it, for {costs['fit_seconds']:.1f} s "
        f"of training, {costs['bytes'] / 1e6:.1f} MB, and {costs['request_microseconds']:.0f} µs "
        "for a request."
    )
    reasons = [verdicts[row["candidate"]][1] for row in rows]
    if name != best["candidate"]:
        ratio = best["costs"]["fit_seconds"] / max(costs["fit_seconds"], 1e-9)
        reasons.append(f"Of these as good as the best, {name} trains {ratio:.1f} times faster.")
    return {"recommended": name, "recommendation": said, "reasons": reasons}


def _judge(row: Record, best: Record, tolerance: float) -> tuple[bool, str]:
    name = row["candidate"]
    if row is best:
        return True, f"{name} has the smallest error, {row['mae']['overall']:.3f} minutes."
    difference = Difference(**row["difference"]["overall"])
    bounds = (
        f"worse by {difference.estimate:.3f} minutes "
        f"({difference.lower:+.3f} to {difference.upper:+.3f})"
    )
    if not difference.is_told_from_zero:
        return True, f"{name} is {bounds}, which cannot be told from zero."
    share = difference.estimate / best["mae"]["overall"]
    if share <= tolerance:
        return True, f"{name} is {bounds}, {share:.1%}, within the tolerance of {tolerance:.1%}."
    return False, f"{name} is {bounds}, {share:.1%}, more than the tolerance of {tolerance:.1%}."
