"""A reader of the documentation: types the commands of a page into a project of its own.

Months are few and small there, and what would come from the publisher's site comes from a folder
that the synthetic city has published. Servers run until the page ends.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import yaml

from tests.benchmarks.servers import run_server
from tests.docs.blocks import Block
from tests.machine import free_port
from trip_duration.params import CityParams
from trip_duration.tlc.city import City

ROOT = Path(__file__).parents[2]
COPIED = ("pyproject.toml", ".telemetry", "requirements.lock", "Makefile", "conf", "notebooks")
_TIMEOUT = 900
_LOGGED_WITHIN = 60.0
_TRIPS = 3_000
_NOT_INHERITED = ("MLFLOW_", "KEDRO_", "TRIP_DURATION_")
# ports that the pages name; each reader has its own in their place
_PORTS = ("8000", "5000", "5001")
# what is answered if a program that does not end by itself is ready, by how its command begins
_SERVERS = {
    "trip-duration serve": ("8000", "/health/live"),
    "mlflow models serve": ("5001", "/ping"),
    "mlflow ui": ("5000", "/health"),
    "python -m http.server": ("8000", "/"),
}
# long studies are made short: they are run here to see that they run
_THINNED = {
    "tuning.trials=40": "tuning.trials=3",
    "tuning.timeout=60": "tuning.timeout=60,tuning.trials=3",
}
_OPTIONAL = re.compile(r" \[[^\]]*\]")
_PUBLISHED = {"green": ("2021", "2022", "2023", "2024"), "yellow": ("2024",)}


def make_project(folder: Path) -> Path:
    """Make a copy of the project without data, whose runs are small in every environment.

    Args:
        folder: Where it is made; ``mirror`` beside it is a folder in the publisher's layout.
    """
    project = folder / "project"
    project.mkdir()
    for name in COPIED:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy2
        copy(ROOT / name, project / name)
    for path in (project / "conf/local").glob("*.*"):
        path.unlink()
    (project / "src").mkdir()
    _make_small(project / "conf")
    _publish(folder / "mirror")
    tlc = {"source_root": str(folder / "mirror")}
    (project / "conf/tlc/globals.yml").write_text(yaml.safe_dump(tlc))
    _link_environment(project / ".venv")
    return project


def copy_project(project: Path, copy: Path) -> None:
    """Copy a project with its runs, whose addresses are absolute in MLflow's database."""
    shutil.copytree(project, copy, symlinks=True)
    with sqlite3.connect(copy / "data/mlflow.db") as database:
        tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in tables:
            for column in database.execute(f"PRAGMA table_info({table})").fetchall():
                name = column[1]
                database.execute(
                    f'UPDATE "{table}" SET "{name}" = replace("{name}", ?, ?) '  # noqa: S608
                    f'WHERE instr("{name}", ?)',
                    (str(project), str(copy), str(project)),
                )


def _make_small(conf: Path) -> None:
    """Put what ``conf/test`` says into ``conf/base``, but for the months."""
    for path in (conf / "test").glob("parameters_*.yml"):
        base = yaml.safe_load((conf / "base" / path.name).read_text())
        merged = _merge(base, yaml.safe_load(path.read_text()))
        (conf / "base" / path.name).write_text(yaml.safe_dump(merged, sort_keys=False))


def _merge(old: dict[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    for name, value in new.items():
        old[name] = _merge(old[name], value) if isinstance(value, Mapping) else value
    return old


def _publish(folder: Path) -> None:
    city = City(CityParams(trips=_TRIPS))
    names = ["misc/taxi_zone_lookup.csv", "misc/taxi_zones.zip"]
    names += [
        f"trip-data/{service}_tripdata_{year}-{month:02}.parquet"
        for service, years in _PUBLISHED.items()
        for year in years
        for month in range(1, 5)
    ]
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        city.write(name, folder / name)


def _link_environment(venv: Path) -> None:
    """Make an environment that is this one, and that ``make`` takes for installed."""
    venv.mkdir()
    prefix = Path(sys.prefix)
    shutil.copy(prefix / "pyvenv.cfg", venv)
    for name in ("bin", "lib", "include"):
        if (prefix / name).exists():
            (venv / name).symlink_to(prefix / name)
    (venv / ".installed").touch()


@dataclass
class Reader:
    """Types blocks of a page, one after the other, into one project.

    Attributes:
        project: The project, trained once.
        mirror: A folder in the publisher's layout.
    """

    project: Path
    mirror: Path
    _python: list[str] = field(default_factory=list)
    _ports: dict[str, str] = field(
        default_factory=lambda: {name: str(free_port()) for name in _PORTS}
    )
    _servers: dict[str, ExitStack] = field(default_factory=dict)

    def __enter__(self) -> Self:
        """Begin without a server."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the servers that the page has started."""
        for server in self._servers.values():
            server.close()

    def type_block(self, block: Block) -> None:
        """Type the commands of a block.

        Raises:
            AssertionError: With the command and what it said, if it fails and should not, or does
                not and should.
        """
        if block.language == "python":
            self._python.append(self._fill_in(block.text))
            done = self.run([sys.executable, "-c", "\n".join(self._python)])
            assert done.returncode == 0, f"line {block.line}:\n{block.text}\n{_end(done)}"
            return
        # what is exported and activated holds for the commands after it
        kept: list[str] = []
        typed = block.commands()
        for number, written in enumerate(typed, 1):
            command = self._fill_in(written)
            if (server := _server_of(command)) is not None:
                self._serve(command, server, kept)
                continue
            done = self.run(["bash", "-euo", "pipefail", "-c", "\n".join([*kept, command])])
            if command.startswith(("export ", "source ")):
                kept.append(command)
            last = number == len(typed)
            failure = block.marker.words if block.marker is not None and last else None
            self._judge(block, command, done, failure)

    def _judge(
        self,
        block: Block,
        command: str,
        done: subprocess.CompletedProcess[str],
        failure: str | None,
    ) -> None:
        where = f"line {block.line}: {command}\n{_end(done)}"
        if failure is None:
            assert done.returncode == 0, where
        else:
            assert done.returncode != 0, where
            assert failure in done.stdout + done.stderr, where

    def run(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        """Run a command in the project, in the environment of the reader."""
        return subprocess.run(
            command,
            cwd=self.project,
            env=self._environment(),
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            check=False,
            timeout=_TIMEOUT,
        )

    def _environment(self) -> dict[str, str]:
        clean = {k: v for k, v in os.environ.items() if not k.startswith(_NOT_INHERITED)}
        return {
            **clean,
            "PATH": f"{self.project}/.venv/bin{os.pathsep}{os.environ['PATH']}",
            "TRIP_DURATION_SERVE_PORT": self._ports["8000"],
            "MLFLOW_PORT": self._ports["5000"],
            "MLFLOW_WORKERS": "1",
            "TQDM_DISABLE": "1",
            "COLUMNS": "200",
        }

    def _serve(self, command: str, server: str, kept: list[str]) -> None:
        port, path = _SERVERS[server]
        if port in self._servers:
            self._servers.pop(port).close()
        ours = self._ports[port]
        typed = f"{command} {ours}" if server.endswith("http.server") else command
        script = "\n".join([*kept, f"exec {typed}"])
        scheme = "https" if "--tls-certificate" in command else "http"
        variables = {k: v for k, v in self._environment().items() if k not in os.environ}
        variables["PATH"] = self._environment()["PATH"]
        with ExitStack() as stack:
            ready = f"{scheme}://127.0.0.1:{ours}{path}"
            stack.enter_context(
                run_server(["bash", "-c", script], self.project, ready, **variables)
            )
            self._servers[port] = stack.pop_all()

    def _fill_in(self, text: str) -> str:
        """Put what is there in place of what the page has as an example."""
        for port, ours in self._ports.items():
            text = re.sub(rf"(?<=[: =]){port}\b", ours, text)
        for words, short in {**_THINNED, "/mnt/tlc": str(self.mirror)}.items():
            text = text.replace(words, short)
        for placeholder, find in _PLACEHOLDERS.items():
            if placeholder in text:
                text = text.replace(placeholder, find(self))
        return _OPTIONAL.sub("", text) if text.startswith("trip-duration models") else text

    def ask(self) -> str:
        """Return the id of an answer of the service, started for the purpose if none runs."""
        if "8000" not in self._servers:
            self._serve("trip-duration serve --no-auth", "trip-duration serve", [])
        asked = {"pickup_datetime": "2023-04-12T08:30:00", "pickup_zone": 74, "dropoff_zone": 236}
        request = urllib.request.Request(
            f"http://127.0.0.1:{self._ports['8000']}/v1/predict",
            json.dumps(asked).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310
            answer: dict[str, Any] = json.load(response)
        self._wait_for(str(answer["prediction_id"]))
        return str(answer["prediction_id"])

    def _wait_for(self, prediction_id: str) -> None:
        """Wait until an answer is in the prediction log, which is written a moment later."""
        end = time.monotonic() + _LOGGED_WITHIN
        while not self._is_logged(prediction_id):
            assert time.monotonic() < end, f"{prediction_id} is not in the prediction log"
            time.sleep(0.1)

    def _is_logged(self, prediction_id: str) -> bool:
        query = "SELECT count(*) FROM predictions WHERE prediction_id = ?"
        try:
            with sqlite3.connect(self.project / "data/service.db") as log:
                return bool(log.execute(query, (prediction_id,)).fetchone()[0])
        except sqlite3.OperationalError:
            # the service has not made its tables yet, or is writing
            return False

    def find_run(self) -> str:
        """Return the id of the newest MLflow run."""
        query = "SELECT run_uuid FROM runs ORDER BY start_time DESC LIMIT 1"
        with sqlite3.connect(self.project / "data/mlflow.db") as database:
            return str(database.execute(query).fetchone()[0])

    def find_key(self) -> str:
        """Return the id of the newest API key."""
        file = json.loads((self.project / "conf/local/api_keys.json").read_text())
        return str(file["keys"][-1]["id"])


_PLACEHOLDERS: dict[str, Callable[[Reader], str]] = {
    "<prediction id>": Reader.ask,
    "<MLflow run id>": Reader.find_run,
    "3f9c1a2b7d60": Reader.find_key,
    "model=3": lambda _: "model=1",
    # the page that names it has two, of which the second serves in the end
    "[VERSION]": lambda _: "1",
    "VERSION": lambda _: "1",
}


def _server_of(command: str) -> str | None:
    bare = command.removeprefix(".venv/bin/")
    return next((start for start in _SERVERS if bare.startswith(start)), None)


def _end(done: subprocess.CompletedProcess[str]) -> str:
    return f"{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
