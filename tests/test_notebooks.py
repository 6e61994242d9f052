"""The notebooks: how they are stored, and that they run on what a finished run has left."""

from __future__ import annotations

import ast
import asyncio
import re
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("ipykernel", reason="ipykernel (extra notebooks) is missing")
nbclient = pytest.importorskip("nbclient", reason="nbclient (extra notebooks) is missing")
nbformat = pytest.importorskip("nbformat", reason="nbformat (extra notebooks) is missing")
client = pytest.importorskip("jupyter_client", reason="jupyter_client is missing")

PROJECT = Path(__file__).parents[1]
FOLDER = PROJECT / "notebooks"
# figures that each notebook shows at least
FIGURES = {"01-explore-trips": 6, "02-inspect-features": 6, "03-inspect-model": 10}
FIRST_CELL = "%load_ext kedro.ipython"
# as Kedro's log does, after which a failed cell has no output of type error
OWN_TRACEBACKS = "import rich.traceback\nrich.traceback.install()"
PLOTLY = "application/vnd.plotly.v1+json"
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
METADATA = {
    "kernelspec": {
        "display_name": "Python 3 (ipykernel)",
        "language": "python",
        "name": "python3",
    },
    "language_info": {"name": "python"},
}

Notebook = Any


def stored(name: str) -> Notebook:
    return nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)


def notebook_of(*sources: str) -> Notebook:
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    return nbformat.v4.new_notebook(cells=cells, metadata=METADATA)


def syntax(notebook: Notebook) -> list[ast.AST]:
    """The nodes of all code, but for the magic of the first cell."""
    sources = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    return [node for source in sources[1:] for node in ast.walk(ast.parse(source))]


def remains(notebook: Notebook) -> list[str]:
    """What executing leaves behind."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    left = ["outputs" for cell in code if cell.outputs]
    left += ["execution count" for cell in code if cell.execution_count is not None]
    left += ["cell metadata" for cell in notebook.cells if cell.metadata]
    return left + (["notebook metadata"] if notebook.metadata != METADATA else [])


def functions(notebook: Notebook) -> list[str]:
    return [type(node).__name__ for node in syntax(notebook) if isinstance(node, FUNCTIONS)]


def readings(notebook: Notebook) -> list[str]:
    """Ways to data past the catalog: ``read_*``, ``load`` of anything else, ``open``, paths."""
    found = []
    for node in syntax(notebook):
        if isinstance(node, ast.Attribute):
            owner = node.value.id if isinstance(node.value, ast.Name) else ""
            past = node.attr == "load" and owner != "catalog"
            if past or node.attr.startswith("read_"):
                found.append(f"{owner}.{node.attr}")
        elif isinstance(node, ast.Name) and node.id in {"open", "Path"}:
            found.append(node.id)
    return found


def test_every_notebook_is_tested_and_named_by_number_and_topic() -> None:
    names = sorted(path.stem for path in FOLDER.glob("*.ipynb"))
    assert names == sorted(FIGURES)
    assert all(re.fullmatch(r"\d\d-[a-z]+(-[a-z]+)*", name) for name in names)


@pytest.mark.parametrize("name", FIGURES)
def test_notebooks_are_stored_without_what_executing_leaves(name: str) -> None:
    nbformat.validate(stored(name))
    assert remains(stored(name)) == []


@pytest.mark.parametrize("name", FIGURES)
def test_notebooks_begin_with_kedro_and_load_by_the_catalog_alone(name: str) -> None:
    assert stored(name).cells[0].source == FIRST_CELL
    assert readings(stored(name)) == []
    assert functions(stored(name)) == []


def test_what_executing_leaves_is_found() -> None:
    notebook = notebook_of(FIRST_CELL)
    assert remains(notebook) == []
    notebook.cells[0].update(execution_count=1, metadata={"scrolled": True})
    notebook.cells[0].outputs = [nbformat.v4.new_output("stream", text="done")]
    notebook.metadata = {"language_info": {"version": "3.11.9"}}
    assert remains(notebook) == ["outputs", "execution count", "cell metadata", "notebook metadata"]


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("catalog.load('trips')['2023-01'].read()", []),
        ("pd.read_parquet('data/trips.parquet')", ["pd.read_parquet"]),
        ("json.load(open('metrics.json'))", ["json.load", "open"]),
        ("np.load('features.npz')", ["np.load"]),
        ("Path('data')", ["Path"]),
    ],
)
def test_ways_past_the_catalog_are_found(source: str, found: list[str]) -> None:
    assert sorted(readings(notebook_of(FIRST_CELL, source))) == found


@pytest.mark.parametrize("source", ["def f(): pass", "f = lambda: 1", "class A: pass"])
def test_functions_are_found(source: str) -> None:
    assert len(functions(notebook_of(FIRST_CELL, source))) == 1


class OwnKernel(client.AsyncKernelManager):
    """Starts the interpreter of the test, whatever kernels are installed."""

    def __init__(self, **settings: Any) -> None:
        # with no folder to look for others in, "python3" is this interpreter
        specs = client.kernelspec.KernelSpecManager(kernel_dirs=[])
        super().__init__(kernel_spec_manager=specs, **settings)


async def execute(path: Path) -> Notebook:
    runner = nbclient.NotebookClient(
        nbformat.read(path, as_version=4),
        kernel_manager_class=OwnKernel,
        kernel_name="python3",
        shutdown_kernel="immediate",
        timeout=120,
        resources={"metadata": {"path": str(path.parent)}},
    )
    return await runner.async_execute()


async def execute_all(paths: Iterable[Path]) -> list[Notebook | BaseException]:
    return await asyncio.gather(*map(execute, paths), return_exceptions=True)


@pytest.fixture(scope="module")
def executed(
    finished_run: Path, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, Notebook | BaseException]:
    """All notebooks, executed in a project with one finished run, and one that must fail."""
    project = shutil.copytree(finished_run, tmp_path_factory.mktemp("explored") / "project")
    folder = shutil.copytree(FOLDER, project / "notebooks", ignore=shutil.ignore_patterns(".*"))
    nbformat.write(notebook_of(OWN_TRACEBACKS, "1 / 0"), folder / "broken.ipynb")
    paths = sorted(folder.glob("*.ipynb"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KEDRO_ENV", "test")
        patch.setenv("IPYTHONDIR", str(project / ".ipython"))
        patch.setenv("JUPYTER_RUNTIME_DIR", str(project / ".runtime"))
        made = asyncio.run(execute_all(paths))
    return {path.stem: result for path, result in zip(paths, made, strict=True)}


@pytest.mark.parametrize("name", FIGURES)
def test_notebooks_run_on_a_finished_run_and_show_figures(
    executed: Mapping[str, Notebook | BaseException], name: str
) -> None:
    notebook = executed[name]
    if isinstance(notebook, BaseException):
        raise notebook
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    figures = [output.data[PLOTLY] for output in outputs if PLOTLY in output.get("data", {})]
    assert len(figures) >= FIGURES[name]
    assert all(figure["data"] for figure in figures)
    # plotly's own maps would be fetched from a site
    assert [figure for figure in figures if {"geo", "mapbox", "map"} & set(figure["layout"])] == []


def test_a_failing_cell_is_found(executed: Mapping[str, Notebook | BaseException]) -> None:
    failure = executed["broken"]
    assert isinstance(failure, nbclient.exceptions.CellExecutionError)
    assert failure.ename == "ZeroDivisionError"
