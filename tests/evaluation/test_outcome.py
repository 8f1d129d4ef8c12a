import pytest

from sqldojo.client.types import Difficulty, Outcome, Query, Reward, TaskKind, Unparsed
from sqldojo.evaluation import EpisodeResult, EvaluationResult, Interval, Run, StepRecord
from sqldojo.evaluation.outcome import summarize

RUN = Run("p", 4, 0, "", 0, None, 4, "", "0", "0")


def episode(index, outcome, total, actions, *, difficulty=Difficulty.EASY, family="f", error=""):
    steps = tuple(StepRecord(action, Reward(0.0, 0.0, ())) for action in actions)
    return EpisodeResult(
        index, "t", TaskKind.EXPLORE, difficulty, family, index, steps, total, outcome, error
    )


QUERY, NOISE = Query("SELECT 1"), Unparsed("Task complete.")
EPISODES = (
    episode(0, Outcome.SOLVED, 1.25, [QUERY, QUERY]),
    episode(1, Outcome.EXHAUSTED, 0.25, [NOISE, NOISE, QUERY], difficulty=Difficulty.HARD, family="g"),
    episode(2, Outcome.FAILED, 0.5, [QUERY, NOISE, QUERY]),
    episode(3, Outcome.RUNNING, 0.0, [], error="ValueError: oh"),
)


def test_the_figures():
    result = EvaluationResult(RUN, EPISODES)
    assert result.success_rate == 0.25
    assert result.avg_reward == 0.5
    assert result.avg_steps == 2.0
    assert result.parse_failures == 3
    assert result.parse_rate == 1 - 3 / 8
    assert result.budget_exhausted == 1
    assert result.errors == 1
    assert result.success_interval.low == pytest.approx(0.0456, abs=1e-4)
    assert result.success_interval.high == pytest.approx(0.6994, abs=1e-4)


def test_groups_add_up_to_the_whole():
    result = EvaluationResult(RUN, EPISODES)
    assert {name: part.episodes for name, part in result.by_difficulty().items()} == {"easy": 3, "hard": 1}
    assert {name: part.solved for name, part in result.by_family().items()} == {"f": 1, "g": 0}
    assert result.by_kind() == {"explore": result.summary}


def test_no_step_at_all_is_no_parse_failure():
    assert summarize([EPISODES[3]]).parse_rate == 1.0


def test_no_episode_has_no_figures():
    with pytest.raises(ValueError, match="0 trials"):
        summarize([])


def test_every_broken_episode_counts_as_not_solved():
    summary = summarize([EPISODES[0], EPISODES[3]])
    assert (summary.success_rate, summary.avg_reward, summary.avg_steps) == (0.5, 0.625, 1.0)
    assert summary.success_interval != Interval(0.0, 1.0)
