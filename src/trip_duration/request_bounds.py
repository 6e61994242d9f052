"""Bounds of a request, the same for HTTP, bulk requests, contracts and features.

A zone may have a higher number than any zone of today: it is answered as one that is not known.
"""

FIRST_YEAR, LAST_YEAR = 2008, 2050
HIGHEST_ZONE_ID = 32_767
MOST_MILES = 1_000.0
