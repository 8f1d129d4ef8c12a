from __future__ import annotations

import asyncio
import signal
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from sqldojo.client import EpisodeSpec, Query, connect_sync


def threads():
    return [thread for thread in threading.enumerate() if thread.name == "sqldojo-client"]


def test_many_threads_drive_sessions_of_their_own(dojo, explore_tasks):
    def play(n):
        with dojo.session(explore_tasks[n].task_id, seed=n) as session:
            for step in range(5):
                session.query(f"SELECT {n + step}")
            return session.observation.task_id, session.total_reward, session.state().next_step_index

    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(play, range(40)))
    assert [task for task, _, _ in together] == [task.task_id for task in explore_tasks[:40]]
    assert together == [play(n) for n in range(40)]


def test_it_works_where_a_loop_runs(dojo, explore_tasks):
    async def cell():
        with connect_sync(dojo.address) as mine, mine.session(explore_tasks[0].task_id) as session:
            return session.query("SELECT 1").observation.result.rows

    assert asyncio.run(cell()) == ((1,),)


def test_closing_ends_the_thread_and_may_be_done_again(dojo):
    before = threads()
    mine = connect_sync(dojo.address)
    assert len(threads()) == len(before) + 1
    mine.close()
    assert threads() == before
    mine.close()
    with pytest.raises(RuntimeError, match="was closed"):
        mine.databases()


def test_leaving_rollouts_early_closes_their_sessions(dojo, explore_tasks, is_live):
    ids = [f"sync-{n}" for n in range(300)]
    specs = [EpisodeSpec(explore_tasks[0].task_id, seed=n, session_id=name) for n, name in enumerate(ids)]
    played = dojo.rollouts(specs, FirstOnly(), concurrency=30)
    next(played)
    assert any(map(is_live, ids))
    played.close()
    assert not any(map(is_live, ids))


class Asking:
    def select_action(self, observation):
        return Query(f"SELECT {len(observation.history)}")


class FirstOnly:
    """Plays the episode of seed 0; in all others it never comes to a decision."""

    def for_episode(self, seed):
        return Asking() if seed == 0 else self

    async def select_action(self, observation):
        await asyncio.Event().wait()


class Interrupting(Asking):
    """Has the main thread interrupted as Ctrl-C does, in the middle of a rollout."""

    def __init__(self):
        self.calls = 0

    def select_action(self, observation):
        self.calls += 1
        if self.calls == 100:
            signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
        return super().select_action(observation)


def test_an_interrupt_leaves_nothing_behind(dojo, explore_tasks, is_live):
    before = threads()
    ids = [f"interrupted-{n}" for n in range(300)]
    specs = [EpisodeSpec(explore_tasks[0].task_id, session_id=name) for name in ids]
    policy = Interrupting()

    def play():
        with connect_sync(dojo.address) as mine:
            return list(mine.rollouts(specs, policy, concurrency=30))

    with pytest.raises(KeyboardInterrupt):
        play()
    assert policy.calls >= 100
    assert not any(map(is_live, ids))
    assert threads() == before


def test_an_exception_in_a_session_closes_it(dojo, explore_tasks, is_live):
    opened = []

    def play():
        with dojo.session(explore_tasks[0].task_id) as session:
            opened.append(session.session_id)
            assert is_live(session.session_id)
            raise LookupError

    with pytest.raises(LookupError):
        play()
    assert not is_live(opened[0])
