"""Configuration with what a search has found: before ``conf/``, behind the command line."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from kedro.config import OmegaConfigLoader

from trip_duration.config import ConfigLoader, read_tuned
from trip_duration.errors import ParameterError
from trip_duration.params import read_parameters
from trip_duration.settings import CONFIG_LOADER_ARGS, CONFIG_LOADER_CLASS

FOUND = {"modelling": {"model_type": "xgboost", "xgboost": {"max_leaves": 99}}}


@pytest.fixture
def project(new_project: Callable[[], Path]) -> Path:
    """A project with a file of tuned parameters."""
    project = new_project()
    (project / "tuned.yml").write_text(yaml.safe_dump(FOUND))
    return project


def parameters(project: Path, env: str = "base", **runtime: Any) -> dict[str, Any]:
    loader = ConfigLoader(
        str(project / "conf"), env=env, runtime_params=runtime, **CONFIG_LOADER_ARGS
    )
    loaded: dict[str, Any] = loader["parameters"]
    return loaded


def test_the_project_reads_its_configuration_with_it() -> None:
    assert CONFIG_LOADER_CLASS is ConfigLoader


@pytest.mark.parametrize("env", ["base", "test", "tlc"])
def test_the_file_goes_before_conf_and_leaves_what_it_does_not_name(
    project: Path, env: str
) -> None:
    usual, tuned = parameters(project, env), parameters(project, env, tuned="tuned.yml")
    assert tuned["modelling"].pop("model_type") == "xgboost"
    assert tuned["modelling"]["xgboost"].pop("max_leaves") == 99
    assert tuned.pop("tuned") == "tuned.yml"
    del usual["modelling"]["model_type"], usual["modelling"]["xgboost"]["max_leaves"]
    assert tuned == usual


@pytest.mark.parametrize(
    ("runtime", "family", "leaves"),
    [
        ({"model_type": "linear"}, "linear", 99),
        ({"modelling": {"model_type": "linear"}}, "linear", 99),
        ({"modelling": {"xgboost": {"max_leaves": 7}}}, "xgboost", 7),
        ({"modelling": {"xgboost": {"subsample": 0.5}}}, "xgboost", 99),
    ],
)
def test_the_command_line_goes_before_the_file(
    project: Path, runtime: dict[str, Any], family: str, leaves: int
) -> None:
    read = read_parameters(parameters(project, "test", tuned="tuned.yml", **runtime))
    assert (read.modelling.model_type, read.modelling.xgboost.max_leaves) == (family, leaves)
    assert read.tuned == "tuned.yml"


def test_unknown_names_in_the_file_are_refused_like_all_others(project: Path) -> None:
    (project / "tuned.yml").write_text("modelling: {xgboost: {max_leavs: 3}}\nmodeling: {a: 1}\n")
    with pytest.raises(ParameterError) as caught:
        read_parameters(parameters(project, tuned="tuned.yml"))
    assert "- modelling.xgboost.max_leavs: unknown parameter" in str(caught.value)
    assert "- modeling: unknown parameter" in str(caught.value)


@pytest.mark.parametrize(
    "content",
    [None, "", "3", "[1, 2]", "model_type: linear", "modelling: {", "\x00", b"\xff\xfe\xff"],
)
def test_a_file_that_is_missing_or_something_else_is_named(
    project: Path, content: str | bytes | None
) -> None:
    path = project / "elsewhere.yml"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ParameterError, match=r"tuned: .*elsewhere\.yml .*expected a file"):
        parameters(project, tuned="elsewhere.yml")


def test_an_absolute_path_is_taken_as_it_is(project: Path, tmp_path: Path) -> None:
    (tmp_path / "other.yml").write_text("modelling: {xgboost: {max_leaves: 5}}")
    tuned = parameters(project, tuned=str(tmp_path / "other.yml"))
    assert tuned["modelling"]["xgboost"]["max_leaves"] == 5
    assert read_tuned(tmp_path / "other.yml") == {"modelling": {"xgboost": {"max_leaves": 5}}}


def test_without_a_file_nothing_differs_from_kedros_own_loader(project: Path) -> None:
    for kind in ("parameters", "catalog", "globals"):
        own, kedros = (
            loader(str(project / "conf"), env="test", **CONFIG_LOADER_ARGS)[kind]
            for loader in (ConfigLoader, OmegaConfigLoader)
        )
        assert own == kedros


def test_a_run_learns_with_the_settings_of_the_file(
    new_project: Callable[[], Path], run_kedro: Any
) -> None:
    project = new_project()
    (project / "tuned.yml").write_text("modelling: {lightgbm: {num_leaves: 5, num_trees: 9}}")
    parts = ["ingestion", "data_processing", "feature_engineering", "modelling"]
    run_kedro(project, {"tuned": "tuned.yml"}, pipeline_names=parts)
    text = (project / "data/06_models/predictor/lightgbm.txt").read_text()
    assert "[num_leaves: 5]" in text
    assert text.count("Tree=") == 9


def test_the_command_line_says_what_is_wrong_without_a_traceback(project: Path) -> None:
    kedro = [sys.executable, "-m", "kedro", "run", "--params", "tuned=nowhere.yml"]
    done = subprocess.run(kedro, cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Error: tuned: " in done.stderr
    assert "nowhere.yml cannot be read" in done.stderr
    assert "Traceback" not in done.stderr + done.stdout


def test_an_environment_without_a_folder_is_refused_with_those_that_there_are(
    project: Path,
) -> None:
    with pytest.raises(ParameterError) as caught:
        ConfigLoader(str(project / "conf"), env="nosuch", **CONFIG_LOADER_ARGS)
    assert "environment 'nosuch'" in str(caught.value)
    assert "expected one of base, local, prod, test, tlc" in str(caught.value)
    (project / "conf/local").rename(project / "conf/elsewhere")
    with pytest.raises(ParameterError, match="environment 'local'"):
        ConfigLoader(str(project / "conf"), **CONFIG_LOADER_ARGS)
