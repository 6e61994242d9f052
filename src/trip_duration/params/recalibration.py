"""The group of the pipeline that calibrates intervals anew."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from trip_duration.params.types import Group, Months


class RecalibrationParams(Group):
    """What intervals are calibrated on.

    Attributes:
        month: The month, later than those of training; empty: the newest that was processed.
    """

    month: Annotated[Months, Field(max_length=1)] = ()
