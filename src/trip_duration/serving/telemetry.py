"""Traces for OpenTelemetry, if they are asked for."""

from __future__ import annotations

import importlib
import threading
from typing import Any

from fastapi import FastAPI

from trip_duration import __version__
from trip_duration.errors import ParameterError

# where the collector is away, the library would try for many more
_SECONDS_AT_THE_END = 2.0


class Traces:
    """What sends them.

    Args:
        provider: OpenTelemetry's.
    """

    def __init__(self, provider: Any) -> None:
        """Keep the provider."""
        self._provider = provider

    def shutdown(self) -> None:
        """Send the last traces, if that is soon done."""
        sending = threading.Thread(target=self._provider.shutdown, daemon=True)
        sending.start()
        sending.join(_SECONDS_AT_THE_END)


def trace(app: FastAPI, endpoint: str) -> Traces:
    """Send a trace of every request to a collector.

    Args:
        app: The service.
        endpoint: Where the collector takes OTLP over HTTP, ``http://host:4318/v1/traces``.

    Returns:
        What is to be shut down at the end so that the last traces are sent.

    Raises:
        ParameterError: If the libraries are not installed.
    """
    try:
        exporter, instrumentation, resources, sdk, export = (
            importlib.import_module(f"opentelemetry.{name}")
            for name in (
                "exporter.otlp.proto.http.trace_exporter",
                "instrumentation.fastapi",
                "sdk.resources",
                "sdk.trace",
                "sdk.trace.export",
            )
        )
    except ImportError as error:
        raise ParameterError(
            f"traces need further libraries ({error.name} is missing): install "
            "'trip-duration[telemetry]', or leave TRIP_DURATION_SERVE_TELEMETRY away"
        ) from None
    about = {"service.name": "trip-duration", "service.version": __version__}
    resource = resources.Resource.create(about)
    provider = sdk.TracerProvider(resource=resource, shutdown_on_exit=False)
    sender = exporter.OTLPSpanExporter(endpoint=endpoint)
    provider.add_span_processor(export.BatchSpanProcessor(sender))
    instrumentation.FastAPIInstrumentor.instrument_app(app, tracer_provider=provider)
    return Traces(provider)
