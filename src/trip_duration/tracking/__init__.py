"""Tracking: what an MLflow run of this project holds.

Known to the hooks alone. Nodes and models know nothing of it; MLflow is imported where it is used,
so that a command that tracks nothing does not pay for it.
"""
