"""One line for each node, whatever the runner, and where a failed run can go on."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from kedro.io import DataCatalog
from kedro.pipeline import Node, Pipeline
from kedro.runner import AbstractRunner, SequentialRunner, ThreadRunner
from kedro_datasets.json import JSONDataset

from trip_duration.terminal.node_log import NodeLog

Lines = Callable[[], list[str]]


def one() -> int:
    return 1


def twice(number: int) -> int:
    return 2 * number


def fail(number: int) -> int:
    raise ValueError(number)


def pipeline(last: Callable[[int], int] = twice) -> Pipeline:
    return Pipeline(
        [
            Node(one, None, "number", name="one"),
            Node(twice, "number", "double", name="twice"),
            Node(last, "double", "last", name="last"),
        ]
    )


@pytest.fixture
def catalog(tmp_path: Path) -> DataCatalog:
    names = ("number", "double", "last")
    return DataCatalog({n: JSONDataset(filepath=f"{tmp_path}/{n}.json") for n in names})


@pytest.fixture
def nodes(monkeypatch: pytest.MonkeyPatch) -> NodeLog:
    """The log, in place of that of the project's settings."""
    for name in ("kedro.runner", "kedro.pipeline.node"):
        logger = logging.getLogger(name)
        monkeypatch.setattr(logger, "handlers", [])
        monkeypatch.setattr(logger, "propagate", True)
        monkeypatch.setattr(logger, "level", logging.INFO)
    log = NodeLog()
    log.install()
    return log


class _Kept(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lines]:
    """What reaches the handlers of the root logger, where lines are written."""
    root, kept = logging.getLogger(), _Kept()
    monkeypatch.setattr(root, "level", logging.INFO)
    root.addHandler(kept)
    yield lambda: kept.lines
    root.removeHandler(kept)


@pytest.mark.parametrize("runner", [SequentialRunner(), ThreadRunner()])
def test_each_node_has_one_line(
    nodes: NodeLog, lines: Lines, catalog: DataCatalog, runner: AbstractRunner
) -> None:
    nodes.begin(3)
    runner.run(pipeline(), catalog)
    *node_lines, end = lines()
    assert [re.sub(r"\d+\.\d s$", "s", line) for line in node_lines] == [
        "1/3 one s",
        "2/3 twice s",
        "3/3 last s",
    ]
    assert end.startswith("Pipeline execution completed successfully")
    assert (nodes.ended, nodes.resume_from) == (3, [])


def test_a_failed_run_tells_from_which_nodes_to_go_on(
    nodes: NodeLog, lines: Lines, catalog: DataCatalog
) -> None:
    with pytest.raises(ValueError, match="2"):
        SequentialRunner().run(pipeline(fail), catalog)
    assert len(lines()) == 2
    assert (nodes.ended, nodes.nodes) == (2, 3)
    assert (nodes.failed, nodes.resume_from) == ("last", ["last"])
    nodes.begin(1)
    assert (nodes.ended, nodes.nodes) == (0, 1)
    assert (nodes.failed, nodes.resume_from) == ("", [])


def test_a_run_that_fails_at_once_has_nothing_to_go_on_from(
    nodes: NodeLog, lines: Lines, catalog: DataCatalog
) -> None:
    catalog.save("double", 1)
    with pytest.raises(ValueError, match="1"):
        SequentialRunner().run(pipeline(fail).only_nodes("last"), catalog)
    assert lines() == []
    assert nodes.resume_from == []


def test_what_kedro_says_beside_is_handed_on(nodes: NodeLog, lines: Lines) -> None:
    logging.getLogger("kedro.runner.runner").warning("Skipping %d nodes", 3)
    assert lines() == ["Skipping 3 nodes"]
