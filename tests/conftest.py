"""Fixtures that more than one room's tests use."""

from __future__ import annotations

import io
import shutil
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project

from tests.cluster import Cluster, running_cluster
from trip_duration.tlc import source


@dataclass
class Site:
    """A publisher's site on the loopback, which misbehaves as told.

    ``files`` holds the content by path. ``plan`` holds, by path, what the next GETs do instead of
    answering well: a status, ``cut`` (half the promised bytes), ``stall`` (then silence), ``short``
    (half the bytes, none promised). The last one stays in force if it is given as ``always``.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    plan: dict[str, list[int | str]] = field(default_factory=dict)
    always: dict[str, int | str] = field(default_factory=dict)
    marks: bool = True
    root: str = ""
    asked: Counter[tuple[str, str]] = field(default_factory=Counter)

    def gets(self, path: str) -> int:
        return self.asked["GET", path]

    def next_trick(self, path: str, method: str) -> int | str | None:
        if path in self.always:
            return self.always[path]
        waiting = self.plan.get(path, [])
        return waiting.pop(0) if waiting and method == "GET" else None


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    site: Site

    def log_message(self, *_: Any) -> None:
        pass

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def _answer(self) -> None:
        path = self.path.lstrip("/")
        self.site.asked[self.command, path] += 1
        trick = self.site.next_trick(path, self.command)
        if path not in self.site.files:
            trick = trick or 404
        if isinstance(trick, int):
            self._head(trick, {"Content-Length": "0"})
        else:
            self._content(self.site.files[path], trick)

    def _content(self, content: bytes, trick: str | None) -> None:
        headers = {} if trick == "short" else {"Content-Length": str(len(content))}
        if self.site.marks:
            headers["ETag"] = f'"{hash(content)}"'
            headers["Last-Modified"] = "Wed, 01 Mar 2023 00:00:00 GMT"
        self._head(200, headers)
        self.close_connection = trick is not None
        if self.command == "GET":
            self.wfile.write(content[: len(content) // 2] if trick else content)
            self.wfile.flush()
            time.sleep(0.6 if trick == "stall" else 0)

    def _head(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()


@pytest.fixture
def site() -> Iterator[Site]:
    """A site with no files yet."""
    it = Site()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"site": it}))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    it.root = f"http://127.0.0.1:{server.server_port}"
    yield it
    server.shutdown()
    server.server_close()


@pytest.fixture
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait hundredths of a second between tries, not seconds."""
    monkeypatch.setattr(source, "BACKOFF", 0.01)


TripFile = Callable[..., bytes]


def _trip_file(service: str = "green", rows: int = 10, **replaced: pa.Array | None) -> bytes:
    spelling = {"green": "lpep", "yellow": "tpep"}[service]
    start = 1_675_200_000_000_000
    columns: dict[str, pa.Array | None] = {
        "VendorID": pa.array([2] * rows, pa.int64()),
        f"{spelling}_pickup_datetime": pa.array(range(start, start + rows), pa.timestamp("us")),
        f"{spelling}_dropoff_datetime": pa.array(
            range(start + 600_000_000, start + 600_000_000 + rows), pa.timestamp("us")
        ),
        "PULocationID": pa.array([74] * rows, pa.int32()),
        "DOLocationID": pa.array([75] * rows, pa.int32()),
        "trip_distance": pa.array([1.5] * rows, pa.float64()),
        "total_amount": pa.array([12.0] * rows, pa.float64()),
        **replaced,
    }
    content = io.BytesIO()
    pq.write_table(pa.table({k: v for k, v in columns.items() if v is not None}), content)
    return content.getvalue()


@pytest.fixture
def trip_file() -> TripFile:
    """Make the bytes of a small month in TLC's form; a column given as None is left out."""
    return _trip_file


PROJECT = Path(__file__).parents[1]
RunKedro = Callable[..., dict[str, Any]]


_PLACES = (
    "MLFLOW_TRACKING_URI",
    "KEDRO_ENV",
    "TRIP_DURATION_DATA_ROOT",
    "TRIP_DURATION_DATABASE_URL",
)


@pytest.fixture(scope="session")
def without_server() -> Iterator[None]:
    """Keep the tracking server of whoever runs the tests out of them."""
    with pytest.MonkeyPatch.context() as patch:
        for name in _PLACES:
            patch.delenv(name, raising=False)
        yield


@pytest.fixture(scope="session")
def new_project(
    without_server: None, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[], Path]:
    """Make a project in a temporary folder: this one's configuration, no data yet.

    The code is the installed package, which is why ``src`` is empty.
    """

    def make() -> Path:
        folder = tmp_path_factory.mktemp("project")
        for name in ("pyproject.toml", ".telemetry", "requirements.lock"):
            if (PROJECT / name).is_file():
                shutil.copy(PROJECT / name, folder)
        shutil.copytree(
            PROJECT / "conf", folder / "conf", ignore=shutil.ignore_patterns("credentials*")
        )
        (folder / "src").mkdir()
        return folder

    return make


@pytest.fixture(scope="session")
def run_kedro(without_server: None) -> RunKedro:
    """Run pipelines of a project in this process, as ``kedro run --env test`` does.

    Takes the project, ``params`` (as given to ``--params``, but a mapping), ``tracking_uri`` (the
    project's own database if none is given) and what ``KedroSession.run`` takes.
    """

    def run(
        project: Path, params: dict[str, Any] | None = None, tracking_uri: str = "", **choice: Any
    ) -> dict[str, Any]:
        bootstrap_project(project)
        with pytest.MonkeyPatch.context() as patch:
            # MLflow puts both into the environment; the next project would find them
            patch.setenv("MLFLOW_TRACKING_URI", tracking_uri)
            patch.setenv("MLFLOW_EXPERIMENT_ID", "")
            patch.delenv("MLFLOW_EXPERIMENT_ID")
            with KedroSession.create(project, env="test", runtime_params=params) as session:
                outputs: dict[str, Any] = session.run(**choice)
        return outputs

    return run


@pytest.fixture(scope="session")
def finished_run(new_project: Callable[[], Path], run_kedro: RunKedro) -> Path:
    """The project after one run of everything on a small synthetic city. Not to be written to."""
    project = new_project()
    run_kedro(project)
    return project


@pytest.fixture(scope="session")
def with_data(finished_run: Path, new_project: Callable[[], Path]) -> Callable[[], Path]:
    """Make a project that has the data of ``finished_run`` but was never tracked."""

    def make() -> Path:
        project = new_project()
        shutil.copytree(
            finished_run / "data",
            project / "data",
            ignore=shutil.ignore_patterns("mlflow*", "service.db*"),
        )
        return project

    return make


_ARTIFACT_COLUMNS = {
    "runs": ("artifact_uri",),
    "logged_models": ("artifact_location",),
    "experiments": ("artifact_location",),
    "model_versions": ("source", "storage_location"),
}


@pytest.fixture(scope="session")
def with_registry(finished_run: Path, new_project: Callable[[], Path]) -> Callable[[], Path]:
    """Make a project that has the data, the runs and the registry of ``finished_run``."""

    def make() -> Path:
        project = new_project()
        shutil.copytree(finished_run / "data", project / "data")
        with closing(sqlite3.connect(project / "data/mlflow.db")) as database, database:
            for table, columns in _ARTIFACT_COLUMNS.items():
                for column in columns:
                    # MLflow keeps artifacts by absolute paths
                    statement = f"UPDATE {table} SET {column} = replace({column}, ?, ?)"  # noqa: S608
                    database.execute(statement, (str(finished_run), str(project)))
        return project

    return make


@pytest.fixture(scope="session")
def _cluster() -> Iterator[Cluster]:
    with running_cluster() as cluster:
        yield cluster


@pytest.fixture
def postgres(_cluster: Cluster) -> str:
    """The URI of an empty database of a real PostgreSQL server, with a password."""
    return _cluster.new_database()
