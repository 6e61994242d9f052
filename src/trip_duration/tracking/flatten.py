"""Parameters as MLflow takes them: a text for each leaf."""

from __future__ import annotations

from trip_duration.params import Group, Parameters
from trip_duration.params.flat import UNLOGGED, as_texts, flatten


def flat_parameters(parameters: Parameters) -> dict[str, str]:
    """Return every parameter of every group, defaults included.

    The choices of the command line are left out: each is in the groups that it changes. So are the
    search spaces of all families: a search reports its own.
    """
    groups = {name: value for name, value in parameters if isinstance(value, Group)}
    dumped = {name: group.model_dump(mode="json") for name, group in groups.items()}
    leaves = as_texts(flatten(dumped))
    return {name: said for name, said in leaves.items() if not name.startswith(UNLOGGED)}
