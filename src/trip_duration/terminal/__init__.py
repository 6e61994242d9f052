"""What a person sees of a Kedro command: errors, progress, results, the commands to run next.

Known to the hooks and the settings alone. Nodes and models know nothing of it.
"""
