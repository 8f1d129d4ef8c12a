"""Sessions that outlive their server: real servers, killed and started again."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import grpc
import pytest
from grpc_status import rpc_status
from servers import Server, serving

from sqldojo.v1 import action_pb2, environment_pb2_grpc, error_pb2
from sqldojo.v1 import environment_pb2 as pb

EXPLORE = "explore/hospital/patients-without-insurer"
REPAIR = "repair/hospital/"  # the first task of this name

Stub = environment_pb2_grpc.EnvironmentServiceStub


@pytest.fixture
def stub_of() -> Iterator[Callable[[Server], Stub]]:
    channels = []

    def connect(server: Server) -> Stub:
        channels.append(grpc.insecure_channel(server.address))
        return Stub(channels[-1])

    yield connect
    for channel in channels:
        channel.close()


def query(session_id: str, index: int, sql: str) -> pb.StepRequest:
    action = action_pb2.Action(query=action_pb2.Query(sql=sql))
    return pb.StepRequest(session_id=session_id, step_index=index, action=action)


def reason(error: grpc.RpcError) -> int:
    detail = error_pb2.ErrorDetail()
    status = rpc_status.from_call(error)
    assert status is not None
    status.details[0].Unpack(detail)
    return detail.reason


def kill(server: Server) -> None:
    """Ends a server as a power cut would: nothing of it runs any more, and `serving` must not complain."""
    os.kill(server.process.pid, signal.SIGKILL)
    server.process.wait()


@pytest.fixture
def run(url: str) -> Callable[..., object]:
    return lambda *options: serving("--journal", url, *options)


def test_a_killed_server_s_sessions_go_on(run, stub_of: Callable, sqldojo) -> None:
    statements = ["SELECT count(*) FROM patient WHERE insurer IS NULL", "SELECT 1", "SELEC", "SELECT 1"]
    with run() as first:
        stub = stub_of(first)
        opened = stub.Reset(pb.ResetRequest(task_id=EXPLORE, session_id="s", seed=5, policy="p"))
        answers = [stub.Step(query("s", index, sql)) for index, sql in enumerate(statements, 1)]
        state = stub.GetState(pb.GetStateRequest(session_id="s", include_history=True))
        kill(first)
    with run() as second:
        stub = stub_of(second)
        assert stub.GetState(pb.GetStateRequest(session_id="s", include_history=True)) == state
        assert [stub.Step(query("s", index, sql)) for index, sql in enumerate(statements, 1)] == answers
        after = stub.Step(query("s", 5, "SELECT 2"))
        assert after.observation.steps_used == 5
        assert state.observation.brief == opened.observation.brief
        with pytest.raises(grpc.RpcError) as caught:
            stub.Step(query("s", 4, "SELECT another"))
        assert reason(caught.value) == error_pb2.ERROR_REASON_STEP_CONFLICT


def test_what_ended_stays_ended(run, stub_of: Callable) -> None:
    with run("--idle-seconds", "1000") as first:
        stub = stub_of(first)
        for name in ("closed", "idle"):
            stub.Reset(pb.ResetRequest(task_id=EXPLORE, session_id=name))
        stub.CloseSession(pb.CloseSessionRequest(session_id="closed"))
        kill(first)
    with run("--idle-seconds", "1") as second:
        stub = stub_of(second)
        found = error_pb2.ERROR_REASON_UNSPECIFIED
        until = time.monotonic() + 30
        while found != error_pb2.ERROR_REASON_SESSION_EXPIRED and time.monotonic() < until:
            with pytest.raises(grpc.RpcError) as caught:
                stub.Step(query("idle", 2, "SELECT 1"))
            found = reason(caught.value)  # a gap, until it has been idle for a second
        assert found == error_pb2.ERROR_REASON_SESSION_EXPIRED
        with pytest.raises(grpc.RpcError) as caught:
            stub.Step(query("closed", 1, "SELECT 1"))
        assert reason(caught.value) == error_pb2.ERROR_REASON_SESSION_CLOSED
        stub.CloseSession(pb.CloseSessionRequest(session_id="closed"))
        stub.Reset(pb.ResetRequest(task_id=EXPLORE, session_id="closed"))
        assert stub.Step(query("closed", 1, "SELECT 1")).observation.steps_used == 1


def test_a_session_that_began_anew_comes_back_as_its_last_episode(run, stub_of: Callable) -> None:
    with run() as first:
        stub = stub_of(first)
        stub.Reset(pb.ResetRequest(task_id=EXPLORE, session_id="s"))
        stub.Step(query("s", 1, "SELECT 1"))
        stub.Reset(pb.ResetRequest(task_id=EXPLORE, session_id="s", seed=2))
        answer = stub.Step(query("s", 1, "SELECT 2"))
        kill(first)
    with run() as second:
        stub = stub_of(second)
        assert stub.Step(query("s", 1, "SELECT 2")) == answer
        assert stub.GetState(pb.GetStateRequest(session_id="s")).seed == 2


def test_a_statement_that_the_clock_cut_short_is_cut_short_again(run, stub_of: Callable) -> None:
    slow = "SELECT count(*) FROM patient a, patient b, patient c WHERE a.name || b.name || c.name LIKE '%q%'"
    with run("--statement-deadline", "0.05") as first:
        stub = stub_of(first)
        stub.Reset(pb.ResetRequest(task_id=EXPLORE, session_id="s"))
        answers = [stub.Step(query("s", 1, slow)), stub.Step(query("s", 2, "SELECT 1"))]
        assert "0.05 seconds" in answers[0].observation.error.message
        kill(first)
    with run("--statement-deadline", "60") as second:
        stub = stub_of(second)
        began = time.monotonic()
        assert [stub.Step(query("s", 1, slow)), stub.Step(query("s", 2, "SELECT 1"))] == answers
        assert time.monotonic() - began < 30  # it was not run again


def test_fifty_kills_at_random_points_lose_nothing(run, stub_of: Callable) -> None:
    """A client that repeats what was not answered; every answer is compared with a run without kills."""
    rng = random.Random(7)
    plan = [(f"s{n % 5}", n // 5 + 1, f"SELECT {n % 7}, count(*) FROM patient") for n in range(70)]
    expected = _undisturbed(plan)
    done = 0
    kills = 0
    while done < len(plan):
        with run() as server:
            stub = stub_of(server)
            if done == 0 and kills == 0:
                for name in sorted({name for name, _, _ in plan}):
                    stub.Reset(pb.ResetRequest(task_id=EXPLORE, session_id=name))
            upto = min(done + rng.randrange(4), len(plan))
            for name, index, sql in plan[max(0, done - 1) : upto]:  # the last one may have been answered
                answer = stub.Step(query(name, index, sql))
                assert answer.SerializeToString() == expected[name, index]
            done = max(done, upto)
            if done < len(plan):
                late = stub.Step.future(query(*plan[done]))  # under way when the server dies
                kill(server)
                late.cancel()
                kills += 1
    assert kills >= 15


def _undisturbed(plan: list[tuple[str, int, str]]) -> dict[tuple[str, int], bytes]:
    with serving() as server, grpc.insecure_channel(server.address) as channel:
        stub = Stub(channel)
        for name in sorted({name for name, _, _ in plan}):
            stub.Reset(pb.ResetRequest(task_id=EXPLORE, session_id=name))
        return {
            (name, index): stub.Step(query(name, index, sql)).SerializeToString() for name, index, sql in plan
        }


def test_the_second_server_on_a_file_is_refused(tmp_path: Path, sqldojo) -> None:
    journal = str(tmp_path / "journal.sqlite")
    with serving("--journal", journal):
        refused = sqldojo("serve", "--address", "127.0.0.1:0", "--journal", journal)
    assert refused.returncode == 2
    assert "another server writes the journal" in refused.stderr
    assert "PostgreSQL" in refused.stderr


def test_two_servers_on_one_database_hand_sessions_over(shared_url: str, stub_of: Callable) -> None:
    with serving("--journal", shared_url) as one, serving("--journal", shared_url) as other:
        a, b = stub_of(one), stub_of(other)
        a.Reset(pb.ResetRequest(task_id=EXPLORE, session_id="s"))
        for index in range(1, 9):
            (a, b)[index % 2].Step(query("s", index, f"SELECT {index}"))
        histories = [
            stub.GetState(pb.GetStateRequest(session_id="s", include_history=True)) for stub in (a, b)
        ]
        assert histories[0] == histories[1]
        assert histories[0].next_step_index == 9
        b.Reset(pb.ResetRequest(task_id=EXPLORE, session_id="s", seed=3))
        first = b.Step(query("s", 1, "SELECT 1"))
        assert a.Step(query("s", 1, "SELECT 1")) == first  # not the answer of the episode that a knew
        assert a.GetState(pb.GetStateRequest(session_id="s")).seed == 3
        b.CloseSession(pb.CloseSessionRequest(session_id="s"))
        with pytest.raises(grpc.RpcError) as caught:
            a.GetState(pb.GetStateRequest(session_id="s"))
        assert reason(caught.value) == error_pb2.ERROR_REASON_SESSION_CLOSED


def test_of_two_servers_at_one_step_one_wins(shared_url: str, stub_of: Callable) -> None:
    with serving("--journal", shared_url) as one, serving("--journal", shared_url) as other:
        stubs = [stub_of(one), stub_of(other)]
        stubs[0].Reset(pb.ResetRequest(task_id=EXPLORE, session_id="s"))
        for stub in stubs:
            stub.GetState(pb.GetStateRequest(session_id="s"))  # both have it in memory now
        moved = conflicts = 0
        for index in range(1, 13):
            calls = [
                stub.Step.future(query("s", index, f"SELECT {index}, {place}"))
                for place, stub in enumerate(stubs)
            ]
            won = [call for call in calls if call.exception() is None]
            assert len(won) == 1
            (lost,) = (call for call in calls if call.exception() is not None)
            found = reason(lost.exception())
            moved += found == error_pb2.ERROR_REASON_SESSION_MOVED
            conflicts += found == error_pb2.ERROR_REASON_STEP_CONFLICT
        assert moved + conflicts == 12
        histories = [
            stub.GetState(pb.GetStateRequest(session_id="s", include_history=True)).history for stub in stubs
        ]
        assert histories[0] == histories[1]
        assert [step.step_index for step in histories[0]] == list(range(1, 13))


def test_the_journal_is_verified_and_exported(url: str, run, stub_of: Callable, sqldojo, tmp_path) -> None:
    with run() as server:
        stub = stub_of(server)
        stub.Reset(pb.ResetRequest(task_id=EXPLORE, session_id="s", seed=2**64 - 1, policy="checkpoint-7"))
        answers = [stub.Step(query("s", index, f"SELECT {index}")) for index in (1, 2, 3)]
        long = stub.Step(query("s", 4, "SELECT '" + "x" * 150_000 + "'"))
        assert long.observation.error.message
        stub.Reset(pb.ResetRequest(task_id=EXPLORE, session_id="t"))
    verified = sqldojo("journal", "verify", "--journal", url, "--json")
    assert json.loads(verified.stdout) == {"episodes": 2, "mismatches": []}
    output = tmp_path / "episodes.jsonl"
    assert sqldojo("journal", "export", str(output), "--journal", url).returncode == 0
    exported = [json.loads(line) for line in output.read_text().splitlines()]
    assert [each["session_id"] for each in exported] == ["s", "t"]
    assert (exported[0]["seed"], exported[0]["policy"]) == (2**64 - 1, "checkpoint-7")
    assert exported[0]["total_reward"] == pytest.approx(long.total_reward, abs=1e-12)
    for answer, step in zip(answers, exported[0]["steps"], strict=False):
        assert step["reward"] == answer.reward.total
        assert [term["contribution"] for term in step["terms"]] == [
            term.contribution for term in answer.reward.terms
        ]
    assert len(exported[0]["steps"][3]["text"]) > 150_000


def test_a_journal_that_was_tampered_with_is_found_out(tmp_path: Path, stub_of: Callable, sqldojo) -> None:
    import sqlite3

    journal = tmp_path / "journal.sqlite"
    with serving("--journal", str(journal)) as server:
        stub = stub_of(server)
        stub.Reset(pb.ResetRequest(task_id=EXPLORE, session_id="s"))
        stub.Step(query("s", 1, "SELECT 1"))
    with sqlite3.connect(journal) as connection:
        connection.execute("UPDATE step SET text = ?", (b"SELECT 2",))
    connection.close()
    verified = sqldojo("journal", "verify", "--journal", str(journal))
    assert verified.returncode == 1
    assert "step 1 gives another answer" in verified.stdout
    with serving("--journal", str(journal)) as server:
        stub = stub_of(server)
        with pytest.raises(grpc.RpcError) as caught:
            stub.Step(query("s", 2, "SELECT 3"))
        assert caught.value.code() is grpc.StatusCode.DATA_LOSS
        stub.Reset(pb.ResetRequest(task_id=EXPLORE, session_id="s"))
        assert stub.Step(query("s", 1, "SELECT 3")).observation.steps_used == 1


def test_a_schema_of_another_version_is_refused(empty_url: str, sqldojo) -> None:
    if "postgresql" in empty_url:
        refused = sqldojo("serve", "--address", "127.0.0.1:0", "--journal", empty_url)
        assert refused.returncode == 2
        assert "sqldojo db upgrade --journal" in refused.stderr
    for _ in range(2):  # the second has nothing to do
        upgraded = sqldojo("db", "upgrade", "--journal", empty_url)
        assert upgraded.returncode == 0, upgraded.stderr
    _set_revision(empty_url, "9999")
    for command in (("serve", "--address", "127.0.0.1:0"), ("db", "upgrade"), ("journal", "verify")):
        refused = sqldojo(*command, "--journal", empty_url)
        assert refused.returncode in (1, 2)
        assert "newer than this version" in refused.stderr


def _set_revision(url: str, revision: str) -> None:
    import asyncio

    from sqlalchemy import text

    from sqldojo.service.sessions.journal.engine import journal_url, make_engine

    async def work() -> None:
        engine = make_engine(journal_url(url))
        async with engine.begin() as connection:
            await connection.execute(text(f"UPDATE alembic_version SET version_num = '{revision}'"))
        await engine.dispose()

    asyncio.run(work())
