"""Reproduction: a recorded run is made again from its commit, and compared bit by bit.

Knows recorded runs, git and programs. It trains nothing itself: the code of the recorded commit
does, in a process of its own.
"""

from trip_duration.reproduction.steps import Choices, make_again
from trip_duration.reproduction.verdict import Verdict

__all__ = ["Choices", "Verdict", "make_again"]
