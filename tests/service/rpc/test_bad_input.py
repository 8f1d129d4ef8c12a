"""Bad input over the real wire: a canonical code and a typed detail, and nobody else is hurt."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator

import grpc
import pytest
import servers
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2
from messages import BOMB, query
from wirefuzz import encoding
from wirefuzz.connections import DATA, END_HEADERS, END_STREAM, HEADERS, OPENING, frame, headers
from wirefuzz.processes import family

from sqldojo.v1 import (
    action_pb2,
    benchmark_pb2,
    benchmark_pb2_grpc,
    environment_pb2_grpc,
    error_pb2,
    observation_pb2,
    task_pb2,
    task_pb2_grpc,
)
from sqldojo.v1 import environment_pb2 as pb

Stub = environment_pb2_grpc.EnvironmentServiceStub


@pytest.fixture
def session(stub: Stub, explore_task: str) -> Iterator[str]:
    session_id = stub.Reset(pb.ResetRequest(task_id=explore_task)).session_id
    yield session_id
    stub.CloseSession(pb.CloseSessionRequest(session_id=session_id))


@pytest.fixture
def bystander(stub: Stub, explore_task: str) -> Iterator[str]:
    """A session that has played a step before, and plays its next one after whatever happens in a test."""
    session_id = stub.Reset(pb.ResetRequest(task_id=explore_task)).session_id
    stub.Step(pb.StepRequest(session_id=session_id, step_index=1, action=query("SELECT 1")))
    yield session_id
    after = stub.Step(pb.StepRequest(session_id=session_id, step_index=2, action=query("SELECT 2")))
    assert after.observation.result.cells == ["2"]
    assert after.observation.steps_used == 2


def refused(
    call: Callable[[], object], detail: Callable[[grpc.RpcError], error_pb2.ErrorDetail]
) -> tuple[grpc.StatusCode, error_pb2.ErrorDetail]:
    with pytest.raises(grpc.RpcError) as caught:
        call()
    found = detail(caught.value)
    assert found.hint
    return caught.value.code(), found


def test_unknown_task(stub: Stub, bystander: str, detail) -> None:
    code, found = refused(lambda: stub.Reset(pb.ResetRequest(task_id="explore/no/such")), detail)
    assert code is grpc.StatusCode.NOT_FOUND
    assert (found.reason, found.field) == (error_pb2.ERROR_REASON_UNKNOWN_TASK, "task_id")


def test_unknown_session(stub: Stub, bystander: str, detail) -> None:
    step = pb.StepRequest(session_id="nobody", step_index=1, action=query("SELECT 1"))
    code, found = refused(lambda: stub.Step(step), detail)
    assert code is grpc.StatusCode.NOT_FOUND
    assert (found.reason, found.field) == (error_pb2.ERROR_REASON_UNKNOWN_SESSION, "session_id")


def test_closed_session(stub: Stub, explore_task: str, bystander: str, detail) -> None:
    session_id = stub.Reset(pb.ResetRequest(task_id=explore_task)).session_id
    for _ in range(2):  # closing a closed session is no error
        stub.CloseSession(pb.CloseSessionRequest(session_id=session_id))
    step = pb.StepRequest(session_id=session_id, step_index=1, action=query("SELECT 1"))
    code, found = refused(lambda: stub.Step(step), detail)
    assert code is grpc.StatusCode.FAILED_PRECONDITION
    assert found.reason == error_pb2.ERROR_REASON_SESSION_CLOSED


def test_a_skipped_step(stub: Stub, session: str, bystander: str, detail) -> None:
    step = pb.StepRequest(session_id=session, step_index=3, action=query("SELECT 1"))
    code, found = refused(lambda: stub.Step(step), detail)
    assert code is grpc.StatusCode.OUT_OF_RANGE
    assert (found.reason, found.field) == (error_pb2.ERROR_REASON_STEP_GAP, "step_index")
    assert found.expected_step_index == 1


def test_a_repeated_step_gives_the_same_answer_and_with_other_content_a_conflict(
    stub: Stub, session: str, bystander: str, detail
) -> None:
    step = pb.StepRequest(session_id=session, step_index=1, action=query("SELECT 1"))
    first = stub.Step(step)
    assert stub.Step(step).SerializeToString(deterministic=True) == first.SerializeToString(
        deterministic=True
    )
    other = pb.StepRequest(session_id=session, step_index=1, action=query("SELECT 2"))
    code, found = refused(lambda: stub.Step(other), detail)
    assert code is grpc.StatusCode.ALREADY_EXISTS
    assert found.reason == error_pb2.ERROR_REASON_STEP_CONFLICT
    state = stub.GetState(pb.GetStateRequest(session_id=session))
    assert state.next_step_index == 2


@pytest.mark.parametrize(
    ("step", "field"),
    [
        (pb.StepRequest(step_index=1, action=query("SELECT 1")), "session_id"),
        (pb.StepRequest(session_id="x", action=query("SELECT 1")), "step_index"),
        (pb.StepRequest(session_id="x", step_index=1), "action"),
        (pb.StepRequest(session_id="x", step_index=1, action=action_pb2.Action()), "action.kind"),
        (pb.StepRequest(session_id="x" * 129, step_index=1, action=query("SELECT 1")), "session_id"),
    ],
)
def test_a_field_that_breaks_its_rule(
    stub: Stub, bystander: str, detail, step: pb.StepRequest, field: str
) -> None:
    code, found = refused(lambda: stub.Step(step), detail)
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert (found.reason, found.field) == (error_pb2.ERROR_REASON_INVALID_FIELD, field)


@pytest.mark.parametrize(
    ("request_", "reason", "field"),
    [
        ({"profile": "no-such"}, error_pb2.ERROR_REASON_UNKNOWN_PROFILE, "profile"),
        ({"profile": "repair"}, error_pb2.ERROR_REASON_PROFILE_MISMATCH, "profile"),
        ({"budget": 101}, error_pb2.ERROR_REASON_INVALID_FIELD, "budget"),
        ({"session_id": "no spaces"}, error_pb2.ERROR_REASON_INVALID_FIELD, "session_id"),
    ],
)
def test_a_reset_that_cannot_be(
    stub: Stub, bystander: str, detail, explore_task: str, request_: dict, reason: int, field: str
) -> None:
    reset = pb.ResetRequest(task_id=explore_task, **request_)
    code, found = refused(lambda: stub.Reset(reset), detail)
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert (found.reason, found.field) == (reason, field)


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("SELECT '" + "x" * 1_000_000 + "'", observation_pb2.ERROR_KIND_LIMIT),
        ("SELECT \0 1", observation_pb2.ERROR_KIND_SYNTAX),
        ("", observation_pb2.ERROR_KIND_SYNTAX),
        ("SELECT 1; SELECT 2", observation_pb2.ERROR_KIND_MULTIPLE_STATEMENTS),
        ("CREATE TABLE x (y)", observation_pb2.ERROR_KIND_DENIED),
        ("ATTACH 'x.db' AS x", observation_pb2.ERROR_KIND_DENIED),
    ],
)
def test_what_an_agent_writes_is_answered_by_an_observation(
    stub: Stub, session: str, bystander: str, sql: str, kind: int
) -> None:
    step = stub.Step(pb.StepRequest(session_id=session, step_index=1, action=query(sql)))
    assert step.observation.error.kind == kind
    assert step.observation.error.message
    assert step.observation.steps_used == 1


def test_a_bomb_ends_within_its_deadline_while_others_are_answered(
    channel: grpc.Channel, stub: Stub, session: str, bystander: str
) -> None:
    pending = stub.Step.future(pb.StepRequest(session_id=session, step_index=1, action=query(BOMB)))
    answered = 0
    while not pending.done():
        stub.GetState(pb.GetStateRequest(session_id=bystander))
        answered += 1
    error = pending.result().observation.error
    assert error.kind in {observation_pb2.ERROR_KIND_TIMEOUT, observation_pb2.ERROR_KIND_LIMIT}
    assert answered > 0


def test_text_that_is_no_utf8_and_bytes_that_are_no_message(
    channel: grpc.Channel, bystander: str, detail
) -> None:
    raw = channel.unary_unary("/sqldojo.v1.EnvironmentService/Step")
    for garbage in (b"\xff\xff\xff\xff", b"\x0a\x02\xc3\x28", b"\x0a\x7fshort"):
        code, found = refused(lambda garbage=garbage: raw(garbage), detail)
        assert code is grpc.StatusCode.INVALID_ARGUMENT
        assert found.reason == error_pb2.ERROR_REASON_MALFORMED_MESSAGE


@pytest.mark.parametrize("method", ["Check", "Watch"])
@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (b"\xff\xff\xff\xff", error_pb2.ERROR_REASON_MALFORMED_MESSAGE),
        (b"\x0a\x02\xc3\x28", error_pb2.ERROR_REASON_MALFORMED_MESSAGE),
        (b"\x0a\x81\x02" + b"x" * 257, error_pb2.ERROR_REASON_INVALID_FIELD),
    ],
)
def test_bad_health_checks_are_told_as_such(
    channel: grpc.Channel, detail, method: str, sent: bytes, reason: int
) -> None:
    raw = channel.unary_stream(f"/grpc.health.v1.Health/{method}")
    code, found = refused(lambda: list(raw(sent, timeout=60)), detail)
    assert (code, found.reason) == (grpc.StatusCode.INVALID_ARGUMENT, reason)


def test_health_is_told_and_watched(channel: grpc.Channel) -> None:
    stub = health_pb2_grpc.HealthStub(channel)
    states = health_pb2.HealthCheckResponse
    for name, status in (
        ("", states.SERVING),
        ("sqldojo.v1.TaskService", states.SERVING),
        ("x", states.SERVICE_UNKNOWN),
    ):
        assert next(stub.Watch(health_pb2.HealthCheckRequest(service=name))).status == status
    with pytest.raises(grpc.RpcError) as caught:
        stub.Check(health_pb2.HealthCheckRequest(service="x"))
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND


def test_bad_reflection_requests_are_told_as_such(channel: grpc.Channel, detail) -> None:
    raw = channel.stream_stream("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo")
    code, found = refused(lambda: list(raw(iter([b"\xff\xff"]))), detail)
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert found.reason == error_pb2.ERROR_REASON_MALFORMED_MESSAGE
    asked = reflection_pb2.ServerReflectionRequest(file_containing_symbol="sqldojo.v1.Command")
    deep = encoding.groups(100)  # as deep as may be read, but not with another message around it
    (reply,) = raw(iter([asked.SerializeToString() + deep]))
    read = reflection_pb2.ServerReflectionResponse.FromString(reply)
    assert read.original_request == asked
    assert read.file_descriptor_response.file_descriptor_proto


def test_metadata_that_cannot_be_decoded_is_not_logged() -> None:
    """It may be a token."""
    with servers.serving() as own, grpc.insecure_channel(own.address) as opened:
        host, port = own.address.rsplit(":", 1)
        sent = headers(b"/sqldojo.v1.TaskService/ListTasks", (b"authorization", b"Bearer secret-\xff"))
        body = frame(HEADERS, END_HEADERS, 1, sent) + frame(DATA, END_STREAM, 1, bytes(5))
        with socket.create_connection((host, int(port))) as peer:
            peer.sendall(OPENING + body)
            peer.settimeout(60)
            answer = b""
            while b"grpc-status" not in answer:  # the trailers, as literals
                received = peer.recv(65_536)
                assert received
                answer += received
        assert b"16" in answer.partition(b"grpc-status")[2]  # UNAUTHENTICATED
        task_pb2_grpc.TaskServiceStub(opened).ListTasks(task_pb2.ListTasksRequest(page_size=1))
    own.log.wait_for("stopped")
    assert "secret" not in own.log
    assert "Traceback" not in own.log


def test_garbage_instead_of_http2(server, bystander: str) -> None:
    host, port = server.address.rsplit(":", 1)
    for garbage in (b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01" + b"\0" * 100, bytes(range(256))):
        with socket.create_connection((host, int(port))) as peer:
            peer.sendall(garbage)


@pytest.mark.parametrize("count", [0, 257, 8_000_000])
def test_a_frame_of_too_few_or_too_many_commands(stub: Stub, bystander: str, server, count: int) -> None:
    before = sum(held.memory for held in family(server.process.pid).values())
    with grpc.insecure_channel(server.address) as channel:
        raw = channel.unary_unary("/sqldojo.v1.EnvironmentService/Rollout")
        reply = pb.RolloutResponse.FromString(raw(b"\x0a\x00" * count))
    assert reply.error.detail.reason == error_pb2.ERROR_REASON_INVALID_FIELD
    assert reply.error.detail.field == "commands"
    held = sum(held.memory for held in family(server.process.pid).values())
    assert held < before + 150_000_000  # not the 25 times of its 16 MB that reading it would take


def test_a_message_over_the_size_limit(stub: Stub, session: str, bystander: str) -> None:
    step = pb.StepRequest(session_id=session, step_index=1, action=query("x" * 17_000_000))
    with pytest.raises(grpc.RpcError) as caught:
        stub.Step(step)
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_gold_needs_the_oracle_scope(
    channel: grpc.Channel, explore_task: str, detail, oracle_token: str
) -> None:
    tasks = task_pb2_grpc.TaskServiceStub(channel)
    request = task_pb2.GetTaskRequest(task_id=explore_task, include_gold=True)
    code, found = refused(lambda: tasks.GetTask(request), detail)
    assert code is grpc.StatusCode.PERMISSION_DENIED
    assert (found.reason, found.field) == (error_pb2.ERROR_REASON_ORACLE_SCOPE_REQUIRED, "include_gold")
    assert not tasks.GetTask(task_pb2.GetTaskRequest(task_id=explore_task)).task.HasField("gold")
    code, found = refused(
        lambda: tasks.GetTask(request, metadata=(("authorization", "Bearer wrong"),)), detail
    )
    assert code is grpc.StatusCode.UNAUTHENTICATED
    gold = tasks.GetTask(request, metadata=(("authorization", f"Bearer {oracle_token}"),)).task.gold
    assert gold.sql
    assert gold.answer


def test_unknown_database_and_filters_that_nothing_passes(channel: grpc.Channel, detail) -> None:
    tasks = task_pb2_grpc.TaskServiceStub(channel)
    code, found = refused(lambda: tasks.GetDatabase(task_pb2.GetDatabaseRequest(database_id="x")), detail)
    assert code is grpc.StatusCode.NOT_FOUND
    assert found.reason == error_pb2.ERROR_REASON_UNKNOWN_DATABASE
    assert tasks.ListTasks(task_pb2.ListTasksRequest(family="no such")).total_size == 0
    code, found = refused(lambda: tasks.ListTasks(task_pb2.ListTasksRequest(kind=77)), detail)
    assert (code, found.field) == (grpc.StatusCode.INVALID_ARGUMENT, "kind")


def test_a_benchmark_without_a_baseline(channel: grpc.Channel, detail) -> None:
    benchmark = benchmark_pb2_grpc.BenchmarkServiceStub(channel)
    code, found = refused(lambda: list(benchmark.Run(benchmark_pb2.RunRequest(episodes=1))), detail)
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert found.field == "baseline"


def test_a_very_long_text_is_kept_cut_and_still_told_apart(
    stub: Stub, session: str, bystander: str, detail
) -> None:
    def unparsed(text: str) -> pb.StepRequest:
        action = action_pb2.Action(unparsed=action_pb2.Unparsed(text=text))
        return pb.StepRequest(session_id=session, step_index=1, action=action)

    first = stub.Step(unparsed("x" * 1_000_000))
    assert stub.Step(unparsed("x" * 1_000_000)) == first
    code, _ = refused(lambda: stub.Step(unparsed("x" * 999_999 + "y")), detail)
    assert code is grpc.StatusCode.ALREADY_EXISTS
    state = stub.GetState(pb.GetStateRequest(session_id=session, include_history=True))
    kept = state.history[0].action.unparsed.text
    assert len(kept) < 101_000
    assert "1,000,000 characters" in kept
