"""The alarms of the service, as Prometheus itself reads and tries them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.machine import do_without

DEPLOY = Path(__file__).parents[2] / "deploy"


@pytest.mark.parametrize("asked", [("check", "alerts.yml"), ("test", "alerts_test.yml")])
def test_prometheus_finds_nothing_wrong(asked: tuple[str, str]) -> None:
    if shutil.which("promtool") is None:
        do_without("promtool is missing; it comes with Prometheus")
    verb, file = asked
    command = ["promtool", verb, "rules", file]
    done = subprocess.run(command, cwd=DEPLOY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
