"""What a person sees of real commands: errors, progress, results, commands to run next."""

from __future__ import annotations

import json
import os
import pty
import re
import shlex
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.test_kedro_commands import kedro, nodes_run

PASSWORD = "s3cret"  # noqa: S105 - of nobody
HINT = "(TRIP_DURATION_TRACEBACK=1 shows the traceback.)"
ESCAPE = "\x1b"
RUNNER = "kedro.runner.sequential_runner"


@pytest.fixture(scope="module")
def project(with_data: Callable[[], Path]) -> Path:
    """A project with the data of one run, which may be written to."""
    return with_data()


@pytest.fixture(scope="module")
def empty(new_project: Callable[[], Path]) -> Path:
    """A project without data."""
    return new_project()


def block(done: subprocess.CompletedProcess[str]) -> list[str]:
    """The one block that an expected error is; nothing follows it, nothing is said twice."""
    output = done.stderr + done.stdout
    assert done.returncode not in (0, None)
    assert "Traceback" not in output
    assert output.count("Error: ") == 1
    return done.stderr[done.stderr.index("Error: ") :].splitlines()


def test_an_environment_that_does_not_exist_is_told_with_those_that_do(project: Path) -> None:
    (line,) = block(kedro(project, "run", "--env", "nosuch"))
    assert line == (
        f"Error: environment 'nosuch': the folder {project}/conf/nosuch does not exist; expected "
        "one of base, local, prod, test, tlc (--env, or the variable KEDRO_ENV)"
    )


def test_a_wrong_month_is_refused_once_by_the_name_it_was_given_by(project: Path) -> None:
    head, line = block(kedro(project, "run", "--params", "train_months=2023-13"))
    assert head == "Error: parameters refused:"
    assert line == (
        "- train_months: '2023-13' is not a month: expected YYYY-MM or a range YYYY-MM..YYYY-MM"
    )


def test_a_pipeline_that_does_not_exist_is_told_with_where_the_names_are(project: Path) -> None:
    lines = block(kedro(project, "run", "--pipelines", "nosuch"))
    assert "'nosuch'" in lines[0]
    assert "kedro registry list" in lines[1]
    (line,) = block(kedro(project, "registry", "describe", "nosuch"))
    assert line.startswith("Error: 'nosuch' pipeline not found. Existing pipelines: [__default__,")


def test_a_source_folder_that_does_not_exist_is_said_not_to(project: Path) -> None:
    options = ("--pipelines", "ingestion", "--params", "source_root=/nowhere")
    lines = block(kedro(project, "run", "--env", "test", *options))
    assert lines[0].startswith("Error: the folder /nowhere does not exist (source_root): ")
    assert lines[1:] == ["The node request_months failed; 0 of 3 nodes are done.", HINT]


def test_missing_inputs_are_told_with_the_command_that_makes_them(empty: Path) -> None:
    done = kedro(
        empty, "run", "--env", "test", "--pipelines", "modelling", "--params", "model_type=linear"
    )
    head, line, command, hint = block(done)
    assert head == "Error: inputs of this run do not exist yet:"
    assert line.startswith("- made by the pipeline feature_engineering: early_transformer, ")
    assert "split_facts" in line
    assert command.endswith(
        "kedro run --pipelines ingestion,data_processing,feature_engineering "
        "--env test --params model_type=linear"
    )
    assert hint == HINT
    assert nodes_run(done.stderr) == []
    assert not (empty / "data/08_reporting").exists()


def test_a_failed_run_goes_on_by_the_command_that_it_tells(project: Path) -> None:
    options = ("--params", "data_processing.gate.min_rows=10000000")
    done = kedro(
        project, "run", "--env", "test", "--pipelines", "ingestion,data_processing", *options
    )
    lines = block(done)
    assert lines[0] == "Error: months that no model should learn from:"
    assert "- 2023-01: 2583 trips kept, min_rows is 10000000" in lines
    assert lines[-3].startswith("The node pass_months failed; ")
    command = lines[-2].removeprefix("To go on from there: ")
    # as a person pastes it
    again = subprocess.run(
        ["/bin/sh", "-c", command], cwd=project, capture_output=True, text=True, check=False
    )
    assert block(again)[:4] == lines[:4]
    # the report has to be made again, for it holds the bound
    assert "--from-nodes assess_months" in command
    assert nodes_run(again.stderr) == ["assess_months"]
    again = subprocess.run(
        ["/bin/sh", "-c", command.replace("10000000", "1000")],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )
    assert again.returncode == 0, again.stderr


def test_parameters_of_other_data_are_refused_before_a_node_runs(project: Path) -> None:
    predictor = (project / "data/06_models/predictor/manifest.json").read_bytes()
    options = ("--from-nodes", "train_predictor", "--params", "train_months=2023-02")
    done = kedro(project, "run", "--env", "test", *options)
    assert done.returncode == 1
    lines = block(done)
    assert lines[0] == "Error: the parameters do not describe the data at hand:"
    assert "- train_months: the parameters say 2023-02, " in lines[1]
    assert nodes_run(done.stderr) == []
    assert (project / "data/06_models/predictor/manifest.json").read_bytes() == predictor


def test_the_traceback_is_shown_on_demand(project: Path) -> None:
    options = ("--pipelines", "ingestion", "--params", "source_root=/nowhere")
    done = kedro(project, "run", "--env", "test", *options, TRIP_DURATION_TRACEBACK="1")
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert "SourceError: the folder /nowhere does not exist" in done.stderr
    assert "Error: the folder /nowhere does not exist" in done.stderr.splitlines()[-2]


def test_errors_are_json_lines_too(project: Path) -> None:
    options = ("--pipelines", "ingestion", "--params", "source_root=/nowhere")
    done = kedro(project, "run", "--env", "test", *options, TRIP_DURATION_LOG="json")
    assert done.returncode == 1
    records = [json.loads(line) for line in done.stderr.splitlines()]
    assert done.stdout == ""
    assert records[-1]["level"] == "ERROR"
    assert records[-1]["message"].startswith("the folder /nowhere does not exist")
    assert "SourceError" in records[-1]["traceback"]


def test_a_run_for_machines_is_json_lines_and_nothing_else(project: Path) -> None:
    options = ("--nodes", "compute_metrics,train_baseline")
    done = kedro(project, "run", "--env", "test", *options, TRIP_DURATION_LOG="json")
    assert (done.returncode, done.stdout) == (0, "")
    records = [json.loads(line) for line in done.stderr.splitlines()]
    assert {record["level"] for record in records} == {"INFO"}
    nodes = [record["message"] for record in records if record["logger"] == "trip_duration.run"]
    assert sorted(line.split()[1] for line in nodes) == ["compute_metrics", "train_baseline"]
    assert records[-1]["message"] == "results"
    assert records[-1]["places"] == {"metrics": "data/08_reporting/metrics.json"}


@pytest.mark.parametrize("scheme", ["http", "postgresql"])
def test_a_tracking_server_that_is_away_is_told_at_once(project: Path, scheme: str) -> None:
    uri = f"{scheme}://me:{PASSWORD}@127.0.0.1:9/runs"
    done = kedro(project, "run", "--env", "test", MLFLOW_TRACKING_URI=uri)
    lines = block(done)
    assert lines[0].startswith(f"Error: the tracking server {scheme}")
    assert "does not answer" in lines[0]
    assert PASSWORD not in done.stderr


def test_a_port_that_is_taken_is_told_before_a_model_is_loaded(project: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        serve = [sys.executable, "-m", "trip_duration", "serve", "--no-auth", "--port", str(port)]
        done = subprocess.run(serve, cwd=project, capture_output=True, text=True, check=False)
    (line,) = block(done)
    assert line == (
        f"Error: cannot listen on 127.0.0.1, port {port}: Address already in use. End the program "
        "that listens there, or choose another address by --host and --port."
    )


def test_commands_outside_a_project_say_where_to_go(tmp_path: Path) -> None:
    own = [sys.executable, "-m", "trip_duration", "models", "list"]
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("MLFLOW", "TRIP_"))}
    done = subprocess.run(
        own, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    (line,) = block(done)
    assert line.startswith(f"Error: there is no registry at {tmp_path}/data/mlflow.db. ")
    assert "in the folder of the project" in line


def test_in_a_pipe_there_is_one_plain_line_for_each_node_and_nothing_else(project: Path) -> None:
    done = kedro(project, "run", "--env", "test", "--pipelines", "data_processing")
    assert done.returncode == 0
    assert ESCAPE not in done.stderr + done.stdout
    assert "\r" not in done.stderr + done.stdout
    lines = [re.sub(r"^\d\d:\d\d:\d\d ", "", line) for line in done.stderr.splitlines()]
    assert [re.sub(r"\d+\.\d s", "_ s", line) for line in lines] == [
        "INFO    trip_duration.pipelines.data_processing.nodes: 263 zones in 6 boroughs",
        "INFO    trip_duration.run: 1/4 build_zones _ s",
        "INFO    trip_duration.datasets.months: 3 months unchanged, 0 to process",
        "INFO    trip_duration.run: 2/4 clean_months _ s",
        "INFO    trip_duration.run: 3/4 assess_months _ s",
        "INFO    trip_duration.run: 4/4 pass_months _ s",
        f"INFO    {RUNNER}: Pipeline execution completed successfully in _ sec.",
    ]


def on_terminal(project: Path, *command: str) -> str:
    """What a command writes to a terminal of 120 columns."""
    shown = bytearray()

    def read(terminal: int) -> bytes:
        part = os.read(terminal, 65_536)
        shown.extend(part)
        return part

    script = f"cd {shlex.quote(str(project))} && exec {shlex.join(command)}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TERM", "xterm-256color")
        patch.setenv("COLUMNS", "120")
        status = pty.spawn(["/bin/sh", "-c", script], read, lambda _: b"")
    assert os.waitstatus_to_exitcode(status) == 0, shown[-2000:]
    return shown.decode()


def test_on_a_terminal_the_running_node_is_shown_below_the_lines(project: Path) -> None:
    command = [sys.executable, "-m", "kedro", "run", "--env", "test"]
    shown = on_terminal(project, *command, "--pipelines", "ingestion,data_processing")
    assert re.search(r"[0-6]/7\x1b\[0m nodes .*0:00:0\d.* request_months", shown)
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown).replace("\r", "\n")
    nodes = re.findall(r"^\d\d:\d\d:\d\d +(\d)/7 (\w+) \d+\.\d s *$", plain, re.MULTILINE)
    assert [number for number, _ in nodes] == list("1234567")
    assert {"request_months", "clean_months", "pass_months"} < {name for _, name in nodes}
    # the line of the bar is erased, and the cursor is back
    assert re.search(r"\x1b\[2K(\s|\x1b\[1A|\x1b\[2K)*\x1b\[\?25h", shown)
    assert shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l")


def test_usual_commands_say_nothing_beside(project: Path) -> None:
    listing = kedro(project, "registry", "list")
    assert (listing.returncode, listing.stderr) == (0, "")
    resolution = kedro(project, "catalog", "resolve-patterns", "--env", "test")
    assert (resolution.returncode, resolution.stderr) == (0, "")


def test_a_first_run_says_nothing_of_the_database_that_mlflow_makes(empty: Path) -> None:
    done = kedro(empty, "run", "--env", "test", "--pipelines", "ingestion")
    assert done.returncode == 0, done.stderr
    loggers = {line.split()[2].partition(":")[0] for line in done.stderr.splitlines()}
    assert loggers == {
        "trip_duration.tlc.fetch",
        "trip_duration.run",
        "kedro.runner.sequential_runner",
    }
