from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from trip_duration.evaluation.figures import axis, make_figure
from trip_duration.params import ReportingParams
from trip_duration.pipelines.reporting.figures_errors import (
    draw_error_distribution,
    draw_predicted_against_actual,
    sample_rows,
)
from trip_duration.pipelines.reporting.figures_model import (
    draw_data_quality,
    draw_feature_importance,
    draw_learning_curve,
    total_rejected,
)
from trip_duration.pipelines.reporting.figures_slices import (
    draw_error_by_borough_pair,
    draw_error_by_hour,
)

RANKED = ReportingParams(worst_min_trips=40)
METRICS = {"test": {"request": {"mae": 3.5}}}
PREDICTIONS = pd.DataFrame(
    {
        "split": ["train", "test", "test", "test", "test"],
        "duration_minutes": [99.0, 10.0, 20.0, 30.0, 40.0],
        "request": [1.0, 11.0, 18.0, 33.0, 36.0],
        "request_with_distance": [1.0, 10.5, 19.0, 31.5, 38.0],
        "baseline": [1.0, 15.0, 15.0, 60.0, 20.0],
        "trip_distance": [1.0, 1.0, 2.0, None, 4.0],
    }
)
QUALITY: dict[str, Any] = {
    "months": {
        "2023-01": {
            "rows_read": 200,
            "rows_kept": 180,
            "rejected": {"too_short": 5, "refund": 15, "duplicate": 0},
            "median_duration": 11.0,
        },
        "2023-02": {
            "rows_read": 100,
            "rows_kept": 90,
            "rejected": {"too_short": 8, "refund": 2, "duplicate": 0},
            "median_duration": None,
        },
    }
}


def _slice(mae: float, trips: int = 40, **keys: Any) -> dict[str, Any]:
    errors = {"mae": mae, "mae_with_distance": mae / 2, "mae_baseline": 2 * mae, "bias": -1.0}
    return {**keys, "trips": trips, **errors}


def _title(figure: Any) -> str:
    return str(figure.layout.title.text)


def test_figure_has_the_shared_look_and_its_own_title() -> None:
    figure = make_figure([{"type": "bar", "y": [1, 2]}], "Two bars", xaxis=axis("time", "minutes"))
    assert figure.data[0].y == (1, 2)
    assert _title(figure) == "Two bars"
    assert figure.layout.xaxis.title.text == "time (minutes)"
    assert figure.layout.template.layout.colorway[0] == "#0072B2"


def test_predictions_are_drawn_against_what_came_true() -> None:
    figure = draw_predicted_against_actual(PREDICTIONS, ReportingParams())
    request, known, *diagonals = figure.data
    assert list(request.x) == list(known.x) == [10, 20, 30, 40]
    assert list(request.y) == [11, 18, 33, 36]
    assert list(known.y) == [10.5, 19, 31.5, 38]
    assert [list(line.x) == list(line.y) == [0, 40] for line in diagonals] == [True, True]
    assert _title(figure) == (
        "Half of the test trips are predicted within 2.5 minutes, 1.0 where the distance is known"
    )


def test_sample_is_of_the_size_asked_for_and_the_same_for_a_seed() -> None:
    trips = pd.DataFrame({"trip": range(100)})
    sample = sample_rows(trips, ReportingParams(sample_rows=10, seed=1))["trip"].tolist()
    assert len(set(sample)) == 10
    assert sample == sorted(sample)
    assert sample == sample_rows(trips, ReportingParams(sample_rows=10, seed=1))["trip"].tolist()
    assert sample != sample_rows(trips, ReportingParams(sample_rows=10, seed=2))["trip"].tolist()


def test_errors_are_shared_out_over_bins_of_half_a_minute() -> None:
    figure = draw_error_distribution(PREDICTIONS)
    histogram = dict(zip(figure.data[0].x, figure.data[0].y, strict=True))
    # errors of +1, -2, +3, -4, each a quarter of the trips
    assert {x: y for x, y in histogram.items() if y} == {1.25: 25, -1.75: 25, 3.25: 25, -3.75: 25}
    # those of the baseline beyond 20 minutes are not within its bins
    assert sum(figure.data[2].y) == pytest.approx(75)
    assert len(figure.data) == 6


def test_shares_within_count_errors_up_to_and_with_the_limit() -> None:
    request, baseline = (draw_error_distribution(PREDICTIONS).data[n] for n in (3, 5))
    within = dict(zip(request.x, request.y, strict=True))
    assert [within[x] for x in (0, 0.75, 1, 2, 3.75, 4, 20)] == [0, 0, 25, 50, 75, 100, 100]
    assert max(baseline.y) == 75


def test_hours_are_drawn_where_there_are_trips_enough() -> None:
    slices = [_slice(2.0, weekday=0, hour=8), _slice(5.0, trips=50, weekday=6, hour=23)]
    errors, trips = draw_error_by_hour({"weekday_hour": slices}, METRICS, RANKED).data
    assert (errors.z[0][8], errors.z[6][23], trips.z[6][23]) == (2.0, 5.0, 50)
    assert sum(value is not None for row in errors.z for value in row) == 2
    assert errors.y[6] == "Sunday"
    assert errors.text[6][23] == (
        "Sunday 23:00<br>50 trips<br>off by 5.0 min on average<br>2.5 min with the distance"
    )
    assert errors.text[0][0] == "Monday 00:00<br>too few trips"


def test_title_names_the_hardest_slice_and_its_trips() -> None:
    slices = [_slice(2.0, weekday=0, hour=8), _slice(5.0, trips=1234, weekday=4, hour=17)]
    assert _title(draw_error_by_hour({"weekday_hour": slices}, METRICS, RANKED)) == (
        "Friday at 17:00 is the hardest hour (1,234 trips): "
        "5.0 minutes off on average, 3.5 over all trips"
    )


def test_an_error_of_few_trips_is_drawn_but_not_called_the_hardest() -> None:
    slices = [
        _slice(9.0, trips=79, weekday=4, hour=4),
        _slice(5.0, trips=200, weekday=2, hour=16),
        _slice(4.0, trips=900, weekday=3, hour=8),
    ]
    figure = draw_error_by_hour({"weekday_hour": slices}, METRICS, ReportingParams())
    assert figure.data[0].z[4][4] == 9.0
    assert _title(figure).startswith("Wednesday at 16:00 is the hardest hour (200 trips): 5.0")
    assert figure.layout.annotations[0].text == (
        "ranked: the 2 of 3 hours of the week with at least 200 test trips"
    )
    few = draw_error_by_hour({"weekday_hour": slices[:1]}, METRICS, ReportingParams())
    assert _title(few) == "Predictions of all test trips are off by 3.5 minutes on average"


def test_a_pair_of_few_trips_is_not_called_the_hardest() -> None:
    slices = [
        _slice(16.4, trips=36, pickup_borough="Brooklyn", dropoff_borough="Bronx"),
        _slice(7.3, trips=231, pickup_borough="Manhattan", dropoff_borough="Brooklyn"),
    ]
    figure = draw_error_by_borough_pair({"borough_pair": slices}, METRICS, ReportingParams())
    assert _title(figure).startswith("Manhattan to Brooklyn is the hardest (231 trips): 7.3")


def test_borough_pairs_are_drawn_from_row_to_column() -> None:
    slices = [
        _slice(2.0, pickup_borough="Queens", dropoff_borough="Queens"),
        _slice(6.0, pickup_borough="Bronx", dropoff_borough="Queens"),
        _slice(4.0, pickup_borough="Queens", dropoff_borough="Bronx"),
    ]
    figure = draw_error_by_borough_pair({"borough_pair": slices}, METRICS, RANKED)
    assert figure.data[0].y == figure.data[0].x == ("Bronx", "Queens")
    assert [list(row) for row in figure.data[0].z] == [[None, 6.0], [4.0, 2.0]]
    assert _title(figure).startswith("Bronx to Queens is the hardest (40 trips): 6.0 minutes")


def test_importance_comes_with_the_largest_share_first() -> None:
    features = [
        {"name": name, "meaning": f"the {name}", "unit": "miles"} for name in ("hour", "zone")
    ]
    facts = {"importance": {"hour": 0.25, "zone": 0.75}, "features": features}
    figure = draw_feature_importance(facts)
    assert (figure.data[0].y, figure.data[0].x) == (("zone", "hour"), (75.0, 25.0))
    assert figure.data[0].customdata[0] == "the zone (miles)"
    assert _title(figure) == "zone has 75 % of the importance of all 2 features"
    alike = draw_feature_importance({**facts, "importance": {"hour": 0.5, "zone": 0.5}})
    assert _title(alike) == "2 of 2 features share the largest importance, 50 %"


def test_learning_curve_marks_the_round_that_is_kept() -> None:
    curve = {
        "loss": "absolute_error",
        "train": [5.0, 4.0, 3.0],
        "validation": [5.0, 4.5, 4.75],
        "best_round": 2,
    }
    figure = draw_learning_curve(curve)
    assert [(line.name, line.x, line.y) for line in figure.data] == [
        ("training trips", (1, 2, 3), (5.0, 4.0, 3.0)),
        ("validation trips", (1, 2, 3), (5.0, 4.5, 4.75)),
    ]
    assert figure.layout.shapes[0].x0 == 2
    assert _title(figure) == (
        "2 of 3 rounds are kept, with a mean absolute error of 4.50 minutes on validation trips"
    )


def test_long_learning_curve_is_thinned_but_keeps_its_ends() -> None:
    losses = [1.0] * 1001
    curve = {"loss": "squared_error", "train": losses, "validation": [], "best_round": 1001}
    figure = draw_learning_curve(curve)
    assert (figure.data[0].x[0], figure.data[0].x[-1]) == (1, 1001)
    assert len(figure.data[0].x) <= 401
    assert figure.layout.yaxis.title.text == "mean squared error (minutes²)"


def test_family_without_a_curve_gets_an_empty_figure() -> None:
    curve = {"loss": "absolute_error", "train": [], "validation": [], "best_round": 12}
    figure = draw_learning_curve(curve)
    assert len(figure.data) == 0
    assert _title(figure) == "This family keeps no learning curve of its 12 rounds"
    table = draw_learning_curve({**curve, "best_round": 0})
    assert _title(table) == "This family keeps no learning curve"


def test_quality_shows_trips_kept_and_shares_rejected() -> None:
    figure = draw_data_quality(QUALITY)
    kept, refund, short = figure.data
    assert (kept.x, kept.y) == (("2023-01", "2023-02"), (180, 90))
    assert (refund.name, refund.y) == ("refund", (7.5, 2.0))
    assert (short.name, short.y, short.customdata) == ("too short", (2.5, 8.0), (5, 8))
    assert _title(figure) == '10.0 % of 300 rows were rejected, most often under the rule "refund"'


def test_rejected_rows_add_up_over_months() -> None:
    assert total_rejected(QUALITY) == {"refund": 17, "too_short": 13, "duplicate": 0}


def test_months_without_rejected_rows_are_drawn() -> None:
    month = {"rows_read": 5, "rows_kept": 5, "rejected": {"refund": 0}, "median_duration": 9.0}
    figure = draw_data_quality({"months": {"2023-01": month}})
    assert len(figure.data) == 1
    assert _title(figure) == "0.0 % of 5 rows were rejected"
