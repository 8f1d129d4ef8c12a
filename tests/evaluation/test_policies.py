from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sqldojo.client.types import (
    Answer,
    AnswerKind,
    Column,
    Describe,
    Difficulty,
    Gold,
    Observation,
    Query,
    Result,
    Reward,
    Sample,
    Split,
    Step,
    Submit,
    Task,
    TaskKind,
)
from sqldojo.evaluation import OraclePolicy, RandomPolicy

EXPLORE = Observation(
    task_id="count", kind=TaskKind.EXPLORE, database_id="shop", prompt="How many?",
    tables=("customer", 'or"der', "item"), budget=15, profile="sqlenv", steps_left=15,
)  # fmt: skip
REPAIR = replace(EXPLORE, task_id="mend", kind=TaskKind.REPAIR, broken_sql="SELECT nmae FROM customer")
GOLD_ANSWER = Gold("SELECT COUNT(*) FROM customer JOIN item", AnswerKind.INTEGER, "7", ("customer", "item"))
GOLD_SQL = Gold("SELECT name FROM customer", None, "", ("customer",))


def task(task_id, kind, gold):
    return Task(task_id, kind, "shop", Split.TRAIN, Difficulty.EASY, "f", "p", gold=gold)


TASKS = [task("count", TaskKind.EXPLORE, GOLD_ANSWER), task("mend", TaskKind.REPAIR, GOLD_SQL)]


def play(policy, first, rows=((1, "a", None), (2.5, "b", b"\x00"))):
    """Plays a policy against a world in which every action but describe gives the same rows."""
    observation, actions = first, []
    for number in range(1, first.budget + 1):
        action = policy.select_action(observation)
        actions.append(action)
        described = isinstance(action, Describe)
        shown = (("column", "INTEGER", "x"),) if described else rows
        seen = replace(
            observation,
            result=Result((Column("a"), Column("b"), Column("c")), shown, len(shown)),
            steps_used=number,
            steps_left=first.budget - number,
        )
        step = Step(number, action, replace(seen, history=()), Reward(0.0, 0.0, ()), 0.0)
        observation = replace(seen, history=(*observation.history, step))
        if isinstance(action, Answer):
            break
    return actions


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**32))
def test_random_uses_its_whole_budget_and_answers_with_a_row_that_it_saw(seed, policy_seed):
    *looks, answer = play(RandomPolicy(policy_seed).for_episode(seed), EXPLORE)
    assert len(looks) == 14
    tables = set(EXPLORE.tables)
    queries = {
        'SELECT * FROM "customer" LIMIT 5',
        'SELECT * FROM "or""der" LIMIT 5',
        'SELECT * FROM "item" LIMIT 5',
    }
    for action in looks:
        assert isinstance(action, Describe | Sample | Query)
        assert action.sql in queries if isinstance(action, Query) else action.table in tables
    sees_rows = any(isinstance(action, Sample | Query) for action in looks)
    assert answer.value in ({"1 | a | None", "2.5 | b | b'\\x00'"} if sees_rows else {""})


def test_random_does_all_that_it_can():
    policy = RandomPolicy()
    kinds = {type(a) for seed in range(5) for a in play(policy.for_episode(seed), REPAIR)}
    assert kinds == {Describe, Sample, Query, Submit}
    submitted = {
        a.sql for seed in range(9) for a in play(policy.for_episode(seed), REPAIR) if isinstance(a, Submit)
    }
    assert REPAIR.broken_sql in submitted
    assert 'SELECT * FROM "item" LIMIT 5' in submitted


def test_random_submits_at_the_last_step_of_a_repair():
    assert all(isinstance(play(RandomPolicy().for_episode(s), REPAIR)[-1], Submit) for s in range(20))


def test_random_depends_on_both_seeds_and_on_nothing_else():
    assert play(RandomPolicy(1).for_episode(2), EXPLORE) == play(RandomPolicy(1).for_episode(2), EXPLORE)
    assert play(RandomPolicy(1).for_episode(2), EXPLORE) != play(RandomPolicy(1).for_episode(3), EXPLORE)
    assert play(RandomPolicy(1).for_episode(2), EXPLORE) != play(RandomPolicy(2).for_episode(2), EXPLORE)
    used = RandomPolicy(1)
    play(used, EXPLORE)
    assert play(used.for_episode(2), EXPLORE) == play(RandomPolicy(1).for_episode(2), EXPLORE)


def test_random_with_a_budget_of_one_has_seen_nothing():
    (answer,) = play(RandomPolicy(), replace(EXPLORE, budget=1, steps_left=1))
    assert answer == Answer("")


def test_oracle_describes_queries_and_answers():
    assert play(OraclePolicy(TASKS), EXPLORE) == [
        Describe("customer"),
        Describe("item"),
        Query(GOLD_ANSWER.sql),
        Answer("7"),
    ]


def test_oracle_submits_a_repair_and_goes_on_submitting():
    actions = play(OraclePolicy(TASKS), replace(REPAIR, budget=4, steps_left=4))
    assert actions == [Describe("customer"), Query(GOLD_SQL.sql), Submit(GOLD_SQL.sql), Submit(GOLD_SQL.sql)]


@pytest.mark.parametrize(
    ("budget", "kinds"), [(1, [Answer]), (2, [Query, Answer]), (3, [Describe, Query, Answer])]
)
def test_oracle_leaves_out_what_the_budget_has_no_room_for(budget, kinds):
    actions = play(OraclePolicy(TASKS), replace(EXPLORE, budget=budget, steps_left=budget))
    assert [type(action) for action in actions] == kinds


def test_oracle_needs_gold():
    with pytest.raises(ValueError, match=r"task 'bare' comes without gold.*oracle token"):
        OraclePolicy([task("bare", TaskKind.EXPLORE, None)])
    with pytest.raises(KeyError, match="unheard"):
        OraclePolicy(TASKS).select_action(replace(EXPLORE, task_id="unheard"))
