"""What a server counts is told over HTTP, as Prometheus reads it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import grpc
import pytest
from prometheus_client.parser import text_string_to_metric_families
from servers import Server, players_of

from sqldojo.v1 import action_pb2, environment_pb2_grpc
from sqldojo.v1 import environment_pb2 as pb

SQL = "SELECT 1 + 1"


@pytest.fixture
def watched(serving: Callable, tmp_path: Path) -> Iterator[Server]:
    with serving("--metrics", "127.0.0.1:0", "--journal", str(tmp_path / "journal.sqlite")) as server:
        yield server


def read(server: Server) -> dict[str, float]:
    """Gives the value of every sample, by its name and its labels' values."""
    (address,) = re.findall(r"metrics on (http://\S+)", str(server.log))
    with urllib.request.urlopen(address, timeout=10) as answer:
        assert answer.headers["Content-Type"].startswith("text/plain")
        text = answer.read().decode()
    return {
        " ".join((sample.name, *sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def step(session_id: str, index: int) -> pb.StepRequest:
    query = action_pb2.Query(sql=SQL)
    return pb.StepRequest(session_id=session_id, step_index=index, action=action_pb2.Action(query=query))


def test_what_is_played_is_counted(watched: Server, explore_task: str) -> None:
    with grpc.insecure_channel(watched.address) as channel:
        stub = environment_pb2_grpc.EnvironmentServiceStub(channel)
        watched.log.wait_for("metrics on")
        first = stub.Reset(pb.ResetRequest(task_id=explore_task)).session_id
        second = stub.Reset(pb.ResetRequest(task_id=explore_task)).session_id
        before = read(watched)
        for session_id in (first, second):
            stub.Step(step(session_id, 1))
        with pytest.raises(grpc.RpcError):
            stub.Step(step("nobody", 1))
        commands = [pb.Command(step=step(first, 2)), pb.Command(step=step(second, 9))]
        assert len(list(stub.Rollout(iter([pb.RolloutRequest(commands=commands)])))) == 1
        after = read(watched)
        stub.CloseSession(pb.CloseSessionRequest(session_id=second))
        stub.GetState(pb.GetStateRequest(session_id=first))
        at_last = read(watched)
    grown = {name: value - before.get(name, 0.0) for name, value in after.items()}
    assert grown["sqldojo_result_memory_lookups_total"] >= 3
    assert grown["sqldojo_result_memory_hits_total"] >= 1
    assert grown["sqldojo_steps_total"] == 3
    assert grown["sqldojo_frames_total"] == 1
    assert grown["sqldojo_refusals_total UNKNOWN_SESSION"] == 1
    assert grown["sqldojo_refusals_total STEP_GAP"] == 1
    assert before["sqldojo_sessions_live"] == after["sqldojo_sessions_live"] == 2
    assert at_last["sqldojo_sessions_live"] == 1
    assert grown["sqldojo_journal_commit_duration_seconds_count"] >= 3
    assert grown["sqldojo_journal_commit_duration_seconds_sum"] > 0
    assert after["sqldojo_players_replaced_total"] == 0


def test_a_replaced_player_is_counted_and_what_it_had_played_still_is(
    watched: Server, explore_task: str
) -> None:
    with grpc.insecure_channel(watched.address) as channel:
        stub = environment_pb2_grpc.EnvironmentServiceStub(channel)
        session_id = stub.Reset(pb.ResetRequest(task_id=explore_task)).session_id
        stub.Step(step(session_id, 1))
        (player,) = players_of(watched.process.pid)
        os.kill(player, signal.SIGKILL)
        watched.log.wait_for("has been replaced")
        assert read(watched)["sqldojo_sessions_live"] == 0
        stub.Step(step(session_id, 2), wait_for_ready=True)
        found = read(watched)
    assert found["sqldojo_players_replaced_total"] == 1
    assert found["sqldojo_steps_total"] == 2
    assert found["sqldojo_sessions_live"] == 1


@pytest.mark.parametrize(
    ("options", "wrong"),
    [
        (("--metrics", "0.0.0.0:0"), "--insecure"),
        (("--metrics", "nowhere"), "HOST:PORT"),
    ],
)
def test_metrics_are_for_this_machine_unless_that_is_meant(options: tuple[str, ...], wrong: str) -> None:
    command = [sys.executable, "-m", "sqldojo.cli", "serve", "--address", "127.0.0.1:0", "--journal", "none"]
    done = subprocess.run([*command, *options], capture_output=True, text=True, timeout=60)
    assert done.returncode != 0
    assert wrong in done.stderr


def test_a_taken_port_is_told(watched: Server) -> None:
    port = re.findall(r"metrics on http://127\.0\.0\.1:(\d+)", str(watched.log))[0]
    command = [sys.executable, "-m", "sqldojo.cli", "serve", "--address", "127.0.0.1:0", "--journal", "none"]
    done = subprocess.run(
        [*command, "--metrics", f"127.0.0.1:{port}"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode != 0
    assert f"127.0.0.1:{port}" in done.stderr
