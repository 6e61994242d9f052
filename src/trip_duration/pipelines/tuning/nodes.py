"""Nodes that search for better settings on the training months, and write down the winner."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pandas as pd

from trip_duration.evaluation.splits import read_months
from trip_duration.identity import digest_of_frame, digest_of_json
from trip_duration.models.tuning import (
    Fold,
    Study,
    digest_of_search,
    fold_windows,
    make_fold,
    read_trials,
    search,
)
from trip_duration.months import MonthPart, month_bounds
from trip_duration.params import (
    FeatureEngineeringParams,
    IngestionParams,
    ModellingParams,
    TuningParams,
)
from trip_duration.pipelines.tuning.report import winner_of
from trip_duration.tlc.provenance import require_provenance, require_same_files

log = logging.getLogger(__name__)
Record = dict[str, Any]


def read_known_trips(
    trips: dict[str, MonthPart], passed_months: list[str], params: FeatureEngineeringParams
) -> pd.DataFrame:
    """Read the training months. No other month is read, those of the test least of all.

    Args:
        trips: Processed months.
        passed_months: Months that passed the gate.
        params: Months of training.

    Raises:
        DataError: If a month was not processed or did not pass.
    """
    return read_months(trips, passed_months, params.train_months)


def make_tuning_folds(
    known_trips: pd.DataFrame,
    zones: pd.DataFrame,
    feature_engineering: FeatureEngineeringParams,
    tuning: TuningParams,
) -> tuple[list[Fold], list[dict[str, int]]]:
    """Make the folds that all trials share: features and durations, the earliest first.

    Args:
        known_trips: Trips of the training months.
        zones: Geometry of the zones.
        feature_engineering: Settings of features, and the days by which training stops.
        tuning: Number and length of the folds.

    Returns:
        The folds, and the numbers of trips of each that it learns from (``train``), stops by
        (``validation``) and is scored on (``test``).
    """
    _, end = month_bounds(feature_engineering.train_months[-1])
    windows = fold_windows(end, tuning)
    folds = [make_fold(known_trips, window, zones, feature_engineering) for window in windows]
    return folds, [dict(fold.sizes) for fold in folds]


def describe_study(
    trips: dict[str, MonthPart],
    raw_manifest: Record,
    zones: pd.DataFrame,
    ingestion: IngestionParams,
    feature_engineering: FeatureEngineeringParams,
    modelling: ModellingParams,
    tuning: TuningParams,
) -> Record:
    """Describe what is searched, so that a later run recognises its own trials.

    Args:
        trips: Processed months; their rows are not read.
        raw_manifest: Records of the ingested months.
        zones: Geometry of the zones.
        ingestion: Source and service that the parameters of this run name.
        feature_engineering: Months and settings of features.
        modelling: Family, objective and configured settings.
        tuning: Folds, strategy and space. More trials or time continue the same study.

    Returns:
        Family, source, strategy, space, months and windows of the folds, and under ``digest`` the
        identity of all that the outcome of a trial depends on, the code included.

    Raises:
        DataError: If the parameters name another source or service than the records of the data.
        ParameterError: If the family has no space.
    """
    provenance = require_provenance(raw_manifest, ingestion)
    months, family = feature_engineering.train_months, modelling.model_type
    require_same_files(raw_manifest, trips, months)
    facts = {
        "family": family,
        "source": provenance.source,
        "service": provenance.service,
        "train_months": list(months),
        "objective": modelling.objective,
        "strategy": tuning.strategy,
        "space": tuning.model_dump(mode="json")["spaces"].get(family),
        "folds": [
            [f"{window.begin:%Y-%m-%d}", f"{window.end:%Y-%m-%d}"]
            for window in fold_windows(month_bounds(months[-1])[1], tuning)
        ],
    }
    settings = {"model_type", "objective", "seed", "num_threads", family}
    made_of = {
        "facts": facts,
        "data": {month: trips[month].record["digest"] for month in months},
        "zones": digest_of_frame(zones),
        "features": feature_engineering.model_dump(mode="json", exclude={"test_months"}),
        "modelling": modelling.model_dump(mode="json", include=settings),
        "tuning": tuning.model_dump(mode="json", exclude={"trials", "timeout", "spaces"}),
        "code": digest_of_search(),
    }
    study = Study(digest_of_json(made_of), modelling, tuning)
    return {**facts, "digest": study.digest}


def search_settings(
    tuning_folds: list[Fold],
    tuning_study: Record,
    finished_trials: dict[str, Record],
    modelling: ModellingParams,
    tuning: TuningParams,
) -> Iterator[dict[str, Record]]:
    """Try settings, the configured ones first; a trial that ended in an earlier run is not redone.

    Args:
        tuning_folds: Folds that score a trial.
        tuning_study: Identity of the study.
        finished_trials: Records of earlier trials, of this study and of others.
        modelling: Family and configured settings.
        tuning: Strategy, budget and space.

    Yields:
        The record of each trial by its name, as soon as it has ended: Kedro saves it then.
    """
    study = Study(tuning_study["digest"], modelling, tuning)
    ended = read_trials(finished_trials, study.digest, tuning.trials)
    log.info("%d trials of this study ended before", len(ended))
    for trial in search(study, tuning_folds, ended):
        yield {trial.name: trial.to_record()}


def choose_settings(
    tuning_trials: dict[str, Record],
    tuning_study: Record,
    modelling: ModellingParams,
    tuning: TuningParams,
) -> dict[str, Any]:
    """Write the winner as parameters that a later run can take.

    Args:
        tuning_trials: Records of all trials.
        tuning_study: Identity of the study.
        modelling: Family and configured settings.
        tuning: Number of trials, beyond which none is looked at.

    Returns:
        The group ``modelling``, with the family and all of its settings.
    """
    family = modelling.model_type
    best = winner_of(read_trials(tuning_trials, tuning_study["digest"], tuning.trials))
    settings = {**getattr(modelling, family).model_dump(mode="json"), **best.params}
    log.info("trial %d wins: %.4f minutes with %s", best.number, best.value, best.params)
    return {"modelling": {"model_type": family, family: settings}}
