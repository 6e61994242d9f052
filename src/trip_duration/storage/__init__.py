"""Files on disk: atomic writes, and locks between processes.

Knows paths. Must not know what is in the files.
"""

from trip_duration.storage.atomic import remove_unfinished, replacing
from trip_duration.storage.locks import hold_lock

__all__ = ["hold_lock", "remove_unfinished", "replacing"]
