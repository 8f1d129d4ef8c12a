from __future__ import annotations

import math
from collections.abc import Iterator

import pytest

pytest.importorskip("trl")

from sqldojo.client import SyncDojo, Task
from sqldojo.trainer import (
    EnvironmentFactory,
    ExploreEnvironment,
    environment_factory,
    episode_reward,
    solved_reward,
)

pytestmark = pytest.mark.train


@pytest.fixture(scope="module")
def factory(dojo: SyncDojo) -> Iterator[EnvironmentFactory]:
    with environment_factory(dojo.address) as factory:
        yield factory


@pytest.fixture(scope="module")
def played(factory: EnvironmentFactory, explore_tasks: list[Task]) -> list[ExploreEnvironment]:
    """A solved episode, a failed one with two wasted calls, one that goes on, and one without a step."""
    task = explore_tasks[0]
    assert task.gold is not None
    environments = []
    for _ in range(4):
        environment = factory()
        assert isinstance(environment, ExploreEnvironment)
        environment.reset(task=task.task_id)
        environments.append(environment)
    solved, failed, running, _ = environments
    solved.query(task.gold.sql)
    solved.answer(task.gold.answer)
    failed.answer("surely not this")
    failed.describe("orders")
    failed.answer(task.gold.answer)
    running.query("SELECT nothing FROM nowhere")
    running.query("SELECT nothing FROM nowhere")
    return environments


def test_the_reward_of_an_episode_is_what_the_server_gave(played: list[ExploreEnvironment]) -> None:
    expected = [environment.steps[-1].total_reward if environment.steps else 0.0 for environment in played]
    # TRL passes the row's columns and more besides.
    rewards = episode_reward(
        environments=played, prompts=[], completions=[], task=["a"] * 4, trainer_state=None
    )
    assert rewards == [pytest.approx(value, abs=1e-12) for value in expected]
    assert rewards[0] == pytest.approx(1.15)
    assert rewards[1] == pytest.approx(-0.6)
    assert len(set(rewards)) == 4


def test_the_logged_terms_sum_up_to_the_mean_reward(played: list[ExploreEnvironment]) -> None:
    logged: dict[str, float] = {}
    rewards = episode_reward(played, log_metric=logged.__setitem__)
    assert math.fsum(logged.values()) == pytest.approx(math.fsum(reward or 0.0 for reward in rewards) / 4)
    assert logged["terms/correct"] == pytest.approx(1 / 4)
    assert logged["terms/after_end"] == pytest.approx(-0.6 / 4)
    assert logged["terms/repeat"] < 0
    assert logged["terms/clipping"] == pytest.approx(-0.01 / 4)  # the gold query: 0.16, clipped to 0.15


def test_the_same_terms_are_logged_whatever_was_played(played: list[ExploreEnvironment]) -> None:
    names: list[set[str]] = []
    for environments in (played, played[3:]):
        logged: dict[str, float] = {}
        episode_reward(environments, log_metric=logged.__setitem__)
        names.append(set(logged))
    assert names[0] == names[1]


def test_a_correct_answer_after_the_end_solves_nothing(played: list[ExploreEnvironment]) -> None:
    assert solved_reward(environments=played, completions=[]) == [1.0, 0.0, 0.0, 0.0]
