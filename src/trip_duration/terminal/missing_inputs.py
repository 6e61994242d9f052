"""Inputs of a run that do not exist yet, and the pipelines that make them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kedro.pipeline import Pipeline

from trip_duration.errors import DataError
from trip_duration.terminal.run_options import RunOptions, from_here

_DEFAULT = "__default__"
_FEW = 3


def require_inputs(
    pipeline: Pipeline, catalog: Any, registered: Mapping[str, Pipeline], options: RunOptions
) -> None:
    """Refuse a run whose inputs do not exist, before any of its nodes runs.

    Args:
        pipeline: What is to run.
        catalog: Where its inputs are.
        registered: All pipelines by name.
        options: Options of the run, for the command that makes the inputs.

    Raises:
        DataError: If an input is missing; the message names each, the pipeline that makes it and
            the command to run.
    """
    missing = _missing(pipeline, catalog)
    if not missing:
        return
    by_producer: dict[str | None, list[str]] = {}
    for name in missing:
        by_producer.setdefault(_producer(name, registered), []).append(name)
    lines = [
        f"- made by {_title(maker)}: {', '.join(_describe(names, catalog))}"
        for maker, names in by_producer.items()
    ]
    producers = _producers(missing, registered, lambda part: _missing(part, catalog))
    command = options.kedro("run", "--pipelines", ",".join(producers))
    hint = [f"To make them: {command}"] if producers else []
    raise DataError("\n".join(["inputs of this run do not exist yet:", *lines, *hint]))


def _missing(pipeline: Pipeline, catalog: Any) -> list[str]:
    """Return the free inputs that do not exist, in alphabetical order."""
    # datasets import pandas and Arrow, which the start of a command need not wait for
    from trip_duration import datasets  # noqa: PLC0415

    # these are empty where there is no file, or have an error of their own
    optional = (
        datasets.ChosenPredictorDataset,
        datasets.RecordsDataset,
        datasets.RegisteredPredictorDataset,
        datasets.ReportDataset,
        datasets.RequestFilesDataset,
    )
    names = (name for name in pipeline.inputs() if not _is_parameter(name))
    return sorted(
        name
        for name in names
        if not isinstance(catalog.get(name), optional) and not catalog.exists(name)
    )


def _is_parameter(name: str) -> bool:
    return name == "parameters" or name.startswith("params:")


def _describe(names: list[str], catalog: Any) -> list[str]:
    """Return names of datasets, with their places if they are few."""
    if len(names) > _FEW:
        return names
    return [f"{name} ({_place(catalog.get(name))})" for name in names]


def _place(dataset: Any) -> str:
    path = getattr(dataset, "_filepath", None) or getattr(dataset, "_folder", None)
    return "in memory only" if path is None else from_here(str(path))


def _producer(name: str, registered: Mapping[str, Pipeline]) -> str | None:
    producers = (key for key, part in registered.items() if name in part.all_outputs())
    return next((key for key in producers if key != _DEFAULT), None)


def _title(maker: str | None) -> str:
    return "no pipeline" if maker is None else f"the pipeline {maker}"


def _producers(
    missing: list[str],
    registered: Mapping[str, Pipeline],
    missing_of: Callable[[Pipeline], list[str]],
) -> list[str]:
    """Return the pipelines to run so that datasets exist, in the order of the registry."""
    needed: set[str] = set()
    waiting = list(missing)
    while waiting:
        maker = _producer(waiting.pop(), registered)
        if maker is not None and maker not in needed:
            needed.add(maker)
            waiting += missing_of(registered[maker])
    return [name for name in registered if name in needed]
