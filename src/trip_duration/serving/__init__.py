"""The HTTP service: predictions of the champion, or of a folder, in milliseconds.

Knows the predictor, and the registry where models come from it. It must not know kedro, pipelines,
or how models are trained.
"""
