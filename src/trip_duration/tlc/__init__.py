"""What TLC publishes: months, file names, column spellings, zones, and how to fetch them.

Knows the publisher's layout and nothing of features, models or pipelines.
"""
