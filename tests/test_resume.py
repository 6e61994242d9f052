"""Runs that begin in the middle: whatever a node reads is on disk after one whole run."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project
from kedro.io import DataCatalog, MemoryDataset
from kedro.pipeline import Node, Pipeline
from kedro.runner.runner import _find_nodes_to_resume_from

from trip_duration.datasets import ReportDataset
from trip_duration.hooks import READ_AGAIN
from trip_duration.pipeline_registry import register_pipelines

PIPELINES = register_pipelines()
DEFAULT = PIPELINES["__default__"]


@pytest.fixture(scope="module")
def catalog(finished_run: Path) -> Iterator[DataCatalog]:
    """The catalog of a project after one whole run."""
    bootstrap_project(finished_run)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", "")
        with KedroSession.create(finished_run, env="test") as session:
            yield session.load_context().catalog


def absent(pipeline: Pipeline, catalog: DataCatalog) -> list[str]:
    """Return what a pipeline needs and could not read."""
    names = [name for name in pipeline.inputs() if not name.startswith("params:")]
    return sorted(name for name in names if not is_there(catalog.get(name)))


def is_there(dataset: Any) -> bool:
    # a report of a study that was never made is read as empty
    return dataset is not None and (isinstance(dataset, ReportDataset) or dataset.exists())


@pytest.mark.parametrize("node", DEFAULT.nodes, ids=lambda node: node.name)
def test_a_run_can_begin_at_any_node(node: Node, catalog: DataCatalog) -> None:
    assert absent(DEFAULT.from_nodes(node.name), catalog) == []


@pytest.mark.parametrize(("gate", "first"), READ_AGAIN.items())
def test_before_a_gate_a_run_begins_with_what_is_on_disk(
    gate: str, first: str, catalog: DataCatalog
) -> None:
    named = {name: part for name, part in PIPELINES.items() if name != "__default__"}
    (part,) = (part for part in named.values() if holds(part, gate))
    rest = part.from_nodes(first)
    assert holds(rest, gate)
    names = [name for name in rest.inputs() if not name.startswith("params:")]
    assert not [name for name in names if isinstance(catalog.get(name), MemoryDataset)]


def holds(pipeline: Pipeline, name: str) -> bool:
    return name in {node.name for node in pipeline.nodes}


def test_what_lives_in_memory_is_noticed(catalog: DataCatalog) -> None:
    pipeline = Pipeline([Node(lambda x: x, "gathered", "copy", name="copy_it")])
    assert absent(pipeline, DataCatalog({"gathered": MemoryDataset()})) == ["gathered"]


def begin_suggested_by_kedro(pipeline: Pipeline, failed: Node, catalog: DataCatalog) -> Pipeline:
    """Return what would run by the arguments that Kedro prints when a node has failed."""
    done = pipeline.nodes[: pipeline.nodes.index(failed)]
    unfinished = set(pipeline.nodes) - set(done)
    return pipeline.from_nodes(*_find_nodes_to_resume_from(pipeline, unfinished, catalog))


@pytest.mark.parametrize("name", PIPELINES)
def test_what_kedro_suggests_after_a_failure_needs_nothing_from_memory(
    name: str, catalog: DataCatalog
) -> None:
    pipeline = PIPELINES[name]
    for dataset in pipeline.datasets():
        # as a run does: entries that match a pattern are made when they are asked for
        catalog.get(dataset)
    for failed in pipeline.nodes:
        resumed = begin_suggested_by_kedro(pipeline, failed, catalog)
        needed = [catalog.get(name) for name in resumed.inputs() if not name.startswith("params:")]
        assert not [dataset for dataset in needed if dataset._EPHEMERAL], failed.name


@pytest.mark.parametrize(
    ("begin", "report"),
    [
        ("train_predictor", "model_card.md"),
        ("compute_metrics", "model_card.md"),
        ("fit_transformer", "metrics.json"),
        ("gather_findings", "model_card.md"),
        ("predict_splits", "slices.json"),
    ],
)
def test_a_run_that_begins_in_the_middle_ends_with_the_same_results(
    begin: str,
    report: str,
    with_data: Callable[[], Path],
    finished_run: Path,
    run_kedro: Callable[..., Any],
) -> None:
    project = with_data()
    (project / "data/08_reporting" / report).unlink()
    run_kedro(project, from_nodes=[begin])
    for name in (report, "run_facts.json"):
        resumed, whole = (
            (folder / "data/08_reporting" / name).read_bytes() for folder in (project, finished_run)
        )
        assert resumed == whole, name


def test_data_of_another_source_are_refused_wherever_a_run_begins(
    with_data: Callable[[], Path], run_kedro: Callable[..., Any]
) -> None:
    project = with_data()
    card = (project / "data/08_reporting/model_card.md").read_bytes()
    real = {"source_root": "https://example.org/tlc"}
    for pipeline in ("feature_engineering", "modelling", "reporting", "tuning", "backtest"):
        with pytest.raises(
            Exception,
            match=r"source_root: the parameters say https://example\.org/tlc, .* says synth",
        ):
            run_kedro(project, real, pipeline_names=[pipeline])
    assert (project / "data/08_reporting/model_card.md").read_bytes() == card
    facts = json.loads((project / "data/06_models/training_facts.json").read_text())
    assert facts["source"] == "synthetic"
