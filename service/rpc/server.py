"""The server, put together: configuration, assembly, start and graceful stop."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import logging
import signal
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import version
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
from sqlalchemy import URL

from sqldojo.v1 import benchmark_pb2, environment_pb2, task_pb2

from ..core.built_in_profiles import BUILT_IN_PROFILES
from ..core.profiles import Profiles
from ..players.fleet import Fleet
from ..players.player import PlayerConfig
from ..sandbox.clock import set_process_time_zone
from ..sessions.journal.committer import Writable
from ..sessions.journal.engine import sole_writer
from ..sessions.journal.journal import Journal
from ..sessions.journal.unkept import Unkept
from ..sessions.plugged_reviewer import load_reviewer
from ..tasks.bank import TaskBank
from .access import Access, keep_metadata_out_of_the_log, read_tokens
from .admission import Admission, Quota
from .benchmark import Benchmark
from .calls import Calls
from .standard import add_health_and_reflection
from .tasks import Tasks

if TYPE_CHECKING:
    from .metrics import Metrics

MAX_MESSAGE_BYTES = 16 * 1024 * 1024
MAX_WAITING_CALLS = (
    20_000  # above, gRPC cancels calls at random: a flood of one caller's would cancel others'
)
STREAM_WINDOW_BYTES = 4 * 1024 * 1024  # several frames may be on their way before one is read

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Tls:
    """PEM files: the server's certificate chain and key, and the authority that clients' certificates need.

    Without `client_ca` clients need no certificate.
    """

    certificate: Path
    key: Path
    client_ca: Path | None = None


@dataclass(frozen=True, slots=True)
class ServerConfig:
    """How a server runs. Times are in seconds; port 0 takes a free one; `bank` None is the default bank.

    `journal` None keeps sessions in memory only; `synchronous` is for one in a SQLite file, see
    `make_engine`. `reviewer` names one beside the deterministic one, see `load_reviewer`, which gets
    `reviewer_seconds` for a statement. `tokens` is a file of bearer tokens. An address that others can reach
    is refused without `tls` and `tokens`, unless `insecure` says that this is meant. `players` processes
    share the sessions; in each, `workers` threads carry out single calls, and as many more frames. One that
    takes more than `player_memory` MB is replaced; in `result_memory` MB each keeps results of statements, 0
    none.

    A caller, which is whoever has a token, or all who have none, may have `caller_sessions` (0: all), as many
    calls and streams under way as `caller_calls` says, `caller_memory` MB of requests, and seconds of the
    processor's time in a second as `caller_cores` says (0: all there is). A stream that its client does not
    read for `stall_seconds` ends.

    `metrics` is a host and port where what is counted is told over HTTP, in Prometheus' text format; None:
    nowhere. That has neither TLS nor tokens, so a public address is refused without `insecure`.
    """

    host: str = "127.0.0.1"
    port: int = 50051
    bank: Path | None = None
    journal: URL | None = None
    synchronous: str = "NORMAL"
    profiles: Profiles = BUILT_IN_PROFILES
    reviewer: str = ""
    reviewer_seconds: float = 5.0
    oracle_token: str | None = None
    tokens: Path | None = None
    tls: Tls | None = None
    insecure: bool = False
    max_sessions: int = 10_000
    idle_seconds: float = 900.0
    statement_deadline: float = 1.0
    players: int = 1
    player_memory: int = 4096
    result_memory: int = 64
    caller_sessions: int = 0
    caller_calls: int = 1000
    caller_memory: int = 256
    caller_cores: float = 0.0
    stall_seconds: float = 60.0
    workers: int = 8
    reuse_port: bool = False
    metrics: tuple[str, int] | None = None
    grace_seconds: float = 10.0


class Unsafe(Exception):
    """A configuration that would let anybody in, or cannot keep them out."""


class AddressInUse(OSError):
    """The port is taken by another process."""


async def serve(
    config: ServerConfig,
    *,
    ready: Callable[[str], None] | None = None,
    stop: asyncio.Event | None = None,
) -> None:
    """Runs a server until SIGTERM, SIGINT or `stop`; calls `ready` with its address when it serves.

    Stopping finishes the frames and calls under way, for at most `grace_seconds`. Raises AddressInUse
    when the port is taken, Unsafe for a public address without protection, JournalError for a journal that
    cannot be used, TokensError for a file of tokens that cannot, and what TaskBank.open raises for a bank.
    """
    _check_exposure(config)
    access = Access(read_tokens(config.tokens) if config.tokens else (), oracle_token=config.oracle_token)
    keep_metadata_out_of_the_log()
    set_process_time_zone()
    stop = stop or asyncio.Event()
    bank = await asyncio.to_thread(lambda: TaskBank.open(config.bank) if config.bank else TaskBank.default())
    metrics = _metrics(config)
    async with _journal(config) as journal:
        timed = metrics.timed(journal) if metrics and config.journal else journal
        await _serve(config, access, bank, timed, metrics, ready, stop)


def _metrics(config: ServerConfig) -> Metrics | None:
    if config.metrics is None:
        return None
    from .metrics import Metrics  # a tenth of a second, for those who want it

    return Metrics()


@asynccontextmanager
async def _journal(config: ServerConfig) -> AsyncIterator[Writable]:
    """Opens the journal, as its only writer where it is a file."""
    if config.journal is None:
        yield Unkept()
        return
    with sole_writer(config.journal):
        journal = await Journal.open(config.journal, config.synchronous)
        try:
            yield journal
        finally:
            await journal.close()


async def _serve(
    config: ServerConfig,
    access: Access,
    bank: TaskBank,
    journal: Writable,
    metrics: Metrics | None,
    ready: Callable[[str], None] | None,
    stop: asyncio.Event,
) -> None:
    stopping = asyncio.Event()
    if config.reviewer:
        load_reviewer(config.reviewer)  # it is the players that ask it, but one that is none is told now
    _calm_garbage_collector()
    admission = Admission(Quota(config.caller_calls, config.caller_memory << 20, config.caller_cores))
    players = _players(config, bank, journal)
    async with (
        Fleet.running(players, journal, config.player_memory << 20, admission.charge) as fleet,
        _telling(metrics, fleet, config),
    ):
        server = grpc.aio.server(interceptors=(access,), options=_options(config))
        workers = ThreadPoolExecutor(config.workers, "sqldojo-call")
        calls = Calls(workers, fleet, admission, config.stall_seconds, stopping)
        server.add_generic_rpc_handlers(
            (
                _environment_service(calls),
                _task_service(calls, Tasks(bank, version("sqldojo"))),
                _benchmark_service(calls, Benchmark(bank, fleet)),
            )
        )
        healthy = await add_health_and_reflection(server, _service_names())
        address = f"{config.host}:{_bind(server, config)}"
        await server.start()
        for number in (signal.SIGTERM, signal.SIGINT):
            with suppress(NotImplementedError, RuntimeError):  # not the main thread, or no signals here
                asyncio.get_running_loop().add_signal_handler(number, stop.set)
        expiry = asyncio.create_task(_expire(fleet, config.idle_seconds))
        log.info("serving %d tasks on %s, journal: %s", len(bank.tasks), address, journal)
        if ready is not None:
            ready(address)
        await stop.wait()
        log.info("stopping: finishing what is under way")
        expiry.cancel()
        await healthy.enter_graceful_shutdown()
        stopping.set()
        await server.stop(config.grace_seconds)
        workers.shutdown()
        counts = fleet.counts
        log.info(
            "%d of %d statements on databases that nobody writes to were known", counts.hits, counts.lookups
        )
    log.info("stopped; all that was answered is in the journal" if config.journal else "stopped")


@asynccontextmanager
async def _telling(metrics: Metrics | None, fleet: Fleet, config: ServerConfig) -> AsyncIterator[None]:
    """Tells metrics where they are wanted, for as long as the block takes."""
    if metrics is None or config.metrics is None:
        yield
        return
    metrics.observe(fleet)
    host, port = config.metrics
    try:
        port = metrics.listen(host, port)
    except OSError as error:
        raise AddressInUse(f"cannot tell metrics on {host}:{port}: {error}") from error
    log.info("metrics on http://%s:%d/metrics", host, port)
    try:
        yield
    finally:
        await asyncio.to_thread(metrics.close)


def _players(config: ServerConfig, bank: TaskBank, journal: Writable) -> PlayerConfig:
    return PlayerConfig(
        bank=bank.path.absolute(),
        profiles=config.profiles,
        reviewer=config.reviewer,
        reviewer_seconds=config.reviewer_seconds,
        statement_deadline=config.statement_deadline,
        max_sessions=config.max_sessions,
        caller_sessions=config.caller_sessions or config.max_sessions,
        idle_seconds=config.idle_seconds,
        result_bytes=config.result_memory << 20,
        workers=config.workers,
        players=config.players,
        is_shared=journal.shared,
    )


def _calm_garbage_collector() -> None:
    """Collects less often, and never what is loaded by now: steps make many objects and hardly any cycle."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def _options(config: ServerConfig) -> list[tuple[str, int]]:
    return [
        ("grpc.so_reuseport", int(config.reuse_port)),
        ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
        ("grpc.max_send_message_length", -1),  # 256 wide results are large, and refusing would cut the stream
        ("grpc.server.max_pending_requests", MAX_WAITING_CALLS),
        ("grpc.server.max_pending_requests_hard_limit", 2 * MAX_WAITING_CALLS),
        ("grpc.http2.lookahead_bytes", STREAM_WINDOW_BYTES),
        ("grpc.keepalive_time_ms", 30_000),
        ("grpc.keepalive_timeout_ms", 10_000),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
    ]


def _bind(server: grpc.aio.Server, config: ServerConfig) -> int:
    address = f"{config.host}:{config.port}"
    try:
        if config.tls is None:
            return server.add_insecure_port(address)
        return server.add_secure_port(address, _credentials(config.tls))
    except RuntimeError as error:
        raise AddressInUse(
            f"cannot listen on {address}: the port is taken, or the host is not one of this machine's"
        ) from error


def _check_exposure(config: ServerConfig) -> None:
    if config.insecure:
        return
    if not _is_local(config.host) and (config.tls is None or config.tokens is None):
        raise Unsafe(
            f"{config.host} can be reached from other machines: that needs TLS and tokens "
            "(--tls-cert, --tls-key, --tokens), or --insecure where the network is trusted"
        )
    if config.metrics is not None and not _is_local(config.metrics[0]):
        raise Unsafe(
            f"{config.metrics[0]} can be reached from other machines, and metrics have neither TLS nor "
            "tokens: that needs --insecure, where the network is trusted"
        )


def _is_local(host: str) -> bool:
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def _credentials(tls: Tls) -> grpc.ServerCredentials:
    try:
        key, certificate = tls.key.read_bytes(), tls.certificate.read_bytes()
        authority = tls.client_ca.read_bytes() if tls.client_ca else None
    except OSError as error:
        raise Unsafe(f"{error.filename} cannot be read ({error.strerror})") from error
    return grpc.ssl_server_credentials([(key, certificate)], authority, authority is not None)


async def _expire(fleet: Fleet, idle_seconds: float) -> None:
    """Ends idle sessions and gives memory back, from time to time, for as long as the server runs."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc alone has it, and needs it
    while True:
        await asyncio.sleep(min(idle_seconds / 4, 30.0))
        fleet.expire()
        if trim is not None:
            await asyncio.to_thread(trim, 0)


def _environment_service(calls: Calls) -> grpc.GenericRpcHandler:
    pb = environment_pb2
    return grpc.method_handlers_generic_handler(
        "sqldojo.v1.EnvironmentService",
        {
            "Reset": calls.playing("Reset", pb.ResetRequest),
            "Step": calls.playing("Step", pb.StepRequest),
            "StepWithReview": calls.playing("StepWithReview", pb.StepWithReviewRequest),
            "GetState": calls.playing("GetState", pb.GetStateRequest),
            "CloseSession": calls.playing("CloseSession", pb.CloseSessionRequest),
            "Rollout": calls.frames(),
        },
    )


def _task_service(calls: Calls, tasks: Tasks) -> grpc.GenericRpcHandler:
    pb = task_pb2
    return grpc.method_handlers_generic_handler(
        "sqldojo.v1.TaskService",
        {
            "ListTasks": calls.unary(pb.ListTasksRequest, tasks.list_tasks),
            "GetTask": calls.unary(pb.GetTaskRequest, tasks.get_task),
            "ListDatabases": calls.unary(pb.ListDatabasesRequest, tasks.list_databases),
            "GetDatabase": calls.unary(pb.GetDatabaseRequest, tasks.get_database),
        },
    )


def _benchmark_service(calls: Calls, benchmark: Benchmark) -> grpc.GenericRpcHandler:
    return grpc.method_handlers_generic_handler(
        "sqldojo.v1.BenchmarkService",
        {"Run": calls.server_stream(benchmark_pb2.RunRequest, benchmark.run)},
    )


def _service_names() -> list[str]:
    return [
        service.full_name
        for file in (environment_pb2, task_pb2, benchmark_pb2)
        for service in file.DESCRIPTOR.services_by_name.values()
    ]
