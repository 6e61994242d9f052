"""What docs/concepts/privacy.md promises: what of a request is kept where, and what never is."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from tests.serving.entries import entry, ids
from tests.serving.running import serve
from tests.serving.test_faults_services import Collector, collector
from tests.serving.test_keys import command
from trip_duration.serving.database import insert, open_database, upgrade
from trip_duration.serving.entry import as_row
from trip_duration.serving.telemetry import _without_callers

__all__ = ["collector"]
PRIVACY = Path(__file__).parents[2] / "docs/concepts/privacy.md"
ASKED = {
    "pickup_datetime": "2031-07-09T03:17:41",
    "pickup_zone": 31_999,
    "dropoff_zone": 31_888,
    "route_distance": 987.654321,
}
TRIP = ("2031-07-09", "31999", "31888", "987.654321")
CALLER = ("someone-agent", "who-asks", "203.0.113.7", "127.0.0.1", "a-cookie")
HEADERS = {
    "user-agent": "someone-agent/1",
    "x-forwarded-for": "203.0.113.7",
    "cookie": "session=a-cookie",
    "referer": "https://who-asks.example/",
}


def test_what_was_asked_is_in_the_prediction_log_alone_and_who_asked_nowhere(
    models: Path, tmp_path: Path, collector: Collector
) -> None:
    keys, log, audit = tmp_path / "keys.json", tmp_path / "log.db", tmp_path / "audit.jsonl"
    key = command(keys, "create", "dispatch", "--scope", "predict", "--scope", "admin")
    identity, secret = key.split("_", 2)[1:]
    arguments = ("--model", str(models / "first"), "--keys", str(keys))
    settings = {"log_url": f"sqlite:///{log}", "telemetry": collector.url, "audit": str(audit)}
    with serve(tmp_path, *arguments, **settings) as server:
        with server.client(key) as client:
            said = client.post("/v1/predict?who-asks=1", json=ASKED, headers=HEADERS)
            assert said.is_success
            assert client.get("/who-asks/31999", headers=HEADERS).status_code == 404
            bad = {**ASKED, "pickup_zone": "who-asks"}
            assert client.post("/v1/predict", json=bad, headers=HEADERS).status_code == 422
            metrics = client.get("/metrics").text
        # the rest of the prediction log and of the traces is written at the end
        assert server.end() == 0
    assert ids(settings["log_url"]) == [said.json()["prediction_id"]]
    lines = [line for line in server.output.read_text().splitlines() if '"message"' not in line]
    access = "\n".join(lines)
    traces = b"".join(collector.bodies).decode("latin-1")
    assert identity in access
    assert '"path":"other"' in access
    assert "/v1/predict" in traces
    for kept in (access, metrics, traces, audit.read_text()):
        for word in (*TRIP, *CALLER, secret):
            assert word not in kept, word
    # uvicorn says which address it listens on, and nothing of callers
    assert not [word for word in (*TRIP, *CALLER[:3], secret) if word in server.output.read_text()]
    (row,) = sqlite3.connect(log).execute("SELECT * FROM predictions").fetchall()
    written = str(row)
    assert all(word in written for word in TRIP)
    assert not [word for word in (*CALLER, secret, identity, "dispatch") if word in written]
    assert secret not in keys.read_text()


def test_errors_of_the_database_do_not_repeat_what_was_asked(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'log.db'}")
    upgrade(engine)
    wrong = {**as_row(entry(0)), "pickup_zone": 31_999, "minutes": None}
    with pytest.raises(sa.exc.SQLAlchemyError, match="parameters hidden") as caught:
        insert(engine, [wrong])
    assert "31999" not in str(caught.value)


def test_the_statements_of_the_page_delete_what_they_say(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'log.db'}"
    engine = open_database(url)
    upgrade(engine)
    now = datetime.now(UTC)
    ages = [0, 89, 91, 400]
    rows = [as_row(entry(age, requested_at=now - timedelta(days=age))) for age in ages]
    insert(engine, rows)
    engine.dispose()
    with sqlite3.connect(tmp_path / "log.db") as database:
        for age in ages:
            values = (entry(age).prediction_id, 12.0, "2023-05-01", "file.csv", "ab")
            database.execute("INSERT INTO outcomes VALUES (?, ?, ?, ?, ?)", values)
    block = PRIVACY.read_text().partition("```sql\n")[2].partition("```")[0]
    statements = [line.partition("--")[0].strip() for line in block.splitlines()]
    database = sqlite3.connect(tmp_path / "log.db", isolation_level=None)
    for statement in statements:
        if "interval" not in statement:
            database.execute(statement)
    kept = [entry(age).prediction_id for age in ages[:2]]
    assert ids(url) == kept
    joined = database.execute("SELECT prediction_id FROM outcomes ORDER BY 1").fetchall()
    assert [row[0] for row in joined] == kept


def test_the_text_of_an_exception_is_not_exported() -> None:
    sink = InMemorySpanExporter()
    provider = TracerProvider()
    anonymous = _without_callers(sink, ReadableSpan, SpanExporter)
    provider.add_span_processor(SimpleSpanProcessor(anonymous))
    with (
        pytest.raises(ValueError, match="31999"),
        provider.get_tracer("tests").start_as_current_span("POST /v1/predict"),
    ):
        raise ValueError("zone 31999")
    (span,) = sink.get_finished_spans()
    assert span.status.status_code is StatusCode.ERROR
    assert "31999" not in span.to_json()
