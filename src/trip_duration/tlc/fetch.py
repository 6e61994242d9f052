"""A local copy of the publisher's files, each with a record of what it is and where it came from.

A copy is checked before it replaces an older one, and replaces it in one step or not at all. The
record lies beside the file as ``<file>.json`` and is written last: a file without its record, or
with one that does not fit, is fetched again.
"""

from __future__ import annotations

import json
import logging
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq

from trip_duration.errors import DataError, SourceError
from trip_duration.params import SYNTHETIC
from trip_duration.progress import track
from trip_duration.storage import hold_lock, remove_unfinished, replacing
from trip_duration.tlc.files import match_columns
from trip_duration.tlc.source import RemoteFile, sha256_of

log = logging.getLogger(__name__)

_LOCK = ".ingestion.lock"
Record = dict[str, Any]
Facts = tuple[int | None, list[str] | None]


@dataclass(frozen=True)
class MirroredFile:
    """A local copy.

    Attributes:
        path: Where it lies.
        record: ``file`` (the publisher's name), ``source``, ``fingerprint`` (at the source),
            ``sha256``, ``bytes``, ``modified_ns`` (of the copy, Unix time), ``rows`` and
            ``columns`` (None where they mean nothing) and ``ingested_at`` (UTC, when this content
            first came).
    """

    path: Path
    record: Record


def mirror(files: Mapping[str, RemoteFile], folder: Path) -> None:
    """Bring the copies in ``folder`` up to date, in the order of their names.

    One process does so at a time; others wait for it, and say so.

    Args:
        files: The file to copy for each name relative to ``folder``.
        folder: Where the copies lie.

    Raises:
        SourceError: If a file cannot be had, or is not what it should be. The copies made before
            stay, and so does an older copy of the file itself.
    """
    with hold_lock(folder / _LOCK, f"the folder {folder}", "ingestion"):
        for name in track(sorted(files), f"ingesting {folder.name}", "files"):
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            remove_unfinished(target.parent)
            _update(files[name], target)


def mirrored_files(folder: Path) -> dict[str, MirroredFile]:
    """Return the copies in ``folder`` that have a record, by relative name, sorted."""
    paths = (sidecar.with_suffix("") for sidecar in sorted(folder.rglob("*.json")))
    found = ((path, _read_record(path)) for path in paths if path.is_file())
    return {
        path.relative_to(folder).as_posix(): MirroredFile(path, record)
        for path, record in found
        if record is not None
    }


def _update(file: RemoteFile, target: Path) -> None:
    old = _read_record(target)
    # asked before fetching: if the file changes in between, the next run notices
    fingerprint = file.fingerprint()
    if not file.refresh and _is_current(target, old, file.source, fingerprint):
        log.info("%s: unchanged at %s, not fetched", file.name, file.source)
        return
    with replacing(target) as part:
        file.fetch(part)
        rows, columns = _check(part, file)
        new = {
            "file": file.name,
            "source": file.source,
            "fingerprint": fingerprint,
            "sha256": sha256_of(part),
            "bytes": part.stat().st_size,
            "modified_ns": part.stat().st_mtime_ns,
            "rows": rows,
            "columns": columns,
            "ingested_at": datetime.now(UTC).isoformat(timespec="seconds"),
        }
    _write_record(target, _continue(old, new))


def _is_current(target: Path, record: Record | None, source: str, fingerprint: str | None) -> bool:
    return (
        record is not None
        and fingerprint is not None
        and record.get("source") == source
        and record.get("fingerprint") == fingerprint
        and target.is_file()
        and record.get("sha256") == sha256_of(target)
    )


def _continue(old: Record | None, new: Record) -> Record:
    if old is None:
        log.info("%s: fetched from %s", new["file"], new["source"])
        return new
    if old.get("sha256") == new["sha256"]:
        log.info("%s: fetched, same content", new["file"])
        return {**new, "ingested_at": old.get("ingested_at", new["ingested_at"])}
    if old.get("source") != new["source"]:
        log.info("%s: fetched from %s, was from %s", new["file"], new["source"], old.get("source"))
        return new
    if new["source"] == SYNTHETIC:
        log.info("%s: made anew by a synthetic city with other parameters", new["file"])
        return new
    log.warning(
        "republished: %s has other content than before: sha256 %s -> %s, rows %s -> %s",
        *(new["file"], old.get("sha256"), new["sha256"], old.get("rows"), new["rows"]),
    )
    return new


def _sidecar(target: Path) -> Path:
    return target.with_name(f"{target.name}.json")


def _read_record(target: Path) -> Record | None:
    try:
        record = json.loads(_sidecar(target).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return record if isinstance(record, dict) else None


def _write_record(target: Path, record: Record) -> None:
    with replacing(_sidecar(target)) as part:
        part.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


def _check(path: Path, file: RemoteFile) -> Facts:
    expected, read = _READERS[Path(file.name).suffix]
    try:
        return read(path, file.name)
    except (DataError, OSError, ValueError, zipfile.BadZipFile) as error:
        raise SourceError(
            f"{file.name} from {file.source}: expected {expected}, found {_kind(path)} ({error}). "
            "A copy fetched before is untouched. Check source_root, or try again later."
        ) from error


def _read_trips(path: Path, name: str) -> Facts:
    with pq.ParquetFile(path) as file:
        columns, rows = file.schema_arrow.names, file.metadata.num_rows
        match_columns(columns, name, rows)
        return rows, columns


def _read_lookup(path: Path, name: str) -> Facts:
    lookup = pd.read_csv(path, keep_default_na=False)
    from trip_duration.schemas import ZoneLookup, check_frame  # noqa: PLC0415 - half a second

    check_frame(lookup, ZoneLookup, name)
    return None, lookup.columns.tolist()


def _read_shapes(path: Path, _: str) -> Facts:
    with zipfile.ZipFile(path) as archive:
        if (damaged := archive.testzip()) is not None:
            raise ValueError(f"{damaged} in it is damaged")
        if not any(name.endswith(".shp") for name in archive.namelist()):
            raise ValueError("there is no shapefile in it")
    return None, None


_READERS: dict[str, tuple[str, Callable[[Path, str], Facts]]] = {
    ".parquet": ("a parquet file of trips", _read_trips),
    ".csv": ("the table of zones", _read_lookup),
    ".zip": ("a zipped shapefile of zones", _read_shapes),
}
_KINDS = {
    b"<!doctype html": "an HTML page",
    b"<html": "an HTML page",
    b"<": "XML",
    b"{": "JSON",
    b"[": "JSON",
    b"par1": "parquet",
    b"pk": "a zip archive",
    b"\x1f\x8b": "gzip",
}


def _kind(path: Path) -> str:
    """Name what a file is by its first bytes."""
    with path.open("rb") as content:
        head = content.read(64)
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not start:
        return "nothing"
    known = (kind for magic, kind in _KINDS.items() if start.startswith(magic))
    return next(known, f"bytes that begin with {head[:16]!r}")
