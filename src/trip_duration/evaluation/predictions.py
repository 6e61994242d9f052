"""Predictions of trips, without and with their distance, beside the baseline."""

from __future__ import annotations

import numpy as np
import pandas as pd

from trip_duration.evaluation.metrics import PRESENTATIONS, score
from trip_duration.features import requests_of
from trip_duration.models import Predictor
from trip_duration.models.intervals import ENDS


def predict_trips(trips: pd.DataFrame, predictor: Predictor, baseline: Predictor) -> pd.DataFrame:
    """Predict trips in every presentation.

    Args:
        trips: Trips with their metered distance.
        predictor: The predictor that is judged.
        baseline: The lookup table.

    Returns:
        The trips with predicted minutes as ``request`` (without distance),
        ``request_with_distance`` and ``baseline``, and the ends of the intervals of the first two
        as ``request_lower`` and so on.
    """
    requests = requests_of(trips)
    matrix = predictor.transformer.transform(requests)
    hidden = predictor.transformer.without_distance(matrix)
    columns = {}
    for name, rows in (("request", hidden), ("request_with_distance", matrix)):
        predicted = predictor.predict_features(rows)
        columns[name] = predicted.minutes
        columns |= {f"{name}_{end}": getattr(predicted, end) for end in ENDS}
    return trips.assign(**columns, baseline=baseline.predict(requests).minutes)


def score_presentations(trips: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Score predicted trips by presentation.

    Args:
        trips: What ``predict_trips`` returned.

    Returns:
        Metrics for each presentation, as ``score`` gives them.
    """
    actual = trips["duration_minutes"].to_numpy()
    blocks = {}
    for name in PRESENTATIONS:
        ends = [f"{name}_{end}" for end in ENDS]
        known = all(end in trips for end in ends)
        bounds = trips[ends].to_numpy(np.float64).T if known else None
        blocks[name] = score(actual, trips[name].to_numpy(), bounds)
    return blocks
