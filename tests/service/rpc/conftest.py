"""A real server process, and channels to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import grpc
import pytest
import servers
from google.rpc import status_pb2
from servers import Server

from sqldojo.v1 import environment_pb2_grpc, error_pb2, observation_pb2, task_pb2, task_pb2_grpc


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with servers.serving("--max-sessions", "2500", "--statement-deadline", "0.2") as started:
        yield started


@pytest.fixture(scope="session")
def serving() -> Callable[..., AbstractContextManager[Server]]:
    """Runs a server with options of its own: `with serving("--idle-seconds", "1") as server:`."""
    return servers.serving


@pytest.fixture
def channel(server: Server) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(server.address, [("grpc.use_local_subchannel_pool", 1)]) as opened:
        yield opened


@pytest.fixture
def stub(channel: grpc.Channel) -> environment_pb2_grpc.EnvironmentServiceStub:
    return environment_pb2_grpc.EnvironmentServiceStub(channel)


@pytest.fixture(scope="session")
def oracle_token() -> str:
    return servers.ORACLE_TOKEN


@pytest.fixture(scope="session")
def explore_task(server: Server) -> str:
    return _first_task(server, observation_pb2.TASK_KIND_EXPLORE)


@pytest.fixture(scope="session")
def repair_task(server: Server) -> str:
    return _first_task(server, observation_pb2.TASK_KIND_REPAIR)


def _first_task(server: Server, kind: observation_pb2.TaskKind.ValueType) -> str:
    with grpc.insecure_channel(server.address) as opened:
        stub = task_pb2_grpc.TaskServiceStub(opened)
        return stub.ListTasks(task_pb2.ListTasksRequest(kind=kind, page_size=1)).tasks[0].task_id


@pytest.fixture
def detail() -> Callable[[grpc.RpcError], error_pb2.ErrorDetail]:
    """Reads the typed detail of a refused call."""
    return _detail


def _detail(error: grpc.RpcError) -> error_pb2.ErrorDetail:
    metadata = dict(error.trailing_metadata() or ())
    status = status_pb2.Status.FromString(metadata["grpc-status-details-bin"])
    found = error_pb2.ErrorDetail()
    assert len(status.details) == 1
    assert status.details[0].Unpack(found)
    return found
