"""A recorded run made again in a tree: its parameters, its months, then its pipelines."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from trip_duration.errors import ReproductionError
from trip_duration.reproduction.processes import clean_variables, run_program
from trip_duration.reproduction.recorded import Recorded, read_only_run
from trip_duration.tlc.provenance import root_of
from trip_duration.tracking.manifest import (
    TARGETS,
    THREAD_VARIABLES,
    RawFile,
    RawFiles,
    RunManifest,
)

ENV = "reproduction"
RAW_MANIFEST = "data/01_raw/manifest.json"
_OURS = ("MLFLOW_", "KEDRO_", "TRIP_DURATION_")


@dataclass(frozen=True)
class Rerun:
    """A run that is made again.

    Attributes:
        manifest: The recorded run.
        tree: The project, with a data folder of its own.
        python: The interpreter.
    """

    manifest: RunManifest
    tree: Path
    python: Path

    def configure(self, source_root: str) -> None:
        """Write the recorded parameters as an environment of Kedro's, so that nothing is lost.

        The run's own environment is not used: its values are all among the parameters, and where
        it stores things is not where this may write.

        Args:
            source_root: Where the months are had from.
        """
        parameters = {name: dict(group) for name, group in self.manifest.parameters.items()}
        parameters["ingestion"]["source_root"] = source_root
        choices = {
            "service": parameters["ingestion"]["service"],
            "source_root": source_root,
            "model_type": parameters["modelling"]["model_type"],
            "experiment_name": ENV,
            "data_root": "data",
        }
        folder = self.tree / "conf" / ENV
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "globals.yml").write_text(yaml.safe_dump(choices))
        (folder / "parameters.yml").write_text(yaml.safe_dump(parameters))

    def ingest(self) -> None:
        """Fetch the months, and hold them against the recorded checksums.

        Raises:
            ReproductionError: If a month or a file of zones is another than it was, or cannot be
                had.
        """
        self._kedro("--pipelines", "ingestion")
        found = json.loads((self.tree / RAW_MANIFEST).read_text(encoding="utf-8"))
        refuse_other_data(self.manifest.raw, found)

    def train(self) -> Recorded:
        """Run the recorded pipelines as far as predictions, and return what they have recorded.

        Raises:
            ReproductionError: If the run fails.
        """
        names = ",".join(self.manifest.pipelines)
        self._kedro("--pipelines", names, "--to-outputs", ",".join(TARGETS))
        return read_only_run(self._tracking_uri)

    @property
    def _tracking_uri(self) -> str:
        return f"sqlite:///{(self.tree / 'data/mlflow.db').as_posix()}"

    def _kedro(self, *arguments: str) -> None:
        command = [str(self.python), "-m", "kedro", "run", "--env", ENV, *arguments]
        run_program(command, self.tree, self._variables())

    def _variables(self) -> dict[str, str]:
        ours = {
            name: value
            for name, value in clean_variables().items()
            if not name.startswith(_OURS) and name not in THREAD_VARIABLES
        }
        threads = {k: str(v) for k, v in self.manifest.threads.items() if k in THREAD_VARIABLES}
        log = {k: os.environ[k] for k in ("TRIP_DURATION_LOG",) if k in os.environ}
        paths = {"PYTHONPATH": str(self.tree / "src"), "MLFLOW_TRACKING_URI": self._tracking_uri}
        return {**ours, **threads, **log, **paths}


def recorded_root(raw: RawFiles) -> str:
    """Return where the months of a run came from: absolute, whatever its parameter said."""
    return root_of(next(iter(raw.months.values())).model_dump())


def refuse_other_data(recorded: RawFiles | None, found: Mapping[str, Any]) -> None:
    """Compare the checksums of ingested files with those of a recorded run.

    Args:
        recorded: What the run was made of.
        found: Content of the manifest of the ingestion.

    Raises:
        ReproductionError: With a line for each month and file that is not the same.
    """
    if recorded is None:
        raise ReproductionError("the run has not recorded its data.")
    pairs = [(recorded.months, found["months"]), (recorded.zones, found["zones"])]
    lines = [
        _describe(name, file, there.get(name))
        for then, there in pairs
        for name, file in then.items()
        if there.get(name, {}).get("sha256") != file.sha256
    ]
    if lines:
        raise ReproductionError(
            "the data are not those of the run; they were published anew or altered:\n"
            + "\n".join(lines)
            + "\nGive --source-root a place that has them as they were."
        )


def _describe(name: str, then: RawFile, now: Mapping[str, Any] | None) -> str:
    if now is None:
        return f"- {name}: {then.file} is missing"
    return (
        f"- {name}: {now['source']} has sha256 {now['sha256']} ({_rows(now['rows'])}), "
        f"the run had {then.sha256} ({_rows(then.rows)})"
    )


def _rows(rows: int | None) -> str:
    return "no rows" if rows is None else f"{rows:,} rows"
