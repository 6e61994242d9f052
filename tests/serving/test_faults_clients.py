"""Clients that are slow, long-winded or very many: the others are served as if they were not."""

from __future__ import annotations

import asyncio
import json
import os
import re
import resource
import socket
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.serving.load import load_on
from tests.serving.running import REQUEST, Server, make_certificate, serve
from trip_duration.cli import cli
from trip_duration.serving import lingering

BODY = json.dumps(REQUEST).encode()
HEAD = b"POST /v1/predict HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n" % len(BODY)
# as Java's client asks a server for the first time, and curl with --http2
OFFER = b"connection: %b, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABk\r\n\r\n"
OFFERED = HEAD[:-2] + OFFER % b"Upgrade" + BODY
CHUNKED = (
    b"POST /v1/predict HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n"
    + OFFER % b"Upgrade"
    + b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (BODY[:9], BODY[9:]))
    + b"0\r\n\r\n"
)
LAST = HEAD[:-2] + OFFER % b"close, Upgrade" + BODY
ALIVE = b"GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n"
MANY = 1_000


@pytest.fixture(scope="module")
def hasty(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A service that waits half a second for a request."""
    arguments = ("--model", str(models / "first"), "--no-auth", "--no-log")
    with serve(tmp_path_factory.mktemp("hasty"), *arguments, request_seconds="0.5") as server:
        yield server


class Connection:
    """One connection, byte by byte."""

    def __init__(self, server: Server) -> None:
        host, _, port = server.url.removeprefix("http://").partition(":")
        self.address = host, int(port)

    async def open(self) -> Connection:
        self.reader, self.writer = await asyncio.open_connection(*self.address)
        return self

    async def ask(self) -> bytes:
        self.writer.write(HEAD + BODY)
        return await self.answer()

    async def answer(self) -> bytes:
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head)
        assert length is not None
        return head + await self.reader.readexactly(int(length[1]))

    async def trickle(self, content: bytes) -> bytes:
        """Send a byte now and then until the service has had enough, and return all it says."""
        said = asyncio.create_task(self.rest())
        socket = self.writer.get_extra_info("socket").fileno()
        for place in range(len(content)):
            if said.done():
                break
            # past the transport: it would drop what it has not read yet when it sees a reset
            with suppress(ConnectionError):
                os.write(socket, content[place : place + 1])
            await asyncio.sleep(0.03)
        return await said

    async def rest(self) -> bytes:
        """Return all that is said until the end, be it a reset: who still sends may get one."""
        said = b""
        with suppress(ConnectionResetError):
            while block := await self.reader.read(65_536):
                said += block
        return said


@pytest.mark.parametrize(
    ("begun", "slowly"),
    [(b"", HEAD), (HEAD + BODY + HEAD[:9], HEAD[9:]), (HEAD, BODY)],
    ids=["head", "second head", "body"],
)
def test_a_request_that_trickles_in_is_given_up(hasty: Server, begun: bytes, slowly: bytes) -> None:
    async def fault() -> list[bytes]:
        slow = [await Connection(hasty).open() for _ in range(20)]
        for connection in slow:
            connection.writer.write(begun)
        trickling = asyncio.gather(*(connection.trickle(slowly) for connection in slow))
        served = 0
        while not trickling.done():
            other = await Connection(hasty).open()
            assert (await other.ask()).startswith(b"HTTP/1.1 200")
            other.writer.close()
            served += 1
            await asyncio.sleep(0.01)
        assert served >= 5
        return await trickling

    for said in asyncio.run(fault()):
        # each is told, and nothing more: the connection is closed
        *before, last = re.findall(rb"HTTP/1\.1 (\d+)", said)
        assert (last, before) == (b"408", [b"200"] if HEAD + BODY in begun else [])
        assert b"connection: close" in said


def test_who_says_nothing_is_not_waited_for(hasty: Server) -> None:
    async def fault() -> bytes:
        silent = await Connection(hasty).open()
        return await asyncio.wait_for(silent.rest(), 10)

    assert asyncio.run(fault()) == b""


@pytest.mark.parametrize(
    "begun",
    [b"POST /nowhere HTTP/1.1\r\nhost: x\r\ncontent-length: 100000\r\n\r\n", ALIVE],
    ids=["within a body", "between requests"],
)
def test_who_falls_silent_after_an_answer_is_not_waited_for(hasty: Server, begun: bytes) -> None:
    async def fault() -> bytes:
        silent = await Connection(hasty).open()
        silent.writer.write(begun)
        await silent.answer()
        silent.writer.write(b"\r\n")
        return await asyncio.wait_for(silent.rest(), 10)

    assert asyncio.run(fault()) == b""


def test_who_goes_on_after_an_answer_is_answered(hasty: Server) -> None:
    async def fault() -> list[bytes]:
        slow = await Connection(hasty).open()
        answers = []
        for _ in range(4):
            slow.writer.write(b"\r\n")
            await asyncio.sleep(0.3)
            answers.append(await slow.ask())
        return answers

    assert {answer[:12] for answer in asyncio.run(fault())} == {b"HTTP/1.1 200"}


@pytest.mark.parametrize(("before", "length"), [(b"", 100_000), (ALIVE, 600_000)])
def test_a_head_without_end_is_refused(hasty: Server, before: bytes, length: int) -> None:
    async def fault() -> bytes:
        long = await Connection(hasty).open()
        if before:
            long.writer.write(before)
            await long.answer()
        long.writer.write(b"GET /health/live HTTP/1.1\r\nx-much: " + b"a" * length)
        return await asyncio.wait_for(long.rest(), 10)

    assert asyncio.run(fault()).startswith(b"HTTP/1.1 431")


def test_a_long_body_is_not_counted_with_the_head_behind_it(running: Server) -> None:
    body = json.dumps({"records": [REQUEST] * 1_000}).encode()
    head = b"POST /v1/predict/batch HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n"

    async def ask() -> list[bytes]:
        caller = await Connection(running).open()
        caller.writer.write(head % len(body) + body + ALIVE[:9])
        first = await caller.answer()
        caller.writer.write(ALIVE[9:])
        second = await caller.answer()
        caller.writer.close()
        return [first, second]

    async def fault() -> list[list[bytes]]:
        # so many that the service finds long pieces waiting
        return await asyncio.gather(*(ask() for _ in range(20)))

    assert {said[:12] for both in asyncio.run(fault()) for said in both} == {b"HTTP/1.1 200"}


@pytest.mark.parametrize(
    ("asked", "answers"),
    [
        ([OFFERED], 1),
        ([bytes([one]) for one in OFFERED], 1),
        ([OFFERED[: len(HEAD)], OFFERED[len(HEAD) :]], 1),
        ([OFFERED[: -len(BODY)], BODY], 1),
        ([OFFERED[:-9], OFFERED[-9:] + OFFERED + HEAD + BODY], 3),
        ([OFFERED * 100 + CHUNKED + HEAD + BODY], 102),
        ([CHUNKED], 1),
        ([CHUNKED[:-20], CHUNKED[-20:] + OFFERED], 2),
        ([LAST + OFFERED], 1),
    ],
    ids=["whole", "bytes", "head", "body", "pipelined", "many", "chunked", "both", "last"],
)
def test_an_offer_of_another_protocol_is_passed_over(
    running: Server, asked: list[bytes], answers: int
) -> None:
    async def fault() -> list[bytes]:
        caller = await Connection(running).open()
        for piece in asked:
            caller.writer.write(piece)
            await caller.writer.drain()
            await asyncio.sleep(0.001)
        said = [await caller.answer() for _ in range(answers)]
        if asked[-1].startswith(LAST):
            assert await caller.rest() == b""
        else:
            # in step still
            assert (await caller.ask()).startswith(b"HTTP/1.1 200")
        caller.writer.close()
        return said

    said = asyncio.run(fault())
    assert [answer.partition(b"\r\n")[0] for answer in said] == [b"HTTP/1.1 200 OK"] * answers
    written = running.output.read_text().lower()
    assert "upgrade" not in written
    assert "websocket" not in written


def test_an_offer_may_lead_to_a_refusal(running: Server) -> None:
    async def fault() -> tuple[bytes, bytes]:
        offered = await Connection(running).open()
        offered.writer.write(ALIVE.replace(b"/health/live", b"http://[")[:-2] + OFFER % b"Upgrade")
        tunnel = await Connection(running).open()
        tunnel.writer.write(b"CONNECT /v1/model HTTP/1.1\r\nhost: x\r\n\r\n" + ALIVE)
        return await offered.rest(), await tunnel.rest()

    refused, tunnel = asyncio.run(fault())
    assert re.findall(rb"HTTP/1\.1 (\d+)", refused) == [b"400"]
    assert re.findall(rb"HTTP/1\.1 (\d+)", tunnel) == [b"405"]


def test_large_batches_and_single_requests_do_not_disturb_each_other(running: Server) -> None:
    columns = {name: [value] * 10_000 for name, value in REQUEST.items()}
    with running.client() as client:
        alone = client.post("/v1/predict", json=REQUEST).json()
        reasons = client.post("/v1/explain", json=REQUEST).json()["contributions"]
        with load_on(running) as load:
            for _ in range(6):
                said = client.post("/v1/predict/batch", json={"columns": columns}).json()
                assert set(said["columns"]["duration_minutes"]) == {alone["duration_minutes"]}
                again = client.post("/v1/explain", json=REQUEST).json()
                assert again["contributions"] == reasons
            load.asks(20)
    assert load.broken == 0
    for answer in load.answers:
        assert {**answer.said, "prediction_id": ""} == {**alone, "prediction_id": ""}


@pytest.fixture
def files() -> Iterator[None]:
    """Let this process have as many connections open as the service will."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = 2 * MANY
    if hard != resource.RLIM_INFINITY and hard < needed:
        pytest.skip(f"{needed} files may not be open at once here, {hard} may")
    if soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_thousand_connections_at_once_are_all_answered(running: Server, files: None) -> None:
    async def fault() -> list[bytes]:
        connections = [await Connection(running).open() for _ in range(MANY)]
        answers = []
        for _ in range(3):
            answers += await asyncio.gather(*(connection.ask() for connection in connections))
        for connection in connections:
            connection.writer.close()
        return answers

    before = megabytes(running)
    answers = asyncio.run(fault())
    assert len(answers) == 3 * MANY
    assert {answer[:12] for answer in answers} == {b"HTTP/1.1 200"}
    bodies = [json.loads(answer.partition(b"\r\n\r\n")[2]) for answer in answers]
    assert len({body["duration_minutes"] for body in bodies}) == 1
    # a connection may take tens of kilobytes
    assert megabytes(running) - before < 64


def megabytes(server: Server) -> float:
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    peak = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert peak is not None
    return int(peak[1]) / 1024


LONG = json.dumps({"records": [REQUEST] * 60_000}).encode()


@pytest.fixture(scope="module")
def locked(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A service that nobody has a key of."""
    folder = tmp_path_factory.mktemp("locked")
    command = ["keys", "--file", str(folder / "keys.json"), "create", "nobody"]
    assert CliRunner().invoke(cli, command).exit_code == 0
    arguments = ("--model", str(models / "first"), "--keys", str(folder / "keys.json"), "--no-log")
    with serve(folder, *arguments) as server:
        yield server


def refused(
    server: Server,
    path: str,
    body: bytes | Iterator[bytes],
    context: ssl.SSLContext | None = None,
) -> tuple[int, str]:
    """Ask as urllib does, which sends everything before it reads and wants no further request."""
    request = urllib.request.Request(f"{server.url}{path}", data=body, method="POST")  # noqa: S310 - own
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, timeout=30, context=context)  # noqa: S310 - own
    return caught.value.code, json.loads(caught.value.read())["type"].rpartition(":")[2]


@pytest.mark.parametrize("path", ["/v1/predict", "/v1/predict/batch", "/v1/explain"])
def test_who_sends_too_much_reads_why_it_is_refused(running: Server, path: str) -> None:
    assert len(LONG) > 4_194_304
    for _ in range(8):
        assert refused(running, path, LONG) == (413, "too-long")
    # of unstated length
    assert refused(running, path, iter([LONG[:65_536]] * 80)) == (413, "too-long")


def test_who_has_no_key_reads_it_whatever_is_sent(locked: Server, running: Server) -> None:
    for path in ("/v1/predict/batch", "/v1/nowhere"):
        assert refused(locked, path, LONG) == (401, "no-key")
    assert refused(running, "/v1/nowhere", LONG) == (404, "not-found")
    assert refused(running, "/v1/model", LONG) == (405, "method")


def test_it_is_the_same_with_tls(models: Path, tmp_path: Path) -> None:
    certificate, key = make_certificate(tmp_path, "own")
    tls = ("--tls-certificate", str(certificate), "--tls-key", str(key))
    arguments = ("--model", str(models / "first"), "--no-auth", "--no-log", *tls)
    with serve(tmp_path, *arguments) as server:
        context = ssl.create_default_context(cafile=certificate)
        context.check_hostname = False
        for _ in range(4):
            said = refused(server, "/v1/predict/batch", LONG, context)
            assert said == (413, "too-long")
        address = server.url.removeprefix("https://").split(":")
        with (
            socket.create_connection((address[0], int(address[1])), timeout=20) as plain,
            context.wrap_socket(plain) as caller,
        ):
            caller.sendall(HEAD + BODY)
            assert caller.recv(100).startswith(b"HTTP/1.1 200")
        assert server.end() == 0
    log = server.output.read_text()
    assert "Traceback" not in log
    assert "eof_received" not in log


def test_who_sends_without_end_is_not_read_without_end(running: Server) -> None:
    async def fault() -> int:
        endless = await Connection(running).open()
        head = b"POST /v1/predict HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n" % 10**12
        endless.writer.write(head)
        assert (await endless.answer()).startswith(b"HTTP/1.1 413")
        sent = 0
        with suppress(ConnectionError):
            while sent < 2**31:
                endless.writer.write(b" " * 2**20)
                await endless.writer.drain()
                sent += 2**20
        return sent

    # what the systems of both sides hold comes on top
    assert asyncio.run(fault()) < 2 * lingering.MOST_BYTES


def test_who_waits_to_be_asked_for_the_body_is_answered_at_once(running: Server) -> None:
    async def fault() -> bytes:
        polite = await Connection(running).open()
        polite.writer.write(
            b"POST /v1/predict HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\n"
            b"content-length: 9000000\r\n\r\n"
        )
        return await polite.answer()

    assert asyncio.run(fault()).startswith(b"HTTP/1.1 413")


def test_nothing_behind_a_refused_body_is_answered(running: Server) -> None:
    async def fault() -> bytes:
        caller = await Connection(running).open()
        body = b" " * 100_000
        head = b"POST /v1/predict HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n" % len(body)
        caller.writer.write(head)
        answer = await caller.answer()
        caller.writer.write(body + HEAD + BODY + ALIVE)
        return answer + await asyncio.wait_for(caller.rest(), 20)

    said = asyncio.run(fault())
    assert re.findall(rb"HTTP/1\.1 (\d+)", said) == [b"413"]


@pytest.mark.parametrize(
    ("asked", "answers"),
    [
        ([HEAD + BODY], 1),
        ([HEAD, BODY], 1),
        ([ALIVE], 1),
        ([HEAD + BODY + ALIVE + HEAD + BODY], 3),
        ([OFFERED], 1),
        ([CHUNKED], 1),
        ([HEAD + BODY[:-1]], 0),
        ([HEAD + BODY + HEAD[:9]], 1),
        ([HEAD[:9]], 0),
        ([b""], 0),
    ],
    ids=["whole", "in two", "get", "three", "offer", "chunked", "cut", "one and a bit", "bit", "-"],
)
def test_who_ends_its_side_is_answered(running: Server, asked: list[bytes], answers: int) -> None:
    async def fault() -> bytes:
        caller = await Connection(running).open()
        for piece in asked:
            caller.writer.write(piece)
            await caller.writer.drain()
        caller.writer.write_eof()
        return await asyncio.wait_for(caller.rest(), 20)

    said = asyncio.run(fault())
    assert re.findall(rb"HTTP/1\.1 (\d+)", said) == [b"200"] * answers


@pytest.mark.parametrize("path", ["/v1/model/", "/v1/predict/", "/page", "/health/live/", "/page/"])
def test_no_answer_sends_a_caller_to_another_host(running: Server, path: str) -> None:
    with running.client(follow_redirects=False) as client:
        said = client.get(path, headers={"host": "evil.example"})
    assert said.status_code == 404
    assert "location" not in said.headers
    assert "evil.example" not in said.text
