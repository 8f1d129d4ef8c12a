"""Health checks and reflection: gRPC's own services, which answer bad bytes as ours do.

Their messages are read here, since what gRPC's servicers cannot read they take for a fault of the server's.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import TypeVar

import grpc
from google.protobuf.message import Message
from grpc_health.v1 import health, health_pb2
from grpc_reflection.v1alpha import reflection, reflection_pb2

from ..players import rules
from ..sessions.refusal import Reason, Refusal
from .refusals import abort

MAX_SERVICE_NAME = 256  # characters; a watch keeps its name for as long as it lasts, and needs no token

M = TypeVar("M", bound=Message)
Context = grpc.aio.ServicerContext[bytes, bytes]


async def add_health_and_reflection(
    server: grpc.aio.Server, services: Sequence[str]
) -> health.aio.HealthServicer:
    """Adds both for these services, which are healthy until the servicer given is told otherwise."""
    healthy = health.aio.HealthServicer()
    for name in ("", *services):
        await healthy.set(name, health_pb2.HealthCheckResponse.SERVING)
    names = (*services, health.SERVICE_NAME, reflection.SERVICE_NAME)
    server.add_generic_rpc_handlers((_health(healthy), _reflection(reflection.aio.ReflectionServicer(names))))
    return healthy


def _health(servicer: health.aio.HealthServicer) -> grpc.GenericRpcHandler:
    async def check(data: bytes, context: Context) -> bytes:
        request = await _read_check(data, context)
        response: health_pb2.HealthCheckResponse = await servicer.Check(request, context)
        encoded: bytes = response.SerializeToString()
        return encoded

    async def watch(data: bytes, context: Context) -> None:
        await servicer.Watch(await _read_check(data, context), context)

    return grpc.method_handlers_generic_handler(
        health.SERVICE_NAME,
        {
            "Check": grpc.unary_unary_rpc_method_handler(check),
            "Watch": grpc.unary_stream_rpc_method_handler(
                watch, response_serializer=health_pb2.HealthCheckResponse.SerializeToString
            ),
        },
    )


def _reflection(servicer: reflection.aio.ReflectionServicer) -> grpc.GenericRpcHandler:
    async def read_all(
        requests: AsyncIterator[bytes], context: Context
    ) -> AsyncIterator[reflection_pb2.ServerReflectionRequest]:
        async for data in requests:
            request = await _read(reflection_pb2.ServerReflectionRequest, data, context)
            request.DiscardUnknownFields()  # the reply repeats it, nested one level deeper
            yield request

    async def info(requests: AsyncIterator[bytes], context: Context) -> AsyncIterator[bytes]:
        async for response in servicer.ServerReflectionInfo(read_all(requests, context), context):
            yield response.SerializeToString()

    return grpc.method_handlers_generic_handler(
        reflection.SERVICE_NAME, {"ServerReflectionInfo": grpc.stream_stream_rpc_method_handler(info)}
    )


async def _read_check(data: bytes, context: Context) -> health_pb2.HealthCheckRequest:
    request: health_pb2.HealthCheckRequest = await _read(health_pb2.HealthCheckRequest, data, context)
    if len(request.service) > MAX_SERVICE_NAME:
        await abort(
            context,
            Refusal(
                Reason.INVALID_FIELD,
                f"a service's name of {len(request.service)} characters",
                field="service",
                hint=f"It may have {MAX_SERVICE_NAME}; reflection lists the services.",
            ),
        )
    return request


async def _read(kind: type[M], data: bytes, context: Context) -> M:
    try:
        return rules.decode(kind, data)
    except Refusal as refusal:
        await abort(context, refusal)
