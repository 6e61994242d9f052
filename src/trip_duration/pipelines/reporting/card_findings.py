"""The sections of the model card on intervals, worst slices, fairness and explanation."""

from __future__ import annotations

from trip_duration.evaluation.coverage import FEWEST, SLACK, TOLERANCE, judge_coverage
from trip_duration.evaluation.figures import NAMES
from trip_duration.evaluation.slices import SUFFIXES
from trip_duration.pipelines.reporting.card_tables import Json, bullets
from trip_duration.pipelines.reporting.card_tables_findings import (
    table_examples,
    table_fairness,
    table_intervals,
    table_strongest,
    table_worst,
)
from trip_duration.pipelines.reporting.figures_slices import Metrics, Slices

_REMEDY = (
    "The remedy is to calibrate anew on the newest month whose trips are known, which needs no new "
    "training: `kedro run --pipelines recalibration`."
)
_KINDS = {"": "", "_with_distance": " with the distance known"}
_MOST_SHORT, _STRONGEST = 10, 10


def write_intervals(metrics: Metrics, slices: Slices, run: Json) -> str:
    """Write how the intervals keep their promise, openly where they do not."""
    promise = run["coverage"]
    if promise is None:
        return "This predictor gives point estimates only."
    judged = judge_coverage(metrics["test"], slices, promise)
    held = " and ".join(
        f"{metrics['test'][name]['coverage']:.1%} ({NAMES[name]})" for name in SUFFIXES
    )
    drifted = " and ".join(NAMES[name] for name in judged["drifted"])
    points = f"{100 * TOLERANCE:.1f} points"
    lines = [
        f"Of the test trips {held} lie within their interval, of {promise:.0%} promised"
        + (f". **More than {points} off: {drifted}.**" if drifted else f", kept within {points}."),
        _say_of_slices(judged, promise),
    ]
    if drifted or judged["short"]:
        lines.append(_REMEDY)
    lines.append(
        "On validation trips this is no evidence, because the intervals were calibrated on these "
        "very trips; nor on training trips, which were learnt from."
    )
    return f"{table_intervals(metrics)}\n\n{bullets(lines)}"


def _say_of_slices(judged: Json, promise: float) -> str:
    if not judged["judged"]:
        return f"No slice has the {FEWEST:,} test trips that it takes to judge its coverage."
    those = (
        f"cases (bands of hours, pairs of boroughs and bands of distance with at least {FEWEST:,} "
        "test trips, without and with a distance)"
    )
    if not judged["short"]:
        return f"All of {judged['judged']} {those} hold at least {promise - SLACK:.0%}."
    short = judged["short"]
    named = [
        f"{record['name']}, {NAMES[record['presentation']]} ({record['coverage']:.1%} of "
        f"{record['trips']:,} trips)"
        for record in short[:_MOST_SHORT]
    ]
    more = f"; and {len(short) - _MOST_SHORT} more" * (len(short) > _MOST_SHORT)
    return (
        f"**{len(short)} of {judged['judged']} {those} hold less than {promise - SLACK:.0%}:** "
        f"{'; '.join(named)}{more}."
    )


def write_worst(worst: list[Json], min_trips: int) -> str:
    """Write the worst slices, and trips of each."""
    if not worst:
        return f"No slice of at least {min_trips:,} test trips is worse than the mean."
    return (
        f"{table_worst(worst)}\n\n"
        "Three trips of each: one that half of the slice's trips are predicted better than, one "
        f"that nine of ten are, and the worst.\n\n{table_examples(worst)}"
    )


def write_fairness(fairness: Json) -> str:
    """Write how far errors and bias differ over the boroughs of the pickup."""
    few = f"at least {fairness['min_trips']:,} test trips"
    if len(fairness["boroughs"]) <= 1:
        return f"Fewer than two boroughs of pickup have {few}: there is nothing to compare."
    lines = [
        line
        for suffix, words in _KINDS.items()
        for line in _say_gaps(fairness["disparity"], suffix, words)
    ]
    if fairness["left_out"]:
        lines.append(f"Without {few}, and left out: {', '.join(fairness['left_out'])}.")
    return f"{bullets(lines)}\n\n{table_fairness(fairness['boroughs'])}"


def _say_gaps(disparity: Json, suffix: str, words: str) -> list[str]:
    error, share, bias = (disparity[f"{name}{suffix}"] for name in ("mae", "relative", "bias"))
    return [
        f"Mean error{words}: best in {_place(error['best'], '{:.2f}')}, worst in "
        f"{_place(error['worst'], '{:.2f}')}, a gap of **{error['gap']:.2f} minutes**"
        + (f" or {error['ratio']:.2f} times." if "ratio" in error else "."),
        f"As a share of the mean duration{words}: best in {_place(share['best'], '{:.1%}')}, worst "
        f"in {_place(share['worst'], '{:.1%}')}"
        + (f", {share['ratio']:.2f} times." if "ratio" in share else "."),
        f"Bias{words}: nearest to none in {_place(bias['best'], '{:+.2f}')}, farthest in "
        f"{_place(bias['worst'], '{:+.2f}')}; the lowest and the highest are "
        f"**{bias['gap']:.2f} minutes** apart.",
    ]


def _place(end: Json, form: str) -> str:
    return f"{end['borough']} ({form.format(end['value'])})"


def write_explanation(explanation: Json, run: Json) -> str:
    """Write which features are strongest, measured in three ways."""
    importance = explanation["importance"]
    strongest = explanation["strongest"][:_STRONGEST]
    meanings = {feature["name"]: feature["meaning"] for feature in run["features"]}
    words = (
        f"On {explanation['explained']:,} test trips whose predictions were taken apart, and "
        f"{explanation['permuted']:,} among which each feature was shuffled."
    )
    if explanation["sha256"] != run["sha256"]:
        words += (
            " **These are of another model** than the card: `kedro run --pipelines explanation`."
        )
    return f"{words}\n\n{table_strongest(importance, strongest, meanings)}"
