"""The same episode by the async client, the sync facade, and buf curl through reflection."""

from __future__ import annotations

import asyncio
import json
import subprocess
from typing import Any

from buf import BUF, needs_buf
from servers import Server

from sqldojo.client import Action, Answer, Describe, Query, Sample, Unparsed, connect, connect_sync

TASK = "explore/retail_shop/unrated-suppliers"
ACTIONS: list[Action] = [
    Describe("supplier"),
    Describe("Supplier"),
    Sample("nowhere"),
    Query("SELECT name, rating, 1.0 / 3 FROM supplier WHERE rating IS NULL"),
    Query("SELECT count(*) FROM supplier"),
    Query("SELECT nothing FROM supplier"),
    Unparsed("Let me think."),
    Query("SELECT count(*) FROM supplier WHERE rating IS NULL"),
    Answer("4"),
    Query("SELECT 1"),
]


def as_json(action: Action) -> dict[str, dict[str, str]]:
    [(field, value)] = ((name, getattr(action, name)) for name in action.__slots__)
    return {type(action).__name__.lower(): {field: value}}


def by_buf_curl(address: str) -> list[float]:
    def call(method: str, request: dict[str, Any]) -> dict[str, Any]:
        url = f"http://{address}/sqldojo.v1.EnvironmentService/{method}"
        program = [
            str(BUF),
            "curl",
            "--protocol",
            "grpc",
            "--http2-prior-knowledge",
        ]
        run = subprocess.run(
            [*program, "-d", json.dumps(request), url], capture_output=True, text=True, timeout=60
        )
        assert run.returncode == 0, run.stderr
        answer: dict[str, Any] = json.loads(run.stdout)
        return answer

    session = call("Reset", {"taskId": TASK, "seed": 3})["sessionId"]
    rewards = [
        call("Step", {"sessionId": session, "stepIndex": index, "action": as_json(action)})["reward"].get(
            "total", 0.0
        )
        for index, action in enumerate(ACTIONS, start=1)
    ]
    call("CloseSession", {"sessionId": session})
    return rewards


def by_sync_facade(address: str) -> list[float]:
    with connect_sync(address) as dojo, dojo.session(TASK, seed=3) as session:
        return [session.step(action).reward.total for action in ACTIONS]


async def by_async_client(address: str) -> list[float]:
    async with connect(address) as dojo, dojo.session(TASK, seed=3) as session:
        return [(await session.step(action)).reward.total for action in ACTIONS]


def test_rewards_agree_to_the_last_digit(server: Server) -> None:
    rewards = asyncio.run(by_async_client(server.address))
    assert len(set(rewards)) > 4
    assert by_sync_facade(server.address) == rewards


@needs_buf
def test_rewards_by_buf_curl_agree_to_the_last_digit(server: Server) -> None:
    assert by_buf_curl(server.address) == by_sync_facade(server.address)
