"""Frames over streams that are cut at the boundaries of their messages."""

from __future__ import annotations

import queue
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import grpc

from sqldojo.v1 import action_pb2, environment_pb2_grpc
from sqldojo.v1 import environment_pb2 as pb

from .load import Account

SESSIONS = 6
STEPS = 5
BOUNDARIES = 2 * (STEPS + 2)  # of the frames: after each is written, after each reply is read
SLOW = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) SELECT max(i) FROM n"


def play_with_cuts(
    address: str, undisturbed: str, tasks: Sequence[str], rounds: int, found: Account
) -> list[str]:
    """Plays sessions by frames: in each round another boundary is cut, in one more all of them.

    Gives the sessions.
    """
    places: list[Collection[int]] = [(number % BOUNDARIES,) for number in range(rounds)]
    sessions: list[str] = []
    with grpc.insecure_channel(address) as channel, grpc.insecure_channel(undisturbed) as calm:
        for number, cuts in enumerate([*places, range(BOUNDARIES)]):
            names = [f"r{number}-{each}" for each in range(SESSIONS)]
            sessions += names
            frames = list(_frames(names, tasks))
            expected = [result for reply in _play(calm, frames, ()) for result in reply.results]
            answers = [result for reply in _play(channel, frames, cuts) for result in reply.results]
            found.faults += len(cuts)
            found.episodes += SESSIONS
            found.steps += SESSIONS * STEPS
            for answer, as_expected in zip(answers, expected, strict=True):
                if answer != as_expected:
                    found.wrong += 1
                    found.what.append(f"round {number}: another answer than expected: {answer}")
    return sessions


def look_for(sessions: Sequence[str], kept: Mapping[str, list[dict[str, Any]]], found: Account) -> None:
    """Looks for every step of these sessions in the journal."""
    for name in sessions:
        *before, last = kept.get(name) or [{"steps": []}]
        found.lost += max(0, STEPS - len(last["steps"]))
        found.doubled += max(0, len(last["steps"]) - STEPS) + sum(len(each["steps"]) for each in before)


def _frames(names: Sequence[str], tasks: Sequence[str]) -> Iterator[pb.RolloutRequest]:
    """Gives the frames of whole episodes: the resets, the steps of each index, the closes."""
    yield _frame(
        pb.Command(reset=pb.ResetRequest(task_id=task, session_id=name))
        for name, task in zip(names, tasks, strict=False)
    )
    for index in range(1, STEPS + 1):
        yield _frame(
            pb.Command(step=pb.StepRequest(session_id=name, step_index=index, action=_action(place, index)))
            for place, name in enumerate(names)
        )
    yield _frame(pb.Command(close=pb.CloseSessionRequest(session_id=name)) for name in names)


def _frame(commands: Iterable[pb.Command]) -> pb.RolloutRequest:
    frame = pb.RolloutRequest(commands=commands)
    for place, command in enumerate(frame.commands):
        command.correlation_id = place
    return frame


def _action(place: int, index: int) -> action_pb2.Action:
    sql = f"{SLOW} -- {index}" if place % 2 else f"SELECT {index}"
    return action_pb2.Action(query=action_pb2.Query(sql=sql))


def _play(
    channel: grpc.Channel, frames: Sequence[pb.RolloutRequest], cuts: Collection[int]
) -> Iterator[pb.RolloutResponse]:
    """Sends one frame after the other; where it is cut before its reply, again over a new stream."""
    stream = _Stream(channel)
    for place, frame in enumerate(frames):
        stream.write(frame)
        if 2 * place in cuts:
            stream.cut()
            stream = _Stream(channel)
            stream.write(frame)
        yield stream.read()
        if 2 * place + 1 in cuts:
            stream.cut()
            stream = _Stream(channel)
    stream.finish()


class _Stream:
    """One Rollout stream."""

    def __init__(self, channel: grpc.Channel) -> None:
        self._frames: queue.SimpleQueue[pb.RolloutRequest | None] = queue.SimpleQueue()
        stub = environment_pb2_grpc.EnvironmentServiceStub(channel)
        self._call = stub.Rollout(iter(self._frames.get, None), timeout=60)

    def write(self, frame: pb.RolloutRequest) -> None:
        self._frames.put(frame)

    def read(self) -> pb.RolloutResponse:
        reply: pb.RolloutResponse = next(self._call)
        return reply

    def cut(self) -> None:
        self._call.cancel()
        self._frames.put(None)

    def finish(self) -> None:
        self._frames.put(None)
        assert next(self._call, None) is None
