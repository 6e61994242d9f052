"""The hooks: refused parameters, and what the command line says of them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from trip_duration.errors import ParameterError


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"train_month": "2023-01"}, "train_month: unknown parameter. Did you mean train_months?"),
        ({"modelling": {"sed": 1}}, "modelling.sed: unknown parameter. Did you mean seed?"),
        ({"wibble": 1}, "wibble: unknown parameter. The names are in conf/base."),
        ({"model_type": "forest"}, "- model_type: Input should be 'lookup'"),
        ({"model_type": "forest"}, "'lightgbm', found 'forest'"),
        ({"source_root": ["https://me:s3cret@host"]}, "source_root: "),
        ({"train_months": "2023-13"}, "train_months: '2023-13' is not a month"),
        ({"source_root": "https://me:s3cret@host"}, "source_root: "),
    ],
)
def test_wrong_parameters_are_refused_by_name_before_anything_is_written(
    new_project: Callable[[], Path], run_kedro: Any, params: dict[str, Any], said: str
) -> None:
    project = new_project()
    with pytest.raises(ParameterError) as caught:
        run_kedro(project, params)
    assert said in str(caught.value)
    assert "s3cret" not in str(caught.value)
    assert not (project / "data").exists()


def test_every_wrong_parameter_is_named_at_once(
    new_project: Callable[[], Path], run_kedro: Any
) -> None:
    with pytest.raises(ParameterError) as caught:
        run_kedro(new_project(), {"train_month": "2023-01", "sed": 3})
    assert {"- train_month", "- sed"} <= {
        line.partition(":")[0] for line in str(caught.value).splitlines()
    }


def test_the_command_line_says_it_without_a_traceback(new_project: Callable[[], Path]) -> None:
    kedro = [sys.executable, "-m", "kedro", "run", "--params", "train_month=2023-01"]
    done = subprocess.run(kedro, cwd=new_project(), capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Error: parameters refused:\n- train_month: unknown parameter" in done.stderr
    assert "Traceback" not in done.stderr + done.stdout


def test_the_hooks_do_not_import_mlflow() -> None:
    check = "import sys, trip_duration.settings; sys.exit('mlflow' in sys.modules)"
    subprocess.run([sys.executable, "-c", check], check=True)
