from __future__ import annotations

import asyncio
import gc
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from sqldojo.client import DojoError, EpisodeSpec, Query, connect_sync


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
    with pytest.raises(DojoError, match="the connection was closed"):
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


class Looping:
    """Holds an iterator in a cycle of references, so that only the garbage collector frees it."""

    def __init__(self, iterator):
        self.iterator, self.me = iterator, self


def test_rollouts_may_be_collected_in_the_thread_that_plays_them(dojo, explore_tasks, is_live):
    async def collect():
        gc.collect()

    ids = [f"collected-{n}" for n in range(60)]
    specs = [EpisodeSpec(explore_tasks[0].task_id, session_id=name) for name in ids]
    gc.disable()
    try:
        left = Looping(dojo.rollouts(specs, Asking(), concurrency=4))
        next(left.iterator)
        del left
        dojo._loop.run(collect())
    finally:
        gc.enable()
    assert len(list(dojo.rollouts([explore_tasks[0].task_id] * 8, Asking(), concurrency=4))) == 8
    dojo.bank()
    assert not any(map(is_live, ids))


def test_a_policy_that_calls_the_connection_which_plays_it_is_told_so(dojo, explore_tasks):
    class Calling:
        def select_action(self, observation):
            return Query(dojo.task(observation.task_id).prompt)

    (episode,) = dojo.rollouts([explore_tasks[0].task_id], Calling())
    assert "RuntimeError: a policy can't call the connection that plays it" in episode.error


def test_a_policy_may_end_the_program(dojo, explore_tasks, is_live):
    class Ending:
        def select_action(self, observation):
            sys.exit(3)

    class EndingLater:
        async def select_action(self, observation):
            sys.exit(3)

    for number, policy in enumerate((Ending(), EndingLater())):
        ids = [f"ended-{number}-{n}" for n in range(3)]
        specs = [EpisodeSpec(explore_tasks[0].task_id, session_id=name) for name in ids]
        with pytest.raises(SystemExit) as caught:
            list(dojo.rollouts(specs, policy))
        assert caught.value.code == 3
        assert not any(map(is_live, ids))
    assert dojo.bank().databases


def test_an_iterator_may_be_left_after_its_connection(dojo, explore_tasks, monkeypatch):
    ignored = []
    monkeypatch.setattr(sys, "unraisablehook", ignored.append)
    with connect_sync(dojo.address) as mine:
        played = mine.rollouts([explore_tasks[0].task_id] * 8, Asking())
        next(played)
    del played
    gc.collect()
    assert ignored == []


def test_a_fork_is_told_to_connect_by_itself(dojo):
    program = """
import os, sys
from sqldojo import connect_sync
dojo = connect_sync(sys.argv[1])
if os.fork() == 0:
    try:
        dojo.bank()
    except RuntimeError as error:
        print(error, flush=True)
    sys.exit(5)  # which closes the connection, as far as that is this process's
_, status = os.wait()
print(os.waitstatus_to_exitcode(status), len(dojo.bank().databases) > 0)
"""
    ended = subprocess.run(
        [sys.executable, "-c", program, dojo.address], capture_output=True, text=True, timeout=60, check=True
    )
    assert ended.stdout.splitlines() == [
        "this connection is its parent process's: a forked process makes its own",
        "5 True",
    ]
