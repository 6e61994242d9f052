"""The small city as fixtures."""

from tests.features.small_city import fitted, trips, zones

__all__ = ["fitted", "trips", "zones"]
