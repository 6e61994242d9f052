"""Keys: missing, wrong, revoked, without the scope; and how often one may ask."""

from __future__ import annotations

import json
import re
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.serving.running import REQUEST, Server, serve, wait_for
from tests.serving.test_model_swap import point
from trip_duration.cli import cli
from trip_duration.errors import ParameterError
from trip_duration.serving.keys import KeyFile, Keys
from trip_duration.serving.keys_cli import change_keys


def command(path: Path, *arguments: str) -> str:
    ended = CliRunner().invoke(cli, ["keys", "--file", str(path), *arguments])
    assert ended.exit_code == 0, ended.output
    return ended.output.strip()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys")


@pytest.fixture(scope="module")
def keys(folder: Path) -> dict[str, str]:
    path = folder / "keys.json"
    return {
        "both": command(path, "create", "dispatch"),
        "predict": command(path, "create", "page", "--scope", "predict"),
        "admin": command(path, "create", "prometheus", "--scope", "admin"),
        "busy": command(path, "create", "busy"),
        "other": command(path, "create", "other"),
    }


@pytest.fixture(scope="module")
def guarded(models: Path, folder: Path, keys: dict[str, str]) -> Iterator[Server]:
    arguments = ("--model", str(models / "first"), "--keys", str(folder / "keys.json"), "--no-log")
    with serve(folder, *arguments, rate_limit="20/hour") as server:
        yield server


def status(server: Server, key: str | None, path: str = "/v1/predict") -> int:
    with server.client(key) as client:
        if path == "/metrics":
            return client.get(path).status_code
        return client.post(path, json=REQUEST).status_code


def test_only_a_key_in_force_opens(guarded: Server, keys: dict[str, str]) -> None:
    good = keys["both"]
    assert status(guarded, good) == 200
    for bad in (None, "", "x", good[:-1], f"{good}x", good.upper(), f"td_{'0' * 12}_x", "td__"):
        assert status(guarded, bad) == 401, bad
    with guarded.client() as client:
        assert client.post("/v1/predict", json=REQUEST, headers={"x-api-key": good}).is_success
        refused = client.get("/v1/model")
        assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
        odd = client.post("/v1/predict", json=REQUEST, headers={"x-api-key": b"td_\xe9_\xff"})
        assert odd.status_code == 401
        assert client.get("/health/ready").is_success


def test_scopes_divide_what_keys_open(guarded: Server, keys: dict[str, str]) -> None:
    paths = ("/v1/predict", "/v1/explain", "/metrics")
    opened = {
        key: tuple(status(guarded, keys[key], path) for path in paths)
        for key in ("both", "predict", "admin")
    }
    assert opened == {
        "both": (200, 200, 403),
        "predict": (200, 403, 403),
        "admin": (403, 403, 200),
    }


def test_who_asks_too_often_has_to_wait_alone(guarded: Server, keys: dict[str, str]) -> None:
    with guarded.client(keys["busy"]) as client:
        answers = [client.post("/v1/predict", json=REQUEST) for _ in range(25)]
    assert [a.status_code for a in answers] == [200] * 20 + [429] * 5
    assert answers[-1].headers["retry-after"] == "3600"
    assert status(guarded, keys["other"]) == 200


def test_a_revoked_key_is_refused_within_seconds(guarded: Server, folder: Path) -> None:
    path = folder / "keys.json"
    key = command(path, "create", "late")
    wait_for(lambda: status(guarded, key) == 200)
    command(path, "revoke", key.split("_")[1])
    wait_for(lambda: status(guarded, key) == 401, 5)
    assert "revoked" in command(path, "list")


def test_the_file_holds_no_key_and_is_its_owners(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    key = command(path, "create", "one")
    assert key.split("_", 2)[2] not in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_keys_made_at_once_are_all_kept(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    makers = [
        threading.Thread(
            target=change_keys, args=(path, "key_created", lambda k: k.create("x", ("predict",)))
        )
        for _ in range(8)
    ]
    for maker in makers:
        maker.start()
    for maker in makers:
        maker.join()
    assert len(KeyFile.read(path).keys) == 8


def test_a_slip_in_the_file_locks_nobody_out(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    key = command(path, "create", "one")
    known = Keys(path)
    path.write_text("{")
    known.read_again()
    assert known.find(key) is not None
    with pytest.raises(ParameterError, match=r"keys\.json"):
        Keys(path)


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def halved(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def without_keys(path: Path) -> None:
    path.write_text('{"keys": []}')


def with_odd_hash(path: Path) -> None:
    path.write_text(re.sub(r'"sha256": ".', '"sha256": "\u00e9', path.read_text()))


@pytest.mark.parametrize(
    "harm", [emptied, halved, without_keys, with_odd_hash, Path.unlink], ids=lambda f: f.__name__
)
def test_a_file_that_is_none_keeps_the_old_keys(
    models: Path, tmp_path: Path, harm: Callable[[Path], None]
) -> None:
    path = tmp_path / "keys.json"
    key = command(path, "create", "one")
    arguments = ("--model", str(models / "first"), "--keys", str(path), "--no-log")
    with serve(tmp_path, *arguments) as server:
        assert status(server, key) == 200
        harm(path)
        wait_for(lambda: "the keys read before stay in force" in server.output.read_text(), 20)
        assert status(server, key) == 200
        assert status(server, f"{key}x") == 401
    # told once, and not every second
    assert server.output.read_text().count("the keys read before stay in force") == 1


@pytest.mark.parametrize(
    ("field", "value"), [("sha256", "\u00e9" * 64), ("sha256", "ab"), ("id", "a_b")]
)
def test_what_is_no_hash_and_no_id_is_told_without_repeating_it(
    tmp_path: Path, field: str, value: str
) -> None:
    path = tmp_path / "keys.json"
    command(path, "create", "one")
    content = json.loads(path.read_text())
    content["keys"][0][field] = f"s3cret{value}"
    path.write_text(json.dumps(content))
    with pytest.raises(ParameterError, match=rf"keys\.0\.{field}: String should match") as caught:
        Keys(path)
    assert "s3cret" not in str(caught.value)


def test_a_folder_that_cannot_be_searched_locks_nobody_out(models: Path, tmp_path: Path) -> None:
    folder, link = tmp_path / "folder", tmp_path / "link"
    key = command(folder / "keys.json", "create", "one")
    link.symlink_to(folder)
    arguments = ("--model", str(models / "first"), "--keys", str(link / "keys.json"), "--no-log")
    with serve(tmp_path, *arguments) as server:
        assert status(server, key) == 200
        shut(link)
        wait_for(lambda: "the keys read before stay in force" in told(server, key), 10)
        assert status(server, key) == 200
        # it can be searched again, and another key is in force
        other = command(folder / "keys.json", "create", "other")
        point(link, folder)
        wait_for(lambda: status(server, other) == 200, 10)
    assert '"status":500' not in server.output.read_text()


def told(server: Server, key: str) -> str:
    """Ask once, and return the log."""
    status(server, key)
    return server.output.read_text()


def shut(link: Path) -> None:
    """Make all that lies beyond a link fail as a folder without rights does, for root as well."""
    point(link, Path("x" * 300))


def test_a_folder_that_cannot_be_searched_is_told(models: Path, tmp_path: Path) -> None:
    shut(tmp_path / "link")
    path = tmp_path / "link/keys.json"
    serving = ["serve", "--model", str(models / "first"), "--keys", str(path), "--no-log"]
    managing = ["keys", "--file", str(path)]
    for arguments in (serving, [*managing, "list"], [*managing, "create", "one"]):
        ended = CliRunner().invoke(cli, arguments)
        assert ended.exit_code == 1
        (line,) = ended.output.splitlines()
        assert line.startswith(f"Error: {path}: the keys cannot be ")


def test_unknown_keys_and_admin_actions_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    audit, path = tmp_path / "audit.jsonl", tmp_path / "keys.json"
    monkeypatch.setenv("TRIP_DURATION_SERVE_AUDIT", str(audit))
    key = command(path, "create", "one")
    command(path, "revoke", key.split("_")[1])
    lines = [json.loads(line) for line in audit.read_text().splitlines()]
    assert [line["action"] for line in lines] == ["key_created", "key_revoked"]
    assert key not in audit.read_text()
    unknown = CliRunner().invoke(cli, ["keys", "--file", str(path), "revoke", "nobody"])
    assert (unknown.exit_code, "there is no key nobody" in unknown.output) == (1, True)
