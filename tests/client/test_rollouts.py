from __future__ import annotations

import asyncio
import gc
from collections import Counter, deque
from contextlib import aclosing
from types import SimpleNamespace

import grpc
import pytest

from sqldojo.client import Answer, DojoError, EpisodeSpec, ErrorReason, Outcome, Query
from sqldojo.client.retry import Backoff


class Asking:
    """Queries until the episode ends; each query is new."""

    def select_action(self, observation):
        return Query(f"select {len(observation.history)}")


class AskingLater:
    """As Asking, after giving way to others."""

    async def select_action(self, observation):
        await asyncio.sleep(0)
        return Asking().select_action(observation)


def play(peer, episodes, policy, **how):
    """Gives all episodes by index, and sees that no session is left."""

    async def rollouts():
        async with peer.connected() as dojo:
            played = [episode async for episode in dojo.rollouts(episodes, policy, **how)]
            assert peer.live == {}
        return played

    played = asyncio.run(rollouts())
    by_index = {episode.index: episode for episode in played}
    assert len(by_index) == len(played)
    return [by_index[index] for index in sorted(by_index)]


@pytest.mark.parametrize("policy", [Asking(), AskingLater()])
@pytest.mark.parametrize("streams", [1, 3])
def test_every_episode_is_played_and_every_session_closed(peer, policy, streams):
    specs = [EpisodeSpec("t", seed=n) for n in range(300)]
    played = play(peer, iter(specs), policy, concurrency=40, frame_size=16, outstanding=3, streams=streams)
    assert peer.received["Rollout"] == streams
    assert [episode.spec for episode in played] == specs
    for episode in played:
        assert (episode.total_reward, episode.outcome, episode.error) == (1.0, Outcome.SOLVED, "")
        assert [step.step_index for step in episode.steps] == [1, 2, 3, 4]
        assert episode.observation.history == episode.steps
    assert peer.most_live <= 2 * 40
    assert max(peer.frames) <= 16
    assert set(peer.played.values()) == {4}


def test_commands_travel_together(peer):
    play(peer, ["t"] * 512, Asking(), concurrency=256, frame_size=128, outstanding=4)
    commands = 512 * 6  # a reset, four steps and a close
    assert sum(peer.frames) == commands
    assert commands / len(peer.frames) > 32


def test_no_episodes(peer):
    assert play(peer, [], Asking()) == []


def test_a_refused_command_ends_its_episode_only(peer):
    class Forbidden(Asking):
        def select_action(self, observation):
            forbidden = observation.task_id == "bad" and observation.steps_used == 1
            return Query("forbidden") if forbidden else super().select_action(observation)

    played = play(peer, ["t", "unknown", "bad", "t"], Forbidden())
    assert [episode.error for episode in played] == [
        "",
        "UNKNOWN_TASK: no such task (at session_id). Try it otherwise.",
        "INVALID_FIELD: not this one (at session_id). Try it otherwise.",
        "",
    ]
    assert [len(episode.steps) for episode in played] == [4, 0, 1, 4]
    assert played[1].observation is None
    assert (played[2].observation.steps_used, played[2].outcome) == (1, Outcome.RUNNING)


def test_what_can_not_be_asked_for_ends_its_episode_only(peer):
    played = play(peer, ["t", EpisodeSpec("t", seed=-1), EpisodeSpec(7), "t"], Asking())
    assert [bool(episode.error) for episode in played] == [False, True, True, False]


@pytest.mark.parametrize("is_async", [False, True])
def test_a_policy_that_fails_ends_its_episode_only(peer, is_async):
    class Failing(Asking):
        def select_action(self, observation):
            match observation.task_id, observation.steps_used:
                case "raises", 2:
                    raise LookupError("I do not know")
                case "nonsense", 1:
                    return "select 1"
                case "nothing", 0:
                    return None
                case "no text", 0:
                    return Query(None)
            return super().select_action(observation)

    class FailingLater:
        async def select_action(self, observation):
            await asyncio.sleep(0)
            return Failing().select_action(observation)

    tasks = ["t", "raises", "nonsense", "nothing", "no text", "t"]
    played = play(peer, tasks, FailingLater() if is_async else Failing())
    action = "use Describe, Sample, Query, Answer, Submit or Unparsed"
    assert [episode.error.removeprefix("the policy failed: ") for episode in played] == [
        "",
        "LookupError: I do not know",
        f"TypeError: 'select 1' is no action: {action}",
        f"TypeError: None is no action: {action}",
        "TypeError: Query(sql=None): an action's text must be a str",
        "",
    ]
    assert [len(episode.steps) for episode in played] == [4, 2, 1, 0, 0, 4]


def test_a_policy_with_a_state_is_made_once_for_each_episode_by_its_seed(peer):
    made = Counter()

    class Drawing:
        def for_episode(self, seed):
            made[seed] += 1
            if seed == 13:
                raise ValueError("unlucky")
            own = Asking()
            own.select_action = lambda observation: Answer(str(seed))
            return own

    specs = [EpisodeSpec("t", seed=seed) for seed in range(20)]
    played = play(peer, specs, Drawing())
    assert made == Counter(range(20))
    assert played.pop(13).error == "ValueError: unlucky"
    assert all(episode.steps[0].action == Answer(str(episode.spec.seed)) for episode in played)


def test_async_policies_choose_at_the_same_time(peer):
    class Meeting:
        def __init__(self):
            self.barrier = asyncio.Barrier(8)

        async def select_action(self, observation):
            await self.barrier.wait()  # passes when all eight are here
            return Query("select 1")

    played = play(peer, ["t"] * 8, Meeting(), concurrency=8)
    assert [episode.total_reward for episode in played] == [1.0] * 8


def test_a_full_server_gets_the_episodes_as_others_end(peer):
    peer.room = 5
    played = play(peer, ["t"] * 60, Asking(), concurrency=20, frame_size=4)
    assert [episode.error for episode in played] == [""] * 60
    assert peer.most_live <= 5


def test_a_server_that_stays_full_is_given_up(peer, monkeypatch):
    monkeypatch.setattr("sqldojo.client.rollouts.BACKOFF", Backoff(tries=3, first=0.001))
    peer.room = 0
    played = play(peer, ["t"] * 12, Asking(), concurrency=4)
    assert {episode.error for episode in played} == {
        "TOO_MANY_SESSIONS: full (at session_id). Try it otherwise."
    }
    assert peer.received["reset"] == 12 * 3


def test_those_who_wait_for_room_are_given_up_too(peer, monkeypatch):
    monkeypatch.setattr("sqldojo.client.rollouts.BACKOFF", Backoff(tries=3, first=0.001))

    class Greedy(Asking):
        def select_action(self, observation):
            peer.room = 0  # somebody else takes what room there was
            return super().select_action(observation)

    peer.room = 2
    played = play(peer, ["t"] * 10, Greedy(), concurrency=10)
    assert sum(not episode.error for episode in played) == 2
    assert len(played) == 10


@pytest.mark.parametrize("streams", [1, 4])
def test_a_cut_stream_is_taken_up_again(peer, streams):
    peer.cuts.extend([1, 2, 3, 5, 8])
    played = play(peer, ["t"] * 200, AskingLater(), concurrency=50, frame_size=10, streams=streams)
    assert peer.received["Rollout"] == streams + 5
    assert [episode.total_reward for episode in played] == [1.0] * 200
    assert set(peer.played.values()) == {4}  # nothing was played twice


def test_a_session_lost_with_the_server_is_an_error_of_its_episode(peer):
    peer.cuts.append(6)
    peer.forget_on_cut = True
    played = play(peer, ["t"] * 40, Asking(), concurrency=10, frame_size=5, outstanding=2)
    errors = [episode.error for episode in played if episode.error]
    assert 0 < len(errors) <= 10
    assert set(errors) == {
        "the session was lost while the connection was broken: "
        "UNKNOWN_SESSION: no such session (at session_id). Try it otherwise."
    }


def test_a_server_that_can_not_be_reached_any_more_ends_the_rollouts(peer, monkeypatch):
    monkeypatch.setattr("sqldojo.client.frame_stream.BACKOFF", Backoff(tries=3, first=0.001))
    peer.cuts.extend([1] * 3)
    with pytest.raises(DojoError) as caught:
        play(peer, ["t"], Asking())
    assert caught.value.code is grpc.StatusCode.UNAVAILABLE
    assert peer.received["Rollout"] == 3


def test_a_frame_refused_for_a_time_is_sent_again(peer, refusal):
    peer.failing_frames.extend([refusal(grpc.StatusCode.UNAVAILABLE, "later", ErrorReason.SHUTTING_DOWN)] * 2)
    played = play(peer, ["t"] * 5, Asking())
    assert [episode.error for episode in played] == [""] * 5


@pytest.mark.parametrize("kind", ["reset", "step", "close"])
def test_a_command_refused_for_a_time_is_sent_again(peer, refusal, kind):
    moved = refusal(grpc.StatusCode.ABORTED, "moved", ErrorReason.SESSION_MOVED, retry_after=0.001)
    unavailable = refusal(grpc.StatusCode.UNAVAILABLE, "no journal", ErrorReason.JOURNAL_UNAVAILABLE)
    peer.refused_commands[kind] = deque([moved, unavailable] * 3)
    played = play(peer, ["t"] * 5, Asking())
    assert [(episode.error, episode.total_reward) for episode in played] == [("", 1.0)] * 5
    assert set(peer.played.values()) == {4}
    assert not peer.refused_commands[kind]
    assert len(peer.closed) == 5


def test_a_command_that_stays_refused_ends_its_episode_only(peer, refusal, monkeypatch):
    monkeypatch.setattr("sqldojo.client.rollouts.BACKOFF", Backoff(tries=3, first=0.001))
    moved = refusal(grpc.StatusCode.ABORTED, "moved", ErrorReason.SESSION_MOVED, retry_after=0.001)
    peer.refused_commands["step"] = deque([moved] * 3)
    played = play(peer, ["t"] * 3, Asking(), concurrency=1)
    assert [episode.error.partition(":")[0] for episode in played] == ["SESSION_MOVED", "", ""]


def test_a_frame_refused_for_good_ends_its_episodes(peer, refusal):
    peer.failing_frames.append(
        refusal(grpc.StatusCode.INVALID_ARGUMENT, "bad", ErrorReason.MALFORMED_MESSAGE)
    )
    played = play(peer, ["t"] * 5, Asking(), concurrency=1)
    assert [episode.error.partition(":")[0] for episode in played] == ["MALFORMED_MESSAGE", "", "", "", ""]


def test_actions_of_any_size_and_text(peer):
    texts = {"large": "x" * 2**21, "too large": "x" * 2**24, "surrogate": "\ud800", "nul": "\0"}

    class Odd:
        def select_action(self, observation):
            return Query(texts[observation.task_id])

    tasks = [*["large"] * 8, "too large", "surrogate", "nul"]  # two large ones are more than a server takes
    played = play(peer, tasks, Odd())
    assert ["bytes; at most" in episode.error for episode in played] == [
        task == "too large" for task in tasks
    ]
    assert {episode.error for episode in played if episode.spec.task != "too large"} == {""}


class Stop(Exception):
    pass


def leave_by_aclose(dojo, seen):
    async def leave():
        async with aclosing(dojo.rollouts(["t"] * 500, AskingLater(), concurrency=20)) as played:
            async for episode in played:
                seen.append(episode)
                break

    return leave()


def leave_by_exception(dojo, seen):
    async def leave():
        async for episode in dojo.rollouts(["t"] * 500, AskingLater(), concurrency=20):
            seen.append(episode)
            raise Stop

    return leave()


def leave_by_cancellation(dojo, seen):
    async def leave():
        async for episode in dojo.rollouts(["t"] * 500, AskingLater(), concurrency=20):
            seen.append(episode)
            asyncio.current_task().cancel()

    return leave()


def leave_while_waiting(dojo, seen):
    class Sleeping:
        async def select_action(self, observation):
            seen.append(observation)
            if len(seen) == 20:
                task.cancel()
            await asyncio.Event().wait()

    async def leave():
        async for _ in dojo.rollouts(["t"] * 500, Sleeping(), concurrency=20):
            pytest.fail("no episode can end")

    task = asyncio.ensure_future(leave())
    return task


def leave_by_an_iterable_that_fails(dojo, seen):
    def specs():
        yield from ["t"] * 30
        seen.append("all")
        raise Stop

    async def leave():
        async for _ in dojo.rollouts(specs(), AskingLater(), concurrency=20):
            pass

    return leave()


@pytest.mark.parametrize(
    "leave",
    [
        leave_by_aclose,
        leave_by_exception,
        leave_by_cancellation,
        leave_while_waiting,
        leave_by_an_iterable_that_fails,
    ],
)
@pytest.mark.parametrize("cuts", [[], [3]])
def test_leaving_early_leaves_no_session_behind(peer, leave, cuts):
    async def check():
        peer.cuts.extend(cuts)
        async with peer.connected() as dojo:
            seen = []
            (left,) = await asyncio.gather(leave(dojo, seen), return_exceptions=True)
            assert left is None or isinstance(left, Stop | asyncio.CancelledError)
            assert seen
            assert peer.received["reset"] >= 10
            await asyncio.wait_for(peer.until(lambda: not peer.live), 10)

    asyncio.run(check())


def test_a_broken_off_loop_is_ended_with_the_connection(peer):
    async def check():
        async with peer.connected() as dojo:
            played = dojo.rollouts(["t"] * 500, Asking(), concurrency=20)
            await anext(played)
            await dojo.close()
            assert peer.received["reset"] >= 20
            assert peer.live == {}
            with pytest.raises(DojoError, match="the connection was closed"):
                async for _ in played:
                    pass

    asyncio.run(check())


def test_a_slow_consumer_holds_up_new_episodes(peer):
    begun = []

    def specs():
        for n in range(100):
            begun.append(n)
            yield "t"

    async def check():
        async with (
            peer.connected() as dojo,
            aclosing(dojo.rollouts(specs(), Asking(), concurrency=4)) as played,
        ):
            await anext(played)
            # Taken: 1. At most 2 * 4 more may be played or wait to be taken.
            await peer.until(lambda: len(peer.closed) == 9)
            assert len(begun) == 9
            await anext(played)
            await anext(played)
            await peer.until(lambda: len(peer.closed) == 11)
            assert len(begun) == 11

    asyncio.run(check())


@pytest.mark.parametrize(
    "how", [{"concurrency": 0}, {"outstanding": 0}, {"streams": 0}, {"frame_size": 0}, {"frame_size": 257}]
)
def test_settings_that_make_no_sense_are_refused_at_once(peer, how):
    async def check():
        async with peer.connected() as dojo:
            with pytest.raises(ValueError, match=next(iter(how))):
                dojo.rollouts([], Asking(), **how)

    asyncio.run(check())


class Aborted(BaseException):
    """Ends more than an episode, as pytest's own do."""


def aborting(observation):
    raise Aborted("enough")


async def aborting_later(observation):
    raise Aborted("enough")


@pytest.mark.parametrize("select_action", [aborting, aborting_later])
def test_what_is_meant_to_end_the_program_ends_the_rollouts(peer, select_action):
    async def check():
        async with peer.connected() as dojo:
            policy = SimpleNamespace(select_action=select_action)
            with pytest.raises(Aborted):
                async for _ in dojo.rollouts(["t"] * 20, policy, concurrency=5):
                    pass
            assert peer.received["reset"] >= 5
            assert peer.live == {}

    asyncio.run(asyncio.wait_for(check(), 30))


def test_a_policy_may_fail_in_odd_ways(peer):
    def cancelled(observation):
        raise asyncio.CancelledError

    async def cancelled_later(observation):
        raise asyncio.CancelledError

    elsewhere = asyncio.new_event_loop()
    for select_action, error in (
        (cancelled, "CancelledError"),
        (cancelled_later, "CancelledError"),
        (lambda _: elsewhere.create_future(), "attached to a different loop"),
    ):
        policy = SimpleNamespace(select_action=select_action)
        for episode in play(peer, ["t"] * 3, policy):
            assert error in episode.error
    elsewhere.close()


def test_nothing_is_logged_of_policies_that_are_left(peer, caplog):
    class Failing(Asking):
        async def select_action(self, observation):
            try:
                await asyncio.Event().wait()
            finally:
                raise RuntimeError("in the middle of cleaning up")

    async def check():
        async with peer.connected() as dojo:
            played = dojo.rollouts(["t", "unknown"], Failing())
            assert (await anext(played)).spec.task == "unknown"
            await played.aclose()
            assert len(asyncio.all_tasks()) < 10
        gc.collect()

    asyncio.run(check())
    assert not [record for record in caplog.records if "never retrieved" in record.getMessage()]


def test_a_session_id_is_one_episodes(peer):
    specs = [EpisodeSpec("t", session_id="y", seed=n) for n in range(3)]
    first, *others = play(peer, specs, Asking())
    assert (first.outcome, first.error) == (Outcome.SOLVED, "")
    assert [episode.error for episode in others] == ["ValueError: session id 'y' is another episode's"] * 2


def test_what_is_no_episode_is_named(peer):
    for odd in (None, 7):
        with pytest.raises(TypeError, match=f"{odd} is no episode: give an EpisodeSpec or a task's id"):
            play(peer, ["t", odd], Asking())
