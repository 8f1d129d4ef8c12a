from __future__ import annotations

import asyncio

import grpc
import pytest

from sqldojo.client import DojoError, EpisodeSpec, ErrorReason, Query
from sqldojo.client.retry import Backoff


def test_a_lost_reply_is_asked_for_again_and_the_step_is_played_once(peer):
    async def play():
        async with peer.connected() as dojo, dojo.session("t", session_id="one") as session:
            peer.lost_replies = 2
            step = await session.query("select 1")
            assert (step.step_index, step.total_reward) == (1, 0.25)
            assert peer.received["Step"] == 3
            assert peer.played["one"] == 1
            assert (await session.query("select 2")).total_reward == 0.5

    asyncio.run(play())


def test_a_lost_reset_is_asked_for_again_and_opens_one_session(peer):
    async def play():
        peer.lost_replies = 2
        async with peer.connected() as dojo, dojo.session("t") as session:
            assert peer.received["Reset"] == 3
            assert list(peer.live) == [session.session_id]
        assert peer.live == {}

    asyncio.run(play())


def test_a_reset_that_was_cancelled_leaves_no_session(peer):
    async def play():
        async with peer.connected() as dojo:
            peer.lost_replies = 1
            opening = asyncio.create_task(dojo.open_session(EpisodeSpec("t", session_id="one")))
            await peer.until(lambda: peer.live)
            opening.cancel()
            (left,) = await asyncio.gather(opening, return_exceptions=True)
            assert isinstance(left, asyncio.CancelledError)
            assert peer.closed == {"one"}

    asyncio.run(play())


def test_the_brief_and_the_history_are_in_every_observation(peer):
    async def play():
        async with peer.connected() as dojo, dojo.session("t") as session:
            first = session.observation
            assert (first.task_id, first.prompt, first.tables, first.history) == (
                "t",
                "How many?",
                ("a", "b"),
                (),
            )
            one = await session.query("select 1")
            two = await session.describe("a")
            assert two.observation is session.observation
            assert (two.observation.prompt, two.observation.budget) == ("How many?", 4)
            assert [step.action for step in two.observation.history] == [one.action, two.action]
            assert [step.observation.history for step in two.observation.history] == [(), ()]
            assert [step.observation.prompt for step in two.observation.history] == ["How many?"] * 2
            assert (session.total_reward, session.done) == (0.5, False)
            assert (await session.answer("3")).observation.done
            assert session.done

    asyncio.run(play())


def test_a_full_server_is_asked_again_after_the_time_that_it_names(peer, refusal):
    async def play():
        peer.refusals.extend(
            [refusal(grpc.StatusCode.RESOURCE_EXHAUSTED, "full", ErrorReason.TOO_MANY_SESSIONS, 0.05)] * 2
        )
        async with peer.connected() as dojo, dojo.session("t"):
            assert peer.received["Reset"] == 3

    asyncio.run(play())


def test_a_refusal_for_good_is_not_tried_again(peer, refusal):
    async def play():
        async with peer.connected() as dojo:
            with pytest.raises(DojoError) as caught:
                async with dojo.session("unknown"):
                    pytest.fail("it was opened")
        assert peer.received["Reset"] == 1
        error = caught.value
        assert (error.code, error.reason) == (grpc.StatusCode.NOT_FOUND, ErrorReason.UNKNOWN_TASK)
        assert (error.field, error.hint, error.expected_step_index) == (
            "session_id",
            "Try it otherwise.",
            None,
        )
        assert str(error) == "UNKNOWN_TASK: no such task (at session_id). Try it otherwise."

    asyncio.run(play())


def test_a_server_that_stays_away_is_given_up(peer, refusal, monkeypatch):
    monkeypatch.setattr("sqldojo.client.channel.BACKOFF", Backoff(tries=4, first=0.001))

    async def play():
        async with peer.connected() as dojo:
            peer.refusals.extend([refusal(grpc.StatusCode.UNAVAILABLE, "gone")] * 4)
            with pytest.raises(DojoError) as caught:
                async with dojo.session("t"):
                    pytest.fail("it was opened")
            assert peer.received["Reset"] == 4
            assert str(caught.value) == f"UNAVAILABLE: gone. Is a sqldojo server running at {peer.address}?"

    asyncio.run(play())


def test_a_step_that_was_cancelled_is_not_lost(peer):
    async def play():
        async with peer.connected() as dojo, dojo.session("t", session_id="one") as session:
            peer.lost_replies = 1  # the service plays it, and the client is about to ask again
            asking = asyncio.create_task(session.query("select 1"))
            await peer.until(lambda: peer.played["one"])
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
            assert session.observation.history == ()
            await session.query("select 2")
            assert [step.action for step in session.observation.history] == [
                Query("select 1"),
                Query("select 2"),
            ]
            assert peer.played["one"] == 2

    asyncio.run(play())


@pytest.mark.parametrize("next_sql", ["select 1", "select 2"])
def test_a_step_whose_retries_were_used_up_is_not_lost(peer, monkeypatch, next_sql):
    monkeypatch.setattr("sqldojo.client.channel.BACKOFF", Backoff(tries=2, first=0.001))

    async def play():
        async with peer.connected() as dojo, dojo.session("t", session_id="one") as session:
            peer.lost_replies = 2
            with pytest.raises(DojoError):
                await session.query("select 1")
            await session.query(next_sql)
            played = [step.action.sql for step in session.observation.history]
            assert played == list(dict.fromkeys(["select 1", next_sql]))
            assert peer.played["one"] == len(played)

    asyncio.run(play())


def test_steps_asked_for_at_once_are_played_one_after_the_other(peer):
    async def play():
        async with peer.connected() as dojo, dojo.session("t") as session:
            steps = await asyncio.gather(*(session.query(f"select {n}") for n in range(3)))
            assert [step.step_index for step in steps] == [1, 2, 3]
            assert [step.action.sql for step in session.observation.history] == [
                f"select {n}" for n in range(3)
            ]

    asyncio.run(play())


def test_an_exception_in_the_episode_closes_its_session_and_is_what_is_raised(peer, refusal):
    async def fail(dojo):
        async with dojo.session("t"):
            raise KeyError("mine")

    async def fail_where_closing_fails_too(dojo):
        async with dojo.session("t"):
            peer.refusals.append(refusal(grpc.StatusCode.INTERNAL))
            raise KeyError("mine")

    async def play():
        async with peer.connected() as dojo:
            with pytest.raises(KeyError, match="mine"):
                await fail(dojo)
            assert peer.live == {}
            with pytest.raises(KeyError, match="mine"):
                await fail_where_closing_fails_too(dojo)

    asyncio.run(play())


def test_closing_a_session_that_the_service_forgot_is_no_error(peer):
    async def play():
        async with peer.connected() as dojo, dojo.session("t"):
            peer.live.clear()

    asyncio.run(play())
