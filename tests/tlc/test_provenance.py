"""Provenance: what the records of the ingestion say goes before what parameters say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.manifests import INGESTION, manifest_of, record_of
from trip_duration.errors import DataError
from trip_duration.months import MonthPart
from trip_duration.tlc.provenance import (
    Provenance,
    kind_of_source,
    read_provenance,
    require_provenance,
    require_same_files,
)


def manifest(root: str = "synthetic", **months: str) -> dict[str, Any]:
    entries = {f"2023-{n:02}": record_of(f"2023-{n:02}", f"sha {n}", root) for n in (1, 2)}
    return {"service": "green", "months": entries, "zones": {}}


def parts(*months: str) -> dict[str, MonthPart]:
    return {
        month: MonthPart(month, {"sha256": f"sha of {month}"}, pd.DataFrame) for month in months
    }


@pytest.mark.parametrize(
    ("root", "kind"),
    [
        ("synthetic", "synthetic"),
        ("/mnt/tlc", "real"),
        ("https://example.org/tlc", "real"),
        ("s3://bucket/synthetic", "real"),
    ],
)
def test_any_source_but_the_generated_city_is_real(root: str, kind: str) -> None:
    assert kind_of_source(root) == kind
    assert read_provenance(manifest(root)) == Provenance(kind, root, "green")  # type: ignore[arg-type]


def test_passwords_in_an_address_are_masked() -> None:
    recorded = read_provenance(manifest("https://me:s3cret@example.org/tlc"))
    assert recorded.source_root == "https://***@example.org/tlc"


def test_months_of_several_sources_are_refused_by_name() -> None:
    mixed = manifest()
    mixed["months"]["2023-02"] = record_of("2023-02", "b", "/mnt/tlc")
    with pytest.raises(DataError, match=r"2023-01: synthetic\n- 2023-02: /mnt/tlc"):
        read_provenance(mixed)


def test_parameters_that_agree_are_let_through(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    relative = INGESTION.model_copy(update={"source_root": "mirror"})
    recorded = require_provenance(manifest(f"{tmp_path}/mirror"), relative)
    assert recorded == Provenance("real", f"{tmp_path}/mirror", "green")


def test_each_parameter_that_differs_is_named_with_both_values_and_what_to_do() -> None:
    yellow = {**manifest("/mnt/tlc"), "service": "yellow"}
    with pytest.raises(DataError) as caught:
        require_provenance(yellow, INGESTION)
    assert str(caught.value) == (
        "the parameters do not describe the data at hand:\n"
        "- source_root: the parameters say synthetic, 01_raw/manifest.json says /mnt/tlc\n"
        "- service: the parameters say green, 01_raw/manifest.json says yellow\n"
        'To go on with the data at hand, add --params "source_root=/mnt/tlc,service=yellow" to the '
        "command. To use other data, run everything: `kedro run` with the same --env and --params, "
        "and without --pipelines, --nodes or --from-nodes."
    )


def test_months_without_a_record_are_named() -> None:
    trips = parts("2023-01", "2023-02", "2023-05")
    known = manifest_of({month: trips[month] for month in ("2023-01", "2023-02")})
    with pytest.raises(DataError, match=r"no record of 2023-05, only of 2023-01..2023-02"):
        require_same_files(known, trips, trips)
    require_same_files(known, trips, ["2023-01"])


@pytest.mark.parametrize("record", [{"sha256": "of another file"}, {"file": "damaged.parquet"}])
def test_trips_of_other_files_than_those_at_hand_are_named(record: dict[str, str]) -> None:
    trips = parts("2023-01", "2023-02")
    known = manifest_of(trips)
    trips["2023-02"] = MonthPart("2023-02", record, pd.DataFrame)
    with pytest.raises(DataError, match="the trips of 2023-02 were not made of the files"):
        require_same_files(known, trips, trips)
