"""Provenance: where the data at hand came from, read from the records of the ingestion.

Parameters say what a run was started with. The manifest of the ingestion says what lies on disk.
Whatever a run writes about its data comes from the manifest, and both have to agree.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from trip_duration.errors import DataError
from trip_duration.months import MonthPart, span_months
from trip_duration.params import SYNTHETIC, IngestionParams
from trip_duration.secrets import masked_uri
from trip_duration.tlc.source import open_source, root_of_address

REAL: Final = "real"
MANIFEST = "01_raw/manifest.json"
SourceKind = Literal["synthetic", "real"]


@dataclass(frozen=True)
class Provenance:
    """Where ingested months came from.

    Attributes:
        source: ``synthetic`` for the generated city, else ``real``.
        source_root: ``synthetic``, or the address or absolute folder that has the publisher's
            layout. Passwords are masked.
        service: Taxi service.
    """

    source: SourceKind
    source_root: str
    service: str


def kind_of_source(source_root: str) -> SourceKind:
    """Return ``synthetic`` for the generated city, ``real`` for any other source."""
    return SYNTHETIC if source_root == SYNTHETIC else REAL


def root_of(record: Mapping[str, Any]) -> str:
    """Return the source of an ingested file: its address without the file's own name.

    Args:
        record: ``source`` and ``file`` of the file, as in the manifest.
    """
    return root_of_address(str(record["source"]), str(record["file"]))


def read_provenance(manifest: Mapping[str, Any]) -> Provenance:
    """Read where the ingested months came from.

    Args:
        manifest: Content of ``raw_manifest``.

    Raises:
        DataError: If the months came from several sources.
    """
    roots = sorted({root_of(record) for record in manifest["months"].values()})
    if len(roots) != 1:
        lines = "\n".join(
            f"- {month}: {masked_uri(root_of(record))}"
            for month, record in manifest["months"].items()
        )
        raise DataError(
            f"{MANIFEST}: the months must come from one source, found:\n{lines or '- no months'}\n"
            "Ingest all of them from one source: kedro run --pipelines ingestion,data_processing "
            '--params "source_root=<source>"'
        )
    return Provenance(kind_of_source(roots[0]), masked_uri(roots[0]), manifest["service"])


def require_provenance(manifest: Mapping[str, Any], ingestion: IngestionParams) -> Provenance:
    """Refuse parameters that name another source or service than the data at hand have.

    Args:
        manifest: Content of ``raw_manifest``.
        ingestion: Parameters of this run.

    Returns:
        Where the months came from, by the manifest.

    Raises:
        DataError: With a line for each parameter that differs, and what to do.
    """
    recorded = read_provenance(manifest)
    compare_choices(
        choices_of_source(ingestion),
        {"source_root": recorded.source_root, "service": recorded.service},
        MANIFEST,
    )
    return recorded


def choices_of_source(ingestion: IngestionParams) -> dict[str, str]:
    """Return source and service that parameters name; a folder as its absolute path."""
    root = open_source(ingestion.source_root, ingestion).root
    return {"source_root": masked_uri(root), "service": ingestion.service.value}


def compare_choices(
    parameters: Mapping[str, str], recorded: Mapping[str, str], record: str
) -> None:
    """Refuse parameters that differ from what was recorded of the data.

    Args:
        parameters: Values that this run was started with, by their short names.
        recorded: Values of the data at hand, by the same names.
        record: Where they are recorded, for the message.

    Raises:
        DataError: With a line for each parameter that differs, and what to do.
    """
    differing = [name for name, value in parameters.items() if value != recorded[name]]
    if not differing:
        return
    lines = "\n".join(
        f"- {name}: the parameters say {parameters[name]}, {record} says {recorded[name]}"
        for name in differing
    )
    at_hand = ",".join(f"{name}={recorded[name]}" for name in differing)
    raise DataError(
        f"the parameters do not describe the data at hand:\n{lines}\n"
        f'To go on with the data at hand, add --params "{at_hand}" to the command. To use other '
        "data, run everything: `kedro run` with the same --env and --params, and without "
        "--pipelines, --nodes or --from-nodes."
    )


def require_same_files(
    manifest: Mapping[str, Any], trips: Mapping[str, MonthPart], months: Iterable[str]
) -> None:
    """Refuse processed months that were made of other files than those in the manifest.

    Args:
        manifest: Content of ``raw_manifest``.
        trips: Processed months, each with the checksum of its raw file.
        months: Months that are going to be used.

    Raises:
        DataError: With the months.
    """
    ingested, required_months = manifest["months"], sorted(months)
    missing = [month for month in required_months if month not in ingested]
    if missing:
        raise DataError(
            f"{MANIFEST} has no record of {span_months(missing)}, only of "
            f"{span_months(sorted(ingested))}. Ingest all months that are used together: kedro run "
            "--pipelines ingestion,data_processing --params "
            f'"months={span_months(required_months)}"'
        )
    # a damaged file of trips has no checksum
    changed_months = [
        month
        for month in required_months
        if trips[month].record.get("sha256") != ingested[month]["sha256"]
    ]
    if changed_months:
        raise DataError(
            f"the trips of {span_months(changed_months)} were not made of the files that "
            f"{MANIFEST} records. Process the months again: kedro run --pipelines data_processing "
            f'--params "months={span_months(required_months)}"'
        )
