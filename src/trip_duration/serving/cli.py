"""The commands ``serve`` and ``keys``."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from trip_duration.errors import ParameterError, TripDurationError

_FOLDER = click.Path(file_okay=False, path_type=Path)
_FILE = click.Path(dir_okay=False, path_type=Path)
# seconds; a process that has loaded its model tells ten times a second that it is alive
_SILENCE = 15
_MOST_FILES = 65_536
_DEFAULT_MODEL = "06_models/predictor"


@click.command()
@click.option("--model", type=_FOLDER, help="Folder of a predictor. Needs no MLflow.")
@click.option("--registry", metavar="URI", help="Tracking URI of the registry to serve from.")
@click.option("--reference", help="Version of the registry.  [default: champion]")
@click.option("--fallback", type=_FOLDER, help="Folder of the lookup table that can stand in.")
@click.option("--zones", type=_FILE, help="GeoJSON with the outlines of the zones.")
@click.option("--host", help="Address to listen on.  [default: 127.0.0.1]")
@click.option("--port", type=int, help="Port to listen on.  [default: 8000]")
@click.option("--workers", type=int, help="Processes that answer.  [default: 1]")
@click.option("--no-auth", is_flag=True, help="Ask for no API key; this machine alone is served.")
@click.option("--keys", type=_FILE, help="File of the API keys.")
@click.option("--no-log", is_flag=True, help="Keep no log of predictions.")
@click.option("--tls-certificate", type=_FILE, help="Certificate chain, PEM.")
@click.option("--tls-key", type=_FILE, help="Its private key, PEM.")
def serve(no_auth: bool, no_log: bool, **choices: Any) -> None:
    """Serve predictions over HTTP.

    Serves the predictor of a folder, of the registry, or else of data/06_models/predictor. Every
    option, and what has none, can be set by TRIP_DURATION_SERVE_<NAME>; see
    docs/reference/service-settings.md. Ends at SIGTERM, or with its terminal, after what runs.
    """
    from trip_duration.registry.places import data_folder  # noqa: PLC0415 - keeps --help quick
    from trip_duration.serving.settings import Settings  # noqa: PLC0415

    if no_auth:
        choices["auth"] = False
    if no_log:
        choices["log"] = False
    named = any(
        choices[way] or os.environ.get(f"TRIP_DURATION_SERVE_{way.upper()}")
        for way in ("model", "registry")
    )
    if not named:
        choices["model"] = data_folder() / _DEFAULT_MODEL
    try:
        settings = Settings.from_environment(**choices)
        run(settings)
    except TripDurationError as error:
        raise click.ClickException(str(error)) from None


def run(settings: Any) -> None:
    """Run the server until it is told to end.

    Raises:
        ParameterError: If address, keys, limits, log or TLS cannot be had as settings say.
    """
    from trip_duration.serving.address import require_address  # noqa: PLC0415
    from trip_duration.serving.imports import import_lightgbm  # noqa: PLC0415

    require_address(settings.host, settings.port)
    if settings.tls_certificate is not None:
        _check_tls(settings.tls_certificate, settings.tls_key)
    import_lightgbm()
    _allow_connections()
    shared = _share_figures() if settings.workers > 1 else None
    # uvicorn ends in its own time and then passes the signal on: that is no failure
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    # a terminal that is closed; who has asked for nohup is left in peace
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, lambda *_: signal.raise_signal(signal.SIGTERM))
    try:
        _run(settings)
    finally:
        if shared is not None:
            shutil.rmtree(shared, ignore_errors=True)


def _run(settings: Any) -> None:
    import uvicorn  # noqa: PLC0415 - keeps --help quick

    from trip_duration.serving.app import create_app  # noqa: PLC0415
    from trip_duration.serving.journal import LOGGING  # noqa: PLC0415
    from trip_duration.serving.protocol import BoundedProtocol  # noqa: PLC0415

    options: dict[str, Any] = {
        "host": settings.host,
        "port": settings.port,
        "timeout_graceful_shutdown": settings.shutdown_seconds,
        "ssl_certfile": settings.tls_certificate,
        "ssl_keyfile": settings.tls_key,
        "log_config": LOGGING,
        # the gate writes a line of its own for each request
        "access_log": False,
        "server_header": False,
        "proxy_headers": False,
        "http": BoundedProtocol.within(settings.request_seconds),
        "ws": "none",
    }
    application = create_app(settings)
    if settings.workers == 1:
        uvicorn.run(application, **options)
        return
    from trip_duration.serving.metrics import forget  # noqa: PLC0415
    from trip_duration.serving.workers import Workers  # noqa: PLC0415

    config = uvicorn.Config(application, workers=settings.workers, **options)
    Workers(config, settings.load_seconds + _SILENCE, forget).run()


def _check_tls(certificate: Path, key: Path) -> None:
    import ssl  # noqa: PLC0415 - keeps --help quick

    for file in (certificate, key):
        try:
            file.open("rb").close()
        except OSError as error:
            raise ParameterError(f"{file} cannot be read for TLS: {error.strerror}") from None
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key)
    except ssl.SSLError as error:
        raise ParameterError(
            f"{certificate} and {key} are not a certificate chain and its private key, PEM: "
            f"{error.reason or error}"
        ) from None


def _allow_connections() -> None:
    """Take as many open connections as the system allows, each being a file to it."""
    # not every system has the module, and macOS has a further bound that it does not tell
    with suppress(ImportError, ValueError, OSError):
        import resource  # noqa: PLC0415

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        allowed = _MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, _MOST_FILES)
        if resource.RLIM_INFINITY != soft < allowed:
            resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))


def _share_figures() -> str:
    """Make the folder in which processes add up their figures, before the library is imported."""
    folder = tempfile.mkdtemp(prefix="trip-duration-figures-")
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
    return folder


@click.group()
@click.option(
    "--file",
    type=_FILE,
    envvar="TRIP_DURATION_SERVE_KEYS",
    default=Path("conf/local/api_keys.json"),
    show_default=True,
    help="File of the API keys.",
)
@click.pass_context
def keys(context: click.Context, file: Path) -> None:
    """Make, list and revoke API keys of the service.

    A service that runs follows within a second.
    """
    context.obj = file


@keys.command()
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice(["predict", "explain", "admin"]),
    default=("predict", "explain"),
    show_default=True,
    help="What it may ask for; can be given several times.",
)
@click.pass_obj
def create(file: Path, name: str, scopes: tuple[Any, ...]) -> None:
    """Make a key for NAME and print it, once and never again."""
    key = _change(file, "key_created", lambda known: known.create(name, scopes), name=name)
    click.echo(key)


@keys.command(name="list")
@click.pass_obj
def list_keys(file: Path) -> None:
    """List the keys: id, name, scopes, since when, until when."""
    for key in _read(file).keys:
        state = f"revoked {key.revoked_at:%Y-%m-%d}" if key.revoked_at else "in force"
        scopes = ",".join(key.scopes)
        click.echo(f"{key.id}  {key.created_at:%Y-%m-%d}  {state:18}  {scopes:22}  {key.name}")


@keys.command()
@click.argument("identity", metavar="ID")
@click.pass_obj
def revoke(file: Path, identity: str) -> None:
    """Revoke the key ID, which is the middle part of the key itself."""
    _change(file, "key_revoked", lambda known: known.revoke(identity), id=identity)
    click.echo(f"{identity} is revoked")


def _read(file: Path) -> Any:
    from trip_duration.serving.keys import KeyFile  # noqa: PLC0415 - keeps --help quick

    try:
        return KeyFile.read(file)
    except TripDurationError as error:
        raise click.ClickException(str(error)) from None


def _change(file: Path, *change: Any, **facts: Any) -> Any:
    try:
        return change_keys(file, *change, **facts)
    except OSError as error:
        raise click.ClickException(f"{file}: the keys cannot be changed: {error}") from None
    except TripDurationError as error:
        raise click.ClickException(str(error)) from None


def change_keys(file: Path, action: str, change: Any, **facts: Any) -> Any:
    """Change the file of keys, one process at a time, and note it in the audit log."""
    import fcntl  # noqa: PLC0415 - keeps --help quick

    from trip_duration.serving.journal import Audit  # noqa: PLC0415

    file.parent.mkdir(parents=True, exist_ok=True)
    audit = os.environ.get("TRIP_DURATION_SERVE_AUDIT")
    with file.with_name(f".{file.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        known = _read(file)
        result = change(known)
        known.write(file)
    Audit(Path(audit) if audit else None).write(action, file=str(file), **facts)
    return result
