"""What the service can be told, by options of the command or by the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

from limits import parse
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from trip_duration.errors import ParameterError, list_faults
from trip_duration.registry.places import data_folder, database_url

PREFIX = "TRIP_DURATION_SERVE_"
LOOPBACK = ("127.0.0.1", "::1", "localhost")


class Settings(BaseModel):
    """Settings of one service; each is also the variable ``TRIP_DURATION_SERVE_<NAME>``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: Path | None = Field(
        None, description="folder of the predictor; unless set, see `registry`"
    )
    registry: str | None = Field(
        None,
        description="tracking URI of the registry; without both, the champion of the project's "
        "registry is served, or the folder of the last run while there is none",
    )
    reference: str = Field("champion", description="alias or number of the version to serve")
    fallback: Path | None = Field(None, description="folder of the lookup table")
    without_model: Literal["lookup", "refuse"] = Field(
        "lookup", description="what is done while no model can be loaded"
    )
    ready_on_fallback: bool = Field(False, description="whether the lookup table counts as ready")
    watch_seconds: float = Field(2.0, gt=0, description="how often a new model is looked for")
    load_seconds: float = Field(20.0, gt=0, description="how long the start waits for a model")
    zones: Path | None = Field(None, description="outlines of the zones, GeoJSON")

    host: str = Field("127.0.0.1", description="address to listen on")
    port: int = Field(8000, ge=0, le=65_535, description="port to listen on; 0 takes a free one")
    workers: int = Field(1, ge=1, le=64, description="processes that answer")
    shutdown_seconds: int = Field(
        10, ge=1, description="time at the end for what runs, then once more for the log"
    )
    tls_certificate: Path | None = Field(None, description="certificate chain, PEM")
    tls_key: Path | None = Field(None, description="private key of it, PEM")

    auth: bool = Field(True, description="whether requests need an API key")
    keys: Path = Field(Path("conf/local/api_keys.json"), description="file of the API keys")
    audit: Path | None = Field(None, description="file that admin actions are appended to")
    rate_limit: str | None = Field("1000/second", description="requests of one key")
    rate_storage: str = Field("memory://", description="where they are counted, or redis://…")

    max_body_bytes: int = Field(4_194_304, ge=1_000, description="longest body of a request")
    max_rows: int = Field(10_000, ge=1, description="most rows of a batch")
    request_seconds: float = Field(10.0, gt=0, description="longest time that a request may take")

    log: bool = Field(True, description="whether predictions are logged")
    log_url: str = Field(
        default_factory=database_url,
        description="database of the log, unless `TRIP_DURATION_DATABASE_URL` names one",
    )
    log_spool: Path = Field(
        default_factory=lambda: data_folder() / "service_spool", description="folder for bad times"
    )
    access_log: bool = Field(True, description="whether each request is a line of the log")
    telemetry: str | None = Field(None, description="OTLP endpoint that traces are sent to")

    @field_validator("rate_limit")
    @classmethod
    def _is_a_rate(cls, value: str | None) -> str | None:
        if value in (None, "", "none"):
            return None
        try:
            parse(value)
        except ValueError:
            raise ValueError("expected a rate such as 100/second, or none") from None
        return value

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.model is not None and self.registry is not None:
            raise ValueError("model and registry exclude each other")
        if not self.auth and self.host not in LOOPBACK:
            raise ValueError(
                f"without keys only this machine may ask: --no-auth binds to {LOOPBACK[0]}, not to "
                f"{self.host}"
            )
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("tls_certificate and tls_key belong together")
        return self

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None, **given: Any) -> Self:
        """Read the settings; what is given goes before the environment.

        Raises:
            ParameterError: If a variable is unknown, of the wrong type, or out of bounds.
        """
        environ = os.environ if environ is None else environ
        read: dict[str, Any] = {
            name.removeprefix(PREFIX).lower(): value
            for name, value in environ.items()
            if name.startswith(PREFIX) and value
        }
        chosen = {name: value for name, value in given.items() if value is not None}
        # a model that is named at the command goes before a registry of the environment
        for one, other in (("model", "registry"), ("registry", "model")):
            if one in chosen:
                read.pop(other, None)
        try:
            return cls.model_validate({**read, **chosen})
        except ValidationError as error:
            problems = [f"{_name(field)}{reason}" for field, reason in list_faults(error)]
            raise ParameterError("; ".join(problems)) from None

    @property
    def data_root(self) -> Path:
        """The data folder that the model lies in, or that of the project we are in."""
        return data_folder() if self.model is None else self.model.absolute().parent.parent


def _name(field: str) -> str:
    return f"{field} ({PREFIX}{field.upper()}): " if field else ""
