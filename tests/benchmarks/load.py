"""Load by wrk: many different requests over some connections, bounded in time."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SCRIPT = Path(__file__).with_name("load.lua")
MISSING = "wrk is not installed (apt-get install wrk): requests a second were not measured"
CONNECTIONS = 16
BODIES = 2_000
ZONES = 263


@dataclass(frozen=True)
class Load:
    """What wrk saw.

    Attributes:
        requests: Answers that came, whatever they said.
        seconds: How long it asked.
        errors: Answers from 400 on, and failures of sockets.
        p50_ms: Median latency.
        p99_ms: 99th percentile of it.
    """

    requests: int
    seconds: float
    errors: int
    p50_ms: float
    p99_ms: float

    @property
    def rate(self) -> float:
        return self.requests / self.seconds


def has_wrk() -> bool:
    return shutil.which("wrk") is not None


def draw_requests(count: int = BODIES, seed: int = 0) -> list[dict[str, Any]]:
    """Requests between any zones at any time, every other one with a distance."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    return [
        {
            "pickup_datetime": f"2023-04-{chance.randint(1, 30):02}"
            f"T{chance.randint(0, 23):02}:{chance.randint(0, 59):02}:{chance.randint(0, 59):02}",
            "pickup_zone": chance.randint(1, ZONES),
            "dropoff_zone": chance.randint(1, ZONES),
            "route_distance": round(chance.uniform(0.3, 15), 2) if number % 2 else None,
        }
        for number in range(count)
    ]


def write_bodies(bodies: Iterable[Any], path: Path) -> Path:
    path.write_text("".join(f"{json.dumps(body)}\n" for body in bodies))
    return path


def put_load(url: str, bodies: Path, seconds: int) -> Load:
    """Ask over all connections at once, each as soon as it has its answer, for some seconds.

    Raises:
        RuntimeError: With what wrk said, if it fails.
    """
    command = ["wrk", "--threads", "1", "--connections", str(CONNECTIONS), "--timeout", "20s"]
    command += ["--duration", f"{seconds}s", "--latency", "--script", str(SCRIPT), url, "--"]
    done = subprocess.run(
        [*command, str(bodies)],
        capture_output=True,
        text=True,
        check=False,
        timeout=seconds + 60,
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    return Load(**json.loads(done.stdout.splitlines()[-1]))
