"""The upper bound: decode a frame, run its queries, build and encode the reply, on one core and no network.

The messages are those of the real server, built by the same code; what is left out is the network, the
event loop, the sandbox's guards, sessions, grading and rewards.
"""

from __future__ import annotations

import time

import apsw

from sqldojo.service.core.execution import Column
from sqldojo.service.core.observation import Observation, Result
from sqldojo.service.core.reward import TermKind, breakdown, term
from sqldojo.service.rpc import wire
from sqldojo.v1 import action_pb2
from sqldojo.v1 import environment_pb2 as pb

from . import workload

FRAME = 128

_REWARD = breakdown(
    [
        term(TermKind.STEP_COST, -0.02),
        term(TermKind.EXECUTED, 0.02),
        term(TermKind.NEW_INFORMATION, 0.01),
        term(TermKind.PROGRESS, 0.15, 0.0),
    ],
    (-0.10, 0.15),
)


def steps_per_second(kind: str, seconds: float) -> float:
    """Runs frames of 128 queries for about `seconds` and gives the rate."""
    connection = apsw.Connection(":memory:")
    connection.deserialize("main", workload.image())
    cursor = connection.cursor()
    frames = [_frame(kind, start) for start in range(0, 64 * FRAME, FRAME)]
    played = 0
    started = time.perf_counter()
    while (elapsed := time.perf_counter() - started) < seconds:
        _answer(frames[played // FRAME % len(frames)], cursor)
        played += FRAME
    return played / elapsed


def _answer(data: bytes, cursor: apsw.Cursor) -> bytes:
    reply = pb.RolloutResponse()
    for command in pb.RolloutRequest.FromString(data).commands:
        cursor.execute(command.step.action.query.sql)
        columns = tuple(Column(name, declared or "") for name, declared in cursor.get_description())
        rows = cursor.fetchall()
        response = reply.results.add(correlation_id=command.correlation_id).step
        response.session_id = command.step.session_id
        response.step_index = command.step.step_index
        observation = Observation(Result(columns, tuple(rows), len(rows)), None, 1, 14)
        wire.fill_observation(response.observation, observation)
        wire.fill_reward(response.reward, _REWARD)
        response.total_reward = 0.01
    return reply.SerializeToString()


def _frame(kind: str, start: int) -> bytes:
    commands = [
        pb.Command(
            correlation_id=number,
            step=pb.StepRequest(
                session_id=f"session-{number % FRAME:04d}",
                step_index=1,
                action=action_pb2.Action(query=action_pb2.Query(sql=workload.statement(kind, number))),
            ),
        )
        for number in range(start, start + FRAME)
    ]
    return pb.RolloutRequest(commands=commands).SerializeToString()
