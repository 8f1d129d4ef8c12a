"""The most that an episode can earn without a correct answer, by exhaustive search, and played out.

docs/rewards.md states what is found here; the test reads the figures from there.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
import seeds

from sqldojo.service.core.action import Action, Query
from sqldojo.service.core.observation import Outcome
from sqldojo.service.core.profiles import PROFILES, ExploreProfile
from sqldojo.service.core.task import AnswerKind

DOCS = Path(__file__).resolve().parents[3] / "docs" / "rewards.md"
BINS = (0.0, 0.25, 0.5, 0.75, 1.0)

# Statements whose results measure each bin of progress towards the one gold value 19500.0.
AT_BIN = {
    0.0: "SELECT Name AS n{0} FROM employee",
    1.0: "SELECT SUM(Bonus) AS n{0} FROM evaluation",
}


def best(profile: ExploreProfile, steps: int) -> tuple[float, tuple[float, ...]]:
    """The highest total of `steps` steps that do not answer, and the bins that the queries visit.

    Every step is a query that is new and runs, since each other step earns less: a lookup lacks the new
    information, a repeat and an error pay. Each query may reach any bin.
    """

    @cache
    def search(left: int, at: float) -> tuple[float, tuple[float, ...]]:
        if left == 0:
            return 0.0, ()
        options = []
        for to in BINS:
            low, high = profile.clip
            gain = profile.step_cost + profile.executed + profile.new_information
            reward = min(max(gain + profile.progress * (to - at), low), high)
            rest, path = search(left - 1, to)
            options.append((round(reward + rest, 12), (to, *path)))
        return max(options)

    return search(steps, 0.0)


@pytest.mark.parametrize("name", ["sqlenv", "sqlenv-legacy"])
def test_the_documented_maximum_is_the_one_found(name: str) -> None:
    profile = PROFILES[name]
    assert isinstance(profile, ExploreProfile)
    found, _ = best(profile, profile.budget)
    stated = re.search(rf"\| `{name}` \| (\d\.\d+) \|", DOCS.read_text(encoding="utf-8"))
    assert stated is not None
    assert float(stated[1]) == pytest.approx(found)
    assert found < 1.0


def test_the_oscillating_sequence_earns_it_in_a_real_episode() -> None:
    found, path = best(PROFILES["sqlenv"], 15)
    assert path == (1.0, 0.0) * 7 + (1.0,)
    episode = seeds.explore(
        seeds.EMPLOYEES, "Total bonus?", "SELECT SUM(Bonus) FROM evaluation", AnswerKind.FLOAT
    )
    actions: list[Action] = [Query(AT_BIN[place].format(step)) for step, place in enumerate(path)]
    state, _ = episode.start()
    for action in actions:
        state = episode.step(state, action).state
    assert state.outcome is Outcome.EXHAUSTED
    assert state.total_reward == pytest.approx(found)


def test_with_a_budget_of_35_swinging_is_worth_an_answer() -> None:
    profile = PROFILES["sqlenv"]
    assert isinstance(profile, ExploreProfile)
    for steps, total in ((33, 0.95), (35, 1.0), (100, 2.62)):
        assert best(profile, steps)[0] == pytest.approx(total)
