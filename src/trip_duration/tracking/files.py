"""What of the catalog goes into a run: reports whole, large tables as a count or a sample."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow.parquet as pq
from kedro.pipeline import Pipeline

FOLDER = "08_reporting"
SAMPLE_ROWS = 200
SPLITS = ("train_trips", "validation_trips", "test_trips")


def used(name: str, pipeline: Pipeline, catalog: Any) -> bool:
    """Tell whether a run has read or made a dataset; what else lies on disk is of another run."""
    return name in pipeline.datasets() and catalog.exists(name)


def reports(pipeline: Pipeline, catalog: Any) -> list[str]:
    """Return the datasets in the folder of reports that a run has made."""
    return sorted(
        name
        for name in pipeline.all_outputs()
        if _is_report(catalog.get(name)) and catalog.exists(name)
    )


def gather(pipeline: Pipeline, catalog: Any, folder: Path) -> None:
    """Copy what a run has made: its reports, the manifest of the months, some predictions.

    Args:
        pipeline: What was run.
        catalog: Where its results are.
        folder: Where the copies are put.
    """
    for name in reports(pipeline, catalog):
        copy_to(catalog.get(name), folder / "reports")
    if used("raw_manifest", pipeline, catalog):
        manifest = json.dumps(catalog.load("raw_manifest"), indent=2)
        (folder / "raw_manifest.json").write_text(manifest)
    if used("predictions", pipeline, catalog):
        rows = sample(catalog.get("predictions"), SAMPLE_ROWS)
        rows.to_parquet(folder / "predictions_sample.parquet", index=False)


def _is_report(dataset: Any) -> bool:
    # the layer is for drawing: Kedro-Viz cannot draw a report that earlier layers read as one
    return hasattr(dataset, "_get_load_path") and FOLDER in place(dataset).split("/")


def copy_to(dataset: Any, folder: Path) -> None:
    """Copy the file or folder of a dataset, wherever it is stored."""
    source = place(dataset)
    target = folder / source.rpartition("/")[2]
    folder.mkdir(exist_ok=True)
    dataset._fs.get(source, str(target), recursive=dataset._fs.isdir(source))


def rows(dataset: Any) -> int:
    """Return the number of rows of a parquet file, from its footer."""
    with _parquet(dataset) as file:
        return int(file.metadata.num_rows)


def sample(dataset: Any, size: int) -> pd.DataFrame:
    """Return evenly spaced rows of the last row group of a parquet file.

    No more than one group is read, so that the cost does not grow with the number of trips.
    """
    with _parquet(dataset) as file:
        group = file.read_row_group(file.num_row_groups - 1)
    chosen = np.linspace(0, group.num_rows - 1, min(size, group.num_rows)).astype(int)
    frame: pd.DataFrame = group.take(chosen).to_pandas()
    return frame


def parts(dataset: Any) -> Iterator[pd.DataFrame]:
    """Return the row groups of a parquet file, one of which is in memory at a time."""
    with _parquet(dataset) as file:
        for group in range(file.num_row_groups):
            yield file.read_row_group(group).to_pandas()


def spaced_rows(dataset: Any, size: int) -> pd.DataFrame:
    """Return evenly spaced rows of a parquet file, those of ``spaced``; all if it has no more."""
    chosen = spaced(rows(dataset), size)
    kept, start = [], 0
    for part in parts(dataset):
        inside = chosen[(chosen >= start) & (chosen < start + len(part))]
        kept.append(part.iloc[inside - start])
        start += len(part)
    return pd.concat(kept, ignore_index=True)


def spaced(total: int, size: int) -> npt.NDArray[np.int64]:
    """Return the positions of at most ``size`` evenly spaced rows out of ``total``."""
    return np.linspace(0, max(total - 1, 0), min(size, total)).astype(np.int64)


@contextmanager
def _parquet(dataset: Any) -> Iterator[pq.ParquetFile]:
    with dataset._fs.open(place(dataset)) as file:
        yield pq.ParquetFile(file)


def place(dataset: Any) -> str:
    """Return where a dataset lies, for which Kedro has no public name."""
    return str(dataset._get_load_path())
