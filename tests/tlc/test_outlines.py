"""The contract of the outlines that are drawn: by hand, and in the catalog."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from kedro.io import DataCatalog, DatasetError

from trip_duration.errors import DataError
from trip_duration.tlc.outlines import zone_outlines

PROJECT = Path(__file__).parents[2]
FEET = [[980_000.0, 200_000.0], [981_000.0, 200_000.0], [981_000.0, 201_000.0]]


def outlines(**changes: Any) -> dict[str, Any]:
    """GeoJSON of one zone of two parts, with something in it changed."""
    square = [[-74.0, 40.7], [-73.9, 40.7], [-73.9, 40.8], [-74.0, 40.7]]
    feature = {
        "type": "Feature",
        "id": 4,
        "properties": {"name": "Alphabet City", "borough": "Manhattan"},
        "geometry": {"type": "MultiPolygon", "coordinates": [[square], [square]]},
    }
    return {"type": "FeatureCollection", "features": [{**feature, **changes}]}


def test_outlines_that_keep_their_contract_come_back_as_they_are() -> None:
    given = outlines()
    assert zone_outlines.validate(given) is given


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"id": 264}, "column zone, check less_than_or_equal_to(263)"),
        ({"id": "four"}, "column zone, check dtype('int64')"),
        ({"properties": {"name": None, "borough": "EWR"}}, "column name, check "),
        ({"properties": {"name": "x"}}, "found KeyError('borough')"),
        (
            {"geometry": {"type": "LineString", "coordinates": [[-74.0, 40.7], [-73.9, 40.8]]}},
            "column kind, check isin(",
        ),
        (
            {"geometry": {"type": "Polygon", "coordinates": [FEET]}},
            "column west, check less_than_or_equal_to(-73)",
        ),
        ({"geometry": {"type": "Polygon", "coordinates": []}}, "expected a collection of GeoJSON"),
        ({"geometry": None}, "expected a collection of GeoJSON features"),
        ({"geometry": {"type": "Polygon", "coordinates": "words"}}, "expected a collection of"),
        ({"geometry": {"type": "Polygon", "coordinates": [[["a", "b"]]]}}, "expected a collection"),
        ({"geometry": {"type": "Polygon", "coordinates": [[[0.0, 1.0]]]}}, "expected a collection"),
        ({"geometry": {"type": "Circle", "coordinates": [[FEET]]}}, "expected a collection"),
        ({"geometry": "words"}, "expected a collection of GeoJSON features"),
    ],
)
def test_outlines_that_break_their_contract_are_named(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(DataError) as caught:
        zone_outlines.validate(outlines(**changes))
    assert str(caught.value).startswith("zone_outlines")
    assert named in str(caught.value)


def test_the_catalog_checks_outlines_when_they_are_saved_and_loaded(tmp_path: Path) -> None:
    conf = yaml.safe_load((PROJECT / "conf/base/catalog_02_intermediate.yml").read_text())
    path = tmp_path / "outlines.geojson"
    entry = {"type": "json.JSONDataset", "filepath": str(path)}
    validator = {"validator": conf["zone_outlines"]["validator"]}
    catalog = DataCatalog.from_config({"zone_outlines": {**entry, **validator}})
    catalog.save("zone_outlines", outlines())
    assert catalog.load("zone_outlines") == outlines()
    with pytest.raises(DatasetError, match="column zone"):
        catalog.save("zone_outlines", outlines(id=0))
    path.write_text("{}")
    with pytest.raises(DatasetError, match="expected a collection of GeoJSON features"):
        catalog.load("zone_outlines")
