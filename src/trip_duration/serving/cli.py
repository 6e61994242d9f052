"""The command ``serve``."""

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
from trip_duration.storage import read_regular

# seconds; a process that has loaded its model tells ten times a second that it is alive
_SILENCE = 15
_MOST_FILES, _MOST_PEM = 65_536, 2**20


# paths as they are given: click would look at the files, and wait for a file system that hangs
@click.command()
@click.option(
    "--model", type=Path, metavar="FOLDER", help="Folder of a predictor. Needs no MLflow."
)
@click.option("--registry", metavar="URI", help="Tracking URI of the registry to serve from.")
@click.option("--reference", help="Version of the registry.  [default: champion]")
@click.option(
    "--fallback", type=Path, metavar="FOLDER", help="Folder of the lookup table that can stand in."
)
@click.option("--zones", type=Path, metavar="FILE", help="GeoJSON with the outlines of the zones.")
@click.option("--host", help="Address to listen on.  [default: 127.0.0.1]")
@click.option("--port", type=int, help="Port to listen on.  [default: 8000]")
@click.option("--workers", type=int, help="Processes that answer.  [default: 1]")
@click.option("--no-auth", is_flag=True, help="Ask for no API key; this machine alone is served.")
@click.option("--keys", type=Path, metavar="FILE", help="File of the API keys.")
@click.option("--no-log", is_flag=True, help="Keep no log of predictions.")
@click.option("--tls-certificate", type=Path, metavar="FILE", help="Certificate chain, PEM.")
@click.option("--tls-key", type=Path, metavar="FILE", help="Its private key, PEM.")
def serve(no_auth: bool, no_log: bool, **choices: Any) -> None:
    """Serve predictions over HTTP.

    Without --model and --registry, serves the champion of the project's registry
    (MLFLOW_TRACKING_URI, else mlflow.db in the data folder). While that has none, serves the
    predictor of the last run, 06_models/predictor in the data folder.

    Every option, and what has none, can be set by TRIP_DURATION_SERVE_<NAME>; see
    docs/reference/service-settings.md. Ends at SIGTERM, or with its terminal, after what runs.
    """
    from trip_duration.serving.settings import Settings  # noqa: PLC0415 - keeps --help quick

    if no_auth:
        choices["auth"] = False
    if no_log:
        choices["log"] = False
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
    from trip_duration.serving.server import Server  # noqa: PLC0415

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
    holder = application.state.service.holder
    config = uvicorn.Config(application, workers=settings.workers, **options)
    if settings.workers == 1:
        _run_server(Server(config, holder))
        return
    from trip_duration.serving.metrics import forget  # noqa: PLC0415
    from trip_duration.serving.workers import Workers  # noqa: PLC0415

    Workers(config, holder, settings.load_seconds + _SILENCE, forget).run()


def _run_server(server: Any) -> None:
    """Run a server in this process as ``uvicorn.run`` does."""
    from uvicorn.config import STARTUP_FAILURE  # noqa: PLC0415 - keeps --help quick

    # an interrupt has ended it in good order
    with suppress(KeyboardInterrupt):
        server.run()
    if not server.started:
        sys.exit(STARTUP_FAILURE)


def _check_tls(certificate: Path, key: Path) -> None:
    import ssl  # noqa: PLC0415 - keeps --help quick

    for file in (certificate, key):
        try:
            read_regular(file, _MOST_PEM)
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
