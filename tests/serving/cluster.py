"""A PostgreSQL server of one test's own, to be stopped and started."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import _server_programs, _server_user
from tests.machine import do_without, free_port


@dataclass
class Cluster:
    """A server that listens on one port whenever it runs."""

    programs: Path
    folder: Path
    port: int

    @property
    def url(self) -> str:
        return f"postgresql://trip@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        self.call("pg_ctl", "-w", "-l", str(self.folder / "log"), "-o", options, "start")

    def stop(self) -> None:
        """Stop at once, as a crash would."""
        self.call("pg_ctl", "-m", "immediate", "stop")

    def call(self, program: str, *arguments: str) -> None:
        command = [str(self.programs / program), "-D", str(self.folder / "cluster"), *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/", **_server_user())


@contextmanager
def running_cluster() -> Iterator[Cluster]:
    programs = _server_programs()
    if programs is None:
        do_without("PostgreSQL's initdb and pg_ctl are missing")
    folder = Path(tempfile.mkdtemp(prefix="trip-duration-cluster-", dir="/tmp"))
    if _server_user():
        shutil.chown(folder, **_server_user())
    cluster = Cluster(programs, folder, free_port())
    try:
        cluster.call("initdb", "-U", "trip", "-A", "trust", "-N")
        cluster.start()
        yield cluster
    finally:
        with suppress(subprocess.CalledProcessError):
            cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)
