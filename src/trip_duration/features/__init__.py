"""The feature transformer: from requests to the numeric matrix, in training and in serving alike.

Knows requests, zones and training trips. It must not know estimators, pipelines or files of months.
"""

from trip_duration.features.requests import Requests, as_requests, requests_of
from trip_duration.features.transformer import FeatureTransformer

__all__ = ["FeatureTransformer", "Requests", "as_requests", "requests_of"]
