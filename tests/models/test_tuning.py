"""Folds that follow the calendar, and the search over them, on a small city."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.features.small_city import make_trips
from trip_duration.errors import DataError, ParameterError
from trip_duration.identity import versions
from trip_duration.models.families import FAMILIES
from trip_duration.models.linear import Linear
from trip_duration.models.training import make_training_set, train
from trip_duration.models.tuning import (
    Fold,
    Study,
    Trial,
    digest_of_search,
    fold_windows,
    identity,
    make_fold,
    search,
)
from trip_duration.models.tuning.search import MINUTE
from trip_duration.params import FeatureEngineeringParams, ModellingParams, TuningParams

END = pd.Timestamp("2023-01-16")
FEATURES = FeatureEngineeringParams(
    train_months="2023-01", test_months="2023-02", validation_days=2, selection={"method": "none"}
)
SPACES = {
    "lookup": {"min_trips": {"low": 1, "high": 30, "steps": 4}},
    "linear": {"alpha": {"low": 1e-6, "high": 1e-1, "log": True}},
    "lightgbm": {"num_leaves": {"low": 2, "high": 15}, "learning_rate": {"low": 0.05, "high": 0.5}},
}
SMALL = {"num_trees": 20, "num_leaves": 7, "min_data_in_leaf": 5, "early_stopping_rounds": 5}


def tuning(**values: Any) -> TuningParams:
    small = {"trials": 4, "folds": 2, "fold_length": 3, "spaces": SPACES}
    return TuningParams.model_validate({**small, **values})


def modelling(family: str = "lookup", **values: Any) -> ModellingParams:
    intervals = {"quantiles": SMALL}
    given = {"model_type": family, "lightgbm": SMALL, "intervals": intervals, **values}
    return ModellingParams.model_validate(given)


def study(family: str = "lookup", **values: Any) -> Study:
    return Study("digest", modelling(family), tuning(**values))


@pytest.fixture
def known() -> pd.DataFrame:
    """Two weeks of trips up to ``END``."""
    trips = make_trips(600, 1, "2023-01-02")
    return trips.rename(columns={"route_distance": "trip_distance"})


@pytest.fixture
def folds(known: pd.DataFrame, zones: pd.DataFrame) -> list[Fold]:
    """Two folds of three days."""
    return [make_fold(known, window, zones, FEATURES) for window in fold_windows(END, tuning())]


def plain(trials: list[Trial]) -> list[tuple[Any, ...]]:
    return [(t.number, t.params, t.state, t.scores, t.value) for t in trials]


def test_windows_are_next_to_each_other_and_end_with_the_known_trips() -> None:
    assert fold_windows(END, tuning(folds=3, fold_length=2)) == [
        (pd.Timestamp("2023-01-10"), pd.Timestamp("2023-01-12")),
        (pd.Timestamp("2023-01-12"), pd.Timestamp("2023-01-14")),
        (pd.Timestamp("2023-01-14"), END),
    ]


def test_windows_of_months_are_those_of_the_calendar() -> None:
    windows = fold_windows(
        pd.Timestamp("2023-04-01"), tuning(folds=3, fold_unit="months", fold_length=1)
    )
    assert [f"{window.begin:%m-%d}" for window in windows] == ["01-01", "02-01", "03-01"]
    assert windows[-1].end == pd.Timestamp("2023-04-01")


def test_a_fold_knows_the_days_before_its_window_and_is_scored_on_the_window(
    known: pd.DataFrame, folds: list[Fold]
) -> None:
    times = known["pickup_datetime"]
    for fold, window in zip(folds, fold_windows(END, tuning()), strict=True):
        assert fold.data.known is not None
        assert len(fold.data.known.minutes) == 2 * (times < window.begin).sum()
        stop_from = window.begin - pd.Timedelta(days=2)
        assert len(fold.data.train.minutes) == 2 * (times < stop_from).sum()
        inside = known[(times >= window.begin) & (times < window.end)]
        assert len(fold.shown) == 2
        for rows in fold.shown:
            assert rows.minutes.tolist() == inside["duration_minutes"].tolist()


def test_what_lies_in_the_window_or_after_it_is_not_learnt_from(
    known: pd.DataFrame, zones: pd.DataFrame, folds: list[Fold]
) -> None:
    window = fold_windows(END, tuning())[0]
    changed = known.copy()
    changed.loc[changed["pickup_datetime"] >= window.begin, "duration_minutes"] = 150.0
    other = make_fold(changed, window, zones, FEATURES).data
    for name in ("train", "validation", "known"):
        ours, theirs = getattr(folds[0].data, name), getattr(other, name)
        np.testing.assert_array_equal(ours.matrix, theirs.matrix)
        np.testing.assert_array_equal(ours.minutes, theirs.minutes)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("refit", [True, False])
def test_a_fold_is_scored_by_what_a_run_would_train(
    known: pd.DataFrame, zones: pd.DataFrame, family: str, refit: bool
) -> None:
    window = fold_windows(END, tuning())[1]
    features = FEATURES.model_copy(update={"refit": refit})
    times = known["pickup_datetime"]
    before = known[times < window.begin].reset_index(drop=True)
    data = make_training_set(before, window.begin - pd.Timedelta(days=2), zones, features)
    predictor = train(data, modelling(family), {}).predictor
    inside = known[(times >= window.begin) & (times < window.end)]
    requests = inside.rename(columns={"trip_distance": "route_distance"})
    minutes = inside["duration_minutes"].to_numpy()
    hidden = requests.assign(route_distance=np.nan)
    errors = [predictor.predict(shown).minutes - minutes for shown in (requests, hidden)]
    fold = make_fold(known, window, zones, features)
    assert fold.score(modelling(family)) == pytest.approx(np.mean(np.abs(errors)), rel=1e-12)
    squared = modelling(family, objective="squared_error")
    assert fold.score(squared) > fold.score(modelling(family))


@pytest.mark.parametrize(("way", "shown"), [("both", 2), ("with_distance", 1)])
def test_a_fold_shows_trips_as_they_will_be(
    known: pd.DataFrame, zones: pd.DataFrame, way: str, shown: int
) -> None:
    features = FEATURES.model_copy(update={"presentation": way})
    assert len(make_fold(known, fold_windows(END, tuning())[0], zones, features).shown) == shown


@pytest.mark.parametrize(("folds", "length"), [(1, 14), (2, 7), (40, 1)])
def test_folds_without_trips_are_refused(
    known: pd.DataFrame, zones: pd.DataFrame, folds: int, length: int
) -> None:
    wrong = tuning().model_copy(update={"folds": folds, "fold_length": length})
    with pytest.raises(DataError, match="name more train_months, or set tuning"):
        make_fold(known, fold_windows(END, wrong)[0], zones, FEATURES)


def test_the_first_trial_is_that_of_the_configured_settings(folds: list[Fold]) -> None:
    for strategy in ("none", "random", "grid", "bayesian"):
        first = next(search(study(strategy=strategy), folds, []))
        assert (first.number, first.params) == (0, {"min_trips": 10})
        assert first.scores == [fold.score(modelling()) for fold in folds]
        assert first.value == np.mean(first.scores)


def test_without_a_strategy_only_the_configured_settings_are_tried(folds: list[Fold]) -> None:
    assert len(list(search(study(strategy="none", spaces={}), folds, []))) == 1


@pytest.mark.parametrize("family", ["lookup", "linear", "lightgbm"])
def test_trials_are_scored_with_their_own_settings(folds: list[Fold], family: str) -> None:
    plan = study(family, trials=3)
    for trial in search(plan, folds, []):
        assert trial.scores == [fold.score(plan.with_settings(trial.params)) for fold in folds]
        assert trial.seconds > 0


@pytest.mark.parametrize("strategy", ["random", "bayesian", "grid"])
@pytest.mark.parametrize("ended", [1, 3])
def test_a_search_taken_up_again_gives_the_trials_of_one_that_never_stopped(
    folds: list[Fold], strategy: str, ended: int
) -> None:
    plan = study(strategy=strategy, trials=8)
    whole = list(search(plan, folds, []))
    begun = [Trial.from_record(trial.to_record()) for trial in whole[:ended]]
    resumed = list(search(plan, folds, begun))
    assert plain(resumed) == plain(whole)
    assert resumed[:ended] == whole[:ended]


def test_a_trial_that_ends_early_has_no_value(folds: list[Fold]) -> None:
    plan = study("lightgbm", strategy="random", trials=14)
    pruned = [trial for trial in search(plan, folds, []) if trial.state == "pruned"]
    assert pruned
    assert all(len(trial.scores) == 1 and trial.value is None for trial in pruned)
    unpruned = study("lightgbm", strategy="random", trials=14, pruning=False)
    assert {trial.state for trial in search(unpruned, folds, [])} == {"complete"}


def test_no_trial_begins_when_the_time_is_up(folds: list[Fold]) -> None:
    plan = study(timeout=1.0, trials=9)
    slow = Trial("digest", 0, {"min_trips": 10}, "complete", [4.0, 4.0], 4.0, 0.6 * MINUTE)
    again = Trial("digest", 1, {"min_trips": 3}, "complete", [4.0, 4.0], 4.0, 0.4 * MINUTE)
    assert len(list(search(plan, folds, [slow, again]))) == 2
    assert len(list(search(plan, folds, [slow]))) > 2


def test_settings_that_cannot_be_trained_fail_alone(
    folds: list[Fold], monkeypatch: pytest.MonkeyPatch
) -> None:
    fit = Linear._fit

    def choosy(self: Linear, *rows: Any) -> None:
        if self.params is not None and self.params.alpha > 1e-4:
            raise ValueError("overflow")
        fit(self, *rows)

    monkeypatch.setattr(Linear, "_fit", choosy)
    trials = list(search(study("linear", strategy="random", trials=8), folds, []))
    failed = [trial for trial in trials if trial.state == "failed"]
    assert failed
    assert all(trial.params["alpha"] > 1e-4 for trial in failed)
    assert {(trial.value, trial.reason) for trial in failed} == {(None, "ValueError: overflow")}
    assert all(t.params["alpha"] <= 1e-4 for t in trials if t.state == "complete")


@pytest.mark.parametrize("error", [TypeError, MemoryError])
def test_what_is_no_fault_of_the_settings_ends_the_search(
    folds: list[Fold], monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    plan = study("linear", strategy="random")
    begun = list(search(plan, folds, []))[:1]

    def broken(*_: Any) -> None:
        raise error("no fault of alpha")

    monkeypatch.setattr(Linear, "_fit", broken)
    with pytest.raises(error, match="no fault of alpha"):
        list(search(plan, folds, begun))


def test_configured_settings_that_cannot_be_trained_end_the_search(
    folds: list[Fold], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise ValueError("overflow")

    monkeypatch.setattr(Linear, "_fit", broken)
    with pytest.raises(ValueError, match="overflow"):
        list(search(study("linear"), folds, []))


def test_a_family_without_a_space_is_refused_unless_nothing_is_searched() -> None:
    with pytest.raises(ParameterError, match=r"add tuning\.spaces\.lookup"):
        study(spaces={})
    assert study(strategy="none", spaces={}).configured == {}


def test_the_digest_of_the_code_changes_with_the_code(monkeypatch: pytest.MonkeyPatch) -> None:
    before = digest_of_search()
    assert before == digest_of_search()
    monkeypatch.setattr(identity, "PATTERNS", ("features/*.py",))
    assert digest_of_search() != before


def test_a_search_goes_by_the_version_of_what_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    before = digest_of_search()
    monkeypatch.setattr(
        identity, "versions", lambda libraries: versions(set(libraries) - {("optuna",)})
    )
    assert digest_of_search() != before


def test_what_does_not_search_does_not_pay_for_optuna() -> None:
    script = (
        "import sys; from trip_duration.pipeline_registry import register_pipelines\n"
        "register_pipelines(); sys.exit('optuna' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
