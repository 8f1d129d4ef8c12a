"""What no proper client sends, in short; `make wirefuzz` sends much more of it."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import grpc
import servers
from wirefuzz.calls import RPCS
from wirefuzz.connections import KINDS
from wirefuzz.fuzz import fuzz

from sqldojo.v1 import task_pb2, task_pb2_grpc

MESSAGES = 3_000
CODES = {"OK", "INVALID_ARGUMENT", "NOT_FOUND", "FAILED_PRECONDITION", "OUT_OF_RANGE", "ALREADY_EXISTS"}


def test_a_server_answers_whatever_comes_and_goes_on(tmp_path: Path) -> None:
    report = asyncio.run(fuzz(tmp_path, 7, MESSAGES, each_connection=2, lingering=150))
    assert not report.faults, "\n".join(report.faults)
    assert report.findings.messages >= MESSAGES
    assert {rpc.path for rpc in RPCS} <= {path for path, _ in report.findings.counts}
    assert {code for path, code in report.findings.counts if path.endswith("/Step")} >= CODES  # it got deep
    assert report.connections.keys() == {*KINDS, "slow-loris"}


def test_a_flood_of_requests_cancels_nobody_elses() -> None:
    with servers.serving() as server:
        asyncio.run(_call_while_flooded(server.address))


async def _call_while_flooded(address: str) -> None:
    """Calls without trying again, while many requests are sent and given up at once."""
    host, port = address.rsplit(":", 1)
    async with grpc.aio.insecure_channel(address) as channel:
        stub = task_pb2_grpc.TaskServiceStub(channel)
        request = task_pb2.ListTasksRequest(page_size=1)
        flood = KINDS["rapid reset"](random.Random(1))
        peers = [await asyncio.open_connection(host, int(port)) for _ in range(40)]
        for _, writer in peers:
            writer.write(flood)
        replies = await asyncio.gather(*(stub.ListTasks(request, timeout=60) for _ in range(200)))
        assert all(len(reply.tasks) == 1 for reply in replies)
        for _, writer in peers:
            writer.close()
