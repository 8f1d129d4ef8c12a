"""Frames over the real wire: order, isolation of errors, back-pressure, streams that break."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import grpc
import pytest
from messages import query

from sqldojo.v1 import environment_pb2 as pb
from sqldojo.v1 import environment_pb2_grpc, error_pb2

Stub = environment_pb2_grpc.EnvironmentServiceStub


def reset(task: str, session_id: str) -> pb.Command:
    return pb.Command(reset=pb.ResetRequest(task_id=task, session_id=session_id))


def step(session_id: str, index: int, sql: str) -> pb.Command:
    return pb.Command(
        correlation_id=index,
        step=pb.StepRequest(session_id=session_id, step_index=index, action=query(sql)),
    )


def close(session_id: str) -> pb.Command:
    return pb.Command(close=pb.CloseSessionRequest(session_id=session_id))


def test_commands_of_one_session_in_one_frame_are_carried_out_in_order(stub: Stub, explore_task: str) -> None:
    frame = pb.RolloutRequest(
        commands=[reset(explore_task, "a"), step("a", 1, "SELECT 1"), step("a", 2, "SELECT 2"), close("a")]
    )
    (reply,) = stub.Rollout(iter([frame]))
    assert [result.WhichOneof("kind") for result in reply.results] == ["reset", "step", "step", "close"]
    assert [result.step.observation.result.cells[0] for result in reply.results[1:3]] == ["1", "2"]
    assert [result.correlation_id for result in reply.results] == [0, 1, 2, 0]


def test_a_bad_command_does_not_spoil_its_frame(stub: Stub, explore_task: str) -> None:
    frame = pb.RolloutRequest(
        commands=[
            reset(explore_task, "b"),
            pb.Command(correlation_id=7),
            step("nobody", 1, "SELECT 1"),
            step("b", 0, "SELECT 1"),
            step("b", 2, "SELECT 1"),
            reset("no/such/task", "c"),
            step("b", 1, "SELEC"),
            step("b", 2, "SELECT 2"),
            close("b"),
        ]
    )
    (reply,) = stub.Rollout(iter([frame]))
    kinds = [result.WhichOneof("kind") for result in reply.results]
    assert kinds == ["reset", "error", "error", "error", "error", "error", "step", "step", "close"]
    details = [(r.error.code, r.error.detail.reason, r.error.detail.field) for r in reply.results[1:6]]
    assert details == [
        (3, error_pb2.ERROR_REASON_INVALID_FIELD, "commands[1].kind"),
        (5, error_pb2.ERROR_REASON_UNKNOWN_SESSION, "commands[2].step.session_id"),
        (3, error_pb2.ERROR_REASON_INVALID_FIELD, "commands[3].step.step_index"),
        (11, error_pb2.ERROR_REASON_STEP_GAP, "commands[4].step.step_index"),
        (5, error_pb2.ERROR_REASON_UNKNOWN_TASK, "commands[5].reset.task_id"),
    ]
    assert reply.results[1].correlation_id == 7


def test_a_frame_that_cannot_be_is_answered_and_the_stream_goes_on(
    channel: grpc.Channel, explore_task: str
) -> None:
    raw = channel.stream_stream("/sqldojo.v1.EnvironmentService/Rollout")
    good = pb.RolloutRequest(commands=[reset(explore_task, "d"), close("d")])
    too_many = pb.RolloutRequest(commands=[step("d", 1, "SELECT 1")] * 10_000)
    frames = [b"\xff\xff garbage", too_many.SerializeToString(), b"", good.SerializeToString()]
    replies = [pb.RolloutResponse.FromString(data) for data in raw(iter(frames))]
    assert [reply.error.detail.reason for reply in replies] == [
        error_pb2.ERROR_REASON_MALFORMED_MESSAGE,
        error_pb2.ERROR_REASON_INVALID_FIELD,
        error_pb2.ERROR_REASON_INVALID_FIELD,
        error_pb2.ERROR_REASON_UNSPECIFIED,
    ]
    assert replies[1].error.detail.field == "commands"
    assert "more than 256" in replies[1].error.message
    assert len(replies[3].results) == 2


def test_frames_of_one_stream_are_carried_out_in_order_however_many_are_under_way(
    stub: Stub, explore_task: str
) -> None:
    """Frames are read while those before them are played; what they are about may not exist by then."""
    slow = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) "
    slow += "SELECT max(i) FROM n"
    frames = [
        [reset(explore_task, "o"), step("o", 1, slow)],
        [step("o", 2, "SELECT 2")],
        [reset(explore_task, "o"), step("o", 1, "SELECT 3"), close("o")],
        [step("o", 2, "SELECT 4")],
        [reset(explore_task, "o"), step("o", 1, slow), reset(explore_task, "p")],
        [step("p", 1, "SELECT 5"), step("o", 2, "SELECT 6")],
        [close("o"), close("p")],
    ]
    replies = stub.Rollout(iter([pb.RolloutRequest(commands=commands) for commands in frames]))
    said = [
        [
            result.step.observation.result.cells[0]
            if result.HasField("step")
            else error_pb2.ErrorReason.Name(result.error.detail.reason)
            if result.HasField("error")
            else result.WhichOneof("kind")
            for result in reply.results
        ]
        for reply in replies
    ]
    assert said == [
        ["reset", "100000"],
        ["2"],
        ["reset", "3", "close"],
        ["ERROR_REASON_SESSION_CLOSED"],
        ["reset", "100000", "reset"],
        ["5", "6"],
        ["close", "close"],
    ]


def test_rewards_are_the_same_by_unary_calls_and_by_frames(stub: Stub, explore_task: str) -> None:
    statements = ["SELECT 1", "SELECT 1", "SELECT nothing", "SELECT 2.5"]
    session_id = stub.Reset(pb.ResetRequest(task_id=explore_task)).session_id
    unary = [
        stub.Step(pb.StepRequest(session_id=session_id, step_index=i + 1, action=query(sql)))
        for i, sql in enumerate(statements)
    ]
    stub.CloseSession(pb.CloseSessionRequest(session_id=session_id))
    commands = [
        reset(explore_task, "e"),
        *(step("e", i + 1, sql) for i, sql in enumerate(statements)),
        close("e"),
    ]
    (reply,) = stub.Rollout(iter([pb.RolloutRequest(commands=commands)]))
    framed = [result.step for result in reply.results[1:-1]]
    assert [s.reward for s in framed] == [s.reward for s in unary]
    assert [s.observation for s in framed] == [s.observation for s in unary]


def test_a_stream_that_is_cut_leaves_the_server_and_its_sessions_unhurt(
    stub: Stub, explore_task: str
) -> None:
    stub.Reset(pb.ResetRequest(task_id=explore_task, session_id="f"))
    hold = threading.Event()

    def frames() -> Iterator[pb.RolloutRequest]:
        yield pb.RolloutRequest(commands=[step("f", 1, "SELECT 1")])
        hold.wait(10)

    stream = stub.Rollout(frames())
    next(stream)
    stream.cancel()
    hold.set()
    with pytest.raises(grpc.RpcError):
        next(stream)
    again = stub.Step(pb.StepRequest(session_id="f", step_index=1, action=query("SELECT 1")))
    assert again.total_reward != 0
    assert stub.GetState(pb.GetStateRequest(session_id="f")).next_step_index == 2
    stub.CloseSession(pb.CloseSessionRequest(session_id="f"))


def test_a_client_that_never_reads_is_held_back_and_hurts_nobody(
    server, explore_task: str, stub: Stub
) -> None:
    wide = "SELECT " + ", ".join("hex(zeroblob(500))" for _ in range(60))
    sent = 0
    with grpc.insecure_channel(server.address, [("grpc.use_local_subchannel_pool", 1)]) as lazy:
        stuck = threading.Event()

        def frames() -> Iterator[pb.RolloutRequest]:
            nonlocal sent
            yield pb.RolloutRequest(commands=[reset(explore_task, "g")])
            for index in range(1, 10_000):
                sent = index
                yield pb.RolloutRequest(commands=[step("g", 1, wide)] * 256)
                if stuck.is_set():
                    return

        stream = environment_pb2_grpc.EnvironmentServiceStub(lazy).Rollout(frames())
        for _ in range(50):
            session_id = stub.Reset(pb.ResetRequest(task_id=explore_task)).session_id
            answer = stub.Step(pb.StepRequest(session_id=session_id, step_index=1, action=query("SELECT 1")))
            assert answer.observation.result.cells == ["1"]
            stub.CloseSession(pb.CloseSessionRequest(session_id=session_id))
        stuck.set()
        stream.cancel()
    assert 0 < sent < 5_000


def test_2000_sessions_opened_and_abandoned(stub: Stub, explore_task: str) -> None:
    def frames() -> Iterator[pb.RolloutRequest]:
        for start in range(0, 2000, 250):
            yield pb.RolloutRequest(
                commands=[reset(explore_task, f"abandoned-{i}") for i in range(start, start + 250)]
            )

    opened = [r.WhichOneof("kind") for reply in stub.Rollout(frames()) for r in reply.results]
    assert opened == ["reset"] * 2000
    session_id = stub.Reset(pb.ResetRequest(task_id=explore_task)).session_id
    answer = stub.Step(pb.StepRequest(session_id=session_id, step_index=1, action=query("SELECT 1")))
    assert answer.observation.result.cells == ["1"]
    for i in range(2000):
        stub.CloseSession(pb.CloseSessionRequest(session_id=f"abandoned-{i}"))
