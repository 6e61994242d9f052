"""Commands that repeat the options of a run."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Any

import click
import pytest
from kedro.framework.cli.project import run
from kedro.framework.cli.utils import _split_params
from kedro.runner import SequentialRunner, ThreadRunner

from trip_duration.terminal.run_options import _FILTERS, RunOptions, as_pairs, program


def parsed(params: str) -> Any:
    return _split_params(click.Context(run), run.params[0], params)


@pytest.fixture(autouse=True)
def activated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An activated environment: its programs are found by name."""
    folder = tmp_path / ".venv/bin"
    folder.mkdir(parents=True)
    (folder / "kedro").touch(mode=0o755)
    monkeypatch.setattr(sys, "executable", str(folder / "python"))
    monkeypatch.setenv("PATH", str(folder))
    return folder


@pytest.mark.parametrize(
    "params",
    [
        "train_months=2023-01..2023-03,test_months=2023-04",
        "modelling.lightgbm.num_trees=7,modelling.seed=3,service=yellow",
        "modelling.lightgbm.learning_rate=0.001,ingestion.refresh=true,tuned=null",
        "comparison.families=lightgbm xgboost",
    ],
)
def test_parameters_are_written_as_kedro_reads_them(params: str) -> None:
    assert parsed(",".join(as_pairs(parsed(params)))) == parsed(params)


def test_environment_and_parameters_are_repeated() -> None:
    options = RunOptions("test", parsed("a.b=1,words=two words"))
    command = options.kedro("run", "--pipelines", "promotion")
    assert command == "kedro run --pipelines promotion --env test --params 'a.b=1,words=two words'"
    assert shlex.split(options.kedro("viz", "run", tuned="x.yml"))[-1] == (
        "a.b=1,words=two words,tuned=x.yml"
    )


@pytest.mark.parametrize("env", [None, "base", "local"])
def test_what_is_the_same_without_options_has_none(env: str | None) -> None:
    assert RunOptions(env).kedro("viz", "run") == "kedro viz run"


def test_a_run_is_resumed_with_its_selection() -> None:
    options = RunOptions.of(
        {
            "env": "tlc",
            "runtime_params": {"service": "yellow"},
            "pipeline_names": ["ingestion", "data_processing"],
            "tags": ("months",),
            "from_nodes": ["request_months"],
            "to_outputs": ["trips"],
            "node_names": (),
            "runner": str(ThreadRunner()),
        }
    )
    assert options.resume(["pass_months", "assess_months"]) == (
        "kedro run --pipelines data_processing,ingestion --tags months --to-outputs trips "
        "--runner ThreadRunner --from-nodes assess_months,pass_months "
        "--env tlc --params service=yellow"
    )


def test_a_run_of_everything_is_resumed_by_its_nodes_alone() -> None:
    run_params = {"pipeline_names": None, "runner": str(SequentialRunner())}
    assert RunOptions.of(run_params).resume(["a"]) == "kedro run --from-nodes a"


def test_every_option_of_kedro_exists() -> None:
    existing = {option for param in run.params for option in param.opts}
    options = RunOptions.of(
        {
            "pipeline_names": ["a"],
            **{name: ["a"] for name in _FILTERS},
            "runner": "ThreadRunner",
        }
    )
    assert {word for word in options.selection if word.startswith("--")} < existing


def test_a_program_is_a_path_where_no_environment_is_activated(
    activated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/usr/bin")
    monkeypatch.chdir(tmp_path)
    assert program("kedro") == ".venv/bin/kedro"
    monkeypatch.chdir(activated)
    assert program("kedro") == "./kedro"
    monkeypatch.chdir("/")
    assert program("kedro") == f"{tmp_path}/.venv/bin/kedro".lstrip("/")
