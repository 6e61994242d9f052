"""The trials of a search as MLflow runs of their own, nested in that of the search.

They are logged one by one as they end, by a client that is told their parent. MLflow's functions
without a client and Optuna's own callback go by an active run, which is another in each thread.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlflow import MlflowClient

TRIALS, REPORT, FOLD_SIZES = "tuning_trials", "tuning_report", "tuning_fold_sizes"
_STATUS = {"complete": "FINISHED", "pruned": "FINISHED", "failed": "FAILED"}
_TEXT = 5_000


@dataclass(frozen=True)
class TrialLog:
    """Logs trials into the run of their search.

    Attributes:
        client: MLflow's client of the place where the run is tracked.
        parent: Identity of the run.
        ended_before: Names of the trials that ended in an earlier run.
    """

    client: MlflowClient
    parent: str
    ended_before: frozenset[str]

    def log(self, records: Mapping[str, Mapping[str, Any]]) -> None:
        """Log trials that have just ended, or that an earlier run left behind.

        Args:
            records: Records of the trials by name.
        """
        for name, record in records.items():
            self._log_one(record, resumed=name in self.ended_before)

    def _log_one(self, trial: Mapping[str, Any], resumed: bool) -> None:
        from mlflow.entities import Metric, Param  # noqa: PLC0415 - only where a run is tracked

        end = time.time_ns() // 1_000_000
        run = self.client.create_run(
            self.client.get_run(self.parent).info.experiment_id,
            # no node looks at the clock; the one that ended just now began so many seconds ago
            start_time=end - round(1_000 * trial["seconds"]),
            run_name=f"trial {trial['number']}",
            tags=self._tags(trial, resumed),
        )
        scores = [
            Metric("fold.score", score, end, fold) for fold, score in enumerate(trial["scores"])
        ]
        whole = {"seconds": trial["seconds"], "value": trial["value"]}
        values = [Metric(name, value, end, 0) for name, value in whole.items() if value is not None]
        params = [Param(name, str(value)) for name, value in trial["params"].items()]
        self.client.log_batch(run.info.run_id, metrics=scores + values, params=params)
        self.client.set_terminated(run.info.run_id, _STATUS[trial["state"]], end)
        if trial["value"] is not None:
            value = Metric("tuning.value", trial["value"], end, trial["number"])
            self.client.log_batch(self.parent, metrics=[value])

    def _tags(self, trial: Mapping[str, Any], resumed: bool) -> dict[str, str]:
        tags = {
            "mlflow.parentRunId": self.parent,
            "trial": str(trial["number"]),
            "state": trial["state"],
            "resumed": str(resumed).lower(),
            "study": trial["study"],
        }
        return tags | ({"error": trial["reason"][:_TEXT]} if trial["reason"] else {})


def log_fold_sizes(client: MlflowClient, run_id: str, sizes: Sequence[Mapping[str, int]]) -> None:
    """Log to the run of a search how many trips each fold has; the step is the number of the fold.

    Args:
        client: MLflow's client of the place where the run is tracked.
        run_id: Identity of the run.
        sizes: Numbers of trips by their use, the earliest fold first.
    """
    from mlflow.entities import Metric  # noqa: PLC0415 - only where a run is tracked

    now = time.time_ns() // 1_000_000
    metrics = [
        Metric(f"fold.rows.{use}", rows, now, fold)
        for fold, by_use in enumerate(sizes)
        for use, rows in by_use.items()
    ]
    client.log_batch(run_id, metrics=metrics)


def log_outcome(client: MlflowClient, run_id: str, report: Mapping[str, Any]) -> None:
    """Log to the run of a search what it has found.

    Args:
        client: MLflow's client of the place where the run is tracked.
        run_id: Identity of the run.
        report: What the search has reported.
    """
    winner, default = report["winner"], report["default"]
    numbers = {"best": winner["value"], "default": default["value"], **report["gain"]}
    for name, value in numbers.items():
        client.log_metric(run_id, f"tuning.{name}", value)
    client.set_tag(run_id, "tuning.winner", str(winner["number"]))
    client.set_tag(run_id, "study", report["study"]["digest"])
