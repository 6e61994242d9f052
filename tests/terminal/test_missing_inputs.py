"""Runs whose inputs do not exist are refused, with the command that makes them."""

from __future__ import annotations

from pathlib import Path

import pytest
from kedro.io import DataCatalog, MemoryDataset
from kedro.pipeline import Node, Pipeline
from kedro_datasets.json import JSONDataset

from trip_duration.datasets import ReportDataset
from trip_duration.errors import DataError
from trip_duration.terminal.missing_inputs import require_inputs
from trip_duration.terminal.run_options import RunOptions

OPTIONS = RunOptions("test", {"seed": 3})


def step(inputs: list[str], outputs: list[str]) -> Pipeline:
    return Pipeline([Node(lambda *_: None, inputs, outputs, name=f"make_{outputs[0]}")])


REGISTERED = {
    "first": step(["params:first"], ["raw"]),
    "second": step(["raw"], ["clean", "facts"]),
    "third": step(["clean", "facts", "report", "parameters"], ["model"]),
}
REGISTERED["__default__"] = sum(REGISTERED.values(), start=Pipeline([]))


@pytest.fixture
def catalog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DataCatalog:
    monkeypatch.chdir(tmp_path)
    names = ("raw", "clean", "facts", "model")
    files = {name: JSONDataset(filepath=f"{tmp_path}/data/{name}.json") for name in names}
    return DataCatalog({**files, "report": ReportDataset(filepath=f"{tmp_path}/report.json")})


def refusal(name: str, catalog: DataCatalog) -> list[str]:
    with pytest.raises(DataError) as caught:
        require_inputs(REGISTERED[name], catalog, REGISTERED, OPTIONS)
    return str(caught.value).splitlines()


def test_every_missing_input_is_named_with_the_pipelines_that_make_it(
    catalog: DataCatalog,
) -> None:
    head, line, command = refusal("third", catalog)
    assert head == "inputs of this run do not exist yet:"
    assert line == (
        "- made by the pipeline second: clean (data/clean.json), facts (data/facts.json)"
    )
    assert command.startswith("To make them: ")
    assert command.endswith("kedro run --pipelines first,second --env test --params seed=3")


def test_what_exists_is_not_made_again(catalog: DataCatalog) -> None:
    catalog.save("raw", 1)
    catalog.save("facts", 1)
    _, line, command = refusal("third", catalog)
    assert line == "- made by the pipeline second: clean (data/clean.json)"
    assert "--pipelines second " in command


def test_a_run_with_all_its_inputs_is_let_through(catalog: DataCatalog) -> None:
    catalog.save("clean", 1)
    catalog.save("facts", 1)
    # report is none, which its dataset allows
    require_inputs(REGISTERED["third"], catalog, REGISTERED, OPTIONS)
    require_inputs(REGISTERED["__default__"], catalog, REGISTERED, OPTIONS)


def test_what_lives_in_memory_only_is_said_to(catalog: DataCatalog) -> None:
    catalog["clean"] = MemoryDataset()
    catalog.save("facts", 1)
    assert refusal("third", catalog)[1] == "- made by the pipeline second: clean (in memory only)"
    catalog["clean"] = MemoryDataset(1)
    require_inputs(REGISTERED["third"], catalog, REGISTERED, OPTIONS)


def test_an_input_that_no_pipeline_makes_has_no_command(catalog: DataCatalog) -> None:
    with pytest.raises(DataError) as caught:
        require_inputs(step(["facts"], ["model"]), catalog, {}, OPTIONS)
    assert str(caught.value).splitlines()[1:] == [
        "- made by no pipeline: facts (data/facts.json)",
    ]
