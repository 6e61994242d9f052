"""What is tried next: seeded, within its space, dependent on nothing but the trials before."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from trip_duration.models.tuning import Trial, best_trial, read_trials
from trip_duration.models.tuning.draws import STARTUP, Draws, grid_of, relative
from trip_duration.params import ModellingParams, TuningParams

SPACE = {
    "num_leaves": {"low": 8, "high": 128, "log": True, "steps": 3},
    "feature_fraction": {"low": 0.5, "high": 1.0, "steps": 2},
    "max_bin": {"choices": [63, 255]},
}


def tuning(**values: Any) -> TuningParams:
    return TuningParams.model_validate({"spaces": {"lightgbm": SPACE}, **values})


def trial(number: int, params: dict[str, Any] | None = None, **values: Any) -> Trial:
    scores = values.pop("scores", [4.0 + number / 10] * 2)
    state = values.pop("state", "complete")
    value = sum(scores) / len(scores) if state == "complete" else None
    configured = {"num_leaves": 1_000, "feature_fraction": 0.7, "max_bin": 255}
    return Trial("s", number, params or configured, state, scores, value, 1.0)


def search_of(params: TuningParams, known: int = 0) -> list[Trial]:
    """All trials of a search whose scores follow from what is tried; some may be known already."""
    draws, trials = Draws("lightgbm", params), [trial(0)]
    while len(trials) < draws.size:
        if len(trials) == known:
            draws = Draws("lightgbm", params)
        drawn = draws.next(trials).params
        score = 4 + abs(drawn["num_leaves"] - 40) / 40 + drawn["feature_fraction"]
        trials.append(trial(len(trials), dict(drawn), scores=[score, score]))
    return trials


@pytest.mark.parametrize("strategy", ["random", "bayesian", "grid"])
def test_every_draw_is_in_the_space_and_of_the_type_of_its_parameter(strategy: str) -> None:
    for tried in search_of(tuning(strategy=strategy, trials=12))[1:]:
        assert 8 <= tried.params["num_leaves"] <= 128
        assert isinstance(tried.params["num_leaves"], int)
        assert 0.5 <= tried.params["feature_fraction"] <= 1
        assert tried.params["max_bin"] in (63, 255)


@pytest.mark.parametrize("strategy", ["random", "bayesian", "grid"])
def test_the_same_seed_draws_the_same_and_another_draws_something_else(strategy: str) -> None:
    first, again, other = (
        [tried.params for tried in search_of(tuning(strategy=strategy, trials=8, seed=seed))]
        for seed in (3, 3, 4)
    )
    assert first == again != other


@pytest.mark.parametrize("strategy", ["random", "bayesian", "grid"])
@pytest.mark.parametrize("known", [1, 4, 8])
def test_a_search_taken_up_again_goes_on_as_if_it_had_never_stopped(
    strategy: str, known: int
) -> None:
    params = tuning(strategy=strategy, trials=12)
    assert search_of(params, known) == search_of(params)


def test_more_trials_go_on_where_fewer_ended() -> None:
    assert search_of(tuning(trials=12))[:7] == search_of(tuning(trials=7))


def test_a_grid_is_gone_through_once_and_then_ends() -> None:
    trials = search_of(tuning(strategy="grid", trials=100))
    tried = [tuple(trial.params[name] for name in sorted(SPACE)) for trial in trials[1:]]
    assert sorted(tried) == sorted(itertools.product([0.5, 1.0], [63, 255], [8, 32, 128]))


def test_a_grid_has_whole_numbers_once_and_both_ends() -> None:
    params = tuning(
        spaces={
            "lightgbm": {"num_leaves": {"low": 2, "high": 4, "steps": 9}},
            "linear": {"alpha": {"low": 1e-4, "high": 1e-2, "log": True, "steps": 3}},
        }
    )
    assert grid_of("lightgbm", params.spaces["lightgbm"]) == {"num_leaves": [2, 3, 4]}
    alphas = grid_of("linear", params.spaces["linear"])["alpha"]
    assert alphas == pytest.approx([1e-4, 1e-3, 1e-2])
    assert min(alphas) >= 1e-4
    assert max(alphas) <= 1e-2


def test_bayesian_search_draws_near_what_did_well() -> None:
    def tried(strategy: str) -> float:
        trials = search_of(tuning(strategy=strategy, trials=40))[20:]
        return sum(trial.value or 0 for trial in trials) / len(trials)

    assert tried("bayesian") < tried("random") - 0.1


@pytest.mark.parametrize(("strategy", "size"), [("none", 1), ("random", 9), ("grid", 9)])
def test_the_budget_is_trials_with_that_of_the_configured_settings(
    strategy: str, size: int
) -> None:
    assert Draws("lightgbm", tuning(strategy=strategy, trials=9)).size == size


def others(scores: list[float]) -> list[Trial]:
    inside = {"num_leaves": 40, "feature_fraction": 0.7, "max_bin": 255}
    return [trial(number, inside, scores=scores) for number in range(STARTUP)]


@pytest.mark.parametrize(
    ("score", "pruning", "hopeless"), [(4.5, True, True), (3.9, True, False), (4.5, False, False)]
)
def test_what_does_worse_than_the_median_is_hopeless(
    score: float, pruning: bool, hopeless: bool
) -> None:
    draws, trials = Draws("lightgbm", tuning(pruning=pruning)), others([4.0, 8.0])
    assert draws.hopeless(draws.next(trials), [score], trials[0]) is hopeless


def test_a_hard_fold_makes_nothing_hopeless() -> None:
    draws, trials = Draws("lightgbm", tuning()), others([4.0, 8.0])
    drawn = draws.next(trials)
    assert not draws.hopeless(drawn, [3.99], trials[0])
    assert not draws.hopeless(drawn, [3.99, 7.99], trials[0])


def test_nothing_is_hopeless_before_a_few_have_been_tried() -> None:
    draws, trials = Draws("lightgbm", tuning()), others([4.0, 8.0])[: STARTUP - 1]
    assert not draws.hopeless(draws.next(trials), [400.0], trials[0])


def test_scores_are_compared_relative_to_those_of_the_default() -> None:
    assert relative([2.0, 9.0], trial(0, scores=[4.0, 6.0])) == [0.5, 1.0]


def test_the_best_is_complete_and_the_earliest_of_equal_ones() -> None:
    trials = [
        trial(0, scores=[4.0, 4.0]),
        trial(1, scores=[1.0], state="pruned"),
        trial(2, scores=[3.0, 3.0]),
        trial(3, scores=[2.0, 4.0]),
        trial(4, scores=[], state="failed"),
    ]
    assert best_trial(trials) == trials[2]
    assert best_trial([trials[1]]) is None


def test_records_of_another_study_and_those_after_a_gap_are_left_alone() -> None:
    trials = [trial(number) for number in (0, 1, 3)]
    stranger = Trial("t", 2, {}, "complete", [1.0], 1.0, 1.0)
    records = {t.name: t.to_record() for t in [trials[2], stranger, trials[1], trials[0]]}
    assert read_trials(records, "s", 9) == trials[:2]
    assert read_trials(records, "s", 1) == trials[:1]
    assert sorted(records) == ["s-0000", "s-0001", "s-0003", "t-0002"]


def test_spaces_are_held_to_the_bounds_of_the_family() -> None:
    wrong = {
        "num_leavs": {"low": 8, "high": 16},
        "num_leaves": {"low": 1, "high": 16.5},
        "feature_fraction": {"choices": [0.5, 1.5]},
    }
    with pytest.raises(ValueError, match="num_leavs") as caught:
        tuning(spaces={"lightgbm": wrong})
    said = str(caught.value)
    assert "spaces.lightgbm.num_leavs: unknown parameter; lightgbm has num_trees" in said
    assert "spaces.lightgbm.num_leaves: 1: Input should be greater than or equal to 2" in said
    assert "spaces.lightgbm.num_leaves: 16.5: Input should be a valid integer" in said
    assert "spaces.lightgbm.feature_fraction: 1.5: Input should be less than or equal to 1" in said


@pytest.mark.parametrize(
    "area",
    [
        {"low": 2, "high": 2},
        {"low": 3, "high": 2},
        {"low": 0, "high": 2, "log": True},
        {"low": 1, "high": 2, "steps": 1},
        {"low": 1, "high": 2, "choices": [1]},
        {"choices": []},
        {"low": 1},
    ],
)
def test_an_impossible_range_is_refused(area: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"spaces\.linear\.alpha"):
        tuning(spaces={"linear": {"alpha": area}})


def test_every_family_has_a_space() -> None:
    from tests.test_params import _configured  # noqa: PLC0415 - reads conf/base

    spaces = TuningParams.model_validate(_configured()["tuning"]).spaces
    families = ModellingParams.model_json_schema()["properties"]["model_type"]["enum"]
    assert set(spaces) == set(families)
    assert all(spaces.values())
