"""Kedro pipelines: thin nodes over the rooms below. They never import each other."""
