from __future__ import annotations

import asyncio
import itertools
import signal
import threading
from collections import Counter, deque

import grpc
import pytest
from cutting_proxy import CuttingProxy
from hypothesis import given, settings
from hypothesis import strategies as st
from servers import ORACLE_TOKEN, serving

from sqldojo.client import (
    Answer,
    Describe,
    DojoError,
    EpisodeSpec,
    ErrorReason,
    Pending,
    Query,
    Session,
    Step,
    Unparsed,
    connect,
    connect_sync,
)
from sqldojo.client.retry import Backoff
from sqldojo.v1 import environment_pb2, environment_pb2_grpc

# Takes some seconds, and gives the number of its rows.
SLOW = (
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {}) "
    "SELECT count(replace(printf('%050000d', i), '0', 'ab')) FROM n"
)
ROWS = 6000


@pytest.fixture(scope="module")
def patient():
    """A server that lets statements run for long."""
    with serving("--statement-deadline", "60") as server:
        yield server


async def live(address, ids):
    """Gives those of these sessions that a server has, asked without the client."""
    async with grpc.aio.insecure_channel(address) as channel:
        stub = environment_pb2_grpc.EnvironmentServiceStub(channel)
        owner = (("authorization", f"Bearer {ORACLE_TOKEN}"),)

        async def is_live(name):
            asked = stub.GetState(environment_pb2.GetStateRequest(session_id=name), metadata=owner)
            code = await asked.code()
            assert code in (
                grpc.StatusCode.OK,
                grpc.StatusCode.NOT_FOUND,
                grpc.StatusCode.FAILED_PRECONDITION,
            )
            return code is grpc.StatusCode.OK

        return {
            name for name, there in zip(ids, await asyncio.gather(*map(is_live, ids)), strict=True) if there
        }


def specs(tasks, number, *, name="", reviewed=False):
    """Episodes in groups of eight, as GRPO plays them."""
    return [
        EpisodeSpec(
            tasks[n // 8].task_id, seed=n // 8, reviewed=reviewed, session_id=f"{name}-{n}" if name else ""
        )
        for n in range(number)
    ]


def choose(observation, n):
    """Some action or other that depends on all that was seen."""
    tables, seen = observation.tables, len(observation.history)
    table = tables[(n + seen) % len(tables)]
    return [
        Describe(table),
        Query(f'SELECT *, {n % 5} FROM "{table}" LIMIT {1 + n % 3}'),
        Unparsed("nothing") if n % 7 == 0 else Query(f"SELECT {n} FROM nowhere"),
        Answer(str(n)) if n % 2 else Query(f'SELECT count(*) FROM "{table}"'),
    ][seen % 4]


async def in_lock_step(address, episodes, turns, **how):
    async with connect(address, token=ORACLE_TOKEN) as dojo, dojo.batch(**how) as batch:
        sessions = await batch.reset(episodes)
        for _ in range(turns):
            turn = {each: choose(each.observation, n) for n, each in enumerate(sessions)}
            steps = await batch.step_many(turn)
            assert list(steps) == sessions
            for session, step in steps.items():
                assert step.observation == session.observation
                assert step.action == turn[session]
        return [(each.observation, each.total_reward) for each in sessions]


async def one_by_one(address, episodes, turns):
    played = []
    async with connect(address, token=ORACLE_TOKEN) as dojo:
        for n, episode in enumerate(episodes):
            session = await dojo.open_session(episode)
            for _ in range(turns):
                await session.step(choose(session.observation, n))
            played.append((session.observation, session.total_reward))
            await session.close()
    return played


@pytest.mark.parametrize(("streams", "reviewed"), [(16, False), (1, True)])
def test_a_batch_brings_what_single_steps_bring(dojo, explore_tasks, streams, reviewed):
    async def play():
        episodes = specs(explore_tasks, 256, reviewed=reviewed)
        together = await in_lock_step(dojo.address, episodes, 4, streams=streams)
        assert together == await one_by_one(dojo.address, episodes, 4)
        assert len({reward for _, reward in together}) > 3
        assert {len(observation.history) for observation, _ in together} == {4}

    asyncio.run(play())


@settings(max_examples=30)
@given(
    st.integers(1, 6),
    st.lists(
        st.lists(st.tuples(st.integers(0, 9), st.booleans()), unique_by=lambda each: each[0]), max_size=6
    ),
)
def test_any_turns_of_any_sessions_come_in_their_order(dojo, explore_tasks, streams, turns):
    async def play():
        async with connect(dojo.address, token=ORACLE_TOKEN) as mine, mine.batch(streams=streams) as batch:
            sessions = await batch.reset(specs(explore_tasks, 10))
            await sessions[3].close()
            played = Counter()
            for turn in turns:
                asked = [(sessions[n], Query(f"SELECT {played[n]}" if good else "SELEC")) for n, good in turn]
                steps = await batch.step_many(asked)
                assert list(steps) == [session for session, _ in asked]
                for (n, good), (session, action) in zip(turn, asked, strict=True):
                    if n == 3:
                        assert steps[session].reason is ErrorReason.SESSION_CLOSED
                        continue
                    played[n] += 1
                    step = steps[session]
                    assert (step.step_index, step.action) == (played[n], action)
                    assert (step.observation.error is None) == good

    asyncio.run(play())


def test_frames_are_as_few_as_the_streams_allow(peer):
    async def play():
        async with peer.connected() as dojo:
            async with dojo.batch(streams=1) as batch:
                sessions = await batch.reset(["t"] * 600)
                assert peer.frames == [256, 256, 88]
                peer.frames.clear()
                await batch.step_many((session, Query("select 1")) for session in sessions[:256])
                assert peer.frames == [256]
            async with dojo.batch(streams=8) as batch:
                sessions = await batch.reset(["t"] * 256)
                peer.frames.clear()
                for _ in range(3):
                    await batch.step_many({session: Query("select 1") for session in sessions})
                assert peer.frames == [32] * 8 * 3
            assert peer.received["Rollout"] == 1 + 8
            assert (peer.live, peer.received["CloseSession"]) == ({}, 0)

    asyncio.run(play())


def test_what_is_refused_spoils_nothing_else(peer):
    async def play():
        async with peer.connected() as dojo, dojo.batch(streams=2) as batch:
            opened = await batch.reset(["t", "unknown", EpisodeSpec("t", session_id="b"), "t", "t"])
            a, unknown, b, c, d = opened
            assert unknown.reason is ErrorReason.UNKNOWN_TASK
            steps = await batch.step_many(
                [
                    (d, Query("x" * 2**24)),
                    (a, Query("select 1")),
                    (b, Query("forbidden")),
                    (c, Query("select 1")),
                ]
            )
            assert list(steps) == [d, a, b, c]
            assert steps[d].code is grpc.StatusCode.RESOURCE_EXHAUSTED
            assert steps[b].reason is ErrorReason.INVALID_FIELD
            assert (steps[a].step_index, steps[c].step_index) == (1, 1)
            steps = await batch.step_many(dict.fromkeys([a, b, c, d], Query("select 2")))
            assert [step.step_index for step in steps.values()] == [2, 1, 2, 1]

    asyncio.run(play())


def test_what_makes_no_sense_is_refused_before_anything_is_played(peer):
    async def play():
        async with peer.connected() as dojo, dojo.batch() as batch:
            with pytest.raises(ValueError, match="streams 0"):
                dojo.batch(streams=0)
            with pytest.raises(ValueError, match="seed -1 must be 0 to"):
                await batch.reset(["t", EpisodeSpec("t", seed=-1)])
            a, b = await batch.reset(["t", "t"])
            with pytest.raises(TypeError, match="is no action"):
                await batch.step_many({a: Query("select 1"), b: "select 1"})
            with pytest.raises(ValueError, match="is there twice"):
                await batch.step_many([(a, Query("select 1")), (a, Query("select 1"))])
            assert peer.received["step"] == 0
            assert await batch.step_many({}) == await batch.settle() == {}
            assert len(peer.live) == 2

    asyncio.run(play())


def test_a_step_refused_for_a_time_is_sent_again(peer, refusal):
    async def play():
        moved = refusal(grpc.StatusCode.ABORTED, "moved", ErrorReason.SESSION_MOVED, retry_after=0.001)
        async with peer.connected() as dojo, dojo.batch(streams=2) as batch:
            for kind in ("reset", "step", "close"):
                peer.refused_commands[kind] = deque([moved] * 3)
            sessions = await batch.reset(["t"] * 8)
            steps = await batch.step_many(dict.fromkeys(sessions, Query("select 1")))
            assert [step.step_index for step in steps.values()] == [1] * 8
            await sessions[0].close()
        assert peer.live == {}
        assert not any(peer.refused_commands.values())

    asyncio.run(play())


def test_closing_ends_a_step_that_waits_to_be_sent_again(peer, refusal):
    async def play():
        moved = refusal(grpc.StatusCode.ABORTED, "moved", ErrorReason.SESSION_MOVED, retry_after=30.0)
        async with peer.connected() as dojo:
            async with dojo.batch() as batch:
                (session,) = await batch.reset(["t"])
                peer.refused_commands["step"] = deque([moved])
                steps = await batch.step_many({session: Query("select 1")}, timeout=0.05)
                while peer.refused_commands["step"]:
                    steps = await batch.settle(timeout=0.05)
                assert steps == {session: Pending(Query("select 1"))}
            (step,) = (await batch.settle(timeout=10.0)).values()
            assert str(step) == "CANCELLED: the batch was closed."
        assert peer.live == {}

    asyncio.run(play())


def test_what_is_cancelled_while_it_waits_is_not_sent_again(peer, refusal):
    async def play():
        full = refusal(
            grpc.StatusCode.RESOURCE_EXHAUSTED, "full", ErrorReason.TOO_MANY_SESSIONS, retry_after=30.0
        )
        async with peer.connected() as dojo, dojo.batch() as batch:
            peer.refused_commands["reset"] = deque([full] * 2)
            opening = asyncio.ensure_future(batch.reset(["t"] * 3))
            while not batch._streams._refused:
                await asyncio.wait((opening,), timeout=0.01)
            opening.cancel()
            await asyncio.gather(opening, return_exceptions=True)
            assert batch._streams._refused == {}
            assert peer.live == {}

    asyncio.run(play())


def test_nothing_is_sent_again_for_a_batch_that_is_closed(peer, refusal, monkeypatch):
    monkeypatch.setattr("sqldojo.client.streams.CLOSE_SECONDS", 0.2)

    async def play():
        moved = refusal(grpc.StatusCode.ABORTED, "moved", ErrorReason.SESSION_MOVED, retry_after=30.0)
        async with peer.connected() as dojo:
            async with dojo.batch(streams=1) as batch:
                await batch.reset(["t"])
                peer.refused_commands["reset"] = deque([moved])
                peer.refused_commands["close"] = deque([moved])
                opening = asyncio.ensure_future(batch.reset(["t"]))
                await asyncio.sleep(0)
            (refused,) = await asyncio.wait_for(opening, 10.0)
            assert refused.reason is ErrorReason.SESSION_MOVED
            assert not any(peer.refused_commands.values())
            assert batch._streams._refused == {}

    asyncio.run(play())


def test_a_session_can_be_closed_after_its_batch(peer):
    async def play():
        async with peer.connected() as dojo:
            async with dojo.batch() as batch:
                (session,) = await batch.reset(["t"])
            await session.close()
            assert peer.received["CloseSession"] == 1
            assert peer.received["Rollout"] == 1

    asyncio.run(play())


def test_an_action_that_cannot_be_sent_leaves_its_session_as_it_was(peer):
    class Odd(Query):
        def __init__(self):
            object.__setattr__(self, "sql", "\ud800")

    async def play():
        async with peer.connected() as dojo, dojo.batch() as batch:
            a, b = await batch.reset(["t", "t"])
            steps = await batch.step_many({a: Query("select 1"), b: Odd()})
            assert isinstance(steps[a], Step)
            assert "it failed: TypeError" in str(steps[b])
            assert batch.pending == set()
            steps = await batch.step_many(dict.fromkeys((a, b), Query("select 2")))
            assert [step.step_index for step in steps.values()] == [2, 1]

    asyncio.run(play())


def test_a_cut_stream_is_taken_up_again(peer):
    async def play():
        peer.cuts.extend([1, 2, 1, 3, 2])
        async with peer.connected() as dojo, dojo.batch(streams=3) as batch:
            sessions = await batch.reset(["t"] * 50)
            for n in range(4):
                steps = await batch.step_many(dict.fromkeys(sessions, Query(f"select {n}")))
                assert {step.total_reward for step in steps.values()} == {0.25 * (n + 1)}
        assert peer.received["Rollout"] == 3 + 5
        assert set(peer.played.values()) == {4}  # nothing was played twice
        assert peer.live == {}

    asyncio.run(play())


def test_a_connection_that_is_cut_in_the_middle_changes_nothing(dojo, explore_tasks):
    async def play():
        episodes = specs(explore_tasks, 64)
        proxy = CuttingProxy(int(dojo.address.rpartition(":")[2]))
        allowances = itertools.chain(range(20_000, 140_000, 20_000), itertools.repeat(None))
        proxy.cut_after(lambda: next(allowances))
        with proxy.running():
            cut = await in_lock_step(f"127.0.0.1:{proxy.port}", episodes, 4, streams=4)
        assert proxy.cuts >= 3
        assert cut == await one_by_one(dojo.address, episodes, 4)

    asyncio.run(play())


def test_a_stream_that_is_given_up_fails_its_steps_and_the_next_turn_has_another(peer, monkeypatch):
    monkeypatch.setattr("sqldojo.client.frame_stream.BACKOFF", Backoff(tries=2, first=0.001))

    async def play():
        peer.cuts.extend([2, 1])  # the frame of the first turn, and the same once more
        async with peer.connected() as dojo, dojo.batch(streams=1) as batch:
            sessions = await batch.reset(["t"] * 5)
            steps = await batch.step_many(dict.fromkeys(sessions, Query("select 1")))
            assert {step.code for step in steps.values()} == {grpc.StatusCode.UNAVAILABLE}
            steps = await batch.step_many(dict.fromkeys(sessions, Query("select 2")))
            assert [step.step_index for step in steps.values()] == [2] * 5
            assert set(peer.played.values()) == {2}

    asyncio.run(play())


def test_a_slow_step_is_given_later_and_holds_up_its_own_part_once(patient, explore_tasks):
    async def play():
        async with connect(patient.address, token=ORACLE_TOKEN) as dojo, dojo.batch(streams=4) as batch:
            sessions = await batch.reset(specs(explore_tasks, 16))
            slow, part = sessions[5], sessions[4:8]
            numbers = itertools.count()

            def turn(those, rows):
                return {
                    each: Query(SLOW.format(rows) if each is slow else f"SELECT {next(numbers)}")
                    for each in those
                }

            async def play_until_it_is_held_up(those, rows, held_up):
                """Plays a turn and settles what is merely late; the slow step takes longer than that."""
                asked = turn(those, rows)
                given = await batch.step_many(asked, timeout=0.2)
                assert list(given) == those
                assert given[slow] == Pending(asked[slow])
                while batch.pending != set(held_up):
                    assert slow in batch.pending
                    given |= await batch.settle(timeout=0.05)
                assert {each for each in given if isinstance(given[each], Step)} == set(those) - set(held_up)

            await play_until_it_is_held_up(sessions, ROWS, part)
            with pytest.raises(ValueError, match=f"{slow.session_id} is pending"):
                await batch.step_many({sessions[0]: Query("SELECT 1"), slow: Query("SELECT 1")})
            others = [each for each in sessions if each not in part]
            for index in (2, 3, 4):
                given = await batch.step_many(turn(others, 1))
                assert list(given) == others  # and nothing of the slow one's, which still runs
                assert {step.step_index for step in given.values()} == {index}
            assert batch.pending == set(part)
            given = await batch.settle()
            assert list(given) == part
            assert given[slow].observation.result.rows == ((ROWS,),)
            assert {step.step_index for step in given.values()} == {1}

            await play_until_it_is_held_up(sessions, ROWS + 1, [slow])
            await slow.query("SELECT 1")  # which waits for the slow one
            given = await batch.step_many(turn(others, 1))
            assert list(given) == [slow, *others]
            assert given[slow].observation.result.rows == ((ROWS + 1,),)
            assert [step.step_index for step in slow.observation.history] == [1, 2, 3]
            assert batch.pending == set()

    asyncio.run(play())


def test_leaving_a_batch_that_plays_leaves_no_session(patient, explore_tasks):
    async def play():
        ids = [f"left-{n}" for n in range(40)]

        async def leave(dojo):
            async with dojo.batch(streams=4) as batch:
                sessions = await batch.reset(specs(explore_tasks, 40, name="left"))
                assert await live(patient.address, ids) == set(ids)
                turn = dict.fromkeys(sessions, Query("SELECT 1")) | {sessions[7]: Query(SLOW.format(ROWS))}
                asyncio.get_running_loop().call_soon(task.cancel)
                await batch.step_many(turn)

        async with connect(patient.address, token=ORACLE_TOKEN) as dojo:
            task = asyncio.ensure_future(leave(dojo))
            await asyncio.gather(task, return_exceptions=True)
            assert task.cancelled()
            assert await live(patient.address, ids) == set()

    asyncio.run(play())


def test_cancelling_a_turn_leaves_its_steps_pending(peer):
    async def play():
        async with peer.connected() as dojo, dojo.batch(streams=2) as batch:
            sessions = await batch.reset(["t"] * 6)
            stepping = asyncio.ensure_future(batch.step_many(dict.fromkeys(sessions, Query("select 1"))))
            await asyncio.sleep(0)
            stepping.cancel()
            await asyncio.gather(stepping, return_exceptions=True)
            assert stepping.cancelled()
            assert batch.pending == set(sessions)
            steps = await batch.settle()
            assert [step.step_index for step in steps.values()] == [1] * 6

    asyncio.run(play())


def test_cancelling_a_reset_leaves_no_session(peer):
    async def play():
        async with peer.connected() as dojo, dojo.batch(streams=2) as batch:
            opening = asyncio.ensure_future(batch.reset(["t"] * 20))
            await peer.until(lambda: peer.live)
            opening.cancel()
            await asyncio.gather(opening, return_exceptions=True)
            assert opening.cancelled()
            assert peer.live == {}
            assert len(peer.closed) == 20

    asyncio.run(play())


def test_a_session_that_was_open_when_a_reset_is_cancelled_is_closed(peer, refusal):
    async def play():
        full = refusal(
            grpc.StatusCode.RESOURCE_EXHAUSTED, "full", ErrorReason.TOO_MANY_SESSIONS, retry_after=30.0
        )
        async with peer.connected() as dojo, dojo.batch(streams=1) as batch:
            peer.refused_commands["reset"] = deque([full])
            opening = asyncio.ensure_future(batch.reset(["t"] * 3))  # one frame: the first one is refused
            while len(peer.live) < 2 or not batch._streams._refused or batch._streams._under_way():
                await asyncio.wait((opening,), timeout=0.01)
            opening.cancel()
            await asyncio.gather(opening, return_exceptions=True)
            assert peer.live == {}

    asyncio.run(play())


def test_the_connections_end_is_the_batchs_too(peer):
    async def play():
        async with peer.connected() as dojo:
            batch = dojo.batch()
            sessions = await batch.reset(["t"] * 20)
            await dojo.close()
            assert peer.live == {}
            steps = await batch.step_many(dict.fromkeys(sessions, Query("select 1")))
            assert {str(step) for step in steps.values()} == {"CANCELLED: the batch was closed."}
            (again,) = await batch.reset(["t"])
            assert isinstance(again, DojoError)

    asyncio.run(play())


def test_closing_while_sessions_are_opened_leaves_none(dojo, explore_tasks):
    async def play():
        ids = [f"opened-{n}" for n in range(256)]
        async with connect(dojo.address, token=ORACLE_TOKEN) as mine:
            batch = mine.batch(streams=2)
            opening = asyncio.ensure_future(batch.reset(specs(explore_tasks, 256, name="opened")))
            while not await live(dojo.address, ids[:1]):
                pass
            await batch.close()
            assert len(await opening) == 256
            assert await live(dojo.address, ids) == set()

    asyncio.run(play())


def test_sessions_of_a_batch_can_be_stepped_alone_and_travel_together_then_too(peer):
    async def play():
        async with peer.connected() as dojo, dojo.batch(streams=1) as batch:
            sessions = await batch.reset(["t"] * 30)
            assert all(isinstance(session, Session) for session in sessions)
            peer.frames.clear()
            await asyncio.gather(*(session.query("select 1") for session in sessions))
            await asyncio.gather(*(session.close() for session in sessions))
            assert peer.frames == [30, 30]
            assert peer.live == {}

    asyncio.run(play())


def test_what_is_asked_for_a_session_that_plays_comes_after_it_in_the_same_stream(peer):
    async def play():
        async with peer.connected() as dojo, dojo.batch(streams=3) as batch:
            (session,) = await batch.reset(["t"])
            stepping = asyncio.ensure_future(session.query("select 1"))
            for _ in range(3):
                await asyncio.sleep(0)  # until it is given to a stream
            await session.close()
            assert (await stepping).step_index == 1
            assert peer.received["Rollout"] == 1

    asyncio.run(play())


def test_the_sync_facade_plays_the_same(dojo, explore_tasks):
    episodes = specs(explore_tasks, 32)
    with dojo.batch(streams=4) as batch:
        sessions = batch.reset(episodes)
        for _ in range(3):
            turn = {each: choose(each.observation, n) for n, each in enumerate(sessions)}
            steps = batch.step_many(turn)
            assert list(steps) == sessions
            assert [step.action for step in steps.values()] == list(turn.values())
        assert batch.pending == frozenset()
        assert batch.settle() == {}
        together = [(each.observation, each.total_reward) for each in sessions]
        ids = [each.session_id for each in sessions]
        assert asyncio.run(live(dojo.address, ids)) == set(ids)
    assert asyncio.run(live(dojo.address, ids)) == set()
    assert together == asyncio.run(one_by_one(dojo.address, episodes, 3))


def test_an_interrupt_of_the_sync_facade_leaves_nothing_behind(patient, explore_tasks):
    before = threading.active_count()
    ids = [f"interrupted-{n}" for n in range(12)]
    main = threading.main_thread().ident

    def play():
        with connect_sync(patient.address, token=ORACLE_TOKEN) as dojo, dojo.batch(streams=2) as batch:
            sessions = batch.reset(specs(explore_tasks, 12, name="interrupted"))
            assert asyncio.run(live(patient.address, ids)) == set(ids)

            def interrupt():
                while not batch.pending:
                    pass
                signal.pthread_kill(main, signal.SIGINT)

            threading.Thread(target=interrupt).start()
            batch.step_many(dict.fromkeys(sessions, Query(SLOW.format(ROWS // 4))))

    with pytest.raises(KeyboardInterrupt):
        play()
    assert asyncio.run(live(patient.address, ids)) == set()
    assert threading.active_count() == before


def test_what_is_no_session_or_episode_is_refused_before_anything_is_played(peer):
    async def play():
        async with peer.connected() as dojo, dojo.batch() as batch:
            opened, refused = await batch.reset(["t", "unknown"])
            with pytest.raises(TypeError, match=r"UNKNOWN_TASK.*is no session"):
                await batch.step_many({opened: Query("select 1"), refused: Query("select 1")})
            assert batch.pending == set()
            assert peer.received["step"] == 0
            steps = await batch.step_many({opened: Query("select 1")})
            assert steps[opened].step_index == 1
            with pytest.raises(TypeError, match="None is no episode"):
                await batch.reset(["t", None])
            with pytest.raises(ValueError, match="'y' is there twice"):
                await batch.reset([EpisodeSpec("t", session_id="y")] * 2)
            assert len(peer.live) == 1

    asyncio.run(play())
