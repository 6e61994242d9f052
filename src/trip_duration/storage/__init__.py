"""Files on disk: atomic writes, bounded reads, versions of files, and locks between processes.

Knows paths. Must not know what is in the files.
"""

from trip_duration.storage.atomic import remove_unfinished, replacing
from trip_duration.storage.file_version import FileVersion, file_version
from trip_duration.storage.locks import hold_lock
from trip_duration.storage.regular_files import read_regular

__all__ = [
    "FileVersion",
    "file_version",
    "hold_lock",
    "read_regular",
    "remove_unfinished",
    "replacing",
]
