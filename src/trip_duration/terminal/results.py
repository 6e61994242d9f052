"""Results of a run at its end: errors beside the lookup table, places, commands to run next."""

from __future__ import annotations

import logging
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

import click
from kedro.pipeline import Pipeline

from trip_duration.evaluation.slices import LABELS
from trip_duration.logs import logs_json
from trip_duration.secrets import masked_uri
from trip_duration.terminal.run_options import RunOptions, from_here, program
from trip_duration.tracking import files, plugin
from trip_duration.tracking.figures import PREFIX
from trip_duration.tracking.manifest import is_complete
from trip_duration.tracking.registration import Outcome
from trip_duration.tracking.run import TrackedRun

log = logging.getLogger(__name__)

METRICS, PREDICTOR, TUNED = "metrics", "predictor", "tuned_parameters"
GATE, LATER = "gate_report", "promotion.test_months"
_ROWS = {**LABELS, "baseline": "lookup table"}
_ERRORS = {"mae": "MAE", "rmse": "RMSE", "p90_abs_error": "P90"}
# reports that a person reads, by the dataset that holds them
_READ = {
    "run_report": "report",
    "model_card": "model card",
    "data_quality": "data quality",
    "metrics": "metrics",
    "tuning_report": "tuning",
    "backtest_report": "backtest",
    "comparison_page": "comparison",
    "recalibration_report": "recalibration",
    "gate_report": "gate",
}


def show_results(
    run: TrackedRun | None,
    outcome: Outcome | None,
    run_params: Mapping[str, Any],
    pipeline: Pipeline,
    catalog: Any,
) -> None:
    """Print the results of a run to standard output; as one JSON line if log lines are JSON.

    Args:
        run: The MLflow run, if the run is tracked.
        outcome: Whether its predictor was registered, if it has made one.
        run_params: How Kedro was called.
        pipeline: What was run.
        catalog: Where its results are.
    """
    scores = catalog.load(METRICS)["test"] if METRICS in pipeline.all_outputs() else {}
    info = run.client.get_run(run.run_id).info if run else None
    places = _files(pipeline, catalog) | (_mlflow_run(run, info) if run else {})
    places |= {"registry": outcome.describe()} if outcome else {}
    commands = _commands(run, info, outcome, run_params, pipeline, catalog) if places else {}
    if logs_json():
        fields = {"test": scores, "places": places, "next_commands": commands}
        log.info("results", extra=fields)
        return
    intervals = catalog.load(PREDICTOR).intervals if scores else None
    table = _score_table(scores, intervals.coverage if intervals else None) if scores else []
    blocks = [table, _pairs(places), _pairs(commands)]
    for block in filter(None, blocks):
        click.echo("\n".join(["", *block]))


def _score_table(scores: Mapping[str, Mapping[str, float]], coverage: float | None) -> list[str]:
    """Return errors in minutes and shares of trips in their intervals, a line a presentation."""
    trips = scores["request"]["n"]
    promise = "in interval" if coverage is None else f"in {coverage:.0%} interval"
    head = (f"test, {trips:,} trips", *_ERRORS.values(), promise)
    rows = [
        (
            _ROWS[name],
            *(f"{scores[name][error]:.2f} min" for error in _ERRORS),
            f"{scores[name]['coverage']:.1%}" if "coverage" in scores[name] else "-",
        )
        for name in _ROWS
        if name in scores
    ]
    return _aligned([head, *rows])


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return rows as lines: the first column to the left, all others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "   ".join(
            [row[0].ljust(widths[0])]
            + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        )
        for row in rows
    ]


def _pairs(values: Mapping[str, str]) -> list[str]:
    width = max(map(len, values), default=0)
    return [f"{name.ljust(width)}   {value}" for name, value in values.items()]


def _files(pipeline: Pipeline, catalog: Any) -> dict[str, str]:
    reports = files.reports(pipeline, catalog)
    read = {
        title: from_here(files.place(catalog.get(name)))
        for name, title in _READ.items()
        if name in reports
    }
    figures = [files.place(catalog.get(name)) for name in reports if name.startswith(PREFIX)]
    if figures:
        read["figures"] = from_here(f"{figures[0].rpartition('/')[0]}/{PREFIX}*.json")
    if TUNED in pipeline.all_outputs():
        read["settings"] = from_here(files.place(catalog.get(TUNED)))
    return read


def _mlflow_run(run: TrackedRun, info: Any) -> dict[str, str]:
    experiment = run.client.get_experiment(info.experiment_id).name
    return {"MLflow run": f"{info.run_name} ({run.run_id}, experiment {experiment})"}


def _commands(
    run: TrackedRun | None,
    info: Any,
    outcome: Outcome | None,
    run_params: Mapping[str, Any],
    pipeline: Pipeline,
    catalog: Any,
) -> dict[str, str]:
    """Return what to do next and its command; the commands can be copied into a shell."""
    options, cli = RunOptions.of(run_params), program("trip-duration")
    commands = {"see the graph": options.kedro("viz", "run")}
    if run is not None:
        commands["see the MLflow run"] = how_to_see(
            run.tracking_uri, info.experiment_id, run.run_id
        )
    if TUNED in pipeline.all_outputs():
        path = from_here(files.place(catalog.get(TUNED)))
        commands["train with the settings"] = options.kedro("run", tuned=path)
    report = catalog.load(GATE) if GATE in pipeline.all_outputs() else {"passed": False}
    if report["passed"]:
        commands["promote it"] = f"{cli} models promote {report['version']}"
    node = plugin.making_node(pipeline)
    if node is None:
        return commands
    folder = from_here(str(catalog.get(plugin.MAKERS[node])._describe()["path"]))
    commands["serve the model"] = f"{cli} serve --no-auth --model {shlex.quote(folder)}"
    if outcome is not None and outcome.version is not None:
        # a model is not judged on the month that it was calibrated on
        later = {LATER: "YYYY-MM"} if node == plugin.RECALIBRATION_NODE else {}
        judge = options.kedro("run", "--pipelines", "promotion", **later)
        commands["judge it on a later month" if later else "judge it for promotion"] = judge
        commands["promote it"] = f"{cli} models promote"
    if run is not None and is_complete(run_params, pipeline):
        commands["run it again"] = f"{cli} reproduce {run.run_id}"
    return commands


def how_to_see(uri: str, experiment_id: str, run_id: str) -> str:
    """Return what shows a run: the address on a server, or the command that starts MLflow's UI."""
    safe = masked_uri(uri)
    if uri.startswith("http"):
        return f"{safe.rstrip('/')}/#/experiments/{experiment_id}/runs/{run_id}"
    # the password of a database is for the reader to fill in
    return f"{program('mlflow')} ui --backend-store-uri {shlex.quote(safe)}"
