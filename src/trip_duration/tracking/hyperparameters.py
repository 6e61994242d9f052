"""Hyperparameters of a run: what parameters choose, and what the code fixes for the library."""

from __future__ import annotations

from collections.abc import Iterable

from trip_duration.models import Predictor
from trip_duration.models.families import make_estimator
from trip_duration.models.intervals import ENDS, make_quantile_models
from trip_duration.params import ModellingParams
from trip_duration.params.flat import ESTIMATOR, INTERVAL_ESTIMATOR, as_texts, flatten


def describe_settings(modelling: ModellingParams, families: Iterable[str]) -> dict[str, str]:
    """Return all settings that the libraries of some families are given.

    Args:
        modelling: Parameters of all families.
        families: Families that a run trains.

    Returns:
        ``estimator.<family>.<name>`` for the point estimates and
        ``interval_estimator.<end>.<name>`` for both ends of the intervals, by the names of the
        library that trains.
    """
    points = {
        family: make_estimator(modelling.model_copy(update={"model_type": family})).settings()
        for family in families
    }
    settings = {ESTIMATOR: points}
    if points:
        models = zip(ENDS, make_quantile_models(modelling), strict=True)
        settings[INTERVAL_ESTIMATOR] = {end: model.settings() for end, model in models}
    return as_texts(flatten(settings))


def describe_rounds(predictor: Predictor) -> dict[str, str]:
    """Return the numbers of trees or passes that a predictor has kept.

    Args:
        predictor: The trained predictor.

    Returns:
        ``estimator.<family>.rounds_used``, if its family has rounds, and
        ``interval_estimator.<end>.rounds_used``, if it has intervals.
    """
    rounds = {f"{ESTIMATOR}.{predictor.family}": predictor.estimator.curve_.best_round}
    if predictor.intervals is not None:
        for end, model in zip(ENDS, predictor.intervals.models, strict=True):
            rounds[f"{INTERVAL_ESTIMATOR}.{end}"] = model.curve_.best_round
    return {f"{name}.rounds_used": str(count) for name, count in rounds.items() if count}
