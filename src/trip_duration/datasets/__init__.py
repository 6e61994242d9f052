"""Kedro datasets of the project: months, fitted objects, records, batches; in local folders.

They read and write. What is in the files is decided by nodes.
"""

from trip_duration.datasets.batches import (
    AnswerFilesDataset,
    ChosenPredictorDataset,
    RequestFilesDataset,
)
from trip_duration.datasets.bundles import BundleDataset
from trip_duration.datasets.months import (
    MirroredFilesDataset,
    RawMonthsDataset,
    TripMonthsDataset,
)
from trip_duration.datasets.records import RecordsDataset, ReportDataset
from trip_duration.datasets.registered import PromotionDataset, RegisteredPredictorDataset

__all__ = [
    "AnswerFilesDataset",
    "BundleDataset",
    "ChosenPredictorDataset",
    "MirroredFilesDataset",
    "PromotionDataset",
    "RawMonthsDataset",
    "RecordsDataset",
    "RegisteredPredictorDataset",
    "ReportDataset",
    "RequestFilesDataset",
    "TripMonthsDataset",
]
