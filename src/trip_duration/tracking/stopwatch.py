"""How long the nodes of a run took."""

from __future__ import annotations

from time import perf_counter


class Stopwatch:
    """Seconds by name; the whole is named ``run``."""

    def __init__(self) -> None:
        """Begin with the run as a whole."""
        self._began = {"run": perf_counter()}
        self._took: dict[str, float] = {}

    def start(self, name: str) -> None:
        """Note that a node begins."""
        self._began[name] = perf_counter()

    def stop(self, name: str) -> None:
        """Note that a node has ended."""
        self._took[name] = perf_counter() - self._began[name]

    def metrics(self) -> dict[str, float]:
        """Return ``seconds.<node>`` of the nodes that have ended, and ``seconds.run`` so far."""
        self.stop("run")
        return {f"seconds.{name}": took for name, took in self._took.items()}
