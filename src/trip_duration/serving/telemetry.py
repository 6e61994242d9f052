"""OpenTelemetry traces (optional), without personal data of callers."""

from __future__ import annotations

import importlib
import threading
from typing import Any

from fastapi import FastAPI

from trip_duration import __version__
from trip_duration.errors import ParameterError

# span attributes that are exported, in old and new OpenTelemetry names; others, such as client
# address, user agent and URL, are dropped
_KEPT = frozenset(
    {
        *("http.method", "http.route", "http.status_code", "http.flavor", "http.scheme"),
        *("http.request.method", "http.response.status_code", "network.protocol.version"),
        *("url.scheme", "error.type", "asgi.event.type"),
    }
)
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
    anonymous = _without_callers(sender, sdk.ReadableSpan, export.SpanExporter)
    provider.add_span_processor(export.BatchSpanProcessor(anonymous))
    instrumentation.FastAPIInstrumentor.instrument_app(app, tracer_provider=provider)
    return Traces(provider)


def _without_callers(sender: Any, span_type: Any, base: Any) -> Any:
    """Return an exporter that drops span attributes about callers.

    Args:
        sender: Exporter that the spans are passed to.
        span_type: Type of the spans, ``ReadableSpan``.
        base: Base class of exporters; the libraries are imported only where traces are asked for.
    """

    def cut(span: Any) -> Any:
        return span_type(
            name=span.name,
            context=span.context,
            parent=span.parent,
            resource=span.resource,
            attributes={k: v for k, v in span.attributes.items() if k in _KEPT},
            kind=span.kind,
            # without its description, which may be the text of an exception about a request
            status=type(span.status)(span.status.status_code),
            start_time=span.start_time,
            end_time=span.end_time,
            instrumentation_scope=span.instrumentation_scope,
        )

    class Anonymous(base):  # type: ignore[misc]
        def export(self, spans: Any) -> Any:
            return sender.export([cut(span) for span in spans])

        def shutdown(self) -> None:
            sender.shutdown()

        def force_flush(self, timeout_millis: int = 30_000) -> Any:
            return sender.force_flush(timeout_millis)

    return Anonymous()
