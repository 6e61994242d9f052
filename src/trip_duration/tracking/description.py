"""Descriptions of a run and of its experiment: names, families, where the months come from."""

from __future__ import annotations

from collections.abc import Set
from contextlib import suppress
from typing import Any

from kedro.pipeline import Pipeline

from trip_duration.errors import DataError
from trip_duration.months import span_months
from trip_duration.params import Parameters
from trip_duration.tlc.provenance import choices_of_source, kind_of_source, read_provenance
from trip_duration.tracking import plugin

MANIFEST = "raw_manifest"
# the tag that MLflow's pages show as the description
NOTE = "mlflow.note.content"
EXPERIMENT = """\
Runs that train, tune, backtest or compare predictors of New York taxi trip durations.

Durations and errors are in minutes. `test.request.mae` is the mean absolute error on test months
for requests without a distance, `test.request_with_distance.mae` with one, `test.baseline.mae`
that of the lookup table of medians. The tag `source` says whether the months are `real` or
`synthetic`. Errors of two runs are comparable if test months and the tag `data_digest` are equal.
"""


def run_name(parameters: Parameters, nodes: Set[str], source: str) -> str:
    """Name a run by what it does.

    Args:
        parameters: Its parameters.
        nodes: The nodes for which it is tracked.
        source: Kind of source of its months: ``synthetic`` or ``real``.

    Returns:
        For example ``lightgbm real green 2023-01..2023-03 -> 2023-04``, ``tuning lightgbm synthetic
        green 2023-01..2023-03`` or ``backtest real green``.
    """
    splits, service = parameters.feature_engineering, parameters.ingestion.service
    family, train_span = parameters.modelling.model_type, span_months(splits.train_months)
    data = f"{source} {service}"
    if plugin.TRAINING_NODE in nodes:
        return f"{family} {data} {train_span} -> {span_months(splits.test_months)}"
    if plugin.RECALIBRATION_NODE in nodes:
        month = span_months(parameters.recalibration.month) or "newest month"
        return f"recalibration {data} {month}"
    if plugin.SEARCH_NODE in nodes:
        return f"tuning {family} {data} {train_span}"
    return f"{' and '.join(sorted(node.removeprefix('run_') for node in nodes))} {data}"


def trained_families(parameters: Parameters, pipeline: Pipeline) -> list[str]:
    """Return the families that a run trains, in alphabetical order.

    Args:
        parameters: Its parameters.
        pipeline: What is run.
    """
    nodes = {node.name for node in pipeline.nodes}
    families = {
        plugin.TRAINING_NODE: (parameters.modelling.model_type,),
        plugin.SEARCH_NODE: (parameters.modelling.model_type,),
        "run_backtest": parameters.backtest.families,
        "run_comparison": parameters.comparison.families,
    }
    return sorted({family for node in nodes & families.keys() for family in families[node]})


def find_source(parameters: Parameters, pipeline: Pipeline, catalog: Any) -> dict[str, str]:
    """Find out where the months of a run come from, before any node has run.

    Args:
        parameters: Its parameters. They decide if the run itself ingests the months.
        pipeline: What is run.
        catalog: Where the records of an earlier ingestion are. They decide otherwise.

    Returns:
        ``source`` (``synthetic`` or ``real``) and ``source_root``, an address or a folder without
        passwords.
    """
    ingestion = parameters.ingestion
    if MANIFEST not in pipeline.all_outputs() and catalog.exists(MANIFEST):
        # a node of the run refuses months of several sources
        with suppress(DataError):
            recorded = read_provenance(catalog.load(MANIFEST))
            return {"source": recorded.source, "source_root": recorded.source_root}
    root = choices_of_source(ingestion)["source_root"]
    return {"source": kind_of_source(root), "source_root": root}
