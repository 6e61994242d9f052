"""How good predictions are: splits by time and metrics.

Knows trips and predictions. It must not know pipelines, tracking or how a model was made.
"""
