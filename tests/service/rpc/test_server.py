"""The server as a process: start, health, reflection, limits, expiry, and how it stops."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from messages import BOMB, query

from sqldojo.v1 import action_pb2, benchmark_pb2, benchmark_pb2_grpc, environment_pb2_grpc, error_pb2
from sqldojo.v1 import environment_pb2 as pb


def _code(stub: environment_pb2_grpc.EnvironmentServiceStub, task: str, session_id: str) -> grpc.StatusCode:
    call = stub.Reset.future(pb.ResetRequest(task_id=task, session_id=session_id))
    return call.code()


def test_a_taken_port_is_refused_clearly(server) -> None:
    second = subprocess.run(
        [sys.executable, "-m", "sqldojo.cli", "serve", "--address", server.address],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert second.returncode == 2
    assert server.address in second.stderr
    assert "Traceback" not in second.stderr


def test_health_of_every_service(channel: grpc.Channel) -> None:
    stub = health_pb2_grpc.HealthStub(channel)
    for name in (
        "",
        "sqldojo.v1.EnvironmentService",
        "sqldojo.v1.TaskService",
        "sqldojo.v1.BenchmarkService",
    ):
        status = stub.Check(health_pb2.HealthCheckRequest(service=name)).status
        assert status == health_pb2.HealthCheckResponse.SERVING


def test_reflection_lists_the_services(channel: grpc.Channel) -> None:
    stub = reflection_pb2_grpc.ServerReflectionStub(channel)
    request = reflection_pb2.ServerReflectionRequest(list_services="")
    (reply,) = stub.ServerReflectionInfo(iter([request]))
    names = {service.name for service in reply.list_services_response.service}
    assert {
        "sqldojo.v1.EnvironmentService",
        "sqldojo.v1.TaskService",
        "sqldojo.v1.BenchmarkService",
        "grpc.health.v1.Health",
    } <= names


def test_the_limit_on_live_sessions_and_their_expiry(serving: Callable, explore_task: str, detail) -> None:
    with (
        serving("--max-sessions", "3", "--idle-seconds", "3") as small,
        grpc.insecure_channel(small.address) as channel,
    ):
        stub = environment_pb2_grpc.EnvironmentServiceStub(channel)
        for name in "abc":
            stub.Reset(pb.ResetRequest(task_id=explore_task, session_id=name))
        stub.Reset(pb.ResetRequest(task_id=explore_task, session_id="a"))  # begins anew, takes no more room
        with pytest.raises(grpc.RpcError) as caught:
            stub.Reset(pb.ResetRequest(task_id=explore_task, session_id="d"))
        assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        found = detail(caught.value)
        assert found.reason == error_pb2.ERROR_REASON_TOO_MANY_SESSIONS
        assert "--max-sessions" in found.hint
        assert found.retry_after.seconds == 1
        while _code(stub, explore_task, "d") is grpc.StatusCode.RESOURCE_EXHAUSTED:
            pass  # until the idle ones have expired, and make room
        with pytest.raises(grpc.RpcError) as caught:
            stub.GetState(pb.GetStateRequest(session_id="b"))
        assert caught.value.code() is grpc.StatusCode.FAILED_PRECONDITION
        assert detail(caught.value).reason == error_pb2.ERROR_REASON_SESSION_EXPIRED


def test_sigterm_finishes_the_frame_under_way_and_ends_with_0(
    serving: Callable, explore_task: str, detail
) -> None:
    with (
        serving("--statement-deadline", "0.5") as stopping,
        grpc.insecure_channel(stopping.address) as channel,
    ):
        stub = environment_pb2_grpc.EnvironmentServiceStub(channel)
        done = threading.Event()

        def frames() -> Iterator[pb.RolloutRequest]:
            yield pb.RolloutRequest(
                commands=[pb.Command(reset=pb.ResetRequest(task_id=explore_task, session_id="s"))]
            )
            commands = [
                pb.Command(step=pb.StepRequest(session_id="s", step_index=i, action=query(f"{BOMB} -- {i}")))
                for i in (1, 2)
            ]
            yield pb.RolloutRequest(commands=commands)
            done.wait(30)

        stream = stub.Rollout(frames())
        next(stream)
        stopping.process.send_signal(signal.SIGTERM)
        reply = next(stream)
        assert [r.step.observation.steps_used for r in reply.results] == [1, 2]
        with pytest.raises(grpc.RpcError) as caught:
            next(stream)
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
        assert detail(caught.value).reason == error_pb2.ERROR_REASON_SHUTTING_DOWN
        done.set()
        assert stopping.process.wait(timeout=30) == 0


def test_benchmarks_of_the_floor_and_the_ceiling(channel: grpc.Channel) -> None:
    stub = benchmark_pb2_grpc.BenchmarkServiceStub(channel)
    oracle = list(stub.Run(benchmark_pb2.RunRequest(baseline=benchmark_pb2.BASELINE_ORACLE, episodes=40)))
    assert oracle[-1].result.success_rate == 1.0
    assert [m.progress.episodes_done for m in oracle[:-1]] == [10, 20, 30, 40]
    random = list(stub.Run(benchmark_pb2.RunRequest(baseline=benchmark_pb2.BASELINE_RANDOM, episodes=20)))
    assert random[-1].result.success_rate < 0.1
    assert random[-1].result.mean_steps > 14
    assert random[-1].result.mean_reward < oracle[-1].result.mean_reward


def test_the_history_on_request(channel: grpc.Channel, explore_task: str) -> None:
    stub = environment_pb2_grpc.EnvironmentServiceStub(channel)
    session_id = stub.Reset(pb.ResetRequest(task_id=explore_task, seed=9)).session_id
    answers = [
        stub.Step(pb.StepRequest(session_id=session_id, step_index=i, action=query(f"SELECT {i}")))
        for i in (1, 2)
    ]
    state = stub.GetState(pb.GetStateRequest(session_id=session_id, include_history=True))
    assert state.seed == 9
    assert state.next_step_index == 3
    assert state.observation.brief.task_id == explore_task
    assert [t.reward for t in state.history] == [a.reward for a in answers]
    assert [t.observation for t in state.history] == [a.observation for a in answers]
    assert [t.action.query.sql for t in state.history] == ["SELECT 1", "SELECT 2"]
    assert not stub.GetState(pb.GetStateRequest(session_id=session_id)).history
    stub.CloseSession(pb.CloseSessionRequest(session_id=session_id))


def test_review_rejects_without_running_and_still_grades(channel: grpc.Channel, repair_task: str) -> None:
    stub = environment_pb2_grpc.EnvironmentServiceStub(channel)
    session_id = stub.Reset(pb.ResetRequest(task_id=repair_task)).session_id
    submit = action_pb2.Action(submit=action_pb2.Submit(sql="DROP TABLE nowhere"))
    step = stub.StepWithReview(pb.StepWithReviewRequest(session_id=session_id, step_index=1, action=submit))
    assert step.review.verdict == 3
    assert step.review.findings[0].message
    assert not step.observation.HasField("result")
    assert step.reward.total < 0
    stub.CloseSession(pb.CloseSessionRequest(session_id=session_id))
