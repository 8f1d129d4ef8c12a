"""The server, put together: configuration, assembly, start and graceful stop."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from sqldojo.v1 import benchmark_pb2, environment_pb2, task_pb2

from ..core.sql_reviewer import SqlReviewer
from ..sandbox.clock import set_process_time_zone
from ..sandbox.limits import Limits
from ..sandbox.pool import DatabasePool, set_process_heap_limit
from ..sessions.store import SessionStore
from ..tasks.bank import TaskBank
from .access import Access
from .benchmark import Benchmark
from .calls import Calls
from .environment import Environment
from .tasks import Tasks
from .workers import Workers

MAX_MESSAGE_BYTES = 16 * 1024 * 1024
SQLITE_HEAP_BYTES = 4 * 1024 * 1024 * 1024  # a backstop, far above what the sandbox's own limits allow
STREAM_WINDOW_BYTES = 4 * 1024 * 1024  # several frames may be on their way before one is read

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ServerConfig:
    """How a server runs. Times are in seconds; port 0 takes a free one; `bank` None is the default bank.

    `workers` threads carry out single calls, and as many more carry out frames.
    """

    host: str = "127.0.0.1"
    port: int = 50051
    bank: Path | None = None
    oracle_token: str | None = None
    max_sessions: int = 10_000
    idle_seconds: float = 900.0
    statement_deadline: float = 1.0
    workers: int = 8
    reuse_port: bool = False
    grace_seconds: float = 10.0


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
    when the port is taken, and what TaskBank.open raises for a bank that cannot be opened.
    """
    set_process_time_zone()
    stop = stop or asyncio.Event()
    stopping = asyncio.Event()
    bank = await asyncio.to_thread(lambda: TaskBank.open(config.bank) if config.bank else TaskBank.default())
    pool = DatabasePool(Limits(deadline_seconds=config.statement_deadline))
    reviewer = SqlReviewer()
    sessions = SessionStore(
        bank, pool, reviewer, max_sessions=config.max_sessions, idle_seconds=config.idle_seconds
    )
    set_process_heap_limit(SQLITE_HEAP_BYTES)
    _calm_garbage_collector()
    with (
        Workers(config.workers, "sqldojo-call") as for_calls,
        Workers(config.workers, "sqldojo-frame") as for_frames,
    ):
        server = grpc.aio.server(options=_options(config))
        calls = Calls(for_calls, for_frames, Access(config.oracle_token), stopping)
        server.add_generic_rpc_handlers(
            (
                _environment_service(calls, Environment(sessions)),
                _task_service(calls, Tasks(bank, version("sqldojo"))),
                _benchmark_service(calls, Benchmark(bank, pool, reviewer)),
            )
        )
        healthy = await _add_health_and_reflection(server)
        address = f"{config.host}:{_bind(server, config)}"
        await server.start()
        for number in (signal.SIGTERM, signal.SIGINT):
            with suppress(NotImplementedError, RuntimeError):  # not the main thread, or no signals here
                asyncio.get_running_loop().add_signal_handler(number, stop.set)
        expiry = asyncio.create_task(_expire(sessions, config.idle_seconds))
        log.info("serving %d tasks on %s", len(bank.tasks), address)
        if ready is not None:
            ready(address)
        await stop.wait()
        log.info("stopping: finishing what is under way")
        expiry.cancel()
        await healthy.enter_graceful_shutdown()
        stopping.set()
        await server.stop(config.grace_seconds)


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
        ("grpc.http2.lookahead_bytes", STREAM_WINDOW_BYTES),
        ("grpc.keepalive_time_ms", 30_000),
        ("grpc.keepalive_timeout_ms", 10_000),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
    ]


def _bind(server: grpc.aio.Server, config: ServerConfig) -> int:
    address = f"{config.host}:{config.port}"
    try:
        return server.add_insecure_port(address)
    except RuntimeError as error:
        raise AddressInUse(
            f"cannot listen on {address}: the port is taken, or the host is not one of this machine's"
        ) from error


async def _expire(sessions: SessionStore, idle_seconds: float) -> None:
    """Ends idle sessions, from time to time, for as long as the server runs."""
    while True:
        await asyncio.sleep(min(idle_seconds / 4, 30.0))
        expired = await asyncio.to_thread(sessions.expire)
        if expired:
            log.info("%d idle sessions expired; %d live", expired, len(sessions))


def _environment_service(calls: Calls, environment: Environment) -> grpc.GenericRpcHandler:
    pb = environment_pb2
    return grpc.method_handlers_generic_handler(
        "sqldojo.v1.EnvironmentService",
        {
            "Reset": calls.unary(pb.ResetRequest, environment.reset),
            "Step": calls.unary(pb.StepRequest, environment.step),
            "StepWithReview": calls.unary(pb.StepWithReviewRequest, environment.step_with_review),
            "GetState": calls.unary(pb.GetStateRequest, environment.get_state),
            "CloseSession": calls.unary(pb.CloseSessionRequest, environment.close_session),
            "Rollout": calls.frames(environment.frame),
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


async def _add_health_and_reflection(server: grpc.aio.Server) -> health.aio.HealthServicer:
    names = [
        service.full_name
        for file in (environment_pb2, task_pb2, benchmark_pb2)
        for service in file.DESCRIPTOR.services_by_name.values()
    ]
    healthy = health.aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(healthy, server)
    for name in ("", *names):
        await healthy.set(name, health_pb2.HealthCheckResponse.SERVING)
    reflection.enable_server_reflection((*names, health.SERVICE_NAME, reflection.SERVICE_NAME), server)
    return healthy
