"""The registry: versions of the predictor, which of them serves, and the ledger of every change.

Knows MLflow's model registry, and imports it only where it is asked. It must not know Kedro, nor
how a predictor is served.
"""

from trip_duration.registry.records import (
    CHALLENGER,
    CHAMPION,
    MODEL_NAME,
    PREVIOUS,
    Registered,
    Version,
)
from trip_duration.registry.versions import Registry

__all__ = [
    "CHALLENGER",
    "CHAMPION",
    "MODEL_NAME",
    "PREVIOUS",
    "Registered",
    "Registry",
    "Version",
]
