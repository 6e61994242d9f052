"""One log line for each node of a run, in place of the several that Kedro writes.

Log records are all that Kedro says of nodes, whatever the runner; they are read here. On a terminal
the node that runs is shown below the lines, with how many have ended and the time.
"""

from __future__ import annotations

import logging
import re
from contextlib import ExitStack
from time import perf_counter
from typing import Any

from trip_duration.progress import Bar, bar

log = logging.getLogger("trip_duration.run")

_KEDRO_LOGGERS = ("kedro.runner", "kedro.pipeline.node")
_STARTED, _ENDED, _COUNT = (
    "Running node: %s",
    "Completed node: %s",
    "Completed %d out of %d tasks",
)
_FAILED = "Node %s failed with error"
_RESUME = re.compile(r'--from-nodes "([^"]+)"')
# neither says anything of this run
_SUPERFLUOUS = ("Using synchronous mode", "No nodes ran.")


class NodeLog(logging.Handler):
    """Reads Kedro's records on nodes; hands every other record on to the usual handlers.

    Attributes:
        nodes: Number of nodes of the run.
        ended: Number of nodes that have ended.
        resume_from: Nodes from which Kedro suggests to go on after a failure.
    """

    def __init__(self) -> None:
        """Begin without a run."""
        super().__init__()
        self._bars = ExitStack()
        self.begin(0)

    def install(self) -> None:
        """Take the records of Kedro's runners and nodes."""
        for name in _KEDRO_LOGGERS:
            logger = logging.getLogger(name)
            logger.handlers, logger.propagate = [self], False

    def begin(self, nodes: int) -> None:
        """Begin with a run of so many nodes."""
        self.close()
        self.nodes, self.ended, self.resume_from = nodes, 0, list[str]()
        self._failed = ""
        self._running: dict[str, float] = {}
        self._last = ""

    @property
    def failed(self) -> str:
        """The node that has failed, or was running; empty if its inputs could not be loaded."""
        return self._failed or ", ".join(self._running)

    def close(self) -> None:
        """Take the bar away."""
        self._bars.close()
        self._bar: Bar | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Read a record of Kedro's."""
        message, arguments = str(record.msg), list[Any](record.args or ())
        resume = _RESUME.search(message)
        if message == _STARTED:
            self._start(_name(arguments[0]))
        elif message == _ENDED:
            self._last = str(arguments[0])
        elif message == _COUNT:
            self._end(*arguments)
        elif message.startswith(_FAILED):
            # the error itself is printed at the end
            self._failed = _name(arguments[0])
        elif resume is not None:
            self.resume_from = resume[1].split(",")
        elif not message.startswith(_SUPERFLUOUS):
            logging.getLogger().handle(record)

    def _start(self, node: str) -> None:
        self._running[node] = perf_counter()
        if self._bar is None:
            self._bar = self._bars.enter_context(bar(node, self.nodes, "nodes"))
        self._bar.update(", ".join(self._running))

    def _end(self, ended: int, nodes: int) -> None:
        self.ended, self.nodes = ended, nodes
        # processes of the parallel runner do not say when they begin
        began = self._running.pop(self._last, None)
        duration = "" if began is None else f" {perf_counter() - began:.1f} s"
        log.info("%*d/%d %s%s", len(str(nodes)), ended, nodes, self._last, duration)
        if self._bar is not None:
            self._bar.advance()
            self._bar.update(", ".join(self._running) or None, nodes)


def _name(node: Any) -> str:
    """Return the name of a node that Kedro logs with its inputs and outputs."""
    return str(node).partition(":")[0]
