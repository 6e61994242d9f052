"""What the pages of the documentation tell a reader to type can be typed.

Each page is read from top to bottom in a project that was trained once. A block that is not run has
a marker with the reason, see ``blocks``.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.docs.blocks import read_blocks
from tests.docs.reader import ROOT, Reader, copy_project, make_project

pytestmark = pytest.mark.docs
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCKS = {str(page.relative_to(ROOT)): read_blocks(page.read_text()) for page in PAGES}
RUN = {
    name: [block for block in blocks if block.marker is None or block.marker.kind != "skip"]
    for name, blocks in BLOCKS.items()
}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a project after one run and a promotion. Not to be written to."""
    folder = tmp_path_factory.mktemp("trained")
    project = make_project(folder)
    with Reader(project, folder / "mirror") as reader:
        done = reader.run(["kedro", "run"])
        assert done.returncode == 0, done.stderr[-3000:]
    return folder


@pytest.fixture
def reader(trained: Path, tmp_path: Path) -> Iterator[Reader]:
    """A reader with a copy of the trained project."""
    project = tmp_path / "project"
    copy_project(trained / "project", project)
    with Reader(project, trained / "mirror") as reader:
        yield reader


@pytest.mark.parametrize("page", [name for name, blocks in RUN.items() if blocks])
def test_a_page_can_be_typed(page: str, reader: Reader) -> None:
    prepare = PREPARED.get(page)
    if prepare is not None:
        prepare(reader.project)
    before = {path.name for path in reader.project.iterdir()}
    for block in RUN[page]:
        reader.type_block(block)
    stray = {path.name for path in reader.project.iterdir()} - before
    assert not {name for name in stray if name.endswith((".db", "mlruns"))}, stray


def write_requests(project: Path) -> None:
    rows = "pickup_datetime,pickup_zone,dropoff_zone\n2023-04-12T08:30:00,74,236\n"
    (project / "requests").mkdir()
    for path in (project / "requests.csv", project / "requests/april.csv"):
        path.write_text(rows)


def write_certificate(project: Path) -> None:
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"),
            *("-subj", "/CN=localhost", "-keyout", "key.pem", "-out", "chain.pem"),
        ],
        cwd=project,
        check=True,
        capture_output=True,
    )


def promote(project: Path) -> None:
    command = ["trip-duration", "models", "promote", "--force", "--reason", "to be read about"]
    with Reader(project, project) as reader:
        done = reader.run(command)
    assert done.returncode == 0, done.stderr


def promote_and_train_again(project: Path) -> None:
    promote(project)
    command = ["kedro", "run", "--pipelines", "modelling,behaviour,reporting"]
    with Reader(project, project) as reader:
        done = reader.run([*command, "--params", "modelling.lightgbm.num_trees=70"])
    assert done.returncode == 0, done.stderr[-3000:]


def write_requests_and_promote(project: Path) -> None:
    write_requests(project)
    promote(project)


def write_outcomes(project: Path) -> None:
    (project / "trips-of-april.csv").write_text("prediction_id,duration_minutes\nunknown,12.5\n")


PREPARED: dict[str, Callable[[Path], None]] = {
    "README.md": write_requests,
    "docs/how-to/predict-in-bulk.md": write_requests_and_promote,
    "docs/how-to/promote-and-roll-back.md": promote_and_train_again,
    "docs/how-to/read-the-prediction-log.md": write_outcomes,
    "docs/how-to/secure-the-service.md": write_certificate,
    "docs/how-to/trace-a-prediction.md": promote,
    "docs/how-to/track-runs.md": promote,
}
