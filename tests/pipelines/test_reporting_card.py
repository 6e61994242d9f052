from __future__ import annotations

from typing import Any

import pytest

from tests.manifests import record_of
from trip_duration.errors import DataError
from trip_duration.evaluation.slices import SLICINGS
from trip_duration.pipelines.reporting.card import (
    gather_data,
    gather_findings,
    highlight,
    summarise,
    write_model_card,
)
from trip_duration.pipelines.reporting.card_limits import list_limits
from trip_duration.pipelines.reporting.card_studies import gather_studies
from trip_duration.pipelines.reporting.card_tables import table, table_months

SHA = {month: f"{number}a" * 32 for number, month in enumerate(("2023-01", "2023-02"), 1)}
FACTS = {
    "service": "green",
    "train_months": ["2023-01"],
    "test_months": ["2023-02"],
    "validation_days": 7,
    "presentation": "both",
    "refit": True,
    "data_digest": "d1" * 32,
    "seed": 5,
    "objective": "absolute_error",
}
RUN: dict[str, Any] = {
    "sha256": "5e" * 32,
    "family": "lightgbm",
    "rounds": 1234,
    "floor": 1.0,
    "ceiling": 178.5,
    "coverage": None,
    "source": "real",
    "source_root": "https://example.org/tlc",
    "features": [
        {"name": "hour", "meaning": "hour of the day", "unit": "0-23"},
        {"name": "route_distance", "meaning": "distance of the route", "unit": "miles"},
    ],
    "importance": {"hour": 0.2, "route_distance": 0.8},
    "facts": FACTS,
    "rules": {"min_duration": 1.0, "max_duration": 180.0, "max_speed": 100.0},
    "command": 'kedro run --params "seed=5"',
}


def _block(mae: float, n: int, **more: float) -> dict[str, float]:
    errors = {"rmse": 2 * mae, "p90_abs_error": 3 * mae, "bias": -0.5}
    shares = {"mape": 0.25, "r2": 0.5, "rmsle": 0.125}
    return {"mae": mae, **errors, **shares, "n": n, **more}


def _metrics(**more: float) -> dict[str, dict[str, dict[str, float]]]:
    return {
        split: {
            "request": _block(3.0, n, **more),
            "request_with_distance": _block(2.0, n, **more),
            "baseline": _block(4.0, n),
        }
        for split, n in (("test", 1500), ("validation", 200), ("train", 50))
    }


def _slice(mae: float, trips: int, **keys: Any) -> dict[str, Any]:
    errors = {"mae": mae, "mae_with_distance": 1.0, "mae_baseline": 9.0, "bias": -mae}
    return {**keys, "trips": trips, **errors}


SLICES: dict[str, list[dict[str, Any]]] = {
    **{name: [] for name in SLICINGS},
    "weekday_hour": [_slice(6.0, 40, weekday=4, hour=17)],
    "hour": [_slice(2.0, 100, hour=5), _slice(5.0, 90, hour=17)],
    "borough_pair": [
        _slice(2.5, 800, pickup_borough="Queens", dropoff_borough="Queens"),
        _slice(8.5, 35, pickup_borough="Bronx", dropoff_borough="Queens"),
    ],
    "pickup_borough": [_slice(2.5, 800, pickup_borough="Queens")],
    "pickup_zone": [_slice(7.25, 31, pickup_name="Pier", pickup_zone=3, pickup_borough="Bronx")],
    "duration": [_slice(1.5, 700, duration="0 to 5"), _slice(33.0, 44, duration="over 60")],
}
QUALITY = {
    "months": {
        month: {
            "rows_read": 2000,
            "rows_kept": 1750,
            "rejected": {"too_short": 200, "unknown_zone": 50},
            "distance_made_null": 3,
            "median_duration": 12.0,
        }
        for month in SHA
    }
}


def _manifest() -> dict[str, Any]:
    return {
        "months": {m: record_of(m, sha, "https://example.org/tlc") for m, sha in SHA.items()},
        "zones": {"taxi_zones.zip": {"sha256": "e0" * 32}},
    }


def _findings(**reports: dict[str, Any]) -> dict[str, Any]:
    names = [f"{name}_report" for name in ("behaviour", "tuning", "backtest", "comparison")]
    explanation = {
        "sha256": "5e" * 32,
        "explained": 300,
        "permuted": 500,
        "strongest": ["hour"],
        "importance": {"gain": {"hour": 0.2}, "contribution": {"hour": 1.5}},
    }
    fairness = {"min_trips": 200, "boroughs": [], "left_out": ["Bronx"], "disparity": {}}
    studies = gather_studies(**{name: reports.get(name, {}) for name in names})
    return gather_findings({"min_trips": 200, "slices": []}, fairness, explanation, studies)


def _write(
    run: dict[str, Any] = RUN, quality: dict[str, Any] = QUALITY, **reports: dict[str, Any]
) -> str:
    data = gather_data(quality, _manifest())
    return write_model_card(_metrics(), SLICES, data, _findings(**reports), run)


@pytest.fixture
def card() -> str:
    return _write()


def test_card_has_the_checksums_of_model_and_data(card: str) -> None:
    for checksum in (*SHA.values(), "5e" * 32, "d1" * 32, "e0" * 32):
        assert checksum in card


def test_card_has_the_metrics_beside_the_baseline(card: str) -> None:
    assert "| test | request | 1,500 | +25.0% | 3.00 | 6.00 | 9.0 | -0.50 | 25.0% |" in card
    assert "| validation | request with distance | 200 | +50.0% | 2.00 |" in card
    assert "| train | lookup table | 50 |  | 4.00 |" in card


def test_card_has_splits_and_cleaning_with_their_counts(card: str) -> None:
    assert "| train | learnt from; metrics on 50, evenly spaced | 1,550 |" in card
    assert "| validation | last 7 days of training, at last learnt from as well | 200 |" in card
    assert "Of 4,000 rows read, 3,500 were kept; of these, 6 had" in card
    assert "| `too_short` | shorter than 1 min | 400 | 10.00% |" in card


def test_card_has_the_features_and_the_command(card: str) -> None:
    assert "The model sees 2 features." in card
    first, second = (card.index(name) for name in ("| `route_distance` |", "| `hour` |"))
    assert first < second
    assert '```\nkedro run --params "seed=5"\n```' in card


def test_card_names_the_shortest_and_the_longest_answer(card: str) -> None:
    assert "No answer is below 1.0 minutes or above 178.5." in card
    assert "No answer is below 1.0 minutes.\n" in _write({**RUN, "ceiling": None})


@pytest.mark.parametrize(
    ("family", "objective", "words"),
    [
        ("lightgbm", "absolute_error", "trained to the least mean absolute error"),
        ("random_forest", "squared_error", "trained to the least mean squared error"),
        ("random_forest", "absolute_error", "trained to the least squared error of the logarithm"),
        ("lookup", "squared_error", "medians of cells, which follow no objective"),
    ],
)
def test_card_says_what_training_has_minimised(family: str, objective: str, words: str) -> None:
    run = {**RUN, "family": family, "facts": {**FACTS, "objective": objective}}
    assert f"| `{family}`, {words}" in _write(run).replace("family | ", "")


def test_card_leaves_nothing_to_fill_in(card: str) -> None:
    assert "$" not in card
    assert "None" not in card


def test_card_of_the_same_run_is_the_same(card: str) -> None:
    assert _write() == card


def test_card_of_an_unknown_family_and_rule_is_written() -> None:
    quality = {"months": {m: {**q, "rejected": {"new": 1}} for m, q in QUALITY["months"].items()}}
    card = _write({**RUN, "family": "forest"}, quality)
    assert "The family `forest`." in card
    assert "| `new` |  | 2 | 0.05% |" in card


def test_months_that_were_left_out_since_are_named() -> None:
    quality = {"months": {"2023-02": QUALITY["months"]["2023-02"]}}
    with pytest.raises(DataError, match=r"lacks 2023-01, .* it holds 2023-02\. Process"):
        _write(quality=quality)


def test_summary_is_of_the_test_month() -> None:
    assert summarise(_metrics(), FACTS) == (
        "On the 1,500 test trips of 2023-02 predictions are off by 3.00 minutes on average, 2.00 "
        "where the distance is known; the lookup table that it has to beat by 4.00."
    )


def test_month_that_no_split_uses_is_named_so() -> None:
    rows = table_months(QUALITY, _manifest(), {**FACTS, "test_months": []}).splitlines()
    assert rows[2].startswith("| 2023-01 | training |")
    assert rows[3].startswith("| 2023-02 | not used |")


def test_highlights_name_the_hardest_slices_first() -> None:
    lines = highlight(SLICES, 30)
    assert lines[0] == (
        "Hardest pairs of boroughs: Bronx to Queens (8.5 min, 35 trips), "
        "Queens to Queens (2.5 min, 800 trips)."
    )
    assert "Hardest zones to be picked up in: Pier (7.2 min, 31 trips)." in lines
    assert "Easiest hour of the day: 05:00 (2.0 min, 100 trips)." in lines
    assert "Hardest hours of the week: Friday 17:00 (6.0 min, 40 trips)." in lines


def test_slices_of_few_trips_are_no_highlights() -> None:
    lines = highlight(SLICES, 200)
    assert lines == [
        "Hardest pairs of boroughs: Queens to Queens (2.5 min, 800 trips).",
        "Easiest pair of boroughs: Queens to Queens (2.5 min, 800 trips).",
    ]
    assert "Ranked are slices with at least 200 test trips" in _write()


def test_no_slices_give_no_highlights() -> None:
    assert highlight({name: [] for name in SLICES}, 0) == []


def test_limits_say_where_trips_are_made_up() -> None:
    made_up = list_limits(_metrics(), SLICES, {**RUN, "source": "synthetic"})
    real = list_limits(_metrics(), SLICES, RUN)
    assert made_up[0].startswith("The trips are made up by a synthetic city")
    assert made_up[1:] == real


def test_card_says_where_the_trips_come_from(card: str) -> None:
    assert "| data | real: files of TLC from `https://example.org/tlc` |" in card
    assert "Files of the NYC Taxi and Limousine Commission, from `https://example.org/tlc`," in card
    made_up = _write({**RUN, "source": "synthetic", "source_root": "synthetic"})
    assert "| data | synthetic: the trips are made up by a generated city |" in made_up
    assert "example.org" not in made_up


def test_card_leaves_out_studies_on_months_of_another_source() -> None:
    report = {"lines": ["Best of 20 trials."]}
    for reports in (
        {"backtest_report": {"source": "synthetic", "card": report}},
        {"tuning_report": {"study": {"source": "synthetic"}, "card": report}},
    ):
        card = _write(**reports)
        assert "The last one was made on synthetic months, not on real ones" in card
        assert "Best of 20 trials." not in card
    assert "Best of 20 trials." in _write(backtest_report={"source": "real", "card": report})


def test_limits_follow_what_was_measured() -> None:
    limits = " ".join(list_limits(_metrics(), SLICES, RUN))
    assert "Trips that take over 60 minutes are predicted 33.0 minutes too short" in limits
    assert "Green taxis" in limits
    assert "Point estimates only" in limits
    yellow = {**RUN, "facts": {**FACTS, "service": "yellow"}}
    later = " ".join(list_limits(_metrics(coverage=0.9), {**SLICES, "duration": []}, yellow))
    assert not any(word in later for word in ("Green taxis", "Point estimates", "too short"))


def test_table_puts_numbers_to_the_right() -> None:
    assert table(["a", "n"], [("x", 1)]) == "| a | n |\n| --- | ---: |\n| x | 1 |"


@pytest.mark.parametrize(
    ("presentation", "words"),
    [
        ("both", "is shown to it twice"),
        ("with_distance", "requests without a distance means nothing"),
        ("without_distance", "nothing of the distance"),
    ],
)
def test_card_says_how_trips_were_presented(presentation: str, words: str) -> None:
    run = {**RUN, "facts": {**FACTS, "presentation": presentation}}
    assert words in _write(run)


def test_card_says_what_became_of_the_validation_trips(card: str) -> None:
    assert "fitted once more, to all known trips" in card
    assert "Metrics of validation trips are of the model before it was fitted once more" in card
    kept = _write({**RUN, "facts": {**FACTS, "refit": False}})
    assert "It was not fitted once more to the validation trips." in kept
    assert "| validation | last 7 days of training | 200 |" in kept


def test_card_names_the_command_of_a_study_that_was_not_made(card: str) -> None:
    sections = ("## Behaviour checks", "### Tuning", "### Backtest", "### Comparison")
    places = [card.index(title) for title in sections]
    assert places == sorted(places)
    for name in ("behaviour", "tuning", "backtest", "comparison"):
        assert f"Not made. The command is `kedro run --pipelines {name}`." in card


def test_card_says_if_another_model_was_checked() -> None:
    report = {"predictor": "other", "card": {"lines": ["Sane."]}}
    assert "**These are of another model** than the card" in _write(behaviour_report=report)
    own = {**report, "predictor": RUN["sha256"]}
    assert "of another model" not in _write(behaviour_report=own)


def test_card_shows_a_study_under_its_title() -> None:
    report = {
        "title": "Tuning of lightgbm",
        "lines": ["Best of 20 trials.", "Took 5 minutes."],
        "head": ["trial", "MAE"],
        "rows": [["7", "3.51"]],
    }
    card = _write(tuning_report={"card": report}, behaviour_report={"card": {"lines": ["Sane."]}})
    assert (
        "### Tuning of lightgbm\n\n- Best of 20 trials.\n- Took 5 minutes.\n\n"
        "| trial | MAE |\n| --- | ---: |\n| 7 | 3.51 |\n\n### Backtest" in card
    )
    found = {"head": ["month", "check", "MAE"], "rows": [["2023-04", "sane", "+3.5 min"]]}
    assert "| --- | --- | ---: |\n| 2023-04 | sane |" in _write(backtest_report={"card": found})
    assert "## Behaviour checks\n\n- Sane.\n\n## Further studies" in card
