"""Parameters, metrics and tags of any number are logged."""

from __future__ import annotations

from pathlib import Path

import mlflow

from trip_duration.tracking.batches import log_batches


def test_any_number_of_each_is_logged(tmp_path: Path) -> None:
    client = mlflow.MlflowClient(f"sqlite:///{tmp_path}/mlflow.db")
    experiment = client.create_experiment("many", (tmp_path / "artifacts").as_uri())
    run = client.create_run(experiment).info.run_id
    metrics = {f"m{i}": float(i) for i in range(1_700)} | {"absent": float("nan")}
    params = {f"p{i}": str(i) for i in range(250)}
    tags = {f"t{i}": str(i) for i in range(130)}
    log_batches(client, run, metrics, params, tags)
    data = client.get_run(run).data
    assert data.metrics == {name: value for name, value in metrics.items() if name != "absent"}
    assert data.params == params
    assert {name: data.tags[name] for name in tags} == tags
