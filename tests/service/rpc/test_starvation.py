"""Frames of slow statements on every worker do not keep single calls waiting."""

from __future__ import annotations

from collections.abc import Iterator

import grpc
from messages import BOMB, query

from sqldojo.v1 import environment_pb2 as pb
from sqldojo.v1 import environment_pb2_grpc


def test_single_calls_are_answered_while_every_frame_worker_is_busy(
    channel: grpc.Channel, explore_task: str
) -> None:
    stub = environment_pb2_grpc.EnvironmentServiceStub(channel)

    def frames(stream: int) -> Iterator[pb.RolloutRequest]:
        session = f"slow-{stream}"
        commands = [pb.Command(reset=pb.ResetRequest(task_id=explore_task, session_id=session))]
        commands += [
            pb.Command(
                step=pb.StepRequest(
                    session_id=session,
                    step_index=index,
                    action=query(f"{BOMB} -- {index}"),
                )
            )
            for index in range(1, 11)
        ]
        yield pb.RolloutRequest(
            commands=[*commands, pb.Command(close=pb.CloseSessionRequest(session_id=session))]
        )

    streams = [stub.Rollout(frames(stream)) for stream in range(8)]
    for _ in range(5):
        session = stub.Reset(pb.ResetRequest(task_id=explore_task)).session_id
        stub.CloseSession(pb.CloseSessionRequest(session_id=session))
    assert not any(stream.done() for stream in streams)
    for stream in streams:
        (reply,) = stream
        assert len(reply.results) == 12
