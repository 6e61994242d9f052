"""A process that is killed under load: what it held is lost, all else goes on."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from tests.serving.entries import ids, sqlite_at
from tests.serving.load import load_on
from tests.serving.running import serve, wait_for


def test_a_killed_process_costs_what_it_was_doing_and_nothing_else(
    models: Path, tmp_path: Path
) -> None:
    arguments = ("--model", str(models / "first"), "--no-auth", "--workers", "2")
    with serve(tmp_path, *arguments, log_url=sqlite_at(tmp_path)) as server:
        first = server.workers()
        with load_on(server, 6) as load:
            load.asks(20)
            for victim in first:
                before = load.broken
                os.kill(victim, signal.SIGKILL)
                load.asks(20)
                wait_for(lambda victim=victim: len(alive(server.workers()) - {victim}) == 2, 5)
                # each caller had one connection, and one question on it
                assert load.broken - before <= len(load.callers)
            wait_for(lambda: len(alive(server.workers()) - set(first)) == 2, 5)
            broken = load.broken
            load.asks(20)
            assert load.broken == broken
        assert server.end() == 0
    assert broken >= 1
    assert load.statuses() == {200}
    logged = set(ids(sqlite_at(tmp_path)))
    missing = [
        (caller, answer)
        for caller in load.callers
        for answer in caller.answers
        if answer.said["prediction_id"] not in logged
    ]
    # what the killed had not yet written; every entry of those that lived is there
    assert all(answer.connection < caller.broken for caller, answer in missing)


def alive(workers: list[int]) -> set[int]:
    """Return the processes that are not merely waiting to be buried."""
    states = {pid: Path(f"/proc/{pid}/stat") for pid in workers}
    return {p for p, s in states.items() if s.exists() and ") Z" not in s.read_text()}
