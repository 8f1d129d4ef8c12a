"""The channel to a service, and calls that are tried again."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import grpc
from google.protobuf.message import Message
from grpc.aio import AioRpcError

from sqldojo.v1 import benchmark_pb2, environment_pb2
from sqldojo.v1.benchmark_pb2_grpc import BenchmarkServiceStub
from sqldojo.v1.environment_pb2_grpc import EnvironmentServiceStub
from sqldojo.v1.task_pb2_grpc import TaskServiceStub

from .errors import connection_closed, error_of_call, too_large
from .retry import BACKOFF, may_retry, wait_for
from .wire import StepAnswer, StepMessage

MAX_MESSAGE_BYTES = 16 * 1024 * 1024
CALL_SECONDS = 60.0

_OPTIONS = (
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    # A frame's reply holds up to 20 wide rows for each of its commands and may pass any small bound.
    ("grpc.max_receive_message_length", -1),
    # Replies to several frames may be on their way before one is read.
    ("grpc.http2.lookahead_bytes", 4 * 1024 * 1024),
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.keepalive_timeout_ms", 20_000),
    ("grpc.http2.max_pings_without_data", 0),
    # Come back to a server as soon as it does.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 2_000),
    # Each channel has its own connection, so that several channels reach several servers behind one port.
    ("grpc.use_local_subchannel_pool", 1),
)

# gRPC takes other names as well, and looks long for a host that is called "http:".
_ADDRESS = re.compile(r"(?:dns|ipv4|ipv6|unix|unix-abstract|vsock|xds):.+|\[[^\]]+\]:\d+|[^:/\s]+:\d+")

_Request = TypeVar("_Request", bound=Message)
_Response = TypeVar("_Response")


@dataclass(frozen=True, slots=True)
class Tls:
    """How a server is trusted: PEM files of the authority (None: the system's), and one's own certificate.

    `name` is the name in the server's certificate where it is not that of the address.
    """

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    name: str = ""

    def credentials(self) -> grpc.ChannelCredentials:
        """Reads the files. Raises OSError."""
        files = (self.ca, self.key, self.certificate)
        return grpc.ssl_channel_credentials(*(file.read_bytes() if file else None for file in files))


class Channel:
    """An open channel to the service at `address`; `token` goes as bearer token with every call.

    Encrypted with `tls`. Raises ValueError for what is no address, OSError when a file of `tls` cannot be
    read.
    """

    def __init__(self, address: str, token: str | None, tls: Tls | None = None) -> None:
        if not _ADDRESS.fullmatch(address):
            raise ValueError(
                f"{address!r} is no address of a server: give host:port, such as localhost:50051"
            )
        self.address = address
        self._is_closed = False
        self._metadata = (("authorization", f"Bearer {token}"),) if token is not None else ()
        if tls is None:
            self._channel = grpc.aio.insecure_channel(address, options=_OPTIONS)
        else:
            name = (("grpc.ssl_target_name_override", tls.name),) if tls.name else ()
            self._channel = grpc.aio.secure_channel(address, tls.credentials(), options=(*_OPTIONS, *name))
        self._environment = EnvironmentServiceStub(self._channel)
        self.tasks = TaskServiceStub(self._channel)
        self._benchmark = BenchmarkServiceStub(self._channel)

    async def call(
        self, method: grpc.aio.UnaryUnaryMultiCallable[_Request, _Response], request: _Request
    ) -> _Response:
        """Makes a unary call; tries again while that may help, each try within CALL_SECONDS.

        Raises DojoError for the last try's failure.
        """
        if (size := request.ByteSize()) > MAX_MESSAGE_BYTES:
            raise too_large(size, MAX_MESSAGE_BYTES)
        waits = BACKOFF.waits()
        while True:
            self._check_open()
            try:
                return await method(request, timeout=CALL_SECONDS, metadata=self._metadata)
            except AioRpcError as failure:
                error = error_of_call(failure, self.address)
            except asyncio.CancelledError:
                self.check_cancelled()
                raise
            wait = next(waits, None)
            if wait is None or not may_retry(error):
                raise error
            await asyncio.sleep(wait_for(error, wait))

    async def reset(self, request: environment_pb2.ResetRequest) -> environment_pb2.ResetResponse:
        """Opens a session."""
        return await self.call(self._environment.Reset, request)

    async def step(self, request: StepMessage) -> StepAnswer:
        """Plays a step, behind the review gate where the request is one for it."""
        if isinstance(request, environment_pb2.StepWithReviewRequest):
            return await self.call(self._environment.StepWithReview, request)
        return await self.call(self._environment.Step, request)

    async def state(self, request: environment_pb2.GetStateRequest) -> environment_pb2.GetStateResponse:
        """Gives a session's state."""
        return await self.call(self._environment.GetState, request)

    async def close_session(
        self, request: environment_pb2.CloseSessionRequest
    ) -> environment_pb2.CloseSessionResponse:
        """Ends a session."""
        return await self.call(self._environment.CloseSession, request)

    def open_rollout(
        self,
    ) -> grpc.aio.StreamStreamCall[environment_pb2.RolloutRequest, environment_pb2.RolloutResponse]:
        """Opens a rollout stream. Raises DojoError when the channel was closed."""
        self._check_open()
        return self._environment.Rollout(metadata=self._metadata)

    def open_benchmark(
        self, request: benchmark_pb2.RunRequest
    ) -> grpc.aio.UnaryStreamCall[benchmark_pb2.RunRequest, benchmark_pb2.RunResponse]:
        """Has a benchmark run. Raises DojoError when the channel was closed."""
        self._check_open()
        return self._benchmark.Run(request, metadata=self._metadata)

    def _check_open(self) -> None:
        if self._is_closed:
            raise connection_closed()

    def check_cancelled(self) -> None:
        """Raises DojoError where a call was cancelled by the channel's end, and not by its caller."""
        task = asyncio.current_task()
        if self._is_closed and task is not None and not task.cancelling():
            raise connection_closed() from None

    async def close(self) -> None:
        """Closes the channel; calls under way are cancelled."""
        self._is_closed = True
        await self._channel.close()
