"""Facts of a run: its model, where its data came from, and the command that makes it again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from trip_duration.errors import DataError
from trip_duration.features.transformer import FEATURES
from trip_duration.models import Predictor
from trip_duration.months import span_months
from trip_duration.params import (
    SYNTHETIC,
    DataProcessingParams,
    FeatureEngineeringParams,
    Group,
    IngestionParams,
    ModellingParams,
)
from trip_duration.params.flat import flatten
from trip_duration.tlc.provenance import Provenance, compare_choices, require_provenance

# given by name on the command line, under which every group takes them
_CHOICES = frozenset(
    {"service", "months", "train_months", "test_months", "source_root", "model_type", "seed"}
)


def describe_run(
    predictor: Predictor,
    raw_manifest: dict[str, Any],
    ingestion: IngestionParams,
    data_processing: DataProcessingParams,
    feature_engineering: FeatureEngineeringParams,
    modelling: ModellingParams,
) -> dict[str, Any]:
    """Describe what the model is, where its data came from, and how to make it again.

    Args:
        predictor: The trained predictor with the facts of its training.
        raw_manifest: Records of the ingested months.
        ingestion: Source of the months.
        data_processing: Rules of cleaning.
        feature_engineering: Settings of splits and features.
        modelling: Settings of the family.

    Returns:
        Identity, family, features, facts of training, ``source`` and ``source_root`` of the months,
        the bounds of the rules, and the command.

    Raises:
        DataError: If the parameters name another source, service or months than the records of the
            data, or if the predictor has learnt from other data.
    """
    provenance = require_provenance(raw_manifest, ingestion)
    _require_own_data(predictor.facts, provenance, ingestion, feature_engineering)
    settings: dict[str, Any] = {
        "data_processing": _changes(data_processing),
        "feature_engineering": _changes(feature_engineering)
        | _own_seed(feature_engineering.seed, modelling.seed),
        "modelling": _changes(modelling),
    }
    if provenance.source == SYNTHETIC:
        settings["ingestion"] = {"city": _changes(ingestion.city, frozenset())}
    choices = _choose(predictor, provenance, ingestion)
    return {
        **_describe_predictor(predictor),
        "source": provenance.source,
        "source_root": provenance.source_root,
        "rules": data_processing.rules.model_dump(),
        "command": write_command({**choices, **flatten(settings)}),
    }


def _require_own_data(
    facts: Mapping[str, Any],
    provenance: Provenance,
    ingestion: IngestionParams,
    feature_engineering: FeatureEngineeringParams,
) -> None:
    # a predictor of an older version does not carry its source
    if facts.get("source", provenance.source) != provenance.source:
        raise DataError(
            f"the predictor has learnt from {facts['source']} months, the months at hand are "
            f"{provenance.source}: train a predictor on them (kedro run), or ingest again the "
            f"months that it has learnt from, {span_months(facts['train_months'])}."
        )
    compare_choices(
        {
            "service": ingestion.service.value,
            "train_months": span_months(feature_engineering.train_months),
            "test_months": span_months(feature_engineering.test_months),
        },
        {
            "service": facts["service"],
            "train_months": span_months(facts["train_months"]),
            "test_months": span_months(facts["test_months"]),
        },
        "06_models/predictor",
    )


def _describe_predictor(predictor: Predictor) -> dict[str, Any]:
    known = {feature.name: feature for feature in FEATURES}
    return {
        "sha256": predictor.sha256,
        "family": predictor.family,
        "rounds": predictor.estimator.curve_.best_round,
        "floor": predictor.floor,
        "ceiling": predictor.ceiling if np.isfinite(predictor.ceiling) else None,
        "coverage": predictor.intervals.coverage if predictor.intervals else None,
        "features": [
            {"name": name, "meaning": known[name].meaning, "unit": known[name].unit}
            for name in predictor.transformer.selected_
        ],
        "importance": predictor.estimator.importance(),
        "facts": dict(predictor.facts),
    }


def _changes(group: Group, left_out: frozenset[str] = _CHOICES) -> dict[str, Any]:
    return group.model_dump(mode="json", exclude=set(left_out), exclude_defaults=True)


def _own_seed(seed: int, common: int) -> dict[str, int]:
    return {} if seed == common else {"seed": seed}


def _choose(
    predictor: Predictor, provenance: Provenance, ingestion: IngestionParams
) -> dict[str, Any]:
    facts = predictor.facts
    choices = {
        "source_root": provenance.source_root,
        "service": facts["service"],
        "months": span_months(ingestion.months),
        "train_months": span_months(facts["train_months"]),
        "test_months": span_months(facts["test_months"]),
        "model_type": predictor.family,
        "seed": facts["seed"],
    }
    return {name: value for name, value in choices.items() if value != ""}


def write_command(params: Mapping[str, Any]) -> str:
    """Write the command of a run with these parameters."""
    values = ",".join(
        f"{name}={str(value).lower() if isinstance(value, bool) else value}"
        for name, value in params.items()
    )
    return f'kedro run --params "{values}"'
