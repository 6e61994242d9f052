"""Nodes that take predictions apart and weigh features by them."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import pandas as pd

from trip_duration.evaluation.importance import (
    average_contributions,
    permute_features,
    rank_features,
    space_evenly,
)
from trip_duration.features import requests_of
from trip_duration.models import Predictor
from trip_duration.params import ExplanationParams

log = logging.getLogger(__name__)
_REQUEST = ("pickup_datetime", "pickup_zone", "dropoff_zone")


def explain_predictions(
    test_trips: pd.DataFrame, predictor: Predictor, params: ExplanationParams
) -> pd.DataFrame:
    """Take predictions of evenly spaced test trips apart, of every other one with its distance.

    Args:
        test_trips: Trips that the predictor has not seen.
        predictor: The trained predictor.
        params: Number of trips.

    Returns:
        A row for each request and feature: the request, whether it ``with_distance``, its predicted
        ``minutes``, the ``feature``, its ``value``, and its ``contribution`` in minutes.
    """
    trips = space_evenly(test_trips, params.explained_rows).reset_index(drop=True)
    shown = trips.assign(trip_distance=trips["trip_distance"].where(trips.index % 2 == 1))
    requests = requests_of(shown)
    explanation = predictor.explain(requests)
    rows, features = explanation.contributions.shape
    long = shown[list(_REQUEST)].loc[np.repeat(shown.index, features)].reset_index(drop=True)
    return long.assign(
        request=np.repeat(np.arange(rows), features),
        with_distance=np.repeat(~np.isnan(requests.route_distance), features),
        minutes=np.repeat(explanation.minutes, features),
        feature=pd.Series(list(explanation.features) * rows, dtype="str"),
        value=predictor.transformer.transform(requests).ravel(),
        contribution=explanation.contributions.astype(np.float64).ravel(),
    )


def measure_importance(
    test_trips: pd.DataFrame,
    predictor: Predictor,
    contributions: pd.DataFrame,
    params: ExplanationParams,
) -> dict[str, Any]:
    """Weigh features in three ways: by gain, by permutation, and by contribution.

    Args:
        test_trips: Trips that the predictor has not seen.
        predictor: The trained predictor.
        contributions: What ``explain_predictions`` returned.
        params: Number of trips, and seed of the shuffling.

    Returns:
        The identity of the predictor, the numbers of trips, the features with the ``strongest``
        contribution first, and ``importance`` by feature: shares of the estimator's own (``gain``),
        the rise of the error in minutes (``permutation``), and how far predictions are moved in
        minutes (``contribution``); the last two also ``_with_distance``.
    """
    sample = space_evenly(test_trips, params.permuted_rows)
    importance = {
        "gain": predictor.estimator.importance(),
        **permute_features(sample, predictor, params.seed),
        **average_contributions(contributions),
    }
    strongest = list(rank_features(contributions))
    log.info("%s moves predictions most", strongest[0])
    return {
        "sha256": predictor.sha256,
        "family": predictor.family,
        "explained": int(contributions["request"].nunique()),
        "permuted": len(sample),
        "strongest": strongest,
        "importance": importance,
    }
