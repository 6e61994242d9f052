"""Splits by the calendar, features without leaks, and every trip presented in both ways."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.features.small_city import make_trips, zones
from tests.manifests import INGESTION, manifest_of
from trip_duration.errors import DataError
from trip_duration.features.transformer import ROUTE_NAMES
from trip_duration.months import MonthPart
from trip_duration.params import FeatureEngineeringParams
from trip_duration.pipelines.feature_engineering import nodes

__all__ = ["zones"]
CHOICE: dict[str, Any] = {"train_months": "2023-01..2023-02", "test_months": "2023-03"}
SMALL = {"rows": 100, "trees": 5}


def params_of(**values: Any) -> FeatureEngineeringParams:
    return FeatureEngineeringParams.model_validate({**CHOICE, "selection": SMALL, **values})


def months_of(rows: int = 300) -> dict[str, MonthPart]:
    parts = {}
    for seed, month in enumerate(["2023-01", "2023-02", "2023-03"]):
        trips = make_trips(rows, seed, f"{month}-10").rename(
            columns={"route_distance": "trip_distance"}
        )
        record = {"service": "green", "sha256": f"sha of {month}"}
        parts[month] = MonthPart(month, record, lambda frame=trips: frame)
    return parts


def split_months(params: FeatureEngineeringParams, passed: list[str] | None = None) -> Any:
    months = months_of()
    return nodes.split_trips(months, passed or list(months), manifest_of(months), INGESTION, params)


@pytest.fixture
def split() -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Training, validation and test trips of three small months."""
    return split_months(params_of(validation_days=10))[:3]


def test_the_splits_say_what_they_are_made_of() -> None:
    facts = split_months(params_of(validation_days=10))[3]
    assert facts == {
        "source": "synthetic",
        "source_root": "synthetic",
        "service": "green",
        "train_months": ["2023-01", "2023-02"],
        "test_months": ["2023-03"],
        "validation_days": 10,
        "validation_from": "2023-02-19",
        "presentation": "both",
        "refit": True,
        "checksums": {month: f"sha of {month}" for month in ("2023-01", "2023-02", "2023-03")},
    }


def test_splits_follow_the_calendar(split: tuple[pd.DataFrame, ...]) -> None:
    train, validation, test = split
    begin = pd.Timestamp("2023-02-19")
    assert train["pickup_datetime"].max() < begin <= validation["pickup_datetime"].min()
    assert validation["pickup_datetime"].max() < pd.Timestamp("2023-03-01")
    assert test["pickup_datetime"].min() >= pd.Timestamp("2023-03-01")
    assert len(train) + len(validation) == 600
    assert len(test) == 300


@pytest.mark.parametrize(
    ("train", "test", "word"),
    [("2023-01..2023-04", "2023-05", "2023-04"), ("2023-01", "2023-06", "2023-06")],
)
def test_months_not_processed_are_named(train: str, test: str, word: str) -> None:
    chosen = params_of(train_months=train, test_months=test, validation_days=12)
    with pytest.raises(DataError, match=word):
        split_months(chosen)


def test_a_month_that_did_not_pass_the_gate_is_not_learnt_from() -> None:
    with pytest.raises(DataError, match="2023-02"):
        split_months(params_of(), ["2023-01", "2023-03"])


def fit(
    train: pd.DataFrame, validation: pd.DataFrame, zones: pd.DataFrame
) -> tuple[dict[str, bytes], pd.DataFrame, pd.DataFrame]:
    transformer, learnt, later = nodes.fit_transformer(train, validation, zones, params_of())
    return transformer.to_files(), learnt, later


def test_later_rows_change_neither_the_fitted_state_nor_the_training_features(
    split: tuple[pd.DataFrame, ...], zones: pd.DataFrame
) -> None:
    train, validation, _ = split
    files, learnt, later = fit(train, validation, zones)
    altered = validation.assign(duration_minutes=179.0, trip_distance=99.0, pickup_zone=np.int16(7))
    other_files, other_learnt, other_later = fit(train, altered, zones)
    assert files == other_files
    pd.testing.assert_frame_equal(learnt, other_learnt)
    assert not later.equals(other_later)


def test_altered_test_months_change_nothing_before_them(zones: pd.DataFrame) -> None:
    plain, altered = months_of(), months_of()
    altered["2023-03"] = altered["2023-03"].then(
        lambda trips: trips.assign(duration_minutes=179.0, pickup_zone=np.int16(7))
    )
    outcomes = []
    for months in (plain, altered):
        train, validation, *_ = nodes.split_trips(
            months, list(months), manifest_of(months), INGESTION, params_of()
        )
        outcomes.append(fit(train, validation, zones))
    assert outcomes[0][0] == outcomes[1][0]
    pd.testing.assert_frame_equal(outcomes[0][1], outcomes[1][1])
    pd.testing.assert_frame_equal(outcomes[0][2], outcomes[1][2])


def test_changed_training_rows_do_change_the_features(
    split: tuple[pd.DataFrame, ...], zones: pd.DataFrame
) -> None:
    """The example that shows the two tests above can fail."""
    train, validation, _ = split
    files, _, later = fit(train, validation, zones)
    other_files, _, other_later = fit(train.assign(duration_minutes=60.0), validation, zones)
    assert files != other_files
    assert not later.equals(other_later)


@pytest.mark.parametrize("method", ["gain", "permutation"])
def test_a_useless_feature_is_dropped(
    split: tuple[pd.DataFrame, ...], zones: pd.DataFrame, method: str
) -> None:
    transformer, learnt, later = nodes.fit_transformer(split[0], split[1], zones, params_of())
    learnt, later = (rows.assign(season=np.float32(1)) for rows in (learnt, later))
    params = params_of(selection={"rows": 2000, "trees": 20, "method": method})
    selection = nodes.select_features(learnt, later, transformer, params)
    assert selection["importance"]["season"] == 0
    assert "season" in selection["dropped"]
    assert "route_duration" in selection["kept"]
    assert sum(selection["importance"].values()) == pytest.approx(1)


def test_without_selection_all_features_stay(
    split: tuple[pd.DataFrame, ...], zones: pd.DataFrame
) -> None:
    transformer, learnt, later = nodes.fit_transformer(split[0], split[1], zones, params_of())
    params = params_of(selection={"method": "none"})
    selection = nodes.select_features(learnt, later, transformer, params)
    assert nodes.narrow_transformer(transformer, selection).selected_ == transformer.selected_


def test_every_trip_is_presented_with_its_distance_and_without(
    split: tuple[pd.DataFrame, ...], zones: pd.DataFrame
) -> None:
    transformer, learnt, later = nodes.fit_transformer(split[0], split[1], zones, params_of())
    train, validation = nodes.present_requests(learnt, later, transformer, transformer, params_of())
    assert (len(train), len(validation)) == (2 * len(learnt), 2 * len(later))
    shown, hidden = train.iloc[: len(learnt)], train.iloc[len(learnt) :]
    pd.testing.assert_frame_equal(shown, learnt)
    assert hidden[list(ROUTE_NAMES)].isna().all(axis=None)
    others = [name for name in learnt.columns if name not in ROUTE_NAMES]
    pd.testing.assert_frame_equal(hidden[others].reset_index(drop=True), learnt[others])


@pytest.mark.parametrize("way", ["with_distance", "without_distance"])
def test_one_presentation_alone(
    split: tuple[pd.DataFrame, ...], zones: pd.DataFrame, way: str
) -> None:
    transformer, learnt, later = nodes.fit_transformer(split[0], split[1], zones, params_of())
    params = params_of(presentation=way)
    train, _ = nodes.present_requests(learnt, later, transformer, transformer, params)
    assert len(train) == len(learnt)
    assert train["route_distance"].isna().all() == (way == "without_distance")


def test_only_the_kept_features_are_presented(
    split: tuple[pd.DataFrame, ...], zones: pd.DataFrame
) -> None:
    full, learnt, later = nodes.fit_transformer(split[0], split[1], zones, params_of())
    narrow = full.select(["hour", "route_distance"])
    train, _ = nodes.present_requests(learnt, later, full, narrow, params_of())
    assert list(train) == ["hour", "route_distance", "duration_minutes"]
    assert train["hour"].tolist() == 2 * learnt["hour"].tolist()


def test_the_refit_learns_from_all_known_trips(
    split: tuple[pd.DataFrame, ...], zones: pd.DataFrame
) -> None:
    train, later, _ = split
    full, *_ = nodes.fit_transformer(train, later, zones, params_of())
    early = full.select(["hour", "typical_duration"])
    transformer, known = nodes.fit_known_transformer(train, later, zones, early, params_of())
    assert transformer.selected_ == early.selected_
    assert len(known) == 2 * (len(train) + len(later))
    together = pd.concat([train, later], ignore_index=True)
    expected, rows, _ = nodes.fit_transformer(together, later[:0], zones, params_of())
    assert transformer.to_files() == expected.select(early.selected_).to_files()
    assert known["typical_duration"].tolist() == 2 * rows["typical_duration"].tolist()


def test_without_a_refit_the_early_transformer_serves(
    split: tuple[pd.DataFrame, ...], zones: pd.DataFrame
) -> None:
    early, *_ = nodes.fit_transformer(split[0], split[1], zones, params_of())
    params = params_of(refit=False)
    transformer, known = nodes.fit_known_transformer(split[0], split[1], zones, early, params)
    assert transformer is early
    assert known.empty
