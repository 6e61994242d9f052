"""Measurements against the same work in a plain script: ``python -m tests.benchmarks``."""
