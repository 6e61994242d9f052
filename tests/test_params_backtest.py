"""Lists on the command line are words, and a comparison knows its feature sets."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from trip_duration.params import BacktestParams, ComparisonParams
from trip_duration.params.model import SelectionParams

SOURCES = {"all": "calendar zones history request", "plain": "calendar request"}


@pytest.mark.parametrize(
    "given",
    [
        "lightgbm linear",
        "lightgbm, linear",
        "lightgbm linear lightgbm",
        ["lightgbm", "linear"],
        "lightgbm linear_regression",
        "lightgbm linear_regression linear",
    ],
)
def test_families_are_words_each_once(given: object) -> None:
    assert BacktestParams.model_validate({"families": given}).families == ("lightgbm", "linear")


@pytest.mark.parametrize("given", ["", "lightgbm boosted", 3, None, "light gbm"])
def test_unknown_families_and_none_at_all_are_refused(given: object) -> None:
    with pytest.raises(ValidationError):
        BacktestParams.model_validate({"families": given})


@pytest.mark.parametrize("given", ["", "calendar weather"])
def test_unknown_sources_of_features_are_refused(given: str) -> None:
    with pytest.raises(ValidationError):
        SelectionParams.model_validate({"sources": given})


def test_a_comparison_has_the_sources_of_each_set_it_names() -> None:
    params = ComparisonParams.model_validate({"feature_sets": "plain all", "sources": SOURCES})
    assert [params.sources[name] for name in params.feature_sets] == [
        ("calendar", "request"),
        ("calendar", "zones", "history", "request"),
    ]
    with pytest.raises(ValidationError, match=r"feature_sets names other, sources has all, plain"):
        ComparisonParams.model_validate({"feature_sets": "all other", "sources": SOURCES})
