"""Tuning and backtest, each as one command, against a plain script plus start-up."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Mapping
from itertools import chain
from typing import Any

from tests.benchmarks.jobs import describe_study, read_parameters
from tests.benchmarks.measure import Report, Row, Usage, in_turn, run_program
from tests.benchmarks.projects import BIN, ROOT, Project, Workshop
from tests.benchmarks.whole_run import compare
from trip_duration.months import parse_months

TRAIN_MONTHS, TEST_MONTHS, WINDOW = "2023-01..2023-03", "2023-03..2023-04", 2
TRIALS, FOLDS, SEED = 4, 2, 0
TRIAL_RECORDS, FOLD_RECORDS = "06_models/tuning_trials", "07_model_output/folds"
# parts by which errors may differ, and difference that shares of trips may have
SAME_ERROR, SAME_SHARE = 0.001, 0.002


def bench_tuning(shop: Workshop) -> Report:
    """Random trials over folds that expand: ours, and a plain script with the same settings."""
    trials = 2 if shop.quick else TRIALS
    ours = shop.processed
    params = {
        "tuning.strategy": "random",
        "tuning.trials": trials,
        "tuning.folds": FOLDS,
        "train_months": TRAIN_MONTHS,
        "seed": SEED,
    }

    def describe() -> dict[str, Any]:
        # the script is given what ours has drawn
        return {
            **describe_study(ours, SEED),
            "fold_length": read_parameters(ours, "tuning")["fold_length"],
            "folds": FOLDS,
            "train_months": list(parse_months(TRAIN_MONTHS)),
            "trials": [record["params"] for record in read_records(ours, TRIAL_RECORDS)],
        }

    took = take_turns(shop, "tuning", params, TRIAL_RECORDS, describe)
    records = read_records(ours, TRIAL_RECORDS)
    plain = json.loads((ours.folder / "plain_tuning/trials.json").read_text())
    spent = [sum(trial["seconds"] for trial in side) for side in (records, plain)]
    what = f"tuning, {trials} trials x {FOLDS} folds, {shop.months}: trials a minute"
    _, *parts = compare(took, "seconds", what, None)
    whole = {name: usages[0].seconds for name, usages in took.items()}
    rows = [
        rates(what, trials, whole["ours"], whole["plain"] + whole["start"]),
        *parts,
        rates("- the trials alone, folds made: trials a minute", trials, *spent),
    ]
    return Report(rows, [compare_trials(records, plain)])


def bench_backtest(shop: Workshop) -> Report:
    """Months tested by models of the months before: ours, and a plain script."""
    ours, months = shop.processed, parse_months(TEST_MONTHS)
    params = {
        "backtest.months": TEST_MONTHS,
        "backtest.window": WINDOW,
        "backtest.stale_months": 1,
        "seed": SEED,
    }

    def describe() -> dict[str, Any]:
        return {**describe_study(ours, SEED), "months": list(months), "window": WINDOW}

    took = take_turns(shop, "backtest", params, FOLD_RECORDS, describe)
    records = {r["month"]: r["metrics"] for r in read_records(ours, FOLD_RECORDS)}
    plain = json.loads((ours.folder / "plain_backtest/months.json").read_text())
    what = f"backtest of {len(months)} months, {shop.months}"
    return Report(compare(took, "seconds", what, None), [compare_months(records, plain)])


def take_turns(
    shop: Workshop,
    name: str,
    params: Mapping[str, Any],
    records: str,
    describe: Callable[[], Mapping[str, Any]],
) -> dict[str, list[Usage]]:
    """Run ours, then the script with what ours has drawn, then nothing at all."""
    ours, empty = shop.processed, shop.empty
    job, plain_out = ours.folder / f"{name}.json", ours.folder / f"plain_{name}"

    def run_ours() -> Usage:
        # what was computed before would not be computed again
        shutil.rmtree(ours.data / records, ignore_errors=True)
        return ours.run(name, params)

    def run_plain() -> Usage:
        job.write_text(json.dumps(describe()))
        places = [ours.data / "01_raw", ours.data / "02_intermediate/trips", job, plain_out]
        return run_program([sys.executable, "-m", f"tests.benchmarks.plain_{name}", *places], ROOT)

    def start_up() -> Usage:
        return run_program([BIN / "kedro", "run"], empty.folder)

    return in_turn({"ours": run_ours, "plain": run_plain, "start": start_up}, 1, name)


def read_records(project: Project, folder: str) -> list[dict[str, Any]]:
    """Records of a study, in the order of their names."""
    return [json.loads(path.read_text()) for path in sorted((project.data / folder).glob("*.json"))]


def rates(what: str, trials: int, ours: float, theirs: float) -> Row:
    """Trials a minute of both sides; the ratio is that of the times, as everywhere."""
    rate = [f"{60 * trials / seconds:.2f}" for seconds in (ours, theirs)]
    return Row(what, *rate, ours / theirs)


def compare_trials(ours: list[dict[str, Any]], plain: list[dict[str, Any]]) -> str:
    """Say how good both sides' models are; raise if they are not the same ones.

    Raises:
        AssertionError: If a trial was not scored on every fold, or scores differ.
    """
    scores = [[trial["scores"] for trial in side] for side in (ours, plain)]
    if [len(own) for own in scores[0]] != [len(own) for own in scores[1]]:
        raise AssertionError(f"scores of ours {scores[0]}, of the plain script {scores[1]}")
    flat = [list(chain.from_iterable(side)) for side in scores]
    worst = farthest(*flat)
    values = [" / ".join(f"{value:.3f}" for value in side) for side in flat]
    return (
        f"tuning: MAE of each trial and fold: ours {values[0]}, plain {values[1]}, at most "
        f"{worst:.4%} apart; the plain script (plain_tuning.py) is given the settings that ours "
        "drew, makes features once a fold as ours does, and leaves out the draws, records, report, "
        "figures, tracking; the ratio is that of the times, start-up counted with the script"
    )


def compare_months(ours: Mapping[str, Any], plain: Mapping[str, Any]) -> str:
    """Say how good both sides' models are; raise if they are not the same ones.

    Raises:
        AssertionError: If months, errors or coverage differ.
    """
    if sorted(ours) != sorted(plain):
        raise AssertionError(f"ours tested {sorted(ours)}, the plain script {sorted(plain)}")
    names = ("request", "request_with_distance", "baseline")
    mae = [[s[month][name]["mae"] for month in sorted(s) for name in names] for s in (ours, plain)]
    held = [
        [s[month][name]["coverage"] for month in sorted(s) for name in names[:2]]
        for s in (ours, plain)
    ]
    worst = farthest(*mae)
    apart = max(abs(a - b) for a, b in zip(*held, strict=True))
    if apart > SAME_SHARE:
        raise AssertionError(f"coverage of ours {held[0]}, of the plain script {held[1]}")
    values = [" / ".join(f"{value:.3f}" for value in side) for side in mae]
    return (
        f"backtest: MAE of each month (request / with distance / baseline): ours {values[0]}, "
        f"plain {values[1]}, at most {worst:.4%} apart, coverage at most {apart:.4f}; the plain "
        "script (plain_backtest.py) leaves out slices, sums by day, costs, records, report, "
        "figures, tracking"
    )


def farthest(ours: list[float], plain: list[float]) -> float:
    """Return the greatest difference, as a share; raise if it is too great.

    Raises:
        AssertionError: With both sides.
    """
    worst = max(abs(a / b - 1) for a, b in zip(ours, plain, strict=True))
    if worst > SAME_ERROR:
        raise AssertionError(f"MAE of ours {ours}, of the plain script {plain}")
    return worst
