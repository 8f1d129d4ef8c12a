"""Metrics for Prometheus, by OpenTelemetry: numbers that a server has anyway, read when they are wanted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from importlib.metadata import version
from time import perf_counter

from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.metrics import CallbackOptions, Histogram, Observation
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from prometheus_client import CollectorRegistry, start_http_server

from ..players.fleet import Counts, Fleet
from ..sessions.journal.committer import Writable
from ..sessions.journal.records import Batch, Recorded
from .refusals import refused

COMMIT_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)

_COUNTERS: tuple[tuple[str, str, str, Callable[[Counts], int]], ...] = (
    (
        "sqldojo.result_memory.lookups",
        "{lookup}",
        "Statements on databases that nobody writes to, whose results may be known.",
        lambda counts: counts.lookups,
    ),
    (
        "sqldojo.result_memory.hits",
        "{hit}",
        "Statements that were not run, since their results were known.",
        lambda counts: counts.hits,
    ),
    ("sqldojo.steps", "{step}", "Steps that were answered.", lambda counts: counts.steps),
    ("sqldojo.frames", "{frame}", "Frames that came over streams.", lambda counts: counts.frames),
    (
        "sqldojo.players.replaced",
        "{player}",
        "Processes that play which have ended, whatever the reason.",
        lambda counts: counts.replaced,
    ),
)


class Metrics:
    """The metrics of a server: what its journal takes, and what its players do."""

    def __init__(self) -> None:
        own = version("sqldojo")
        self._registry = CollectorRegistry()
        reader = PrometheusMetricReader(scope_info_enabled=False, registry=self._registry)
        provider = MeterProvider([reader], Resource.create({SERVICE_NAME: "sqldojo", SERVICE_VERSION: own}))
        self._meter = provider.get_meter("sqldojo", own)

    def timed(self, journal: Writable) -> Writable:
        """Gives a journal whose transactions are timed."""
        seconds = self._meter.create_histogram(
            "sqldojo.journal.commit.duration",
            unit="s",
            description="How long transactions of the journal took.",
            explicit_bucket_boundaries_advisory=COMMIT_SECONDS,
        )
        return _Timed(journal, seconds)

    def observe(self, fleet: Fleet) -> None:
        """Adds what the players do."""

        def reading(read: Callable[[Counts], int]) -> Callable[[CallbackOptions], Iterable[Observation]]:
            return lambda _: [Observation(read(fleet.counts))]

        for name, unit, description, read in _COUNTERS:
            self._meter.create_observable_counter(name, [reading(read)], unit, description)
        self._meter.create_observable_up_down_counter(
            "sqldojo.sessions.live",
            [reading(lambda counts: counts.sessions)],
            "{session}",
            "Sessions that are in memory.",
        )
        self._meter.create_observable_counter(
            "sqldojo.refusals",
            [lambda _: _refusals(fleet)],
            "{refusal}",
            "Calls, frames and commands of frames that were refused.",
        )

    def listen(self, host: str, port: int) -> int:
        """Answers HTTP until it is closed; gives the port. Raises OSError for a port that is taken."""
        self._server, self._thread = start_http_server(port, host.strip("[]"), self._registry)
        return self._server.server_port

    def close(self) -> None:
        """Answers no more. Blocking, for half a second."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Timed:
    """A journal that records the seconds of its transactions, and with what error one failed."""

    def __init__(self, journal: Writable, seconds: Histogram) -> None:
        self.shared = journal.shared
        self._journal = journal
        self._seconds = seconds

    def __str__(self) -> str:
        return str(self._journal)

    async def write(self, batch: Batch) -> frozenset[int]:
        """As Writable.write."""
        began = perf_counter()
        try:
            moved = await self._journal.write(batch)
        except Exception as error:
            self._seconds.record(perf_counter() - began, {"error.type": type(error).__name__})
            raise
        self._seconds.record(perf_counter() - began)
        return moved

    async def find(self, session_ids: Sequence[str]) -> dict[str, Recorded]:
        """As Writable.find."""
        return await self._journal.find(session_ids)

    async def head(self, session_id: str) -> tuple[int, int, int] | None:
        """As Writable.head."""
        return await self._journal.head(session_id)


def _refusals(fleet: Fleet) -> Iterable[Observation]:
    together = Counter(dict(refused)) + fleet.counts.refused  # a copy: the event loop counts on meanwhile
    return [Observation(number, {"reason": reason.name}) for reason, number in together.items()]
