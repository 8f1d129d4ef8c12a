"""Episodes on a real server, in its own process."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import grpc
import pytest
from servers import ORACLE_TOKEN

from sqldojo.client import (
    Answer,
    Describe,
    DojoError,
    EpisodeSpec,
    ErrorKind,
    ErrorReason,
    Outcome,
    Query,
    Sample,
    Submit,
    TaskKind,
    Unparsed,
    Verdict,
    connect,
)

MISSTEPS = [
    Unparsed("let me think"),
    Describe("no_such_table"),
    Query("SELECT nothing FROM nowhere"),
    Query("SELECT 1; SELECT 2"),
    Query("SELECT 1 \0"),
]


class Scripted:
    """Plays the same actions in every episode of a task."""

    def __init__(self, actions):
        self._actions = actions

    def select_action(self, observation):
        return self._actions[observation.task_id][len(observation.history)]


class ScriptedLater(Scripted):
    async def select_action(self, observation):
        await asyncio.sleep(0)
        return super().select_action(observation)


def script(task):
    table = task.gold.tables[0]
    found = [Describe(table), Sample(table), Query(f'SELECT * FROM "{table}"'), Query(task.gold.sql)]
    end = Answer(task.gold.answer) if task.kind is TaskKind.EXPLORE else Submit(task.gold.sql)
    return [*MISSTEPS, *found[: 14 - len(MISSTEPS)], end]


@pytest.mark.parametrize("reviewed", [False, True])
def test_an_episode_is_the_same_however_it_is_played(dojo, explore_tasks, repair_tasks, reviewed):
    tasks = [*explore_tasks[:2], *repair_tasks[:2]]
    actions = {task.task_id: script(task) for task in tasks}
    specs = [EpisodeSpec(task.task_id, seed=5, budget=12, reviewed=reviewed) for task in tasks]

    def by_sync_session(spec):
        with dojo.session(spec.task, seed=5, budget=12, reviewed=reviewed) as session:
            for action in actions[spec.task]:
                step = session.step(action)
            return step.observation.history

    async def by_session(spec):
        async with (
            connect(dojo.address, token=ORACLE_TOKEN) as mine,
            mine.session(spec.task, seed=5, budget=12, reviewed=reviewed) as session,
        ):
            for action in actions[spec.task]:
                step = await session.step(action)
            return step.observation.history

    async def by_rollouts(policy):
        async with connect(dojo.address) as mine:
            played = [episode async for episode in mine.rollouts(specs, policy)]
        return [episode.steps for episode in sorted(played, key=lambda episode: episode.index)]

    expected = [by_sync_session(spec) for spec in specs]
    assert [asyncio.run(by_session(spec)) for spec in specs] == expected
    assert asyncio.run(by_rollouts(Scripted(actions))) == expected
    assert asyncio.run(by_rollouts(ScriptedLater(actions))) == expected
    by_sync_rollouts = sorted(dojo.rollouts(specs, Scripted(actions)), key=lambda episode: episode.index)
    assert [episode.steps for episode in by_sync_rollouts] == expected
    assert {steps[-1].observation.outcome for steps in expected} == {Outcome.SOLVED}
    assert {step.review is not None for steps in expected for step in steps} == {reviewed}
    kinds = [step.observation.error.kind for step in expected[0][:4]]
    assert kinds[:2] == [ErrorKind.UNPARSED, ErrorKind.NO_SUCH_TABLE]


def test_2000_episodes(dojo, explore_tasks, repair_tasks, knowing, is_live):
    tasks = [*explore_tasks, *repair_tasks]
    specs = [EpisodeSpec(tasks[n % len(tasks)].task_id, seed=n, session_id=f"many-{n}") for n in range(2000)]
    played = list(dojo.rollouts(specs, knowing))
    assert sorted(episode.index for episode in played) == list(range(2000))
    assert {(episode.outcome, episode.error) for episode in played} == {(Outcome.SOLVED, "")}
    assert {episode.spec for episode in played} == set(specs)
    totals = {}
    for episode in played:
        totals.setdefault(episode.spec.task, set()).add(episode.total_reward)
    assert all(len(of_task) == 1 for of_task in totals.values())
    assert not any(is_live(f"many-{n}") for n in range(0, 2000, 37))


def test_what_the_server_refuses_ends_its_episode_only(dojo, explore_tasks, knowing):
    good = explore_tasks[0].task_id
    specs = [
        good,
        "no/such/task",
        EpisodeSpec(good, profile="no-such-profile"),
        EpisodeSpec(good, budget=101),
        good,
    ]
    played = sorted(dojo.rollouts(specs, knowing), key=lambda episode: episode.index)
    assert [episode.error.partition(":")[0] for episode in played] == [
        "",
        "UNKNOWN_TASK",
        "UNKNOWN_PROFILE",
        "INVALID_FIELD",
        "",
    ]
    assert "no/such/task" in played[1].error


@pytest.mark.parametrize("leave", ["aclose", "exception", "cancellation"])
def test_leaving_early_leaves_no_session_behind(dojo, explore_tasks, is_live, leave):
    begun = []

    class Counting:
        def select_action(self, observation):
            return Query(f"SELECT {len(observation.history)}")

    def specs():
        for n in range(1000):
            begun.append(f"{leave}-{n}")
            yield EpisodeSpec(explore_tasks[0].task_id, session_id=begun[-1])

    async def play():
        async with (
            connect(dojo.address, token=ORACLE_TOKEN) as mine,
            aclosing(mine.rollouts(specs(), Counting(), concurrency=50)) as played,
        ):
            await anext(played)
            assert any(map(is_live, begun))
            if leave == "exception":
                raise LookupError
            if leave == "cancellation":
                asyncio.current_task().cancel()
                await anext(played)

    (left,) = asyncio.run(gathered(play()))
    assert isinstance(
        left, {"exception": LookupError, "cancellation": asyncio.CancelledError}.get(leave, type(None))
    )
    assert 50 <= len(begun) <= 101
    assert not any(map(is_live, begun))


async def gathered(*coroutines):
    return await asyncio.gather(*coroutines, return_exceptions=True)


def test_a_step_whose_reply_was_lost_is_played_once(dojo, explore_tasks, wire):
    async def play():
        async with (
            wire.relayed() as address,
            connect(dojo.address) as direct,
            connect(address) as mine,
            mine.session(explore_tasks[0].task_id) as session,
        ):
            wire.mute = True
            asking = asyncio.create_task(session.query("SELECT 1"))
            there = direct_view(direct, session)
            while (await there.state()).next_step_index == 1:
                pass
            assert not asking.done()
            wire.cut()
            step = await asking
            state = await session.state(history=True)
            assert [played.action for played in state.history] == [Query("SELECT 1")]
            assert state.history[0].reward == step.reward
            assert state.total_reward == step.total_reward == session.total_reward
            assert (await session.query("SELECT 2")).step_index == 2

    asyncio.run(play())


def direct_view(dojo, session):
    """Gives the same session as seen over another connection."""
    return type(session)(dojo._channel, session.session_id, session.observation, reviewed=False)


def test_a_stream_cut_in_the_middle_is_taken_up_again(dojo, explore_tasks, repair_tasks, knowing, wire):
    specs = [task.task_id for task in [*explore_tasks[:40], *repair_tasks[:40]]]

    class Cutting:
        calls = 0

        def select_action(self, observation):
            self.calls += 1
            if self.calls % 50 == 0:
                wire.cut()
            return knowing.select_action(observation)

    async def play():
        policy = Cutting()
        async with wire.relayed() as address, connect(address) as mine:
            played = [episode async for episode in mine.rollouts(specs, policy, concurrency=20, frame_size=4)]
        assert policy.calls >= 200  # so it was cut four times at least
        return sorted(played, key=lambda episode: episode.index)

    cut = asyncio.run(play())
    whole = sorted(dojo.rollouts(specs, knowing), key=lambda episode: episode.index)
    assert [episode.error for episode in cut] == [""] * len(specs)
    assert [episode.steps for episode in cut] == [episode.steps for episode in whole]


def test_rejected_sql_comes_back_with_its_review(dojo, explore_tasks):
    table = explore_tasks[0].gold.tables[0]
    with dojo.session(explore_tasks[0].task_id, reviewed=True) as session:
        step = session.query(f'DROP TABLE "{table}"')
        assert step.review.verdict is Verdict.REJECTED
        assert step.review.findings[0].message
        assert step.observation.error.kind is ErrorKind.REJECTED
        assert session.describe(table).review.verdict is Verdict.APPROVED


def test_a_state_is_what_the_session_saw(dojo, explore_tasks):
    with dojo.session(explore_tasks[0].task_id, seed=9) as session:
        session.query("SELECT 1")
        session.query("SELECT nothing FROM nowhere")
        state = session.state(history=True)
        assert (state.session_id, state.seed, state.next_step_index) == (session.session_id, 9, 3)
        assert state.observation == session.observation
        assert state.history == session.observation.history
        assert session.state().history == ()


def test_errors_say_what_to_do(dojo, explore_tasks):
    with pytest.raises(DojoError) as caught:
        dojo.session("no/such/task")
    assert (caught.value.code, caught.value.reason) == (grpc.StatusCode.NOT_FOUND, ErrorReason.UNKNOWN_TASK)
    assert caught.value.field == "task_id"
    assert caught.value.hint
    assert str(caught.value).startswith("UNKNOWN_TASK: ")
    assert "no/such/task" in str(caught.value)
    with dojo.session(explore_tasks[0].task_id) as session:
        session.close()
        with pytest.raises(DojoError) as caught:
            session.query("SELECT 1")
        assert caught.value.reason in (ErrorReason.SESSION_CLOSED, ErrorReason.UNKNOWN_SESSION)
