"""Evaluations over the real wire, against a real server on the bank that comes along."""

import asyncio
import itertools
from dataclasses import asdict

import pytest

from sqldojo.client.connection import connect
from sqldojo.client.errors import DojoError
from sqldojo.client.sync import connect_sync
from sqldojo.client.types import Answer, Describe, Outcome, Query, RewardTermKind, Submit, TaskKind, Unparsed
from sqldojo.evaluation import (
    OraclePolicy,
    RandomPolicy,
    TaskFilter,
    evaluate,
    evaluate_sync,
    read_results,
    write_results,
)
from sqldojo.evaluation.tasks import draw


def run(server, policy, **settings):
    """Evaluates over a connection without any token, so nothing here can see gold."""

    async def play():
        async with connect(server.address) as dojo:
            return await evaluate(dojo, policy, **settings)

    return asyncio.run(play())


@pytest.fixture(scope="module")
def gold(server):
    with connect_sync(server.address, token=server.token) as dojo:
        return dojo.tasks(gold=True)


@pytest.fixture(scope="module")
def random_result(server):
    return run(server, RandomPolicy(0), n_episodes=60, seed=0)


@pytest.fixture(scope="module")
def oracle_result(server, gold):
    return run(server, OraclePolicy(gold), n_episodes=len(gold), seed=0)


def test_random_uses_its_steps_and_solves_next_to_nothing(random_result):
    assert random_result.errors == 0
    assert random_result.success_rate <= 0.05
    assert all(len(e.steps) == 15 for e in random_result.episodes if not e.solved)
    assert random_result.parse_rate == 1.0
    for episode in random_result.episodes:
        last = episode.steps[-1].action
        assert isinstance(last, Answer if episode.kind is TaskKind.EXPLORE else Submit)
        assert episode.outcome is not Outcome.RUNNING


def test_random_exhausts_the_budget_of_repairs_and_fails_explorations(random_result):
    outcomes = {(e.kind, e.outcome) for e in random_result.episodes if not e.solved}
    assert outcomes == {(TaskKind.EXPLORE, Outcome.FAILED), (TaskKind.REPAIR, Outcome.EXHAUSTED)}
    repairs = random_result.by_kind()["repair"]
    assert random_result.budget_exhausted == repairs.episodes - repairs.solved


def test_oracle_solves_every_task_of_the_bank(oracle_result, gold):
    assert [e.task_id for e in oracle_result.episodes if not e.solved] == []
    assert oracle_result.success_rate == 1.0
    assert {e.task_id for e in oracle_result.episodes} == {task.task_id for task in gold}
    tables = {task.task_id: len(task.gold.tables) for task in gold}
    assert all(len(e.steps) == min(tables[e.task_id] + 2, 15) for e in oracle_result.episodes)


def test_an_explore_oracle_earns_what_its_profile_promises(oracle_result):
    for episode in oracle_result.episodes:
        if episode.kind is TaskKind.EXPLORE:
            (correct,) = episode.steps[-1].reward.terms
            assert (correct.kind, correct.contribution) == (RewardTermKind.CORRECT, 1.0)
        assert episode.total_reward == pytest.approx(sum(s.reward.total for s in episode.steps))


def test_the_gap_between_random_and_oracle_is_the_room_to_learn(random_result, oracle_result):
    assert random_result.avg_reward < 0.5 < oracle_result.avg_reward


def test_tasks_and_seeds_of_the_episodes(server, gold, random_result):
    drawn = draw(gold, 60, 0)
    assert [(e.index, e.task_id, e.seed) for e in random_result.episodes] == [
        (n, task.task_id, n) for n, task in enumerate(drawn)
    ]
    again = run(server, RandomPolicy(0), n_episodes=5, seed=2**63)
    assert [e.seed for e in again.episodes] == [2**63 + n for n in range(5)]


@pytest.mark.parametrize("concurrency", [1, 7, 300])
def test_the_result_is_the_same_whatever_the_concurrency(server, random_result, concurrency):
    again = run(server, RandomPolicy(0), n_episodes=60, seed=0, concurrency=concurrency)
    assert (again.run, again.episodes) == (random_result.run, random_result.episodes)


def test_the_sync_facade_gives_the_same_result(server, random_result):
    counts = []
    with connect_sync(server.address) as dojo:
        again = evaluate_sync(
            dojo, RandomPolicy(0), n_episodes=60, progress=lambda done, total: counts.append((done, total))
        )
    assert (again.run, again.episodes) == (random_result.run, random_result.episodes)
    assert counts == [(done, 60) for done in range(1, 61)]


class Moody:
    """Raises in every third episode, in its second step; answers in the third step of the others."""

    def __init__(self):
        self._count = itertools.count()

    def for_episode(self, seed):
        return MoodyEpisode(fails=seed % 3 == 0)


class MoodyEpisode:
    def __init__(self, *, fails):
        self._fails = fails

    async def select_action(self, observation):
        await asyncio.sleep(0)
        if observation.steps_used == 0:
            return Describe(observation.tables[0])
        if observation.steps_used == 1:
            if self._fails:
                raise RuntimeError("not today")
            return Unparsed("Task complete.")
        return Answer("nothing")


def test_one_episode_that_breaks_does_not_end_the_others(server):
    explore = TaskFilter(kind=TaskKind.EXPLORE)
    result = run(server, Moody(), n_episodes=12, seed=0, tasks=explore)
    broken = [e for e in result.episodes if e.error]
    assert [e.seed for e in broken] == [0, 3, 6, 9]
    assert result.errors == 4
    for episode in broken:
        assert "RuntimeError: not today" in episode.error
        assert [step.action for step in episode.steps] == [Describe(episode.steps[0].action.table)]
        assert episode.outcome is Outcome.RUNNING
    whole = [e for e in result.episodes if not e.error]
    assert len(whole) == 8
    assert all(len(e.steps) == 3 for e in whole)
    assert result.parse_failures == 8
    assert result.parse_rate == 1 - 8 / (4 + 24)


class Nonsense:
    def select_action(self, observation):
        return "SELECT 1"


def test_a_policy_that_gives_no_action_is_an_error_of_each_episode(server):
    result = run(server, Nonsense(), n_episodes=3)
    assert result.errors == 3
    assert result.success_rate == 0.0
    assert all(not e.steps for e in result.episodes)


def test_a_refused_episode_keeps_the_servers_reason(server, gold):
    repair = [task for task in gold if task.kind is TaskKind.REPAIR][:1]
    explore = [task for task in gold if task.kind is TaskKind.EXPLORE][:1]
    result = run(server, RandomPolicy(), n_episodes=2, tasks=repair + explore, profile="sqlenv")
    (refused,) = [e for e in result.episodes if e.error]
    assert refused.kind is TaskKind.REPAIR
    assert "PROFILE_MISMATCH" in refused.error


def test_a_budget_and_a_profile_are_asked_for(server, gold):
    legacy = run(
        server, RandomPolicy(), n_episodes=6, budget=4, profile="sqlenv-legacy",
        tasks=TaskFilter(kind=TaskKind.EXPLORE),
    )  # fmt: skip
    assert {len(e.steps) for e in legacy.episodes} == {4}
    costs = {
        term.contribution
        for e in legacy.episodes
        for step in e.steps[:-1]
        for term in step.reward.terms
        if term.kind is RewardTermKind.STEP_COST
    }
    assert costs == {-0.005}
    assert (legacy.run.profile, legacy.run.budget) == ("sqlenv-legacy", 4)


def test_no_task_and_no_server(server):
    with pytest.raises(ValueError, match="no task to play"):
        run(server, RandomPolicy(), n_episodes=1, tasks=TaskFilter(database="atlantis"))
    with pytest.raises(ValueError, match="n_episodes"):
        run(server, RandomPolicy(), n_episodes=0)

    async def wrong_token():
        async with connect(server.address, token="wrong") as dojo:
            await evaluate(dojo, RandomPolicy(), n_episodes=1)

    with pytest.raises(DojoError, match="UNKNOWN_TOKEN"):
        asyncio.run(wrong_token())


def test_gold_needs_the_oracle_token(server):
    with connect_sync(server.address) as dojo:
        with pytest.raises(DojoError, match="ORACLE_SCOPE_REQUIRED"):
            dojo.tasks(gold=True)
        assert all(task.gold is None for task in dojo.tasks())


def test_a_result_file_holds_the_run_and_is_the_same_every_time(server, gold, random_result, tmp_path):
    first, second = tmp_path / "first.jsonl", tmp_path / "second.jsonl"
    write_results(first, random_result)
    write_results(second, run(server, RandomPolicy(0), n_episodes=60, seed=0, concurrency=3))
    assert first.read_bytes() == second.read_bytes()
    read = read_results(first)
    assert (read.run, read.episodes) == (random_result.run, random_result.episodes)
    assert read.summary == random_result.summary
    assert read.run.tasks == TaskFilter()
    with connect_sync(server.address) as dojo:
        bank = dojo.bank()
    assert bank.digest
    assert bank.server_version
    assert (read.run.bank_digest, read.run.server_version) == (bank.digest, bank.server_version)
    assert read.run.task_count == len(gold)


def test_recorded_actions_played_again_earn_the_same(server, oracle_result, random_result, tmp_path):
    """From the file alone, by other calls (unary steps) than those that made it (one stream)."""
    path = tmp_path / "results.jsonl"
    for result in (random_result, oracle_result):
        write_results(path, result)
        read = read_results(path)
        with connect_sync(server.address) as dojo:
            for episode in read.episodes[:12]:
                with dojo.session(
                    episode.task_id, seed=episode.seed, profile=read.run.profile, budget=read.run.budget
                ) as session:
                    rewards = [session.step(step.action).reward for step in episode.steps]
                    assert rewards == [step.reward for step in episode.steps]
                    assert session.total_reward == episode.total_reward
                    assert session.observation.outcome is episode.outcome


def test_breakdowns_cover_all_episodes(oracle_result):
    for groups in (oracle_result.by_kind(), oracle_result.by_difficulty(), oracle_result.by_family()):
        assert sum(summary.episodes for summary in groups.values()) == len(oracle_result.episodes)
        assert all(asdict(summary)["success_rate"] == 1.0 for summary in groups.values())
    assert set(oracle_result.by_difficulty()) == {"easy", "medium", "hard"}
    assert set(oracle_result.by_kind()) == {"explore", "repair"}


def test_a_policy_without_state_may_play_all_episodes_at_once(server):
    class Looks:
        def select_action(self, observation):
            if observation.steps_left == 1:
                return Answer(str(observation.history[-1].observation.result.row_count))
            return Query(f"SELECT {len(observation.history)}")

    explore = TaskFilter(kind=TaskKind.EXPLORE)
    one = run(server, Looks(), n_episodes=20, tasks=explore, concurrency=1)
    many = run(server, Looks(), n_episodes=20, tasks=explore, concurrency=20)
    assert one.episodes == many.episodes
    assert one.run.policy == "Looks"
    assert {len(e.steps) for e in one.episodes} == {15}


@pytest.mark.parametrize(("seed", "n_episodes"), [(-1, 2), (2**64 - 1, 2), (2**64, 1)])
def test_seeds_that_do_not_exist_are_refused_before_anything_is_played(server, seed, n_episodes):
    async def play():
        async with connect(server.address) as dojo:
            await evaluate(dojo, RandomPolicy(), n_episodes=n_episodes, seed=seed)

    with pytest.raises(ValueError, match="must be in 0 to 2"):
        asyncio.run(play())
