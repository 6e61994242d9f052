"""The web application: what is asked for where, and how it is described."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import Scope

from trip_duration import __version__
from trip_duration.serving import status
from trip_duration.serving.access import PAGE
from trip_duration.serving.gate import Gate
from trip_duration.serving.problems import MEDIA_TYPE, Problem, ProblemBody
from trip_duration.serving.responses import (
    BatchResponse,
    ExplainResponse,
    Health,
    ModelResponse,
    PredictResponse,
    Readiness,
)
from trip_duration.serving.service import Service
from trip_duration.serving.settings import Settings
from trip_duration.serving.wire import BatchRequest, PredictRequest

_DESCRIPTIONS = {
    401: "no valid API key",
    403: "a key without the scope",
    408: "not sent in time",
    413: "too long, or too many rows",
    404: "not there",
    422: "not what is asked for: field, reason and allowed range",
    429: "asked too often",
    503: "no model, or not answered in time",
}
_PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {
        "description": description,
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemBody"}}},
    }
    for status, description in _DESCRIPTIONS.items()
}


def create_app(settings: Settings) -> FastAPI:
    """Make the service as settings say.

    Raises:
        ParameterError: If keys, limits or log cannot be had as they say.
    """
    service = Service(settings)
    provider: list[Any] = []

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await service.start()
        yield
        await service.stop()
        for one in provider:
            one.shutdown()

    app = FastAPI(
        title="trip-duration",
        version=__version__,
        description="How long a New York taxi trip will take, at the moment it is requested.",
        lifespan=lifespan,
        # a redirect would name the host that the caller claims to have asked
        redirect_slashes=False,
        # its pages fetch scripts from a site of others
        docs_url=None,
        redoc_url=None,
        responses=_PROBLEMS,
    )
    app.state.service = service
    # inside the gate, which answers predictions itself; the outlines come compressed already
    app.add_middleware(GZipMiddleware)
    app.add_middleware(Gate, service=service)
    app.add_exception_handler(HTTPException, _as_problem)
    _describe_answers(app)
    _add_readings(app, service)
    _describe_problems(app)
    _add_page(app)
    if settings.telemetry is not None:
        from trip_duration.serving.telemetry import trace  # noqa: PLC0415 - only if asked for

        provider.append(trace(app, settings.telemetry))
    return app


def _describe_answers(app: FastAPI) -> None:
    """Describe what the gate answers itself; no request for it comes this far."""

    async def predict(request: PredictRequest) -> PredictResponse:
        """Predict the duration of a trip."""
        raise NotImplementedError

    async def predict_batch(request: BatchRequest) -> BatchResponse:
        """Predict durations of many trips; bad rows are told apart without losing the good ones."""
        raise NotImplementedError

    async def explain(request: PredictRequest) -> ExplainResponse:
        """Predict the duration of a trip and say what each feature adds to it."""
        raise NotImplementedError

    for path, described in (
        ("/v1/predict", predict),
        ("/v1/predict/batch", predict_batch),
        ("/v1/explain", explain),
    ):
        app.add_api_route(path, described, methods=["POST"], operation_id=described.__name__)


def _add_readings(app: FastAPI, service: Service) -> None:
    """Add what is only read."""

    @app.get("/v1/model", operation_id="model")
    async def model() -> ModelResponse:
        """Tell which model answers, and what is known of it."""
        return status.describe_model(service)

    @app.get("/v1/zones", operation_id="zones", response_class=Response)
    async def zones(request: Request) -> Response:
        """Return the outlines of the zones, GeoJSON in degrees; the id of each is the zone's."""
        served = service.holder.current
        outlines = service.outlines.choose(None if served is None else served.outlines)
        return outlines.answer(request.headers)

    @app.get("/health", operation_id="health", responses={503: {"model": Health}})
    async def health(response: Response) -> Health:
        """Return the health of the service; the status is that of ``/health/ready``."""
        response.status_code = 200 if status.readiness(service).ready else 503
        return status.health(service)

    @app.get("/health/live", operation_id="live")
    async def live() -> dict[str, bool]:
        """Tell that the process answers."""
        return {"alive": True}

    @app.get("/health/ready", operation_id="ready", responses={503: {"model": Readiness}})
    async def ready(response: Response) -> Readiness:
        """Tell whether a verified model answers."""
        readiness = status.readiness(service)
        response.status_code = 200 if readiness.ready else 503
        return readiness

    @app.get("/metrics", operation_id="metrics", response_class=Response)
    async def metrics() -> Response:
        """Return the figures that Prometheus collects."""
        kind = "text/plain; version=0.0.4; charset=utf-8"
        return Response(service.metrics.write(), media_type=kind)


def _add_page(app: FastAPI) -> None:
    """Add the page for people; at the root alone, so that other paths stay what they are."""
    files = _Page(directory=PAGE)
    app.mount("/page", files, name="page")

    @app.api_route("/", methods=["GET", "HEAD"], include_in_schema=False)
    async def page(request: Request) -> Response:
        return await files.get_response("index.html", request.scope)


class _Page(StaticFiles):
    """Files that browsers keep, and ask each time whether they are still the same."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        # whole or not at all: faulty ranges would be refused in other words than all else
        scope["headers"] = [pair for pair in scope["headers"] if pair[0] != b"range"]
        return await super().get_response(path, scope)

    def file_response(self, *given: Any, **named: Any) -> Response:
        response = super().file_response(*given, **named)
        response.headers["cache-control"] = "no-cache"
        response.headers["accept-ranges"] = "none"
        return response


async def _as_problem(request: Request, error: Exception) -> Response:
    """Answer what the framework refuses, an unknown path or method, as all other errors."""
    assert isinstance(error, HTTPException)  # noqa: S101 - it is registered for these
    kind = {404: "not-found", 405: "method"}.get(error.status_code, "http")
    problem = Problem(error.status_code, kind, str(error.detail))
    body = problem.body(request.scope.get("request_id", ""))
    return Response(body, error.status_code, dict(error.headers or {}), MEDIA_TYPE)


def _describe_problems(app: FastAPI) -> None:
    """Add the form of problems and the keys to the OpenAPI, and take FastAPI's own form away."""
    plain: Callable[[], dict[str, Any]] = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is not None:
            return app.openapi_schema
        schema: dict[str, Any] = json.loads(json.dumps(plain()))
        schemas = schema["components"]["schemas"]
        described = ProblemBody.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas |= described.pop("$defs", {}) | {"ProblemBody": described}
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        schema["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
        schema["security"] = [{"key": []}]
        app.openapi_schema = schema
        return schema

    app.openapi = openapi  # type: ignore[method-assign]
