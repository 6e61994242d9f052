"""Whether a run that was made again is the recorded one, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from trip_duration.params.flat import flatten
from trip_duration.reproduction.frames import Cell, compare_frames
from trip_duration.reproduction.recorded import Recorded
from trip_duration.tracking.bits import FrameDigest, digest_parts
from trip_duration.tracking.files import spaced

_SHORT = 12
# it says where to look, not what is computed
_PLACE = "ingestion.source_root"


@dataclass(frozen=True)
class Verdict:
    """The outcome of a comparison.

    Attributes:
        identical: Whether predictor and predictions are the same to the last bit.
        lines: What there is to say, for people.
    """

    identical: bool
    lines: tuple[str, ...]


def judge(recorded: Recorded, again: Recorded) -> Verdict:
    """Compare a recorded run with the same run made again.

    Args:
        recorded: The run as it was recorded.
        again: The run that was made of the same code, data and parameters.
    """
    found = [*_compare_predictors(recorded, again), *_compare_predictions(recorded, again)]
    if found:
        return Verdict(False, ("DIFFERENT", *found, *_likely_reasons(recorded, again)))
    digest = again.manifest.predictions
    rows = f"{digest.rows:,} rows of {len(digest.columns)} columns" if digest else "none"
    return Verdict(
        True,
        (
            "IDENTICAL to the last bit",
            f"predictor: sha256 {again.manifest.predictor.sha256}",
            f"predictions: {rows}, sha256 {digest.sha256 if digest else '-'}",
            *_likely_reasons(recorded, again),
        ),
    )


def _compare_predictors(recorded: Recorded, again: Recorded) -> list[str]:
    old, new = recorded.manifest.predictor, again.manifest.predictor
    if old == new:
        return []
    files = _differing(old.files, new.files)
    named = f"files that differ: {', '.join(files)}" if files else "the same files, other facts"
    return [f"predictor: sha256 {old.sha256} recorded, {new.sha256} now; {named}"]


def _compare_predictions(recorded: Recorded, again: Recorded) -> list[str]:
    old, new = recorded.manifest.predictions, again.manifest.predictions
    if old is None or new is None:
        return ["predictions: none to compare"]
    rows = [f"predictions: {old.rows:,} rows recorded, {new.rows:,} now"] * (old.rows != new.rows)
    columns = _differing(old.columns, new.columns)
    named = [f"predictions: by their digests, {', '.join(columns)} differ"] * bool(columns)
    return [*rows, *named, *_compare_kept(recorded, again, old)]


def _compare_kept(recorded: Recorded, again: Recorded, whole: FrameDigest) -> list[str]:
    old, new = recorded.predictions, again.predictions
    if old is None or new is None:
        return []
    difference = compare_frames(old, new)
    lines = [f"predictions: {line}" for line in difference.form]
    if len(old) != len(new):
        lines.append(f"predictions: {len(old):,} rows kept then, {len(new):,} now")
    if difference.first is not None:
        counts = [f"{name} {count:,}" for name, count in difference.counts.items()]
        lines += [*_describe_cell(difference.first, old, whole.rows)]
        lines.append(f"  values that differ in {difference.compared:,} rows: {', '.join(counts)}")
    return [*lines, *_doubt(recorded, old)]


def _describe_cell(cell: Cell, kept: pd.DataFrame, total: int) -> list[str]:
    row = int(spaced(total, len(kept))[cell.row]) if total >= len(kept) else cell.row
    trip = kept.iloc[cell.row]
    ulps = "" if cell.ulps is None else f", {cell.ulps:,} ulp(s) apart"
    return [
        f"predictions: first difference in column {cell.column}, row {row} ({_trip(trip)}):",
        f"  {_text(cell.expected)} recorded, {_text(cell.found)} now{ulps}",
    ]


def _trip(trip: pd.Series[Any]) -> str:
    known = {name: trip[name] for name in trip.index}
    places = f"zone {known.get('pickup_zone')} to zone {known.get('dropoff_zone')}"
    return f"{known.get('split')} trip of {known.get('pickup_datetime')}, {places}"


def _text(value: Any) -> str:
    # the shortest text that is read back as the same float
    return repr(float(value)) if isinstance(value, float) else str(value)


def _doubt(recorded: Recorded, kept: pd.DataFrame) -> list[str]:
    """Say whether the kept rows are still those that the run has written."""
    stated = recorded.manifest.kept
    if stated is None or stated == digest_parts([kept]):
        return []
    return ["the kept predictions are not those that their manifest describes: they were altered"]


def _likely_reasons(recorded: Recorded, again: Recorded) -> list[str]:
    """Name what was not the same about the two runs."""
    old, new = recorded.manifest, again.manifest
    parameters = _differing(flatten(old.parameters), flatten(new.parameters))
    pairs = {
        "python": (old.python, new.python),
        "processor": (old.machine.get("cpu_model"), new.machine.get("cpu_model")),
        "threads": (old.threads, new.threads),
        "commit": (old.code.commit, new.code.commit),
        **{
            name: (old.libraries.get(name), new.libraries.get(name))
            for name in _differing(old.libraries, new.libraries)
        },
    }
    lines = [f"note: {k} was {a}, is {b} now" for k, (a, b) in pairs.items() if a != b]
    others = [name for name in parameters if name != _PLACE]
    return lines + [f"note: other parameters: {', '.join(others)}"] * bool(others)


def _differing(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    return [name for name in {**old, **new} if old.get(name) != new.get(name)]
