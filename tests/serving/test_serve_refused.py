"""The command where it cannot serve: what is wrong is told, and no secret."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.serving.running import make_certificate
from trip_duration.cli import cli
from trip_duration.errors import ParameterError
from trip_duration.serving.address import require_address
from trip_duration.serving.cli import _allow_connections
from trip_duration.serving.limits import RateLimit
from trip_duration.serving.settings import PREFIX, Settings


def refusal(*arguments: str) -> str:
    ended = CliRunner().invoke(cli, ["serve", *arguments])
    assert ended.exit_code == 1
    assert "Traceback" not in ended.output
    return ended.output


def test_bad_settings_are_told_before_anything_is_served(tmp_path: Path) -> None:
    model = ("--model", str(tmp_path))
    assert "--no-auth binds to 127.0.0.1" in refusal(*model, "--no-auth", "--host", "10.0.0.1")
    nobody = refusal(*model, "--keys", str(tmp_path / "none.json"))
    assert "trip-duration keys create" in nobody
    assert "exclude each other" in refusal(*model, "--registry", "sqlite:///x.db")
    assert "belong together" in refusal(*model, "--no-auth", "--tls-key", "key.pem")


def test_files_that_are_no_certificate_and_its_key_are_named(tmp_path: Path) -> None:
    certificate, key = make_certificate(tmp_path, "one")
    _, other = make_certificate(tmp_path, "other")
    text, missing = tmp_path / "text.pem", tmp_path / "missing.pem"
    text.write_text("no certificate")
    for first, second, named in (
        (missing, key, f"{missing} cannot be read for TLS: No such file"),
        (certificate, missing, f"{missing} cannot be read for TLS: No such file"),
        (text, key, f"{text} and {key} are not a certificate chain and its private key"),
        (certificate, other, f"{certificate} and {other} are not"),
    ):
        tls = ("--tls-certificate", str(first), "--tls-key", str(second))
        assert named in refusal("--model", str(tmp_path), "--no-auth", *tls)


def test_a_bound_that_cannot_be_raised_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise ValueError("current limit exceeds maximum limit")

    monkeypatch.setattr(resource, "getrlimit", lambda _: (256, resource.RLIM_INFINITY))
    monkeypatch.setattr(resource, "setrlimit", refuse)
    _allow_connections()


@pytest.mark.parametrize("place", ["redsi://:s3cret@host", "redis://me:s3cret@host:port/0"])
def test_the_password_of_the_storage_is_told_to_nobody(place: str) -> None:
    with pytest.raises(ParameterError, match=r"counted in host.*: expected") as caught:
        RateLimit("1/second", place, lambda: None)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("PORT", "70000", "less than or equal to 65535"),
        ("RATE_LIMIT", "often", "100/second"),
        ("NO_SUCH", "1", "Extra inputs"),
    ],
)
def test_a_bad_variable_is_named(name: str, value: str, said: str) -> None:
    with pytest.raises(ParameterError, match=f"{PREFIX}{name}.*{said}"):
        Settings.from_environment({f"{PREFIX}{name}": value, f"{PREFIX}MODEL": "x"})


@pytest.mark.parametrize("host", ["x" * 64, f"{'x' * 64}.example.org", "no.such.host.invalid"])
def test_a_host_that_cannot_be_listened_on_is_named(host: str) -> None:
    with pytest.raises(ParameterError, match=f"^cannot listen on {host}, port 0: "):
        require_address(host, 0)
