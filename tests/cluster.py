"""PostgreSQL servers of the tests' own, real ones, to be stopped and started."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import sqlalchemy as sa

from tests.machine import do_without, free_port
from trip_duration.registry.places import with_driver

_PASSWORD = "s3cret-Pa55w0rd"  # noqa: S105 - of a server that lives as long as its test


@dataclass
class Cluster:
    """A server that listens on one port whenever it runs."""

    programs: Path
    folder: Path
    port: int

    @property
    def url(self) -> str:
        return self._url_of("postgres")

    def _url_of(self, database: str) -> str:
        return f"postgresql://trip:{_PASSWORD}@127.0.0.1:{self.port}/{database}"

    def new_database(self) -> str:
        """Make an empty database and return its URI."""
        name = f"test_{uuid4().hex}"
        place = with_driver(self.url)
        engine = sa.create_engine(place, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        with engine.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name}")
        return self._url_of(name)

    def make(self) -> None:
        secret = self.folder / "password"
        secret.write_text(_PASSWORD)
        for path in (self.folder, secret):
            if _user():
                shutil.chown(path, **_user())
        self.call("initdb", "-U", "trip", "-A", "scram-sha-256", f"--pwfile={secret}", "-N")

    def start(self) -> None:
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        self.call("pg_ctl", "-w", "-l", str(self.folder / "log"), "-o", options, "start")

    def stop(self) -> None:
        """Stop at once, as a crash would."""
        self.call("pg_ctl", "-m", "immediate", "stop")

    def call(self, program: str, *arguments: str) -> None:
        command = [str(self.programs / program), "-D", str(self.folder / "cluster"), *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/", **_user())


@contextmanager
def running_cluster() -> Iterator[Cluster]:
    folder = Path(tempfile.mkdtemp(prefix="trip-duration-cluster-", dir="/tmp"))
    cluster = Cluster(_programs(), folder, free_port())
    try:
        cluster.make()
        cluster.start()
        yield cluster
    finally:
        with suppress(subprocess.CalledProcessError):
            cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _programs() -> Path:
    folders = [*Path("/usr/lib/postgresql").glob("*/bin")]
    on_path = shutil.which("initdb")
    if on_path:
        folders.append(Path(on_path).parent)
    complete = [f for f in folders if (f / "initdb").is_file() and (f / "pg_ctl").is_file()]
    if not complete:
        do_without("PostgreSQL's initdb and pg_ctl are missing")
    return max(complete)


def _user() -> dict[str, str]:
    """PostgreSQL refuses to be run by root."""
    if os.geteuid():
        return {}
    known = {entry.pw_name for entry in pwd.getpwall()}
    return {"user": "postgres" if "postgres" in known else "nobody"}
