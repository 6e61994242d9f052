"""The time of the features: computed when they are needed, against read from where they lie."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tests.benchmarks.measure import Report, Row, medians, seconds
from tests.benchmarks.projects import Workshop, copy_project
from tests.benchmarks.request import microseconds
from trip_duration.bundle import read_bundle
from trip_duration.features import FeatureTransformer
from trip_duration.features.requests import requests_of

PIPELINES = "ingestion,data_processing,feature_engineering"
KIND = "feature_transformer"


def bench_features(shop: Workshop) -> Report:
    """Features of one request and of a month, against reading those that a store would keep."""
    project = copy_project(shop.folder / "features", "tlc" if shop.source else "base")
    project.run(PIPELINES, shop.params)
    folder = project.data / "06_models" / KIND
    transformer = FeatureTransformer.from_bundle(read_bundle(folder, KIND))
    month = requests_of(pd.read_parquet(project.data / "03_primary/test_trips.parquet"))
    one = type(month)(*(values[:1] for values in vars(month).values()))
    matrix = transformer.transform(month)
    store = Store(shop.folder / "store", matrix)
    np.testing.assert_array_equal(store.read_month(), matrix)
    np.testing.assert_array_equal(store.read_one(), matrix[0])
    calls, turns = (50, 3) if shop.quick else (2_000, 7)
    single = {
        "ours": microseconds(lambda: transformer.transform(one), calls),
        "theirs": microseconds(store.read_one, calls),
    }
    whole = {
        "ours": lambda: seconds(lambda: transformer.transform(month)),
        "theirs": lambda: seconds(store.read_month),
    }
    request, months = medians(single, turns, "request"), medians(whole, turns, "month")
    rows = [
        Row(
            "features of one request, against SQLite by key",
            *(f"{request[side]:.0f} us" for side in ("ours", "theirs")),
            request["ours"] / request["theirs"],
        ),
        Row(
            f"features of a month of {len(month):,} trips, against Parquet",
            *(f"{months[side] * 1e3:.0f} ms" for side in ("ours", "theirs")),
            months["ours"] / months["theirs"],
        ),
    ]
    size = sum(path.stat().st_size for path in folder.iterdir()) / 2**20
    columns = matrix.shape[1]
    return Report(
        rows,
        [
            f"features: {columns} of {shop.months}, by a transformer of {size:.1f} MB that is in "
            "memory; theirs are the same numbers, read by a store that is on this machine"
        ],
    )


class Store:
    """Features as a store on this machine would keep them: by key, and by month."""

    def __init__(self, folder: Path, matrix: Any) -> None:
        folder.mkdir()
        self._file = folder / "month.parquet"
        names = [f"f{number}" for number in range(matrix.shape[1])]
        pd.DataFrame(matrix, columns=names).to_parquet(self._file)
        self._rows = sqlite3.connect(folder / "rows.db")
        self._rows.execute("CREATE TABLE rows (key TEXT PRIMARY KEY, features BLOB)")
        kept = ((f"request {row}", values.tobytes()) for row, values in enumerate(matrix))
        self._rows.executemany("INSERT INTO rows VALUES (?, ?)", kept)
        self._rows.commit()

    def read_one(self) -> Any:
        found = self._rows.execute("SELECT features FROM rows WHERE key = ?", ("request 0",))
        return np.frombuffer(found.fetchone()[0], dtype=np.float32)

    def read_month(self) -> Any:
        return pd.read_parquet(self._file).to_numpy()
