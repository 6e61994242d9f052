from __future__ import annotations

import hashlib
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFile, MemoryFileSystem

from trip_duration.errors import SourceError
from trip_duration.params import SYNTHETIC, IngestionParams
from trip_duration.tlc.source import RemoteFile, open_source, trip_month

MARCH = "trip-data/green_tripdata_2023-03.parquet"
SHAPES = "misc/taxi_zones.zip"


def _file(root: str, name: str = MARCH, **params: Any) -> RemoteFile:
    asked = {"service": "green", "months": "2023-03", "source_root": root, "attempts": 3, **params}
    settings = IngestionParams.model_validate(asked)
    return open_source(settings.source_root, settings).file(name)


def test_https_file_is_fetched_whole(site: Any, tmp_path: Path) -> None:
    site.files[MARCH] = bytes(range(256)) * 40_000
    file = _file(site.root)
    file.fetch(tmp_path / "out")
    assert (file.name, file.source) == (MARCH, f"{site.root}/{MARCH}")
    assert (tmp_path / "out").read_bytes() == site.files[MARCH]
    assert site.gets(MARCH) == 1


def test_fingerprint_over_http_changes_with_the_content_and_fetches_nothing(site: Any) -> None:
    site.files[MARCH] = b"first"
    first, again = _file(site.root).fingerprint(), _file(site.root).fingerprint()
    site.files[MARCH] = b"second"
    assert first == again
    assert first is not None
    assert first.endswith(" Wed, 01 Mar 2023 00:00:00 GMT 5")
    assert _file(site.root).fingerprint() != first
    assert site.gets(MARCH) == 0


def test_no_fingerprint_without_etag_and_time(site: Any) -> None:
    site.files[MARCH] = b"content"
    site.marks = False
    assert _file(site.root).fingerprint() is None


@pytest.mark.parametrize("status", [403, 404, 410])
@pytest.mark.parametrize("step", ["fingerprint", "fetch"])
def test_absent_month_is_named_and_not_tried_again(
    site: Any, tmp_path: Path, status: int, step: str
) -> None:
    site.always[MARCH] = status
    file = _file(site.root)
    act: Callable[[], Any] = {
        "fingerprint": file.fingerprint,
        "fetch": lambda: file.fetch(tmp_path / "out"),
    }[step]
    with pytest.raises(SourceError, match="month 2023-03 of green is not published") as caught:
        act()
    assert f"{site.root}/{MARCH} (HTTP {status})" in str(caught.value)
    assert site.gets(MARCH) == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("short_waits")
@pytest.mark.parametrize("trick", [500, 503, 429, "cut", "stall"])
def test_passing_failure_is_tried_again(site: Any, tmp_path: Path, trick: int | str) -> None:
    site.files[MARCH] = b"x" * 100_000
    site.plan[MARCH] = [trick]
    _file(site.root, timeout=0.3).fetch(tmp_path / "out")
    assert (tmp_path / "out").stat().st_size == 100_000
    assert site.gets(MARCH) == 2


@pytest.mark.usefixtures("short_waits")
@pytest.mark.parametrize(
    ("trick", "reason"), [(500, "HTTP 500"), ("cut", "PayloadError"), ("stall", "no answer")]
)
def test_lasting_failure_names_file_attempts_and_reason(
    site: Any, tmp_path: Path, trick: int | str, reason: str
) -> None:
    site.files[SHAPES] = b"x" * 100_000
    site.always[SHAPES] = trick
    with pytest.raises(SourceError, match=reason) as caught:
        _file(site.root, SHAPES, timeout=0.2).fetch(tmp_path / "out")
    assert f"{SHAPES} could not be fetched from {site.root}/{SHAPES} in 3 attempt(s)" in str(
        caught.value
    )
    assert site.gets(SHAPES) == 3


@pytest.mark.usefixtures("short_waits")
def test_fingerprint_survives_a_passing_failure_of_head_and_get(site: Any) -> None:
    site.files[MARCH] = b"content"
    healthy = _file(site.root).fingerprint()
    site.always[MARCH] = 503
    with pytest.raises(SourceError, match=r"3 attempt.s.; the last ended with HTTP 503"):
        _file(site.root).fingerprint()
    site.always.clear()
    assert _file(site.root).fingerprint() == healthy


def test_refused_status_is_not_tried_again(site: Any, tmp_path: Path) -> None:
    site.always[MARCH] = 401
    with pytest.raises(SourceError, match=r"1 attempt.s.; the last ended with HTTP 401"):
        _file(site.root).fetch(tmp_path / "out")
    assert site.gets(MARCH) == 1


@pytest.mark.usefixtures("short_waits")
def test_nobody_listens(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        root = f"http://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(SourceError, match=r"in 2 attempt.s.; .* ClientConnectorError"):
        _file(root, attempts=2).fetch(tmp_path / "out")


def test_folder_is_read_by_its_absolute_path_from_a_relative_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tlc" / "trip-data").mkdir(parents=True)
    (tmp_path / "tlc" / MARCH).write_bytes(b"content")
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    file = _file("../tlc")
    file.fetch(tmp_path / "out")
    assert file.source == f"{tmp_path.as_posix()}/tlc/{MARCH}"
    assert file.fingerprint() == hashlib.sha256(b"content").hexdigest()
    assert (tmp_path / "out").read_bytes() == b"content"


def test_month_absent_from_a_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"month 2023-03 of green .* \(no such file\)"):
        _file(str(tmp_path)).fingerprint()


def test_any_fsspec_url_is_read(tmp_path: Path) -> None:
    memory = fsspec.filesystem("memory")
    memory.pipe_file(f"/test_source/{MARCH}", b"content")
    file = _file("memory://test_source")
    file.fetch(tmp_path / "out")
    first = file.fingerprint()
    memory.pipe_file(f"/test_source/{MARCH}", b"changed")
    assert (tmp_path / "out").read_bytes() == b"content"
    assert first is not None
    assert file.fingerprint() != first
    memory.rm("/test_source", recursive=True)


class _Promising(MemoryFile):  # type: ignore[misc]
    size = 100


class _Shrinking(MemoryFileSystem):  # type: ignore[misc]
    """A store that promises a hundred bytes and gives ninety."""

    protocol = "shrinking"

    def _open(self, path: str, *_: Any, **__: Any) -> MemoryFile:
        return _Promising(self, path, b"x" * 90)


@pytest.mark.usefixtures("short_waits")
def test_fewer_bytes_than_promised_are_noticed_without_http(tmp_path: Path) -> None:
    fsspec.register_implementation("shrinking", _Shrinking, clobber=True)
    with pytest.raises(SourceError, match=r"3 attempt.s.; .* 90 of 100 bytes came"):
        _file("shrinking://tlc").fetch(tmp_path / "out")


def test_unknown_kind_of_address_is_not_tried_again() -> None:
    with pytest.raises(SourceError, match=r"1 attempt.s.; .* Protocol not known: gopher"):
        _file("gopher://x").fingerprint()


@pytest.mark.parametrize(
    ("name", "month"),
    [
        (MARCH, ("green", "2023-03")),
        ("yellow_tripdata_2024-12.parquet", ("yellow", "2024-12")),
        ("taxi_zones.zip", None),
        ("green_tripdata_2023-03.parquet.json", None),
    ],
)
def test_trip_month(name: str, month: tuple[str, str] | None) -> None:
    assert trip_month(name) == month


def test_city_publishes_the_same_file_twice(tmp_path: Path) -> None:
    file = _file(SYNTHETIC, city={"trips": 200})
    file.fetch(tmp_path / "one")
    file.fetch(tmp_path / "two")
    other = _file(SYNTHETIC, city={"trips": 200, "seed": 7})
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert file.fingerprint() == _file(SYNTHETIC, city={"trips": 200}).fingerprint()
    assert file.fingerprint() != other.fingerprint()


def test_city_does_not_publish_everything(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"misc/fares\.csv is not published at synthetic"):
        _file(SYNTHETIC, "misc/fares.csv", city={"trips": 200}).fetch(tmp_path / "out")


def test_a_folder_that_does_not_exist_is_not_called_unpublished(tmp_path: Path) -> None:
    file = _file(str(tmp_path / "nowhere"))
    for act in (file.fingerprint, lambda: file.fetch(tmp_path / "out")):
        with pytest.raises(SourceError, match="nowhere does not exist") as caught:
            act()
        assert "source_root" in str(caught.value)
        assert "not published" not in str(caught.value)


def test_a_month_that_a_folder_does_not_have_is_not_published_there(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="month 2023-03 of green is not published"):
        _file(str(tmp_path)).fingerprint()
