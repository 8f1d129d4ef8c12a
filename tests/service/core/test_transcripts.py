"""The seeds' own transcripts, step by step."""

from __future__ import annotations

import pytest
import seeds

from sqldojo.service.core.action import Action, Answer, Describe, Query, Sample
from sqldojo.service.core.episode import Episode, Transition
from sqldojo.service.core.execution import ErrorKind
from sqldojo.service.core.observation import Outcome
from sqldojo.service.core.task import AnswerKind


def play(episode: Episode, *actions: Action) -> list[Transition]:
    state, _ = episode.start()
    transitions = []
    for action in actions:
        transitions.append(episode.step(state, action))
        state = transitions[-1].state
    return transitions


def rewards(transitions: list[Transition]) -> list[float]:
    return [transition.reward.total for transition in transitions]


def test_simple_aggregation_is_solved_in_three_calls() -> None:
    gold = "SELECT SUM(Bonus) FROM evaluation"
    episode = seeds.explore(
        seeds.EMPLOYEES, "What is the total bonus given in all evaluations?", gold, AnswerKind.FLOAT
    )
    steps = play(episode, Describe("evaluation"), Query(gold), Answer("19500.0"))
    assert steps[1].observation.result.rows == ((19500.0,),)
    assert steps[-1].state.outcome is Outcome.SOLVED
    assert rewards(steps) == pytest.approx([0.0, 0.15, 1.0])
    assert steps[-1].state.total_reward == pytest.approx(1.15)


def test_error_recovery_with_a_join() -> None:
    episode = seeds.explore(
        seeds.EMPLOYEES, "Which employee received the biggest bonus?", seeds.BIGGEST, AnswerKind.STRING
    )
    steps = play(
        episode,
        Describe("employee"),
        Query("SELECT Name FROM employee ORDER BY Salary DESC LIMIT 1"),
        Describe("evaluation"),
        Query(seeds.BIGGEST),
        Answer("Louis Deacon"),
    )
    error = steps[1].observation.error
    assert error is not None
    assert error.kind is ErrorKind.NO_SUCH_COLUMN
    assert "no such column: Salary" in error.message
    assert steps[3].observation.result.rows == (("Louis Deacon",),)
    assert steps[-1].state.total_reward == pytest.approx(1.13)


def test_sub_query_with_a_comparison() -> None:
    episode = seeds.explore(
        seeds.CARS,
        "How many cars have greater accelerate than the one with the most horsepower?",
        seeds.FASTER,
        AnswerKind.INTEGER,
    )
    steps = play(episode, Describe("cars_data"), Query(seeds.FASTER), Answer("39"))
    columns = [row[0] for row in steps[0].observation.result.rows]
    assert columns == ["Id", "MPG", "Cylinders", "Edispl", "Horsepower", "Weight", "Accelerate", "Year"]
    assert steps[1].observation.result.rows == ((39,),)
    assert steps[-1].state.total_reward == pytest.approx(1.15)


def test_legacy_random_episode_step_by_step() -> None:
    episode = seeds.explore(
        seeds.DOCUMENTS,
        "Count the number of paragraphs.",
        "SELECT COUNT(*) FROM Paragraphs",
        AnswerKind.INTEGER,
        "sqlenv-legacy",
    )
    steps = play(
        episode,
        Sample("Paragraphs"),
        Sample("Documents"),
        Describe("Documents"),
        Sample("Documents"),
        Describe("Documents"),
        Describe("Documents"),
        Describe("Templates"),
        Sample("Documents"),
        Describe("Documents"),
        Query('SELECT * FROM "Templates" LIMIT 5'),
        Describe("Documents"),
        Describe("Paragraphs"),
        Query('SELECT * FROM "Paragraphs" LIMIT 5'),
        Query('SELECT * FROM "Documents" LIMIT 5'),
        Answer("76 | 20 | Robbin CV | y | None"),
    )
    assert rewards(steps) == pytest.approx([0.015] * 9 + [0.0625] + [0.015] * 2 + [0.025] * 2 + [0.0])
    assert round(steps[-1].state.total_reward, 4) == 0.2775  # the seed rounds it to 0.278
    assert steps[-1].state.outcome is Outcome.FAILED
    assert steps[-1].state.steps_used == 15


def test_legacy_oracle_episode() -> None:
    episode = seeds.explore(
        seeds.STUDENTS,
        "List the id of students who registered some courses and the number of their registered courses?",
        seeds.REGISTERED,
        AnswerKind.TABLE,
        "sqlenv-legacy",
    )
    steps = play(
        episode,
        Describe("student_course_registrations"),
        Describe("students"),
        Query(seeds.REGISTERED),
        Answer("[[111,1],[121,2],[131,1],[141,2],[151,1],[161,1],[171,1]]"),
    )
    assert rewards(steps) == pytest.approx([0.015, 0.015, 0.150, 1.000])
    assert steps[-1].state.total_reward == pytest.approx(1.180)
