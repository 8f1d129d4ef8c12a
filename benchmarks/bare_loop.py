"""The upper bound: decode a frame, run its queries, build and encode the reply, on one core and no network.

The messages are those of the real server. What is left out is the network, the event loop, the sandbox's
guards, sessions, progress and rewards (every reply carries the same one).
"""

from __future__ import annotations

import time
from itertools import count
from multiprocessing import get_context
from multiprocessing.synchronize import Semaphore
from typing import Self

import apsw

from sqldojo.v1 import action_pb2, observation_pb2, reward_pb2
from sqldojo.v1 import environment_pb2 as pb

from . import workload
from .server_load import Played

FRAME = 128

CELL_TYPES = {
    int: observation_pb2.CELL_TYPE_INTEGER,
    float: observation_pb2.CELL_TYPE_REAL,
    str: observation_pb2.CELL_TYPE_TEXT,
}

REWARD = reward_pb2.RewardBreakdown(
    total=0.01,
    unclipped=0.01,
    terms=[
        reward_pb2.RewardTerm(kind=term, value=1, weight=0.01, contribution=0.01)
        for term in (
            reward_pb2.REWARD_TERM_KIND_STEP_COST,
            reward_pb2.REWARD_TERM_KIND_EXECUTED,
            reward_pb2.REWARD_TERM_KIND_NEW_INFORMATION,
            reward_pb2.REWARD_TERM_KIND_PROGRESS,
        )
    ],
    clip_low=-0.10,
    clip_high=0.15,
)


class BareLoop:
    """The loop, and in another process the client's half of the work: `with BareLoop(kind) as loop:`.

    Beside the real server a client works on another core, and on many machines that slows this one. So for
    each frame here, another process encodes one and decodes its reply.
    """

    def __init__(self, kind: str) -> None:
        self._frames = [_frame(kind, start) for start in range(0, 64 * FRAME, FRAME)]
        self._cursor = _open()
        context = get_context("spawn")
        self._answered = context.Semaphore(0)
        self._other = context.Process(target=_client_half, args=(kind, self._answered), daemon=True)

    def __enter__(self) -> Self:
        self._other.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._other.terminate()
        self._other.join()

    def play(self, seconds: float) -> Played:
        """Runs for about `seconds`."""
        played = 0
        began = time.process_time()
        started = time.perf_counter()
        while (elapsed := time.perf_counter() - started) < seconds:
            _answer(self._frames[played // FRAME % len(self._frames)], self._cursor)
            self._answered.release()
            played += FRAME
        return Played(played, elapsed, time.process_time() - began)


def frame_bytes(kind: str) -> tuple[int, int]:
    """Gives the bytes of a frame of FRAME steps, and of its reply."""
    frame = _frame(kind, 0)
    return len(frame), len(_answer(frame, _open()))


def _client_half(kind: str, answered: Semaphore) -> None:
    reply = _answer(_frame(kind, 0), _open())
    for start in count(0, FRAME):
        answered.acquire()
        _frame(kind, start)
        pb.RolloutResponse.FromString(reply)


def _open() -> apsw.Cursor:
    connection = apsw.Connection(":memory:")
    connection.deserialize("main", workload.image())
    return connection.cursor()


def _answer(data: bytes, cursor: apsw.Cursor) -> bytes:
    reply = pb.RolloutResponse()
    for command in pb.RolloutRequest.FromString(data).commands:
        cursor.execute(command.step.action.query.sql)
        names = cursor.get_description()
        rows = cursor.fetchall()
        response = reply.results.add(correlation_id=command.correlation_id).step
        response.session_id = command.step.session_id
        response.step_index = command.step.step_index
        response.total_reward = 0.01
        response.reward.CopyFrom(REWARD)
        observation = response.observation
        observation.steps_used, observation.steps_left = 1, 14
        result = observation.result
        for name, declared_type in names:
            result.columns.add(name=name, declared_type=declared_type or "")
        cells = [cell for row in rows for cell in row]
        result.cell_types.extend([CELL_TYPES[type(cell)] for cell in cells])
        result.cells.extend([cell if type(cell) is str else repr(cell) for cell in cells])
        result.row_count = len(rows)
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
