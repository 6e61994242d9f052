"""The node that says which files which predictor answers."""

from __future__ import annotations

from trip_duration.inference import Batch, Requested
from trip_duration.models import Predictor
from trip_duration.params import InferenceParams


def answer_requests(requests: Requested, predictor: Predictor, params: InferenceParams) -> Batch:
    """Let a predictor answer files of requests.

    Args:
        requests: The files.
        predictor: What answers.
        params: How many rows are answered at a time.

    Returns:
        The batch. Its chunks are answered while it is saved, for all of them need not fit in
        memory.
    """
    return Batch(requests, predictor, params.chunk_rows)
