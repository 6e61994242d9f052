"""Kedro datasets of the project: months, fitted objects and records, kept in local folders.

They read and write. What is in the files is decided by nodes.
"""

from trip_duration.datasets.bundles import BundleDataset
from trip_duration.datasets.months import (
    MirroredFilesDataset,
    RawMonthsDataset,
    TripMonthsDataset,
)
from trip_duration.datasets.records import RecordsDataset, ReportDataset

__all__ = [
    "BundleDataset",
    "MirroredFilesDataset",
    "RawMonthsDataset",
    "RecordsDataset",
    "ReportDataset",
    "TripMonthsDataset",
]
