"""The house rules, each held against the project and against an example that breaks it.

A rule is a function from what it looks at to the list of what breaks it.
"""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from kedro.config import OmegaConfigLoader
from kedro.inspection import get_project_snapshot
from kedro.inspection.models import NodeSnapshot, ProjectSnapshot

from trip_duration.reference import pages
from trip_duration.serving.cli import serve
from trip_duration.settings import CONFIG_LOADER_ARGS

PROJECT = Path(__file__).parents[1]
SOURCES = sorted((PROJECT / "src").rglob("*.py"))
PIPELINES = (
    "ingestion",
    "data_processing",
    "feature_engineering",
    "modelling",
    "behaviour",
    "recalibration",
    "explanation",
    "reporting",
    "tuning",
    "backtest",
    "comparison",
    "promotion",
    "inference",
)
LAYERS = {
    "01_raw",
    "02_intermediate",
    "03_primary",
    "04_feature",
    "05_model_input",
    "06_models",
    "07_model_output",
    "08_reporting",
}
FRAMES = ("pandas.ParquetDataset", "pandas.CSVDataset", "MonthsDataset")
MAX_FUNCTION, MAX_FILE, MAX_README, MAX_INPUTS = 50, 300, 20, 7
MIN_FACTORY = 3


@pytest.fixture(scope="module")
def snapshot() -> ProjectSnapshot:
    """The project as Kedro sees it, without running anything."""
    return get_project_snapshot(PROJECT)


@pytest.fixture(scope="module")
def catalog() -> dict[str, dict[str, Any]]:
    """The catalog's entries as configured."""
    loader = OmegaConfigLoader(conf_source=str(PROJECT / "conf"), **CONFIG_LOADER_ARGS)
    return {name: entry for name, entry in loader["catalog"].items() if name[0] != "_"}


def nodes_of(snapshot: ProjectSnapshot) -> list[NodeSnapshot]:
    # by name: a node is in its pipeline and in compositions of it
    named = {node.name: node for p in snapshot.pipelines for node in p.nodes}
    return list(named.values())


def misnamed(nodes: Iterable[NodeSnapshot]) -> list[str]:
    return [node.name for node in nodes if node.name != node.func_name]


def greedy(nodes: Iterable[NodeSnapshot]) -> list[str]:
    return [node.name for node in nodes if len(node.inputs) > MAX_INPUTS]


def untagged(snapshot: ProjectSnapshot) -> list[str]:
    return [
        node.name
        for pipeline in snapshot.pipelines
        if pipeline.name in PIPELINES
        for node in pipeline.nodes
        if node.tags != [pipeline.name]
    ]


def used_datasets(nodes: Iterable[NodeSnapshot]) -> set[str]:
    names = {name for node in nodes for name in (*node.inputs, *node.outputs)}
    return {name for name in names if not name.startswith("params:")}


def undefined(used: set[str], catalog: Iterable[str]) -> list[str]:
    return sorted(name for name in used if not any(matches(name, e) for e in catalog))


def unused(used: set[str], catalog: Iterable[str]) -> list[str]:
    return sorted(e for e in catalog if not any(matches(name, e) for name in used))


def matches(name: str, entry: str) -> bool:
    pattern = re.sub(r"\\{\w+\\}", r"\\w+", re.escape(entry))
    return re.fullmatch(pattern, name) is not None


def dotted(names: Iterable[str]) -> list[str]:
    return [name for name in names if "." in name]


def layerless(catalog: dict[str, dict[str, Any]]) -> list[str]:
    def layer(entry: dict[str, Any]) -> Any:
        return entry.get("metadata", {}).get("kedro-viz", {}).get("layer")

    return [name for name, entry in catalog.items() if layer(entry) not in LAYERS]


def unchecked(catalog: dict[str, dict[str, Any]]) -> list[str]:
    return [
        name
        for name, entry in catalog.items()
        if entry["type"].endswith(FRAMES) and "validator" not in entry
    ]


def unused_groups(nodes: Iterable[NodeSnapshot], groups: Iterable[str]) -> list[str]:
    asked = {name for node in nodes for name in node.inputs if name.startswith("params:")}
    return sorted(set(groups) - {name.removeprefix("params:") for name in asked})


def incomplete(folder: Path) -> list[str]:
    wanted = ("__init__.py", "nodes.py", "pipeline.py", "README.md")
    return [name for name in wanted if not (folder / name).is_file()]


def untold(
    nodes: Iterable[NodeSnapshot], catalog: dict[str, dict[str, Any]], page: str
) -> list[str]:
    """Inputs and outputs of a pipeline, but for those in memory, that their row does not name."""
    nodes = list(nodes)
    rows = dict(re.findall(r"^\| (inputs|outputs) \| (.*) \|$", page, re.MULTILINE))
    outputs = {name for node in nodes for name in node.outputs}
    wanted = {"inputs": used_datasets(nodes) - outputs, "outputs": outputs}
    brief = [name for name, entry in catalog.items() if entry["type"] == "MemoryDataset"]
    return sorted(
        name
        for place, names in wanted.items()
        for name in names
        if f"`{name}`" not in rows.get(place, "") and not any(matches(name, e) for e in brief)
    )


def long_functions(source: str) -> list[str]:
    return [
        node.name
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef)
        and body_lines(node) > MAX_FUNCTION
        # a pipeline is a literal list of nodes: as long as it has nodes
        and node.name != "create_pipeline"
    ]


def body_lines(function: ast.FunctionDef) -> int:
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def impure(source: str) -> list[str]:
    """Calls that a node may not make: the clock, the network, tracking, unseeded chance."""
    forbidden = {"mlflow", "requests", "urllib", "aiohttp", "fsspec", "time", "random"}
    imports = [n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Import)]
    froms = [n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.ImportFrom)]
    imported = [alias.name for node in imports for alias in node.names]
    imported += [node.module or "" for node in froms]
    clocks = [word for word in (".now(", ".today(", ".utcnow(") if word in source]
    return [name for name in imported if name.split(".")[0] in forbidden] + clocks


def test_nodes_carry_the_names_of_their_functions(snapshot: ProjectSnapshot) -> None:
    nodes = nodes_of(snapshot)
    assert misnamed(nodes) == []
    assert misnamed([replace(nodes[0], name="other")]) == ["other"]


def test_nodes_take_few_inputs(snapshot: ProjectSnapshot) -> None:
    nodes = nodes_of(snapshot)
    assert greedy(nodes) == []
    assert greedy([replace(nodes[0], inputs=list("abcdefgh"))]) == [nodes[0].name]


def test_nodes_are_tagged_with_their_pipeline(snapshot: ProjectSnapshot) -> None:
    assert untagged(snapshot) == []
    bare = replace(snapshot.pipelines[0], nodes=[replace(snapshot.pipelines[0].nodes[0], tags=[])])
    assert untagged(replace(snapshot, pipelines=[bare])) == [bare.nodes[0].name]


def test_every_dataset_is_in_the_catalog_and_every_entry_is_used(
    snapshot: ProjectSnapshot, catalog: dict[str, Any]
) -> None:
    used = used_datasets(nodes_of(snapshot))
    assert undefined(used, catalog) == []
    assert unused(used, catalog) == []
    assert undefined({"nowhere", "train_trips"}, catalog) == ["nowhere"]
    assert unused(used, [*catalog, "leftover", "{split}_leftover"]) == [
        "leftover",
        "{split}_leftover",
    ]


def thin_factories(used: set[str], catalog: Iterable[str]) -> list[str]:
    loose = used - set(catalog)
    factories = [entry for entry in catalog if "{" in entry]
    return [f for f in factories if sum(matches(name, f) for name in loose) < MIN_FACTORY]


def test_factories_serve_at_least_three_datasets(snapshot: ProjectSnapshot, catalog: Any) -> None:
    used = used_datasets(nodes_of(snapshot))
    assert thin_factories(used, catalog) == []
    assert thin_factories({"a_trips", "b_trips"}, ["{split}_trips"]) == ["{split}_trips"]


def test_names_of_datasets_have_no_dots(catalog: dict[str, Any]) -> None:
    assert dotted(catalog) == []
    assert dotted(["models.predictor"]) == ["models.predictor"]


def test_every_dataset_has_a_known_layer(catalog: dict[str, Any]) -> None:
    assert layerless(catalog) == []
    astray = {"metadata": {"kedro-viz": {"layer": "cellar"}}}
    assert layerless({"a": {"layer": "raw"}, "b": astray}) == ["a", "b"]


def test_every_persisted_frame_has_a_contract(catalog: dict[str, Any]) -> None:
    assert unchecked(catalog) == []
    assert unchecked({"loose": {"type": "pandas.ParquetDataset"}}) == ["loose"]


def test_every_group_of_parameters_is_used(snapshot: ProjectSnapshot) -> None:
    groups = {name.split(".")[0].removeprefix("params:") for name in snapshot.parameters}
    groups -= {"parameters"}
    assert groups == set(PIPELINES)
    assert unused_groups(nodes_of(snapshot), groups) == []
    assert unused_groups(nodes_of(snapshot), [*groups, "spare"]) == ["spare"]


@pytest.mark.parametrize("name", PIPELINES)
def test_a_pipeline_is_a_folder_of_four_files(name: str, tmp_path: Path) -> None:
    folder = PROJECT / "src/trip_duration/pipelines" / name
    assert incomplete(folder) == []
    assert len((folder / "README.md").read_text().splitlines()) <= MAX_README
    assert incomplete(tmp_path) == ["__init__.py", "nodes.py", "pipeline.py", "README.md"]


@pytest.mark.parametrize("name", PIPELINES)
def test_the_page_of_a_pipeline_names_what_it_reads_and_saves(
    name: str, snapshot: ProjectSnapshot, catalog: dict[str, Any]
) -> None:
    nodes = next(pipeline.nodes for pipeline in snapshot.pipelines if pipeline.name == name)
    page = (PROJECT / "src/trip_duration/pipelines" / name / "README.md").read_text()
    assert untold(nodes, catalog, page) == []


def test_what_the_page_of_a_pipeline_leaves_out_is_noticed(snapshot: ProjectSnapshot) -> None:
    node = replace(nodes_of(snapshot)[0], inputs=["a", "params:b"], outputs=["c", "d", "e_f"])
    brief = {"e_{part}": {"type": "MemoryDataset"}}
    assert untold([node], brief, "| inputs | `c` |\n| outputs | `a`, `d` |") == ["a", "c"]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PROJECT)))
def test_functions_and_files_are_short(path: Path) -> None:
    source = path.read_text()
    assert long_functions(source) == []
    assert len(source.splitlines()) <= MAX_FILE


def test_a_long_function_is_noticed() -> None:
    assert long_functions("def f():\n" + "    x = 1\n" * 51) == ["f"]


@pytest.mark.parametrize("name", PIPELINES)
def test_nodes_are_pure(name: str) -> None:
    for path in (PROJECT / "src/trip_duration/pipelines" / name).glob("*.py"):
        assert impure(path.read_text()) == [], path


def test_an_impure_node_is_noticed() -> None:
    assert impure("import mlflow\nfrom time import sleep\nx = pd.Timestamp.now()") == [
        "mlflow",
        "time",
        ".now(",
    ]


def test_there_is_no_room_for_leftovers() -> None:
    words: Callable[[Path], set[str]] = lambda path: set(path.with_suffix("").parts)  # noqa: E731
    assert [path for path in SOURCES if words(path) & {"utils", "common", "helpers"}] == []


def test_the_generated_pages_are_those_of_the_code() -> None:
    for name, text in pages().items():
        assert (PROJECT / "docs/reference" / name).read_text() == text, "run `make docs`"


def test_the_page_of_settings_marks_every_option_of_the_service() -> None:
    page = pages()["service-settings.md"]
    assert [o.opts[0] for o in serve.params if f" | `{o.opts[0]}` | " not in page] == []


def test_a_package_in_no_layer_breaks_the_architecture(tmp_path: Path) -> None:
    shutil.copytree(PROJECT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PROJECT / "pyproject.toml", tmp_path)
    newcomer = tmp_path / "src/trip_duration/newcomer"
    newcomer.mkdir()
    (newcomer / "__init__.py").write_text("")
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "- trip_duration.newcomer\n" in done.stdout
    assert "1 broken" in done.stdout


def test_telemetry_is_off() -> None:
    assert (PROJECT / ".telemetry").read_text() == "consent: false\n"
