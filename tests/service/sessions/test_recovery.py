"""Sessions that outlive their server: real servers, killed and started again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import grpc
import pytest
from grpc_status import rpc_status
from servers import Server, serving
from sqlalchemy import text

from sqldojo.service.sessions.journal.engine import journal_url, make_engine, upgrade
from sqldojo.v1 import action_pb2, environment_pb2_grpc, error_pb2
from sqldojo.v1 import environment_pb2 as pb

EXPLORE = "explore/hospital/patients-without-insurer"

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


def refused(call: Callable, request: object) -> int:
    with pytest.raises(grpc.RpcError) as caught:
        call(request)
    return reason(caught.value)


def everything(session_id: str) -> pb.GetStateRequest:
    return pb.GetStateRequest(session_id=session_id, include_history=True)


def test_sessions_outlive_a_killed_server(url: str, stub_of: Callable) -> None:
    statements = ["SELECT count(*) FROM patient WHERE insurer IS NULL", "SELECT 1", "SELEC", "SELECT 1"]
    slow = "SELECT count(*) FROM patient a, patient b, patient c WHERE a.name || b.name || c.name LIKE '%q%'"
    with serving("--journal", url, "--statement-deadline", "0.2") as first:
        stub = stub_of(first)
        for name in ("s", "closed", "idle", "anew", "slow"):
            stub.Reset(pb.ResetRequest(task_id=EXPLORE, session_id=name, seed=5, policy="p"))
        answers = [stub.Step(query("s", index, sql)) for index, sql in enumerate(statements, 1)]
        state = stub.GetState(everything("s"))
        stub.CloseSession(pb.CloseSessionRequest(session_id="closed"))
        stub.Step(query("anew", 1, "SELECT 1"))
        stub.Reset(pb.ResetRequest(task_id=EXPLORE, session_id="anew", seed=2))
        anew = stub.Step(query("anew", 1, "SELECT 2"))
        cut_short = [stub.Step(query("slow", 1, slow)), stub.Step(query("slow", 2, "SELECT 1"))]
        assert "0.2 seconds" in cut_short[0].observation.error.message
        first.kill()
    _make_older(url, "idle", seconds=1000)
    with serving("--journal", url, "--statement-deadline", "60") as second:
        stub = stub_of(second)
        assert stub.GetState(everything("s")) == state
        assert [stub.Step(query("s", index, sql)) for index, sql in enumerate(statements, 1)] == answers
        assert stub.Step(query("s", 5, "SELECT 2")).observation.steps_used == 5
        assert refused(stub.Step, query("s", 4, "SELECT 4")) == error_pb2.ERROR_REASON_STEP_CONFLICT
        # What ended stays ended.
        assert refused(stub.Step, query("closed", 1, "SELECT 1")) == error_pb2.ERROR_REASON_SESSION_CLOSED
        stub.CloseSession(pb.CloseSessionRequest(session_id="closed"))
        assert refused(stub.Step, query("idle", 1, "SELECT 1")) == error_pb2.ERROR_REASON_SESSION_EXPIRED
        stub.Reset(pb.ResetRequest(task_id=EXPLORE, session_id="closed"))
        assert stub.Step(query("closed", 1, "SELECT 1")).observation.steps_used == 1
        # A session that began anew comes back as its last episode.
        assert stub.Step(query("anew", 1, "SELECT 2")) == anew
        assert stub.GetState(everything("anew")).seed == 2
        # What the clock cut short is cut short again, and not run again: it would give rows now.
        again = [stub.Step(query("slow", 1, slow)), stub.Step(query("slow", 2, "SELECT 1"))]
        assert again == cut_short


def _make_older(url: str, session_id: str, seconds: float) -> None:
    """Has a session look as it does some time later."""
    _change(url, f"UPDATE episode SET opened_at = opened_at - {seconds} WHERE session_id = '{session_id}'")


def test_a_step_is_kept_though_the_frame_that_played_it_is_still_under_way(
    tmp_path: Path, stub_of: Callable
) -> None:
    """A client whose stream breaks sends the frame again, while the first one is still being carried out."""
    endless = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    options = ("--journal", str(tmp_path / "journal.sqlite"), "--statement-deadline", "60")
    with serving(*options) as first:
        stub = stub_of(first)
        for name in ("s", "t"):
            stub.Reset(pb.ResetRequest(task_id=EXPLORE, session_id=name))
        steps = [query("s", 1, "SELECT 1"), query("t", 1, endless)]
        stream = stub.Rollout(iter([pb.RolloutRequest(commands=[pb.Command(step=each) for each in steps])]))
        while stub.GetState(everything("s")).next_step_index == 1:
            pass  # until the frame has played that step; then it is at the endless one
        answer = stub.Step(steps[0])
        first.kill()
        stream.cancel()
    with serving(*options) as second:
        state = stub_of(second).GetState(everything("s"))
        assert [step.reward for step in state.history] == [answer.reward]


@pytest.fixture(scope="module")
def pair(shared_url: str) -> Iterator[tuple[Server, Server]]:
    """Two servers on one database."""
    with serving("--journal", shared_url) as one, serving("--journal", shared_url) as other:
        yield one, other


def test_two_servers_on_one_database_hand_sessions_over(
    pair: tuple[Server, Server], stub_of: Callable
) -> None:
    a, b = map(stub_of, pair)
    a.Reset(pb.ResetRequest(task_id=EXPLORE, session_id="s"))
    for index in range(1, 9):
        (a, b)[index % 2].Step(query("s", index, f"SELECT {index}"))
    histories = [stub.GetState(everything("s")) for stub in (a, b)]
    assert histories[0] == histories[1]
    assert histories[0].next_step_index == 9
    b.Reset(pb.ResetRequest(task_id=EXPLORE, session_id="s", seed=3))
    first = b.Step(query("s", 1, "SELECT 1"))
    assert a.Step(query("s", 1, "SELECT 1")) == first  # not the answer of the episode that a knew
    assert a.GetState(everything("s")).seed == 3
    b.CloseSession(pb.CloseSessionRequest(session_id="s"))
    assert refused(a.GetState, everything("s")) == error_pb2.ERROR_REASON_SESSION_CLOSED


def test_a_server_closes_no_other_episode_than_the_sessions_last(
    pair: tuple[Server, Server], stub_of: Callable
) -> None:
    a, b = map(stub_of, pair)
    a.Reset(pb.ResetRequest(task_id=EXPLORE, session_id="r"))
    b.Reset(pb.ResetRequest(task_id=EXPLORE, session_id="r", seed=3))
    close = pb.CloseSessionRequest(session_id="r")
    assert refused(a.CloseSession, close) == error_pb2.ERROR_REASON_SESSION_MOVED  # it knew the first one
    a.CloseSession(close)
    assert refused(b.GetState, everything("r")) == error_pb2.ERROR_REASON_SESSION_CLOSED


def test_of_two_servers_at_one_step_one_wins(pair: tuple[Server, Server], stub_of: Callable) -> None:
    stubs = [stub_of(server) for server in pair]
    stubs[0].Reset(pb.ResetRequest(task_id=EXPLORE, session_id="w"))
    for stub in stubs:
        stub.GetState(pb.GetStateRequest(session_id="w"))  # both have it in memory now
    moved = conflicts = 0
    for index in range(1, 13):
        calls = [
            stub.Step.future(query("w", index, f"SELECT {index}, {place}"))
            for place, stub in enumerate(stubs)
        ]
        won = [call for call in calls if call.exception() is None]
        assert len(won) == 1
        (lost,) = (call for call in calls if call.exception() is not None)
        found = reason(lost.exception())
        moved += found == error_pb2.ERROR_REASON_SESSION_MOVED
        conflicts += found == error_pb2.ERROR_REASON_STEP_CONFLICT
    assert moved + conflicts == 12
    histories = [stub.GetState(everything("w")).history for stub in stubs]
    assert histories[0] == histories[1]
    assert [step.step_index for step in histories[0]] == list(range(1, 13))


def test_a_file_has_one_server_and_is_verified_and_exported(
    tmp_path: Path, stub_of: Callable, sqldojo
) -> None:
    journal = str(tmp_path / "journal.sqlite")
    with serving("--journal", journal) as server:
        second = sqldojo("serve", "--address", "127.0.0.1:0", "--journal", journal)
        assert second.returncode == 2
        assert "another server writes the journal" in second.stderr
        assert "PostgreSQL" in second.stderr
        stub = stub_of(server)
        stub.Reset(pb.ResetRequest(task_id=EXPLORE, session_id="s", seed=2**64 - 1, policy="checkpoint-7"))
        answers = [stub.Step(query("s", index, f"SELECT {index}")) for index in (1, 2, 3)]
        long = stub.Step(query("s", 4, "SELECT '" + "x" * 150_000 + "'"))
        assert long.observation.error.message
        stub.Reset(pb.ResetRequest(task_id=EXPLORE, session_id="t"))
    verified = sqldojo("journal", "verify", "--journal", journal, "--json")
    assert json.loads(verified.stdout) == {"episodes": 2, "mismatches": []}
    output = tmp_path / "episodes.jsonl"
    assert sqldojo("journal", "export", str(output), "--journal", journal).returncode == 0
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
    journal = str(tmp_path / "journal.sqlite")
    with serving("--journal", journal) as server:
        stub = stub_of(server)
        stub.Reset(pb.ResetRequest(task_id=EXPLORE, session_id="s"))
        stub.Step(query("s", 1, "SELECT 1"))
    _change(journal, "UPDATE step SET text = CAST('SELECT 2' AS BLOB)")
    verified = sqldojo("journal", "verify", "--journal", journal)
    assert verified.returncode == 1
    assert "step 1 gives another answer" in verified.stdout
    with serving("--journal", journal) as server:
        stub = stub_of(server)
        assert refused(stub.Step, query("s", 2, "SELECT 3")) == error_pb2.ERROR_REASON_REPLAY_MISMATCH
        stub.Reset(pb.ResetRequest(task_id=EXPLORE, session_id="s"))
        assert stub.Step(query("s", 1, "SELECT 3")).observation.steps_used == 1


def test_a_schema_of_another_version_is_refused(empty_url: str, sqldojo) -> None:
    serve = ("serve", "--address", "127.0.0.1:0")
    is_file = "postgresql" not in empty_url
    if not is_file:  # a file is made, a database is not touched unasked
        found = sqldojo(*serve, "--journal", empty_url)
        assert found.returncode == 2
        assert "sqldojo db upgrade --journal" in found.stderr
    for _ in range(2):  # the second has nothing to do
        asyncio.run(upgrade(journal_url(empty_url)))
    _change(empty_url, "UPDATE alembic_version SET version_num = '9999'")
    found = sqldojo(*(serve if is_file else ("db", "upgrade")), "--journal", empty_url)
    assert found.returncode in (1, 2)
    assert "newer than this version" in found.stderr


def test_the_journal_of_an_older_version_is_brought_up_to_this_one(
    url: str, stub_of: Callable, sqldojo
) -> None:
    with serving("--journal", url) as server:
        stub = stub_of(server)
        stub.Reset(pb.ResetRequest(task_id=EXPLORE, session_id="s"))
        before = [stub.Step(query("s", index, f"SELECT {index}")) for index in (1, 2)]
    if "postgresql" not in url:  # as the first version made it
        _change(
            url,
            "CREATE TABLE old (episode_id BIGINT NOT NULL, step_index INTEGER NOT NULL, "
            "kind SMALLINT NOT NULL, text BLOB NOT NULL, reviewed BOOLEAN NOT NULL, total DOUBLE NOT NULL, "
            "reward BLOB NOT NULL, outcome SMALLINT NOT NULL, digest BLOB NOT NULL, cut_short TEXT, "
            "played_at DOUBLE NOT NULL, PRIMARY KEY (episode_id, step_index)) WITHOUT ROWID",
            "INSERT INTO old SELECT * FROM step",
            "DROP TABLE step",
            "ALTER TABLE old RENAME TO step",
        )
    _change(url, "UPDATE alembic_version SET version_num = '0001'")
    refused = sqldojo("serve", "--address", "127.0.0.1:0", "--journal", url)
    assert refused.returncode == 2
    assert "sqldojo db upgrade --journal" in refused.stderr
    assert sqldojo("db", "upgrade", "--journal", url).returncode == 0
    verified = sqldojo("journal", "verify", "--journal", url)
    assert verified.returncode == 0, verified.stdout
    with serving("--journal", url) as server:
        stub = stub_of(server)
        assert stub.Step(query("s", 2, "SELECT 2")) == before[1]
        assert stub.Step(query("s", 3, "SELECT 3")).observation.steps_used == 3


def _change(url: str, *statements: str) -> None:
    async def work() -> None:
        engine = make_engine(journal_url(url))
        async with engine.begin() as connection:
            for statement in statements:
                await connection.execute(text(statement))
        await engine.dispose()

    asyncio.run(work())


def test_texts_that_no_database_takes_hurt_nobody(url: str, stub_of) -> None:
    """PostgreSQL refuses a NUL in a text, and with it the transaction, in which others have steps too."""
    with serving("--journal", url) as server:
        stub = stub_of(server)
        first = stub.Reset(pb.ResetRequest(task_id=EXPLORE, session_id="bystander"))
        frame = pb.RolloutRequest(
            commands=[
                pb.Command(step=query("bystander", 1, "SELECT 1")),
                pb.Command(step=query("a\0b", 1, "SELECT 1")),
                pb.Command(reset=pb.ResetRequest(task_id=EXPLORE, session_id="nul", policy="a\0b")),
                pb.Command(reset=pb.ResetRequest(task_id="a\0b", session_id="nul", profile="\0")),
                pb.Command(step=query("bystander", 2, "SELECT '\0'")),
                pb.Command(step=query("\U0001f600" * 128, 1, "SELECT 1")),
                pb.Command(close=pb.CloseSessionRequest(session_id="\0")),
            ]
        )
        (reply,) = stub.Rollout(iter([frame]))
        assert [result.error.detail.reason for result in reply.results] == [
            0,
            error_pb2.ERROR_REASON_UNKNOWN_SESSION,
            error_pb2.ERROR_REASON_INVALID_FIELD,
            error_pb2.ERROR_REASON_UNKNOWN_TASK,
            0,
            error_pb2.ERROR_REASON_UNKNOWN_SESSION,
            error_pb2.ERROR_REASON_UNKNOWN_SESSION,
        ]
        assert refused(stub.GetState, everything("a\0b")) == error_pb2.ERROR_REASON_UNKNOWN_SESSION
        assert len(stub.GetState(everything(first.session_id)).history) == 2
