"""Errors as callers see them: ``application/problem+json`` (RFC 9457), never a trace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import to_json

MEDIA_TYPE = "application/problem+json"
_KIND = "urn:trip-duration:problem:"
# a body of nothing but errors must not be answered by one many times as long
_MOST_FAULTS = 100
# pydantic makes all details at once, and nobody else is answered meanwhile
_MOST_READ = 10_000
# words of pydantic that say little to who has not written the model
_REASONS = {
    "extra_forbidden": "is not a field of a request",
    "missing": "is missing",
    "json_invalid": "the body is not valid JSON",
    "finite_number": "must be a finite number",
}


class Fault(BaseModel):
    """What is wrong with one field."""

    field: str
    reason: str
    allowed: str | None = None


class ProblemBody(BaseModel):
    """The body of every error."""

    type: str
    title: str
    status: int
    detail: str
    request_id: str | None = None
    errors: list[Fault] | None = None


class Problem(Exception):
    """Ends a request with an error that its caller can read.

    Args:
        status: HTTP status.
        kind: Name of the kind of error, by which programs and metrics tell it.
        detail: What happened and what to do.
        errors: What is wrong with which field.
        headers: Headers of the answer.
    """

    def __init__(
        self,
        status: int,
        kind: str,
        detail: str,
        errors: Sequence[Fault] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Keep what is said."""
        super().__init__(detail)
        self.status, self.kind, self.detail = status, kind, detail
        self.errors, self.headers = errors, dict(headers or {})

    def body(self, request_id: str) -> bytes:
        """Return the JSON of the answer."""
        said: dict[str, Any] = {
            "type": f"{_KIND}{self.kind}",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            "request_id": request_id,
        }
        if self.errors:
            said["errors"] = [fault.model_dump(exclude_none=True) for fault in self.errors]
        return to_json(said)


def invalid(error: ValidationError, allowed: Mapping[str, str]) -> Problem:
    """Return the problem of a body that does not fit its model.

    Args:
        error: What pydantic found.
        allowed: What each field may be, in words.
    """
    return invalid_by(faults(error, allowed))


def invalid_by(found: Sequence[Fault]) -> Problem:
    """Return the problem of a body in which faults were found."""
    said = "; ".join(f"{fault.field}: {fault.reason}" for fault in found[:3])
    return Problem(422, "invalid-request", f"the request cannot be read: {said}", found)


def faults(error: ValidationError, allowed: Mapping[str, str]) -> list[Fault]:
    """Say what is wrong with each field, unless that is far too much."""
    if error.error_count() > _MOST_READ:
        return [Fault(field="body", reason=f"has {error.error_count()} faults")]
    details = error.errors(include_url=False, include_input=False, include_context=False)
    return [fault(detail, allowed) for detail in details[:_MOST_FAULTS]]


def fault(detail: Mapping[str, Any], allowed: Mapping[str, str]) -> Fault:
    """Say what is wrong with one field, by what pydantic found."""
    where = [str(part) for part in detail["loc"]]
    reason = _REASONS.get(detail["type"], str(detail["msg"]).removeprefix("Value error, "))
    names = [name for name in where if name in allowed]
    return Fault(
        field=".".join(where)[:200] or "body",
        reason=reason,
        allowed=allowed[names[-1]] if names else None,
    )
