"""Reads the files of intervals, and refuses what ``Intervals.to_files`` does not write."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from trip_duration.errors import ModelFileError
from trip_duration.models.estimator import Minutes

if TYPE_CHECKING:
    from trip_duration.models.lightgbm import LightGBM


def read_quantiles(end: str, files: Mapping[str, bytes]) -> LightGBM:
    """Read the estimator of one end of the intervals.

    Args:
        end: ``lower`` or ``upper``.
        files: The files of a predictor.

    Raises:
        ModelFileError: If LightGBM's text cannot be trusted. The message names the file.
    """
    from trip_duration.models.lightgbm import LightGBM  # noqa: PLC0415 - a second to import

    prefix = f"{end}_"
    own = {name.removeprefix(prefix): files[name] for name in files if name.startswith(prefix)}
    try:
        return LightGBM.from_files(own)
    except ModelFileError as error:
        # which begins with the name of the file
        raise ModelFileError(f"{prefix}{error}") from None


def read_calibration(files: Mapping[str, bytes]) -> tuple[float, Minutes, Minutes]:
    """Read coverage, edges and shifts.

    Args:
        files: The files of a predictor.

    Raises:
        ModelFileError: If they are of another shape, or not finite. The message names the file.
    """
    coverage = json.loads(files["intervals.json"])["coverage"]
    if not isinstance(coverage, float) or not 0 < coverage < 1:
        raise ModelFileError(f"intervals.json: coverage: expected 0 to 1, found {coverage!r}")
    arrays = np.load(io.BytesIO(files["intervals.npz"]), allow_pickle=False)
    edges, shifts = arrays["edges"], arrays["shifts"]
    bands = shifts.shape[1] if shifts.ndim == 3 else 0  # noqa: PLR2004 - see Intervals
    if shifts.shape != (2, bands, 2) or edges.shape != (2, bands - 1):
        raise ModelFileError(
            "intervals.npz: expected edges of the shape (2, bands - 1) and shifts of the shape "
            f"(2, bands, 2), found {edges.shape} and {shifts.shape}"
        )
    # a band that is not used begins at infinity
    if not np.isfinite(shifts).all() or np.isnan(edges).any():
        raise ModelFileError("intervals.npz: expected numbers, found some that are not finite")
    return coverage, edges, shifts
