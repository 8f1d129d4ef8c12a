"""The rules of the game, and what holds for every sequence of actions."""

from __future__ import annotations

from functools import reduce
from operator import add

import pytest
import seeds
from hypothesis import given, settings
from hypothesis import strategies as st

from sqldojo.service.core.action import Action, Answer, Describe, Query, Sample, Submit, Unparsed
from sqldojo.service.core.episode import Episode, Transition
from sqldojo.service.core.execution import ErrorKind
from sqldojo.service.core.observation import Outcome
from sqldojo.service.core.review import Verdict
from sqldojo.service.core.reward import TermKind
from sqldojo.service.core.schema import Permissions
from sqldojo.service.core.task import AnswerKind
from sqldojo.service.players import wire
from sqldojo.v1 import environment_pb2

TOTAL_BONUS = "SELECT SUM(Bonus) FROM evaluation"
HIDDEN = seeds.EMPLOYEES.replace("4200", "4711").replace("Louis Deacon", "Lewis Moody")
BROKEN = "SELECT Name FROM employee ORDER BY Salary DESC LIMIT 1"


def exploring(profile: str = "sqlenv") -> Episode:
    return seeds.explore(
        seeds.EMPLOYEES, "What is the total bonus given?", TOTAL_BONUS, AnswerKind.FLOAT, profile
    )


def repairing() -> Episode:
    return seeds.repair([seeds.EMPLOYEES, HIDDEN], "Who got the biggest bonus?", seeds.BIGGEST, BROKEN)


def play(
    episode: Episode, actions: list[Action], *, budget: int = 0, reviewed: bool = False
) -> list[Transition]:
    state, _ = episode.start(budget)
    transitions = []
    for action in actions:
        transitions.append(episode.step(state, action, reviewed=reviewed))
        state = transitions[-1].state
    return transitions


def encoded(transitions: list[Transition]) -> list[bytes]:
    return [wire.encode_step("session", index, each) for index, each in enumerate(transitions, start=1)]


STATEMENTS = st.sampled_from(
    [
        TOTAL_BONUS,
        seeds.BIGGEST,
        BROKEN,
        "SELECT Name FROM employee",
        "SELECT 19500.0",
        "SELECT 'Louis Deacon'",
        "SELECT * FROM evaluation",
        "SELECT SUM(Bonus) FROM evaluation JOIN employee USING (Employee_ID)",
        "DELETE FROM employee",
        "SELEC",
        "",
        "SELECT 1; SELECT 2",
        "SELECT COUNT(*) FROM employee, evaluation",
    ]
)
NAMES = st.sampled_from(["employee", "EVALUATION", "nowhere", ""])
ACTIONS = st.one_of(
    st.builds(Describe, NAMES),
    st.builds(Sample, NAMES),
    st.builds(Query, st.one_of(STATEMENTS, st.text(max_size=30))),
    st.builds(Submit, STATEMENTS),
    st.builds(Answer, st.sampled_from(["19500", "7", "", "[]"])),
    st.builds(Unparsed, st.text(max_size=10)),
)
EPISODES = st.sampled_from([exploring(), exploring("sqlenv-legacy"), repairing()])


@settings(max_examples=150, deadline=None)
@given(EPISODES, st.lists(ACTIONS, max_size=18), st.booleans())
def test_every_total_is_the_clipped_sum_of_its_contributions(
    episode: Episode, actions: list[Action], reviewed: bool
) -> None:
    transitions = play(episode, actions, reviewed=reviewed)
    for transition in transitions:
        reward = transition.reward
        total = reduce(add, (term.contribution for term in reward.terms), 0.0)
        assert reward.unclipped == total
        low, high = reward.clip or (total, total)
        assert reward.total == min(max(total, low), high)
    if transitions:
        assert transitions[-1].state.total_reward == reduce(add, (t.reward.total for t in transitions), 0.0)


@settings(max_examples=100, deadline=None)
@given(EPISODES, st.lists(ACTIONS, max_size=16))
def test_progress_telescopes(episode: Episode, actions: list[Action]) -> None:
    state, _ = episode.start()
    first = episode.standing(state)
    transitions = play(episode, actions)
    last = episode.standing(transitions[-1].state) if transitions else first
    for kind, begin, end in (
        (TermKind.PROGRESS, first.progress, last.progress),
        (TermKind.EXECUTED, first.executed, last.executed),
        (TermKind.SCHEMA, first.schema_share, last.schema_share),
    ):
        if kind is not TermKind.PROGRESS and episode.profile.name != "repair":
            continue
        terms = [term for t in transitions for term in t.reward.terms if term.kind is kind]
        assert sum(term.value for term in terms) == pytest.approx(end - begin)


@settings(max_examples=60, deadline=None)
@given(EPISODES, st.lists(ACTIONS, max_size=16), st.booleans())
def test_equal_actions_give_equal_bytes(episode: Episode, actions: list[Action], reviewed: bool) -> None:
    first = play(episode, actions, reviewed=reviewed)
    again = play(episode, actions, reviewed=reviewed)
    assert encoded(first) == encoded(again)


@settings(max_examples=60, deadline=None)
@given(EPISODES, st.lists(ACTIONS, min_size=1, max_size=20))
def test_an_action_after_the_end_costs_and_changes_nothing_else(
    episode: Episode, actions: list[Action]
) -> None:
    state, _ = episode.start(budget=3)
    for action in actions:
        before = state
        transition = episode.step(state, action)
        state = transition.state
        if before.outcome is not Outcome.RUNNING:
            assert transition.reward.total == -0.3
            assert transition.observation.error.kind is ErrorKind.EPISODE_OVER
            assert state.total_reward == before.total_reward - 0.3
            assert (state.steps_used, state.outcome, state.standing, state.seen) == (
                before.steps_used,
                before.outcome,
                before.standing,
                before.seen,
            )


def test_the_budget_is_15_steps_and_then_the_episode_is_exhausted() -> None:
    transitions = play(exploring(), [Query(f"SELECT {i}") for i in range(15)])
    assert [t.observation.done for t in transitions] == [False] * 14 + [True]
    assert transitions[-1].state.outcome is Outcome.EXHAUSTED
    assert [t.observation.steps_left for t in transitions] == list(range(14, -1, -1))


def test_20_rows_are_shown_of_a_longer_result() -> None:
    (step,) = play(exploring(), [Query("SELECT a.Name FROM employee a, employee b")])
    result = step.observation.result
    assert len(result.rows) == 20
    assert result.row_count == 36
    assert result.truncated
    assert not result.row_count_is_lower_bound


def test_a_long_text_is_shown_cut() -> None:
    (step,) = play(
        exploring(), [Query("SELECT printf('%2000d', 1), CAST(printf('%2000d', 1) AS BLOB), 'short'")]
    )
    message = environment_pb2.StepResponse.FromString(wire.encode_step("session", 1, step))
    text, blob, short = message.observation.result.cells
    assert text == " " * 1000 + "…"
    assert blob == "20" * 500
    assert short == "short"


def test_an_unparsed_reply_costs_its_step_and_does_nothing_else() -> None:
    step = play(exploring(), [Unparsed("I think the answer is 42")])[0]
    assert step.reward.total == -0.02
    assert [term.kind for term in step.reward.terms] == [TermKind.STEP_COST]
    assert step.observation.error.kind is ErrorKind.UNPARSED
    assert step.state.steps_used == 1


def test_terms_of_the_sqlenv_profile() -> None:
    steps = play(
        exploring(),
        [
            Query("SELECT Name FROM employee"),
            Query("SELECT  Name FROM employee ;"),
            Query("SELECT x FROM employee"),
        ],
    )
    assert [t.reward.total for t in steps] == pytest.approx([0.01, -0.03, -0.02])
    assert [term.kind for term in steps[1].reward.terms] == [
        TermKind.STEP_COST,
        TermKind.EXECUTED,
        TermKind.REPEAT,
        TermKind.PROGRESS,
    ]


def test_a_lookup_done_again_pays_in_sqlenv_and_not_in_its_legacy() -> None:
    lookups: list[Action] = [
        Describe("employee"),
        Describe("Employee"),
        Sample("employee"),
        Sample("employee"),
    ]
    assert [t.reward.total for t in play(exploring(), lookups)] == pytest.approx([0.0, -0.03, 0.0, -0.03])
    legacy = play(exploring("sqlenv-legacy"), lookups)
    assert [t.reward.total for t in legacy] == pytest.approx([0.015] * 4)


def test_an_action_of_the_other_kind_of_task_is_an_observation() -> None:
    step = play(exploring(), [Submit(TOTAL_BONUS)])[0]
    assert step.observation.error.kind is ErrorKind.UNSUPPORTED_ACTION
    assert not step.observation.done
    step = play(repairing(), [Answer("Louis Deacon")])[0]
    assert step.observation.error.kind is ErrorKind.UNSUPPORTED_ACTION
    assert not step.observation.done


def test_an_unknown_table_names_those_that_exist() -> None:
    step = play(exploring(), [Describe("Course_Attendance")])[0]
    assert step.observation.error.kind is ErrorKind.NO_SUCH_TABLE
    assert step.observation.error.available == ("employee", "evaluation")


def test_a_repair_is_solved_by_the_gold_query() -> None:
    step = play(repairing(), [Submit(seeds.BIGGEST)])[0]
    values = {term.kind: term.value for term in step.reward.terms}
    assert step.state.outcome is Outcome.SOLVED
    assert values[TermKind.CORRECT] == 1.0
    assert values[TermKind.EXECUTED] == 1.0  # the broken query did not run
    assert values[TermKind.PROGRESS] == 1.0
    assert step.reward.total > 1.0


def test_a_constant_scores_no_correctness() -> None:
    step = play(repairing(), [Submit("SELECT 'Louis Deacon'")])[0]
    assert {term.kind: term.value for term in step.reward.terms}[TermKind.CORRECT] == 0.0
    assert not step.observation.done


@settings(max_examples=100, deadline=None)
@given(
    st.lists(ACTIONS, max_size=14),
    st.lists(ACTIONS, max_size=15),
    st.integers(min_value=1, max_value=15),
)
def test_solving_beats_stalling_whatever_came_before(
    stalling: list[Action], before: list[Action], budget: int
) -> None:
    episode = repairing()
    idle: list[Action] = [Unparsed("")] * budget
    stalled = play(episode, [*stalling[:budget], *idle], budget=budget)
    ended = next(t for t in stalled if t.observation.done)
    if ended.state.outcome is Outcome.SOLVED:
        return
    solved = play(episode, [*before[: budget - 1], Submit(seeds.BIGGEST)], budget=budget)
    total = next(t.state.total_reward for t in solved if t.state.outcome is Outcome.SOLVED)
    assert total > ended.state.total_reward


def test_solving_early_beats_solving_late() -> None:
    waits: list[Action] = [
        Describe("employee"),
        Describe("evaluation"),
        Sample("employee"),
        Query("SELECT 1"),
    ]
    totals = [
        play(repairing(), [*waits[:late], Submit(seeds.BIGGEST)])[-1].state.total_reward
        for late in range(len(waits) + 1)
    ]
    assert totals == sorted(totals, reverse=True)
    assert len(set(totals)) == len(totals)


def test_rejected_sql_is_not_run_and_still_graded() -> None:
    attempts = [
        "DELETE FROM employee",
        "DELETE FROM nowhere",
        "UPDATE employee SET Salary = 1, Bonus = 2",
        "DROP TABLE evaluation",
        "SELECT 1; DELETE FROM employee",
    ]
    totals = set()
    for sql in attempts:
        episode = repairing()
        step = play(episode, [Submit(sql)], reviewed=True)[0]
        assert step.review.verdict is Verdict.REJECTED
        assert step.observation.error.kind is ErrorKind.REJECTED
        assert step.observation.result is None
        kinds = [term.kind for term in step.reward.terms]
        assert TermKind.SCHEMA in kinds
        assert TermKind.REJECTED in kinds
        assert TermKind.EXECUTED not in kinds
        totals.add(round(step.reward.total, 9))
    assert len(totals) >= 2


WRITE_TASK = {
    "check_sql": "SELECT Employee_ID, Age FROM employee ORDER BY Employee_ID",
    "permissions": Permissions(writable=frozenset({"employee"})),
}


def test_a_write_task_is_judged_by_what_was_written() -> None:
    gold = "UPDATE employee SET Age = Age + 1 WHERE City = 'Bristol'"
    broken = "UPDATE employee SET Age = Age + 1"
    episode = seeds.repair([seeds.EMPLOYEES, HIDDEN], "A year later in Bristol.", gold, broken, **WRITE_TASK)
    steps = play(episode, [Query(broken), Submit(broken), Submit(gold)])
    assert [t.state.outcome for t in steps] == [Outcome.RUNNING, Outcome.RUNNING, Outcome.SOLVED]
    other = play(episode, [Query("DELETE FROM evaluation")])[0]
    assert other.observation.error.kind is ErrorKind.DENIED
