"""Predicts how long a New York taxi trip will take, at the moment it is requested."""

__version__ = "0.1.0"
