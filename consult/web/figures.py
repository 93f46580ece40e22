"""Figures for /metrics that are asked of the database whenever somebody reads them; counts only, never a name."""

from collections.abc import Callable, Iterator

from prometheus_client.core import Metric
from prometheus_client.registry import Collector, CollectorRegistry

from consult.domain.errors import Unavailable


class Figures(Collector):
    """Metrics as ``ask`` finds them; none while the database is away."""

    def __init__(self, ask: Callable[[], list[Metric]], registry: CollectorRegistry) -> None:
        self._ask = ask
        registry.register(self)

    def describe(self) -> Iterator[Metric]:
        """Nothing is asked before somebody reads."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """What stands now."""
        try:
            yield from self._ask()
        except Unavailable:
            return
