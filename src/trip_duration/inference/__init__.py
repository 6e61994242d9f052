"""Bulk inference: files of requests in, files of answers out, a chunk at a time.

Knows files, the predictor and how a killed run goes on. It must not know Kedro.
"""

from trip_duration.inference.answering import Batch
from trip_duration.inference.finding import Requested, find_files
from trip_duration.inference.reading import Chunk, RequestFile
from trip_duration.inference.writing import write_batch

__all__ = ["Batch", "Chunk", "RequestFile", "Requested", "find_files", "write_batch"]
