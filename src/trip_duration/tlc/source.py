"""Where the publisher's files are, and how one is had from there.

Knows the network. Does not know what a file must hold, nor where its copy is kept.
"""

from __future__ import annotations

import hashlib
import logging
import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import fsspec
import tenacity
from fsspec.implementations.local import LocalFileSystem

from trip_duration.errors import SourceError
from trip_duration.params import SYNTHETIC, CityParams, IngestionParams
from trip_duration.tlc.transfer import copy_file

if TYPE_CHECKING:
    from trip_duration.tlc.city import City

log = logging.getLogger(__name__)
T = TypeVar("T")

BACKOFF = 1.0  # seconds before the second try; later waits double, up to the longest
LONGEST_WAIT = 30.0

_TRIP_FILE = re.compile(r"(?:.*/)?(\w+)_tripdata_(\d{4}-\d\d)\.parquet")
# the publisher's own site answers 403 for a month that it does not have
_ABSENT = frozenset({403, 404, 410})
_TOO_MANY_REQUESTS = 429
_LASTING = (FileNotFoundError, PermissionError, IsADirectoryError, ImportError, ValueError)


@dataclass(frozen=True)
class RemoteFile(ABC):
    """A file at its source. Nothing is read until it is asked for.

    Attributes:
        name: Name in the publisher's layout, such as ``misc/taxi_zones.zip``.
        source: Full address, or ``synthetic``. Never with credentials.
        refresh: Whether to fetch it even if it looks unchanged.
    """

    name: str
    source: str
    refresh: bool

    @abstractmethod
    def fingerprint(self) -> str | None:
        """Return a cheap identity of the content, or None. SourceError if there is no file."""

    @abstractmethod
    def fetch(self, to: Path) -> None:
        """Write the content to ``to``, which may be left half written by an error.

        Raises:
            SourceError: If the file is not published, or cannot be had whole.
        """


@dataclass(frozen=True)
class Source:
    """A place that has the publisher's layout: ``synthetic``, an address, or an absolute folder."""

    root: str
    params: IngestionParams

    def file(self, name: str) -> RemoteFile:
        """Return the file of a name in the publisher's layout, whether or not it exists."""
        if self.root == SYNTHETIC:
            return CityFile(name, SYNTHETIC, self.params.refresh, self.params.city)
        address, params = f"{self.root.rstrip('/')}/{name}", self.params
        return PublishedFile(name, address, params.refresh, params.attempts, params.timeout)


def open_source(root: str, params: IngestionParams) -> Source:
    """Return the source at ``root``; nothing is read or connected to yet.

    Args:
        root: ``synthetic``, an https URL, any fsspec URL, or a folder. A relative folder is
            relative to the current directory.
        params: How patiently to ask, and the synthetic city.
    """
    if root == SYNTHETIC or "://" in root:
        return Source(root, params)
    return Source(Path(root).expanduser().resolve().as_posix(), params)


def root_of_address(address: str, name: str) -> str:
    """Return the source of a file: the file's address without its name.

    Args:
        address: Address of the file, or ``synthetic``.
        name: Name of the file in the publisher's layout.
    """
    return address.removesuffix(f"/{name}")


def trip_month(name: str) -> tuple[str, str] | None:
    """Return service and month of a trip file's name, or None for the name of another file."""
    match = _TRIP_FILE.fullmatch(name)
    return (match[1], match[2]) if match else None


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's content, in hexadecimal."""
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


@dataclass(frozen=True)
class CityFile(RemoteFile):
    """A file that the synthetic city publishes."""

    city: CityParams

    def fingerprint(self) -> str:
        """Return the fingerprint of the city, with the name."""
        return f"{_city(self.city).fingerprint}/{self.name}"

    def fetch(self, to: Path) -> None:
        """Have the city write the file."""
        try:
            _city(self.city).write(self.name, to)
        except FileNotFoundError as error:
            raise SourceError(_not_published(self, "no such file")) from error


def _city(params: CityParams) -> City:
    from trip_duration.tlc.city import City  # noqa: PLC0415 - most sources do not need it

    return City(params)


@dataclass(frozen=True)
class PublishedFile(RemoteFile):
    """A file at an address that fsspec can read; ``timeout`` (seconds) holds over http only."""

    attempts: int
    timeout: float

    def fingerprint(self) -> str | None:
        """Return ETag, time and size (https), the SHA-256 (folder), or fsspec's checksum."""
        return self._ask(_identity)

    def fetch(self, to: Path) -> None:
        """Download, trying again after failures that may pass."""
        self._ask(partial(_download, to=to))

    def _ask(self, action: Callable[[Any, str], T]) -> T:
        tries = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(self.attempts),
            wait=tenacity.wait_exponential(multiplier=BACKOFF, max=LONGEST_WAIT),
            retry=tenacity.retry_if_exception(_may_pass),
            before_sleep=self._say,
            reraise=True,
        )
        try:
            return tries(lambda: action(*_filesystem(self.source, self.timeout)))
        # each of fsspec's backends raises errors of its own
        except Exception as error:
            raise SourceError(_explain(self, error, tries.statistics["attempt_number"])) from error

    def _say(self, state: tenacity.RetryCallState) -> None:
        if state.outcome is not None and (error := state.outcome.exception()) is not None:
            log.warning("%s: trying again after %s", self.source, _reason(error))


def _filesystem(address: str, timeout: float) -> tuple[Any, str]:
    options = {"client_kwargs": _client(timeout)} if _is_http(address) else {}
    fs, path = fsspec.url_to_fs(address, **options)
    fs.invalidate_cache()  # a listing kept from an earlier run would hide a republished month
    return fs, path


def _client(timeout: float) -> dict[str, Any]:
    from aiohttp import ClientTimeout  # noqa: PLC0415 - a third of a second, for https only

    # aiohttp's own total of five minutes would cut a slow but living download, and the sizes and
    # ETags of a compressed answer are not those of the file
    limits = ClientTimeout(total=None, connect=timeout, sock_connect=timeout, sock_read=timeout)
    return {"timeout": limits, "headers": {"Accept-Encoding": "identity"}, "trust_env": True}


def _identity(fs: Any, path: str) -> str | None:
    if isinstance(fs, LocalFileSystem):
        return sha256_of(Path(path))
    if _is_http(path):
        return _http_identity(fs, path)
    return str(fs.checksum(path))


def _http_identity(fs: Any, url: str) -> str | None:
    try:
        info = fs.info(url)
    except FileNotFoundError as error:
        # fsspec says "not found" for every failure, even one that will pass; the cause is true
        raise (error.__cause__ or error) from None
    marks = [info.get("ETag"), info.get("Last-Modified")]
    known = [str(mark) for mark in (*marks, info.get("size")) if mark is not None]
    return " ".join(known) if any(marks) else None


def _download(fs: Any, path: str, to: Path) -> None:
    expected = copy_file(fs, path, to)
    # over http aiohttp has counted, on the wire, where an answer may be compressed
    if expected is not None and not _is_http(path) and to.stat().st_size != expected:
        raise ConnectionError(f"{to.stat().st_size} of {expected} bytes came")


def _is_http(address: str) -> bool:
    return address.startswith(("http://", "https://"))


def _may_pass(error: BaseException) -> bool:
    if status := _status(error):
        return status >= 500 or status == _TOO_MANY_REQUESTS  # noqa: PLR2004 - HTTP's own classes
    # tenacity asks about Ctrl-C too
    return isinstance(error, Exception) and not isinstance(error, _LASTING)


def _status(error: BaseException) -> int | None:
    status = getattr(error, "status", None)  # that of aiohttp's errors
    return status if isinstance(status, int) else None


def _explain(file: RemoteFile, error: Exception, attempts: int) -> str:
    if isinstance(error, FileNotFoundError):
        root = root_of_address(file.source, file.name)
        if "://" not in root and not Path(root).is_dir():
            return f"the folder {root} does not exist (source_root): expected {file.name} in it."
        return _not_published(file, "HTTP 404" if _is_http(file.source) else "no such file")
    if _status(error) in _ABSENT:
        return _not_published(file, _reason(error))
    return (
        f"{file.name} could not be fetched from {file.source} in {attempts} attempt(s); the last "
        f"ended with {_reason(error)}. Files fetched before are kept: run again when it answers."
    )


def _reason(error: BaseException) -> str:
    status = _status(error)
    return f"HTTP {status}" if status else f"{type(error).__name__}: {str(error) or 'no answer'}"


def _not_published(file: RemoteFile, why: str) -> str:
    service, month = trip_month(file.name) or (None, None)
    what = f"month {month} of {service}" if month else file.name
    hint = "TLC publishes about two months late; ask for earlier months, or " if month else ""
    check = f"{hint}check that source_root has the publisher's layout."
    return f"{what} is not published at {file.source} ({why}): {check}"
