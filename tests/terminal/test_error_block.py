"""Which errors are expected, and what is printed of them."""

from __future__ import annotations

import errno
import json
import logging
import pickle
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from kedro.framework.cli.utils import KedroCliError
from kedro.io import DataCatalog
from kedro.io.core import DatasetError
from kedro.pipeline import Node, Pipeline
from kedro_datasets.json import JSONDataset
from kedro_datasets.pandas import ParquetDataset
from mlflow.exceptions import MlflowException

from trip_duration import progress
from trip_duration.errors import (
    BrokenMonthsError,
    ContractError,
    DataError,
    ParameterError,
    SourceError,
)
from trip_duration.logs import configure_logs
from trip_duration.terminal import error_block
from trip_duration.terminal.error_block import describe


def error_of(action: Callable[[], object]) -> BaseException:
    with pytest.raises(BaseException) as caught:  # noqa: PT011 - whatever it is, it is described
        action()
    return caught.value


def catalog(path: Path) -> DataCatalog:
    return DataCatalog({"numbers": JSONDataset(filepath=path.as_posix())})


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Callable[[BaseException], None]:
    """What Python calls with an error that nobody has caught."""
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    error_block.install()
    return lambda error: sys.excepthook(type(error), error, error.__traceback__)


def test_the_projects_own_error_is_told_without_kedros_wrapping(tmp_path: Path) -> None:
    entries = DataCatalog({"numbers": Refusing(filepath=f"{tmp_path}/numbers.json")})
    error = error_of(lambda: entries.load("numbers"))
    assert "Failed while loading" in str(error)
    assert describe(error) == "no such month"


def test_a_file_that_cannot_be_read_is_named_with_its_dataset(tmp_path: Path) -> None:
    error = error_of(lambda: catalog(tmp_path / "none.json").load("numbers"))
    assert describe(error) == f"dataset numbers: No such file or directory: {tmp_path}/none.json"


def test_a_file_of_another_form_is_named(tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text("{")
    error = error_of(lambda: catalog(tmp_path / "broken.json").load("numbers"))
    assert describe(error) == (
        f"dataset numbers: {tmp_path}/broken.json cannot be read: Expecting property name enclosed "
        "in double quotes: line 1 column 2 (char 1). Make it again, or restore it from a copy."
    )
    (tmp_path / "broken.parquet").write_text("PAR1")
    frames = DataCatalog({"trips": ParquetDataset(filepath=f"{tmp_path}/broken.parquet")})
    text = describe(error_of(lambda: frames.load("trips")))
    assert text is not None
    assert text.startswith(f"dataset trips: {tmp_path}/broken.parquet cannot be read: ")


def test_a_frame_that_breaks_its_contract_is_described_by_its_validator(tmp_path: Path) -> None:
    entry = {
        "type": "pandas.ParquetDataset",
        "filepath": f"{tmp_path}/zones.parquet",
        "validator": "trip_duration.schemas.Zones",
    }
    pd.DataFrame({"zone": [1, 1]}).to_parquet(tmp_path / "zones.parquet")
    text = describe(error_of(lambda: DataCatalog.from_config({"zones": entry}).load("zones")))
    assert text is not None
    assert "zones" in text
    assert "borough" in text


def test_an_error_of_another_process_is_expected_as_here(tmp_path: Path) -> None:
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        error = pool.submit(load_refused, str(tmp_path)).exception()
    assert isinstance(error, DatasetError)
    text = describe(error)
    assert text is not None
    assert "no such month" in text


def load_refused(folder: str) -> Any:
    return DataCatalog({"numbers": Refusing(filepath=f"{folder}/numbers.json")}).load("numbers")


class Refusing(JSONDataset):  # type: ignore[misc]
    def load(self) -> Any:
        raise SourceError("no such month")


def test_errors_of_months_come_whole_from_another_process() -> None:
    error = BrokenMonthsError([ContractError("one row", "a.parquet"), ContractError("two")])
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    assert str(copy) == str(error) == "one row\ntwo"
    assert [each.file for each in copy.errors] == ["a.parquet", ""]


def test_a_fault_in_a_dataset_is_not_expected(tmp_path: Path) -> None:
    class Faulty(JSONDataset):  # type: ignore[misc]
        def load(self) -> Any:
            raise KeyError("months")

    entries = DataCatalog({"numbers": Faulty(filepath=f"{tmp_path}/numbers.json")})
    assert describe(error_of(lambda: entries.load("numbers"))) is None


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (
            OSError(errno.ENOSPC, "No space left on device", "a.csv"),
            "No space left on device: a.csv",
        ),
        (MlflowException("no such run"), "MLflow: no such run"),
        (FileNotFoundError(errno.ENOENT, "No such file", "a.csv"), None),
        (ValueError("odd"), None),
        (KeyError("months"), None),
    ],
)
def test_errors_of_the_machine_are_expected_and_faults_are_not(
    error: Exception, text: str | None
) -> None:
    assert describe(error) == text


def test_a_name_that_kedro_does_not_know_is_told_with_where_the_names_are() -> None:
    pipeline = Pipeline([Node(len, "words", "count", name="count_words")])
    for select in (
        lambda: pipeline.filter(node_names=["nothing"]),
        lambda: pipeline.filter(from_nodes=["nothing"]),
        lambda: pipeline.filter(tags=["nothing"]),
        lambda: pipeline.filter(to_outputs=["nothing"]),
    ):
        output = describe(error_of(select))
        assert output is not None
        assert "kedro registry list" in output


def test_an_expected_error_is_one_block(
    hook: Callable[[BaseException], None], capsys: pytest.CaptureFixture[str]
) -> None:
    error = DataError("months are missing:\n- 2023-01")
    error.add_note("To go on from there: kedro run --from-nodes pass_months")
    hook(error)
    assert capsys.readouterr().err.splitlines() == [
        "",
        "Error: months are missing:",
        "- 2023-01",
        "To go on from there: kedro run --from-nodes pass_months",
        "(TRIP_DURATION_TRACEBACK=1 shows the traceback.)",
    ]


def test_the_traceback_is_shown_on_demand(
    hook: Callable[[BaseException], None],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail() -> None:
        raise DataError("no such month")

    monkeypatch.setenv("TRIP_DURATION_TRACEBACK", "1")
    hook(error_of(fail))
    output = capsys.readouterr().err
    assert "in fail" in output
    assert output.endswith("\nError: no such month\n")


def test_an_unexpected_error_keeps_its_traceback(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "excepthook", sys.__excepthook__)
    error_block.install()
    error = error_of(lambda: {}["months"])
    sys.excepthook(type(error), error, error.__traceback__)
    output = capsys.readouterr().err
    assert output.startswith("Traceback")
    assert output.endswith("KeyError: 'months'\n")


def test_wrong_parameters_need_no_traceback(
    hook: Callable[[BaseException], None], capsys: pytest.CaptureFixture[str]
) -> None:
    hook(ParameterError("seed: too small"))
    assert capsys.readouterr().err == "\nError: seed: too small\n"


def test_passwords_are_masked_in_the_block_and_in_the_traceback(
    hook: Callable[[BaseException], None],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hook(MlflowException("postgresql://me:s3cret@host/db does not answer"))
    monkeypatch.setenv("TRIP_DURATION_TRACEBACK", "1")
    hook(MlflowException("postgresql://me:s3cret@host/db does not answer"))
    output = capsys.readouterr().err
    assert output.count("Error: MLflow: postgresql://***@host/db does not answer") == 2
    assert "s3cret" not in output


def test_for_machines_it_is_one_json_line_with_its_traceback(
    hook: Callable[[BaseException], None],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TRIP_DURATION_LOG", "json")
    monkeypatch.setattr(progress._shared, "allowed", True)
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [logging.StreamHandler()])
    configure_logs()
    hook(error_of(lambda: catalog(Path("/nowhere/a.json")).load("numbers")))
    (line,) = capsys.readouterr().err.splitlines()
    record = json.loads(line)
    assert record["level"] == "ERROR"
    assert record["message"] == "dataset numbers: No such file or directory: /nowhere/a.json"
    assert "FileNotFoundError" in record["traceback"]


def test_an_error_of_kedros_command_line_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    error_block.install()
    KedroCliError("'foo' pipeline not found").show()
    assert capsys.readouterr().err == "Error: 'foo' pipeline not found\n"
