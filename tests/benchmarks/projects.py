"""Projects to measure on: copies of this one in a temporary folder, and an empty one.

The code is the installed package, so that what is measured is what is there.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.benchmarks.measure import Usage, run_program

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
MADE = ("02_intermediate", "03_primary", "04_feature", "05_model_input", "06_models",
        "07_model_output", "08_reporting")  # fmt: skip
PROFILE = "profile.json"
PREDICTOR = "06_models/predictor"
# the report needs the explanation; checks of behaviour are no part of it
TRAINING = "data_processing,feature_engineering,modelling,explanation,reporting"


@dataclass(frozen=True)
class Project:
    """A project in a folder of its own."""

    folder: Path
    env: str = "base"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def command(self, pipelines: str, params: Mapping[str, Any]) -> list[str | Path]:
        given = ",".join(f"{name}={value}" for name, value in params.items())
        chosen = ["--env", self.env, "--pipelines", pipelines]
        return ["run", *chosen, *(["--params", given] if given else [])]

    def run(self, pipelines: str, params: Mapping[str, Any]) -> Usage:
        return run_program([BIN / "kedro", *self.command(pipelines, params)], self.folder)

    def forget(self) -> None:
        """Remove everything that was made of the ingested months."""
        for layer in MADE:
            shutil.rmtree(self.data / layer, ignore_errors=True)

    def migrate(self) -> Usage:
        """Make the tracking database, which only the first run of a project does."""
        self.data.mkdir(exist_ok=True)
        place = f"sqlite:///{self.data}/mlflow.db"
        code = f"import mlflow; mlflow.MlflowClient({place!r}).search_experiments()"
        return run_program([sys.executable, "-c", code], self.folder)


def copy_project(folder: Path, env: str = "base") -> Project:
    folder.mkdir(parents=True)
    for name in ("pyproject.toml", ".telemetry", "requirements.lock"):
        shutil.copy(ROOT / name, folder)
    hidden = shutil.ignore_patterns("credentials*")
    shutil.copytree(ROOT / "conf", folder / "conf", ignore=hidden)
    (folder / "src").mkdir()
    return Project(folder, env)


EMPTY = {
    "pyproject.toml": '[tool.kedro]\npackage_name = "empty"\nproject_name = "empty"\n'
    'kedro_init_version = "1.7.0"\nsource_dir = "src"\n',
    ".telemetry": "consent: false\n",
    "src/empty/__init__.py": "",
    "src/empty/settings.py": "",
    "src/empty/pipeline_registry.py": "from kedro.pipeline import Node, Pipeline\n\n\n"
    "def one():\n    return 1\n\n\ndef register_pipelines():\n"
    '    return {"__default__": Pipeline([Node(one, None, "number", name="one")])}\n',
    "conf/base/catalog.yml": "number:\n  type: MemoryDataset\n",
    "conf/base/mlflow.yml": "server:\n  mlflow_tracking_uri: sqlite:///data/mlflow.db\n",
    "conf/local/.gitkeep": "",
}


def empty_project(folder: Path) -> Project:
    """A Kedro project with kedro-mlflow and one node that returns 1: what start-up costs."""
    for name, content in EMPTY.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    return Project(folder)


@dataclass
class Workshop:
    """Where all benches work, and what they share."""

    folder: Path
    quick: bool = False
    first: Usage | None = None

    @property
    def source(self) -> str | None:
        """Where real months are, if they are at hand."""
        return os.environ.get("TLC_SOURCE_ROOT")

    @property
    def months(self) -> str:
        return "real months" if self.source else "synthetic months"

    @property
    def params(self) -> dict[str, Any]:
        if self.source:
            return {"source_root": Path(self.source).resolve()}
        return {"ingestion.city.trips": 10_000} if self.quick else {}

    @cached_property
    def trained(self) -> Project:
        """A project that has ingested its months and trained once, with clocks in the run."""
        project = copy_project(self.folder / "trained", "tlc" if self.source else "base")
        project.run("ingestion", self.params)
        project.migrate()
        # the package of benches is found from the copy's folder
        shutil.copytree(ROOT / "tests/benchmarks", project.folder / "tests/benchmarks")
        module = ["-m", "tests.benchmarks.profiled_run", project.folder / PROFILE]
        command = [sys.executable, *module, *project.command(TRAINING, self.params)]
        self.first = run_program(command, project.folder)
        return project

    @cached_property
    def processed(self) -> Project:
        """A project whose months are processed, and no more: where studies begin."""
        project = copy_project(self.folder / "processed", "tlc" if self.source else "base")
        project.migrate()
        project.run("ingestion,data_processing", self.params)
        return project

    @cached_property
    def empty(self) -> Project:
        project = empty_project(self.folder / "empty")
        project.migrate()
        run_program([BIN / "kedro", "run"], project.folder)
        return project
