"""What `deploy/` holds: the service on its own lock, without the project's other libraries."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.serving.running import REQUEST, serve, wait_for

PROJECT = Path(__file__).parents[2]
# what measures these tests runs in every process that they start
OURS = {"coverage", "trip-duration"}
HIDING = """
import sys
from importlib.abc import MetaPathFinder

class Hidden(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {hidden!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Hidden())
"""


def locked(name: str) -> dict[str, set[str]]:
    """Return the versions of each library in a lock."""
    found: dict[str, set[str]] = {}
    for library, version in re.findall(
        r"^([\w.-]+)(?:\[[\w,.-]+\])?==(\S+)", (PROJECT / name).read_text(), re.M
    ):
        found.setdefault(library, set()).add(version)
    return found


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_the_service_is_locked_at_the_versions_that_are_tested() -> None:
    whole, small = locked("requirements.lock"), locked("deploy/requirements.lock")
    assert {name for name in small if not small[name] & whole.get(name, set())} == set()
    assert not small.keys() & {"kedro", "mlflow", "pandas", "pyarrow", "scikit-learn", "mapie"}


def test_the_service_asks_for_what_the_project_asks_for() -> None:
    said = tomllib.loads((PROJECT / "pyproject.toml").read_text())
    extras = said["project"]["optional-dependencies"].values()
    asked = {*said["project"]["dependencies"], *(line for extra in extras for line in extra)}
    assert set(said["dependency-groups"]["serving"]) <= asked


@pytest.fixture
def hiding(tmp_path: Path) -> str:
    """A folder that hides every library that the lock of the service has not."""
    kept = {*locked("deploy/requirements.lock"), *OURS}
    installed = packages_distributions().items()
    hidden = {name for name, makers in installed if not {normal(one) for one in makers} & kept}
    assert {"kedro", "mlflow", "pandas", "pyarrow", "sklearn"} <= hidden
    folder = tmp_path / "hiding"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(HIDING.format(hidden=hidden))
    return str(folder)


def test_the_service_needs_no_other_library(
    hiding: str, models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", hiding)
    with serve(tmp_path, "--model", str(models / "first"), "--no-auth") as server:
        with server.client() as client:
            wait_for(lambda: client.get("/health/ready").is_success)
            assert client.post("/v1/predict", json=REQUEST).is_success
            assert client.post("/v1/explain", json=REQUEST).is_success
            assert client.post("/v1/predict/batch", json={"records": [REQUEST]}).is_success
            assert client.get("/v1/model").is_success
            assert client.get("/openapi.json").is_success
            wait_for(lambda: "trip_duration_log_written 3.0" in client.get("/metrics").text)
        assert server.end() == 0


def test_keys_are_made_without_other_libraries(
    hiding: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", hiding)
    file = ["keys", "--file", str(tmp_path / "keys.json")]
    command = [sys.executable, "-m", "trip_duration", *file]
    made = subprocess.run([*command, "create", "one"], capture_output=True, text=True, check=True)
    assert made.stdout.startswith("td_")
    assert [path.name for path in tmp_path.glob("*keys*")] == ["keys.json"]
