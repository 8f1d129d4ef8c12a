"""Players that are killed, stuck or too large are replaced, and nothing of what was answered is lost."""

from __future__ import annotations

import os
import select
import signal
import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import grpc
import pytest
from chaos.faults import GREEDY
from servers import Server, players_of, serving

from sqldojo.v1 import action_pb2, benchmark_pb2, observation_pb2
from sqldojo.v1 import environment_pb2 as pb
from sqldojo.v1.benchmark_pb2_grpc import BenchmarkServiceStub
from sqldojo.v1.environment_pb2_grpc import EnvironmentServiceStub

TASK = "explore/hospital/patients-without-insurer"
SLOW = "SELECT count(*) FROM patient a, patient b, patient c WHERE a.name || b.name || c.name LIKE '%q%'"


def step(session_id: str, index: int, sql: str) -> pb.StepRequest:
    query = action_pb2.Query(sql=sql)
    return pb.StepRequest(session_id=session_id, step_index=index, action=action_pb2.Action(query=query))


@pytest.fixture(params=["none", "journal"])
def options(request: pytest.FixtureRequest, tmp_path: object) -> list[str]:
    """With a journal in a file, and with sessions in memory only."""
    return ["--journal", "none" if request.param == "none" else f"{tmp_path}/journal.sqlite"]


@pytest.fixture
def stub_of() -> Iterator[Callable[[Server], EnvironmentServiceStub]]:
    channels: list[grpc.Channel] = []

    def stub(server: Server) -> EnvironmentServiceStub:
        channels.append(grpc.insecure_channel(server.address, [("grpc.use_local_subchannel_pool", 1)]))
        return EnvironmentServiceStub(channels[-1])

    yield stub
    for channel in channels:
        channel.close()


def open_sessions(stub: EnvironmentServiceStub, names: list[str]) -> None:
    for name in names:
        stub.Reset(pb.ResetRequest(task_id=TASK, session_id=name))


def test_sessions_outlive_a_killed_player(options: list[str], stub_of: Callable) -> None:
    with serving(*options, "--players", "2") as server:
        stub = stub_of(server)
        names = [f"s{number}" for number in range(20)]
        open_sessions(stub, names)
        before = {name: stub.Step(step(name, 1, f"SELECT '{name}'")) for name in names}
        for player in players_of(server.process.pid):
            os.kill(player, signal.SIGKILL)
        for name in names:
            assert stub.Step(step(name, 1, f"SELECT '{name}'")) == before[name]
            assert stub.Step(step(name, 2, "SELECT 1")).observation.steps_used == 2
        server.log.wait_for("has been replaced", times=2)
        assert len(players_of(server.process.pid)) == 2


def test_players_make_episode_ids_of_their_own(tmp_path: Path, stub_of: Callable) -> None:
    """They are forked from one process, and would else make equal ones in the same microsecond."""
    journal = tmp_path / "journal.sqlite"
    with serving("--journal", str(journal), "--players", "3") as server:
        open_sessions(stub_of(server), [f"s{number}" for number in range(30)])
    with closing(sqlite3.connect(journal)) as connection:
        ids = [number for (number,) in connection.execute("SELECT episode_id FROM episode")]
    assert len(ids) == 30
    assert len({number % 4096 for number in ids}) == 3


def test_a_frame_whose_player_is_killed_is_carried_out_by_the_next(
    options: list[str], stub_of: Callable
) -> None:
    with serving(*options, "--players", "2", "--statement-deadline", "0.3") as server:
        stub = stub_of(server)
        names = [f"s{number}" for number in range(16)]
        open_sessions(stub, names)
        commands = [pb.Command(correlation_id=i, step=step(name, 1, SLOW)) for i, name in enumerate(names)]
        killed = threading.Thread(target=_kill_when_busy, args=(players_of(server.process.pid)[0],))
        killed.start()
        (reply,) = stub.Rollout(iter([pb.RolloutRequest(commands=commands)]))
        killed.join()
        assert [result.correlation_id for result in reply.results] == list(range(16))
        for result in reply.results:
            assert result.step.observation.error.kind == observation_pb2.ERROR_KIND_TIMEOUT
            assert result.step.observation.steps_used == 1
        server.log.wait_for("has been replaced")


def _kill_when_busy(player: int) -> None:
    """Kills a player once it has burnt some time."""
    while _cpu_ticks(player) < _cpu_ticks(player, at_first=True) + 20:
        pass
    os.kill(player, signal.SIGKILL)


_first: dict[int, int] = {}


def _cpu_ticks(pid: int, *, at_first: bool = False) -> int:
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        fields = file.read().rpartition(")")[2].split()
    ticks = int(fields[11]) + int(fields[12])
    first = _first.setdefault(pid, ticks)
    return first if at_first else ticks


def test_a_player_that_is_stuck_is_replaced_and_its_statement_ends_late(
    options: list[str], stub_of: Callable
) -> None:
    with serving(*options, "--statement-deadline", "0.5") as server, ThreadPoolExecutor() as threads:
        stub = stub_of(server)
        open_sessions(stub, ["stuck", "other"])
        stub.Step(step("other", 1, "SELECT 1"))
        (player,) = players_of(server.process.pid)
        waiting = threads.submit(stub.Step, step("stuck", 1, SLOW))
        while _cpu_ticks(player) < _cpu_ticks(player, at_first=True) + 5:
            pass
        os.kill(player, signal.SIGSTOP)  # as a thread that does not leave an operation looks from outside
        answer = waiting.result(timeout=60)
        assert answer.observation.error.kind == observation_pb2.ERROR_KIND_TIMEOUT
        assert "longer than 0.5 seconds" in answer.observation.error.message
        assert players_of(server.process.pid) != [player]
        assert stub.Step(step("stuck", 1, SLOW)) == answer
        assert stub.Step(step("stuck", 2, "SELECT 1")).observation.steps_used == 2
        assert stub.Step(step("other", 2, "SELECT 2")).observation.steps_used == 2


def test_a_player_over_its_memory_is_replaced_and_the_statement_meets_its_limit(stub_of: Callable) -> None:
    with serving("--player-memory", "160", "--statement-deadline", "30") as server:
        stub = stub_of(server)
        open_sessions(stub, ["greedy", "other"])
        before = stub.Step(step("other", 1, "SELECT 1"))
        (player,) = players_of(server.process.pid)
        answer = stub.Step(step("greedy", 1, GREEDY))
        assert answer.observation.error.kind == observation_pb2.ERROR_KIND_LIMIT
        assert "160 MB that its process may have" in answer.observation.error.message
        assert players_of(server.process.pid) != [player]
        assert stub.Step(step("greedy", 1, GREEDY)) == answer
        assert stub.Step(step("other", 1, "SELECT 1")) == before


def test_a_killed_nursery_is_started_again_when_it_is_needed(stub_of: Callable) -> None:
    with serving() as server:
        stub = stub_of(server)
        open_sessions(stub, ["s"])
        answer = stub.Step(step("s", 1, "SELECT 1"))
        (player,) = players_of(server.process.pid)
        with open(f"/proc/{player}/stat", encoding="utf-8") as file:
            nursery = int(file.read().rpartition(")")[2].split()[1])
        os.kill(nursery, signal.SIGKILL)
        os.kill(player, signal.SIGKILL)
        assert stub.Step(step("s", 1, "SELECT 1")) == answer


def test_players_end_with_their_server() -> None:
    with serving("--players", "2") as server:
        processes = players_of(server.process.pid)
        descriptors = [os.pidfd_open(pid) for pid in processes]
        server.kill()
    for descriptor in descriptors:
        signal_when_ended = select.select([descriptor], [], [], 30)[0]
        assert signal_when_ended, "a player outlived its server"
        os.close(descriptor)


def test_a_benchmark_outlives_a_killed_player(tmp_path: Path) -> None:
    journal = tmp_path / "journal.sqlite"
    with serving("--journal", str(journal)) as server, grpc.insecure_channel(server.address) as channel:
        stub = BenchmarkServiceStub(channel)
        wanted = benchmark_pb2.RunRequest(baseline=benchmark_pb2.BASELINE_RANDOM, episodes=60, seed=3)
        (*_, undisturbed) = stub.Run(wanted)
        running = stub.Run(wanted)
        next(running)
        (player,) = players_of(server.process.pid)
        os.kill(player, signal.SIGKILL)
        (*_, disturbed) = running
        server.log.wait_for("has been replaced")
        for each in ("episodes", "success_rate", "mean_reward", "mean_steps"):
            assert getattr(disturbed.result, each) == getattr(undisturbed.result, each)
    with closing(sqlite3.connect(journal)) as connection:
        assert connection.execute("SELECT count(*) FROM episode").fetchone() == (0,)
