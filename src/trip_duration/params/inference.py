"""The group of the pipeline that answers files of requests."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from trip_duration.params.types import Group


class InferenceParams(Group):
    """How files of requests are answered; which, is said by ``input``, ``output`` and ``model``.

    Attributes:
        chunk_rows: Rows that are answered at a time, and again after a kill; memory grows with it.
    """

    chunk_rows: Annotated[int, Field(ge=1, le=10_000_000)] = 65_536
