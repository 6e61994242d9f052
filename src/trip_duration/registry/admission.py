"""Which predictors may be registered: those that their run has shown to be fit for production.

Knows reports and parameters. It must not know MLflow, Kedro, or where the reports lie.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trip_duration.params.promotion import PromotionParams

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Evidence:
    """What a run shows of the predictor that it has made.

    Attributes:
        sha256: Identity of the predictor.
        behaviour: The behaviour report; empty if there is none.
        scores: Metrics by presentation on trips that the predictor has not learnt from; empty if
            the run has not measured them.
        ungated_months: Months that the predictor was made or measured with, and that the data gate
            has not passed.
        further: Whatever else speaks against it.
    """

    sha256: str
    behaviour: Record
    scores: Mapping[str, Mapping[str, float]]
    ungated_months: Sequence[str]
    further: Sequence[str] = ()


def find_objections(evidence: Evidence, params: PromotionParams) -> list[str]:
    """Return every reason why a predictor may not be registered; none if it may.

    Args:
        evidence: What its run shows of it.
        params: ``min_gain``, the share by which its error has to be below that of the lookup table.
    """
    return [
        *_object_to_behaviour(evidence),
        *_object_to_months(evidence.ungated_months),
        *_object_to_scores(evidence.scores, params.min_gain),
        *evidence.further,
    ]


def _object_to_behaviour(evidence: Evidence) -> Iterator[str]:
    if evidence.behaviour.get("predictor") != evidence.sha256:
        yield "there is no behaviour report of this predictor"
    elif evidence.behaviour.get("passed") is not True:
        yield "it fails the behaviour checks, see behaviour_report.json"


def _object_to_months(ungated: Sequence[str]) -> Iterator[str]:
    if ungated:
        yield f"the data gate has not passed {', '.join(ungated)}, see data_quality.json"


def _object_to_scores(scores: Mapping[str, Mapping[str, float]], min_gain: float) -> Iterator[str]:
    if not scores:
        yield "the run has not measured its error on test trips"
    elif not (gain := gain_over_table(scores)) >= min_gain:
        yield (
            f"its MAE is {gain:.1%} below that of the lookup table, at least {min_gain:.1%} are "
            "needed (promotion.min_gain)"
        )


def gain_over_table(scores: Mapping[str, Mapping[str, float]]) -> float:
    """Return the share by which the MAE is below that of the lookup table.

    Args:
        scores: Metrics by presentation. The table knows no distance, so that requests without
            distance are compared.
    """
    return 1 - scores["request"]["mae"] / scores["baseline"]["mae"]


def find_ungated(
    months: Collection[str], passed_months: Collection[str], data_quality: Record
) -> list[str]:
    """Return the months that the gate of data_processing has not passed.

    Args:
        months: Months that are needed.
        passed_months: Months that have passed it. Where the gate fails, the list of an earlier
            run stays.
        data_quality: The quality report, which is written before the gate: a line of its
            ``failures`` begins with the month.
    """
    failed = {failure.partition(":")[0] for failure in data_quality.get("failures", [])}
    return [month for month in months if month not in passed_months or month in failed]
