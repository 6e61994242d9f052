"""The families behind one estimator interface, and the predictor that serves everywhere.

Knows feature matrices and requests. It must not know pipelines, tracking or serving.
"""

from trip_duration.models.predictor import Predictor

__all__ = ["Predictor"]
