"""The lookup table: medians of cells, and of coarser ones where few trips are known."""

from __future__ import annotations

import numpy as np
import pytest

from tests.models.small_families import NAMES, make_rows
from trip_duration.models.lookup import LookupTable


def test_the_table_falls_back_from_cell_to_pair_to_zone_to_all() -> None:
    cells = [(1, 2, 8), (1, 2, 8), (1, 2, 9), (1, 3, 8), (4, 4, 4)]
    minutes = np.array([10.0, 20.0, 30.0, 50.0, 7.0])
    matrix = np.array(cells, dtype=np.float32)
    names = ("pickup_zone", "dropoff_zone", "hour")
    table = LookupTable().fit(matrix, minutes, feature_names=names)
    wanted = np.array([(1, 2, 8), (1, 2, 10), (1, 9, 8), (9, 2, 8)], dtype=np.float32)
    assert table.predict(wanted).tolist() == [15.0, 20.0, 25.0, 20.0]
    trusted = LookupTable(min_trips=2).fit(matrix, minutes, feature_names=names)
    again = np.array([(1, 2, 9), (1, 3, 8), (4, 4, 4)], dtype=np.float32)
    assert trusted.predict(again).tolist() == [20.0, 25.0, 20.0]


def test_the_table_finds_its_columns_by_name() -> None:
    matrix, minutes = make_rows()
    names = ("hour", "pickup_zone", "route_distance", "dropoff_zone")
    shuffled = matrix[:, [2, 0, 3, 1]]
    straight = LookupTable().fit(matrix, minutes, feature_names=NAMES)
    other = LookupTable().fit(shuffled, minutes, feature_names=names)
    assert other.predict(shuffled).tolist() == straight.predict(matrix).tolist()


def test_a_table_of_other_features_is_refused_and_one_without_names_takes_the_first() -> None:
    matrix, minutes = make_rows()
    with pytest.raises(ValueError, match="at least one of the features pickup_zone"):
        LookupTable().fit(matrix[:, :2], minutes, feature_names=("route_distance", "bearing"))
    assert LookupTable().fit(matrix, minutes).columns_ == [0, 1, 2]
