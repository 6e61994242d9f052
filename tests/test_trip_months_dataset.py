from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from kedro.io import DataCatalog, DatasetError

from trip_duration.datasets import BundleDataset, TripMonthsDataset
from trip_duration.errors import DataError, ModelFileError, ParameterError
from trip_duration.features import FeatureTransformer
from trip_duration.months import MonthPart


class Months:
    """Months to save, which count their reads; one of them may fail."""

    def __init__(self) -> None:
        self.reads: list[str] = []
        self.fails: str | None = None

    def part(self, month: str, digest: str = "d1", minutes: float = 10.0) -> MonthPart:
        def read() -> pd.DataFrame:
            self.reads.append(month)
            if month == self.fails:
                raise DataError(f"{month} is broken")
            trips = pd.DataFrame(
                {
                    "pickup_datetime": np.array([f"{month}-01", f"{month}-02"], "datetime64[us]"),
                    "pickup_zone": np.array([1, 2], np.int16),
                    "dropoff_zone": np.array([3, 4], np.int16),
                    "trip_distance": [1.5, np.nan],
                    "duration_minutes": [minutes, 20.0],
                }
            )
            trips.attrs["quality"] = {"rows_read": 3, "rows_kept": 2}
            return trips

        return MonthPart(month, {"file": f"{month}.parquet", "digest": digest}, read)

    def parts(self, *months: str, **changes: Any) -> dict[str, MonthPart]:
        return {month: self.part(month, **changes) for month in months}


@pytest.fixture
def months() -> Months:
    return Months()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "02_intermediate" / "trips"


@pytest.fixture
def trips(folder: Path) -> TripMonthsDataset:
    return TripMonthsDataset(path=str(folder))


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_months_are_written_one_file_each_and_read_on_demand(
    months: Months, trips: TripMonthsDataset, folder: Path
) -> None:
    assert (trips.exists(), trips.load()) == (False, {})
    trips.save(months.parts("2023-02", "2023-01"))
    loaded = trips.load()
    assert (trips.exists(), list(loaded)) == (True, ["2023-01", "2023-02"])
    assert _names(folder) == ["2023-01.parquet", "2023-02.parquet"]
    expected = months.part("2023-02").read()
    pd.testing.assert_frame_equal(loaded["2023-02"].read(), expected)


def test_record_lies_in_the_footer_of_the_file(
    months: Months, trips: TripMonthsDataset, folder: Path
) -> None:
    trips.save(months.parts("2023-01"))
    assert (
        b'"digest": "d1"' in pq.read_schema(folder / "2023-01.parquet").metadata[b"trip_duration"]
    )
    (folder / "2023-01.parquet").rename(folder / "2023-07.parquet")
    assert trips.load()["2023-07"].record == {
        "file": "2023-01.parquet",
        "digest": "d1",
        "quality": {"rows_read": 3, "rows_kept": 2},
    }


def test_only_changed_months_are_made_anew(months: Months, trips: TripMonthsDataset) -> None:
    trips.save(months.parts("2023-01", "2023-02"))
    assert months.reads == ["2023-01", "2023-02"]
    trips.save(months.parts("2023-01", "2023-02"))
    assert months.reads == ["2023-01", "2023-02"]
    changed = months.part("2023-02", "d2", 99.0)
    trips.save({**months.parts("2023-01", "2023-03"), "2023-02": changed})
    assert months.reads[2:] == ["2023-03", "2023-02"]
    assert trips.load()["2023-02"].read()["duration_minutes"].tolist() == [99.0, 20.0]
    assert trips.load()["2023-02"].record["digest"] == "d2"


def test_months_that_are_not_saved_stay(months: Months, trips: TripMonthsDataset) -> None:
    trips.save(months.parts("2023-01", "2023-02"))
    trips.save(months.parts("2023-03"))
    assert list(trips.load()) == ["2023-01", "2023-02", "2023-03"]


@pytest.mark.parametrize("harm", ["cut", "emptied", "other parquet", "deleted"])
def test_damaged_month_is_made_anew(
    months: Months, trips: TripMonthsDataset, folder: Path, harm: str
) -> None:
    trips.save(months.parts("2023-01", "2023-02"))
    path = folder / "2023-02.parquet"
    match harm:
        case "cut":
            path.write_bytes(path.read_bytes()[:-30])
        case "emptied":
            path.write_bytes(b"")
        case "other parquet":
            pd.DataFrame({"x": [1]}).to_parquet(path)
        case _:
            path.unlink()
    trips.save(months.parts("2023-01", "2023-02"))
    assert months.reads == ["2023-01", "2023-02", "2023-02"]
    assert trips.load()["2023-02"].read()["duration_minutes"].tolist() == [10.0, 20.0]


def test_failing_month_leaves_the_earlier_ones_and_no_trace_of_itself(
    months: Months, trips: TripMonthsDataset, folder: Path
) -> None:
    months.fails = "2023-03"
    with pytest.raises(DatasetError) as caught:
        trips.save(months.parts("2023-01", "2023-02", "2023-03", "2023-04"))
    assert isinstance(caught.value.__cause__, DataError)
    assert _names(folder) == ["2023-01.parquet", "2023-02.parquet"]
    months.fails = None
    trips.save(months.parts("2023-01", "2023-02", "2023-03"))
    assert months.reads == ["2023-01", "2023-02", "2023-03", "2023-03"]


def test_failing_write_leaves_the_old_month_whole(
    months: Months, trips: TripMonthsDataset, folder: Path
) -> None:
    def mix(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.astype({"pickup_zone": object}).replace({"pickup_zone": {1: "one"}})

    trips.save(months.parts("2023-01"))
    before = (folder / "2023-01.parquet").read_bytes()
    with pytest.raises(DatasetError, match="pickup_zone"):
        trips.save({"2023-01": months.part("2023-01", "d2").then(mix)})
    assert (folder / "2023-01.parquet").read_bytes() == before
    assert _names(folder) == ["2023-01.parquet"]


def test_month_that_cannot_take_its_place_leaves_nothing_beside(
    months: Months, trips: TripMonthsDataset, folder: Path
) -> None:
    (folder / "2023-01.parquet").mkdir(parents=True)
    with pytest.raises(DatasetError, match=r"2023-01\.parquet"):
        trips.save(months.parts("2023-01"))
    assert _names(folder) == ["2023-01.parquet"]


def test_catalog_checks_each_month_before_it_is_written(months: Months, folder: Path) -> None:
    entry = {"type": TripMonthsDataset, "path": str(folder)}
    contract = {"validator": "trip_duration.schemas.trips_by_month"}
    catalog = DataCatalog.from_config({"trips": {**entry, **contract}})
    catalog.save("trips", months.parts("2023-01"))
    assert catalog.load("trips")["2023-01"].record["quality"]["rows_kept"] == 2
    with pytest.raises(DatasetError, match="column duration_minutes, check greater_than"):
        catalog.save("trips", months.parts("2023-02", minutes=-1.0))
    assert _names(folder) == ["2023-01.parquet"]


ZONES = pd.DataFrame(
    {
        "zone": np.array([1, 2, 3], np.int16),
        "name": ["Newark Airport", "Corona", "Norwood"],
        "borough": ["EWR", "Queens", "Bronx"],
        "airport": [True, False, False],
        "x": [936_000.0, 1_020_000.0, 1_015_000.0],
        "y": [191_000.0, 212_000.0, 258_000.0],
        "area": [2.8, 0.4, 0.6],
    }
)
REQUESTS = {
    "pickup_datetime": np.array(["2023-01-02T08:00", "2023-01-08T23:30"], "datetime64[us]"),
    "pickup_zone": np.array([2, 3]),
    "dropoff_zone": np.array([3, 999]),
    "route_distance": np.array([9.5, np.nan]),
}


@pytest.fixture
def transformer() -> FeatureTransformer:
    return FeatureTransformer(ZONES, smoothing=3.0, folds=2).fit(REQUESTS, [25.0, 12.0])


@pytest.fixture
def bundle(tmp_path: Path) -> BundleDataset:
    return BundleDataset(path=f"{tmp_path}/06_models/transformer", kind="feature_transformer")


def test_transformer_that_is_loaded_makes_the_same_features(
    transformer: FeatureTransformer, bundle: BundleDataset
) -> None:
    assert not bundle.exists()
    selected = transformer.select(["typical_duration", "street_distance", "route_distance"])
    bundle.save(selected)
    loaded = bundle.load()
    assert bundle.exists()
    assert isinstance(loaded, FeatureTransformer)
    assert list(loaded.get_feature_names_out()) == list(selected.get_feature_names_out())
    features = loaded.transform(REQUESTS)
    assert features.shape == (2, 3)
    np.testing.assert_array_equal(features, selected.transform(REQUESTS))
    assert np.isfinite(features[0]).all()


def test_same_transformer_gives_the_same_bytes(
    transformer: FeatureTransformer, bundle: BundleDataset, tmp_path: Path
) -> None:
    folder = tmp_path / "06_models" / "transformer"
    bundle.save(transformer)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    bundle.save(bundle.load())
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert set(before) == {"features.json", "features.npz", "manifest.json"}


@pytest.mark.parametrize("name", ["features.json", "features.npz", "manifest.json"])
def test_altered_transformer_is_refused_and_the_file_named(
    transformer: FeatureTransformer, bundle: BundleDataset, tmp_path: Path, name: str
) -> None:
    bundle.save(transformer)
    path = tmp_path / "06_models" / "transformer" / name
    content = path.read_bytes()
    path.write_bytes(content[:-4] + b"x" + content[-3:])
    with pytest.raises(DatasetError) as caught:
        bundle.load()
    assert isinstance(caught.value.__cause__, ModelFileError)
    assert name in str(caught.value.__cause__)


def test_predictor_s_place_does_not_take_a_transformer(
    transformer: FeatureTransformer, bundle: BundleDataset, tmp_path: Path
) -> None:
    bundle.save(transformer)
    predictor = BundleDataset(path=f"{tmp_path}/06_models/transformer", kind="predictor")
    with pytest.raises(DatasetError, match="expected format 1 of a predictor"):
        predictor.load()


def test_unknown_kind_and_remote_folder_are_refused() -> None:
    with pytest.raises(ParameterError, match="'pickle': expected one of predictor, feature_tran"):
        BundleDataset(path="models", kind="pickle")
    with pytest.raises(ParameterError, match="s3://models/predictor"):
        BundleDataset(path="s3://models/predictor", kind="predictor")


def test_two_that_process_at_once_make_each_month_once(months: Months, folder: Path) -> None:
    names = [f"2023-{month:02}" for month in range(1, 9)]
    start = threading.Barrier(3)

    def process() -> None:
        start.wait()
        TripMonthsDataset(path=str(folder)).save(months.parts(*names))

    with ThreadPoolExecutor(3) as threads:
        done = [threads.submit(process) for _ in range(3)]
    assert [future.exception() for future in done] == [None] * 3
    assert sorted(months.reads) == names
    assert _names(folder) == [f"{name}.parquet" for name in names]
