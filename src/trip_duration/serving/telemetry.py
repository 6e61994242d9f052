"""Traces for OpenTelemetry, if they are asked for."""

from __future__ import annotations

import importlib
from typing import Any

from fastapi import FastAPI

from trip_duration import __version__
from trip_duration.errors import ParameterError


def trace(app: FastAPI, endpoint: str) -> Any:
    """Send a trace of every request to a collector.

    Args:
        app: The service.
        endpoint: Where the collector takes OTLP over HTTP, ``http://host:4318/v1/traces``.

    Returns:
        The provider, to be shut down at the end so that the last traces are sent.

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
    provider = sdk.TracerProvider(resource=resources.Resource.create(about))
    sender = exporter.OTLPSpanExporter(endpoint=endpoint)
    provider.add_span_processor(export.BatchSpanProcessor(sender))
    instrumentation.FastAPIInstrumentor.instrument_app(app, tracer_provider=provider)
    return provider
