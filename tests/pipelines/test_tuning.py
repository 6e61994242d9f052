"""The search as a pipeline: what it reads, what it leaves, and how it survives being killed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from tests.features.small_city import make_trips, zones
from tests.manifests import INGESTION, manifest_of
from trip_duration.datasets import RecordsDataset
from trip_duration.errors import DataError, ParameterError
from trip_duration.models.tuning import Trial
from trip_duration.months import MonthPart
from trip_duration.params import (
    FeatureEngineeringParams,
    LinearParams,
    LookupParams,
    ModellingParams,
    TuningParams,
)
from trip_duration.pipelines.tuning import figures, nodes, report

__all__ = ["zones"]
FEATURES = FeatureEngineeringParams(train_months="2023-01..2023-02", test_months="2023-03")
MODELLING = ModellingParams(model_type="lookup")
TUNING = TuningParams(
    trials=3, folds=2, spaces={"lookup": {"min_trips": {"low": 1, "high": 30, "log": True}}}
)
WIDE = TUNING.model_copy(update={"trials": 9})
SEARCH = {"model_type": "lookup", "tuning": {"strategy": "random", "trials": 4}}


def unreadable() -> pd.DataFrame:
    raise AssertionError("the test month was read")


def part(month: str, **record: Any) -> MonthPart:
    def read() -> pd.DataFrame:
        trips = make_trips(30, 0, f"{month}-01")
        return trips.rename(columns={"route_distance": "trip_distance"})

    known = {"digest": f"digest of {month}", "sha256": f"sha of {month}", **record}
    return MonthPart(month, known, unreadable if month == "2023-03" else read)


@pytest.fixture
def months() -> dict[str, MonthPart]:
    """Three months, the last of which cannot be read."""
    return {month: part(month) for month in ("2023-01", "2023-02", "2023-03")}


def test_the_months_of_the_test_are_not_read(months: dict[str, MonthPart]) -> None:
    known = nodes.read_known_trips(months, list(months), FEATURES)
    assert known["pickup_datetime"].dt.month.value_counts().to_dict() == {1: 30, 2: 30}
    with pytest.raises(AssertionError, match="the test month was read"):
        months["2023-03"].read()


@pytest.mark.parametrize("lost", ["trips", "passed"])
def test_months_that_are_not_there_are_named(months: dict[str, MonthPart], lost: str) -> None:
    passed = [month for month in months if lost != "passed" or month != "2023-02"]
    if lost == "trips":
        del months["2023-02"]
    with pytest.raises(DataError, match="months not processed: 2023-02"):
        nodes.read_known_trips(months, passed, FEATURES)


def study_of(months: dict[str, MonthPart], zones: pd.DataFrame, **changes: Any) -> str:
    given = {"feature_engineering": FEATURES, "modelling": MODELLING, "tuning": TUNING}
    typed = {name: group.model_copy(update=changes.get(name, {})) for name, group in given.items()}
    manifest = manifest_of(months)
    digest: str = nodes.describe_study(months, manifest, zones, INGESTION, **typed)["digest"]
    return digest


@pytest.mark.parametrize(
    "changes",
    [
        {"feature_engineering": {"validation_days": 3}},
        {"feature_engineering": {"train_months": ("2023-02",)}},
        {"modelling": {"objective": "squared_error"}},
        {"modelling": {"seed": 9}},
        {"modelling": {"lookup": LookupParams(min_trips=3)}},
        {"tuning": {"folds": 3}},
        {"tuning": {"strategy": "grid"}},
        {"tuning": {"seed": 9}},
        {"tuning": {"pruning": False}},
    ],
)
def test_what_the_outcome_depends_on_makes_another_study(
    months: dict[str, MonthPart], zones: pd.DataFrame, changes: dict[str, Any]
) -> None:
    assert study_of(months, zones, **changes) != study_of(months, zones)


@pytest.mark.parametrize(
    "changes",
    [
        {"tuning": {"trials": 99, "timeout": 5.0}},
        {"feature_engineering": {"test_months": ("2023-05",)}},
        {"modelling": {"train_rows": 7, "linear": LinearParams(alpha=1.0)}},
    ],
)
def test_a_larger_budget_and_what_no_trial_sees_continue_the_study(
    months: dict[str, MonthPart], zones: pd.DataFrame, changes: dict[str, Any]
) -> None:
    assert study_of(months, zones, **changes) == study_of(months, zones)


def test_other_data_make_another_study(months: dict[str, MonthPart], zones: pd.DataFrame) -> None:
    before = study_of(months, zones)
    moved = zones.assign(x=zones["x"] + 1)
    assert study_of(months, moved) != before
    assert study_of({**months, "2023-01": part("2023-01", digest="anew")}, zones) != before
    assert study_of({**months, "2023-03": part("2023-03", digest="anew")}, zones) == before


def test_a_family_without_a_space_is_refused_before_any_fold_is_made(
    months: dict[str, MonthPart], zones: pd.DataFrame
) -> None:
    with pytest.raises(ParameterError, match=r"tuning\.spaces\.linear"):
        study_of(months, zones, modelling={"model_type": "linear"})


STUDY = {
    "digest": "s" * 64,
    "family": "lookup",
    "strategy": "random",
    "objective": "absolute_error",
    "train_months": ["2023-01", "2023-02"],
    "folds": [["2023-02-15", "2023-02-22"], ["2023-02-22", "2023-03-01"]],
}


def records(*trials: tuple[int, float | None]) -> dict[str, Any]:
    made = [
        Trial(
            STUDY["digest"],
            number,
            {"min_trips": settings},
            "complete" if value else "pruned",
            [value or 9.0],
            value,
            1.0,
        )
        for number, (settings, value) in enumerate(trials)
    ]
    return {trial.name: trial.to_record() for trial in made}


FOUND = records((10, 4.0), (3, 3.8), (7, None), (5, 3.9))


def test_the_winner_is_written_as_parameters_with_the_whole_family() -> None:
    modelling = ModellingParams(model_type="lightgbm", lightgbm={"num_trees": 7})
    found = records((31, 4.0), (63, 3.8))
    renamed = {
        name: {**record, "params": {"num_leaves": record["params"]["min_trips"]}}
        for name, record in found.items()
    }
    tuned = nodes.choose_settings(renamed, STUDY, modelling, WIDE)
    assert tuned["modelling"]["model_type"] == "lightgbm"
    assert tuned["modelling"]["lightgbm"]["num_leaves"] == 63
    assert tuned["modelling"]["lightgbm"]["num_trees"] == 7
    assert ModellingParams.model_validate(tuned["modelling"]).lightgbm.num_leaves == 63


def test_the_report_holds_winner_default_gain_and_a_part_for_the_card() -> None:
    made = report.report_tuning(FOUND, STUDY, WIDE)
    assert made["winner"]["number"] == 1
    assert made["default"]["params"] == {"min_trips": 10}
    assert made["gain"] == {"minutes": pytest.approx(0.2), "share": pytest.approx(0.05)}
    assert [trial["number"] for trial in made["trials"]] == [0, 1, 2, 3]
    card = made["card"]
    assert card["rows"] == [["MAE (minutes)", "4.000", "3.800"], ["min_trips", "10", "3"]]
    assert (
        "4 settings of lookup were tried (random; 1 given up early, 0 failed)" in card["lines"][0]
    )
    assert "2023-02-15 to 2023-03-01" in card["lines"][0]
    assert json.loads(json.dumps(made)) == made


def test_a_run_of_fewer_trials_than_an_earlier_one_reports_its_own() -> None:
    found = records((10, 4.0), (3, 3.8), (7, 3.9), (5, 3.7), (4, 3.6), (6, 3.5))
    made = report.report_tuning(found, STUDY, TUNING)
    assert [trial["number"] for trial in made["trials"]] == [0, 1, 2]
    assert made["winner"]["number"] == 1
    assert made["card"]["lines"][0].startswith("3 settings of lookup were tried")
    tuned = nodes.choose_settings(found, STUDY, MODELLING, TUNING)
    assert tuned["modelling"]["lookup"] == {"min_trips": 3}


def test_nothing_is_reported_of_a_study_without_a_complete_trial() -> None:
    with pytest.raises(DataError, match="no trial of this study is complete"):
        report.report_tuning(records((10, None)), STUDY, WIDE)


def test_the_history_has_every_complete_trial_and_the_best_so_far() -> None:
    figure = figures.draw_tuning_history(report.report_tuning(FOUND, STUDY, WIDE))
    trials, best = figure.data
    assert list(zip(trials.x, trials.y, strict=True)) == [(0, 4.0), (1, 3.8), (3, 3.9)]
    assert list(best.y) == [4.0, 3.8, 3.8]
    assert figure.layout.title.text.startswith("Trial 1 has the lowest error of 4, 5.00 %")


def test_no_trial_is_praised_that_is_no_better_than_the_configured_settings() -> None:
    found = report.report_tuning(records((10, 3.0), (3, 3.8)), STUDY, WIDE)
    figure = figures.draw_tuning_history(found)
    assert figure.layout.title.text == (
        "No trial of 2 has a lower error than the configured settings"
    )


def test_the_title_names_the_parameter_that_the_error_goes_with() -> None:
    trials = [
        {"number": n, "value": 4.0 - n / 10, "params": {"depth": n, "rate": n % 3, "kind": "a"}}
        for n in range(12)
    ]
    searched = {"trials": trials, "winner": trials[-1], "study": {"objective": "absolute_error"}}
    figure = figures.draw_tuning_parameters(searched)
    assert figure.layout.title.text == (
        "The error goes most with depth (rank correlation -1.00 over 12 trials); "
        "trial 11, the best, is orange"
    )
    few = figures.draw_tuning_parameters({**searched, "trials": trials[:9], "winner": trials[8]})
    assert few.layout.title.text == "Error of 9 trials by parameter; trial 8, the best, is orange"


def test_each_parameter_is_drawn_with_the_winner_marked() -> None:
    figure = figures.draw_tuning_parameters(report.report_tuning(FOUND, STUDY, WIDE))
    (drawn,) = figure.data
    assert list(drawn.x) == [10, 3, 5]
    assert list(drawn.marker.size) == [7, 12, 7]
    assert figure.layout.xaxis.title.text == "min_trips"


def test_a_wide_range_is_drawn_in_ratios_and_words_are_not() -> None:
    assert figures._scale([1e-4, 1e-2]) == "log"
    assert figures._scale([1, 2]) == "linear"
    assert figures._scale([0, 200]) == "linear"
    assert figures._scale(["a", "b"]) == "category"


@pytest.fixture(scope="module")
def processed(new_project: Callable[[], Path], run_kedro: Any) -> Path:
    """A project whose months are processed. Not to be written to."""
    project = new_project()
    run_kedro(project, pipeline_names=["ingestion", "data_processing"])
    return project


@pytest.fixture
def project(processed: Path, new_project: Callable[[], Path]) -> Path:
    """A project with processed months of its own."""
    project = new_project()
    shutil.copytree(processed / "data", project / "data")
    return project


def trials_in(project: Path) -> dict[str, dict[str, Any]]:
    """The trials on disk, but for the seconds that each took."""
    found = RecordsDataset(str(project / "data/06_models/tuning_trials")).load()
    return {
        name: {part: value for part, value in record.items() if part != "seconds"}
        for name, record in found.items()
    }


def test_a_run_without_the_file_of_the_test_month_finds_settings_and_reports(
    project: Path, run_kedro: Any
) -> None:
    (project / "data/02_intermediate/trips/2023-03.parquet").unlink()
    run_kedro(project, SEARCH, pipeline_names=["tuning"])
    trials = trials_in(project)
    assert [trial["number"] for trial in trials.values()] == [0, 1, 2, 3]
    best = min(trials.values(), key=lambda trial: trial["value"] or 99)
    tuned = yaml.safe_load((project / "data/06_models/tuned_parameters.yml").read_text())
    assert tuned == {"modelling": {"model_type": "lookup", "lookup": best["params"]}}
    made = json.loads((project / "data/08_reporting/tuning_report.json").read_text())
    assert made["winner"]["value"] == best["value"] <= made["default"]["value"]
    for name in ("history", "parameters"):
        assert (project / f"data/08_reporting/report_tuning_{name}.json").is_file()


KILLED = """
import json, os, signal, sys
from trip_duration.models.tuning.folds import Fold
score, calls = Fold.score, []
def deadly(self, params):
    calls.append(params)
    if len(calls) == 6:
        os.kill(os.getpid(), signal.SIGKILL)
    return score(self, params)
Fold.score = deadly
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project
bootstrap_project(sys.argv[1])
params = json.loads(sys.argv[2])
with KedroSession.create(sys.argv[1], env='test', runtime_params=params) as session:
    session.run(pipeline_names=['tuning'])
"""


def test_a_run_that_was_killed_goes_on_where_it_stopped(
    project: Path, processed: Path, new_project: Callable[[], Path], run_kedro: Any
) -> None:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
    command = [sys.executable, "-c", KILLED, str(project), json.dumps(SEARCH)]
    done = subprocess.run(command, env=clean, check=False)
    assert done.returncode == -signal.SIGKILL
    left = trials_in(project)
    assert [trial["number"] for trial in left.values()] == [0, 1]
    folder = project / "data/06_models/tuning_trials"
    stamps = {name: json.loads((folder / f"{name}.json").read_text()) for name in left}
    run_kedro(project, SEARCH, pipeline_names=["tuning"])
    # taken over, not tried once more: not even their seconds have changed
    assert {name: json.loads((folder / f"{name}.json").read_text()) for name in left} == stamps
    never_stopped = new_project()
    shutil.copytree(processed / "data", never_stopped / "data")
    run_kedro(never_stopped, SEARCH, pipeline_names=["tuning"])
    assert trials_in(project) == trials_in(never_stopped)
    assert len(trials_in(project)) == 4
