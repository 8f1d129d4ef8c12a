from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sqldojo.service.core.task import AnswerKind, Difficulty, Split, Task, TaskKind
from sqldojo.service.tasks.admission import SAME_GOLD, Admission, Quota

TASK = Task(
    "t",
    TaskKind.EXPLORE,
    "pond",
    Split.TRAIN,
    Difficulty.EASY,
    "f",
    "How many fish?",
    "SELECT 1",
    (),
    answer_kind=AnswerKind.INTEGER,
)


def test_a_question_comes_in_once() -> None:
    admission = Admission()
    assert admission.admit(TASK)
    assert not admission.admit(TASK)
    assert not admission.admit(replace(TASK, task_id="u", prompt="how many FISH", gold_sql="SELECT 2"))
    assert not admission.admit(replace(TASK, prompt="How many birds?", gold_sql="SELECT 2"))
    assert admission.admit(replace(TASK, task_id="u", prompt="How many birds?", gold_sql="SELECT 2"))


def test_equal_gold_comes_in_a_few_times() -> None:
    admission = Admission()
    asked = [replace(TASK, task_id=f"{n}", prompt=f"Question {n}?") for n in range(10)]
    assert sum(map(admission.admit, asked)) == SAME_GOLD[TaskKind.EXPLORE]
    assert admission.admit(replace(TASK, task_id="a", prompt="Elsewhere?", database_id="zoo"))


def test_gold_of_another_split_stays_out() -> None:
    admission = Admission()
    admission.remember(TASK)
    other = replace(TASK, task_id="a", prompt="Elsewhere?", database_id="zoo", split=Split.TEST)
    assert not admission.admit(other)
    assert admission.admit(replace(other, gold_sql="SELECT 3"))


def test_a_task_that_is_refused_is_not_remembered() -> None:
    admission = Admission()
    admission.remember(TASK)
    assert not admission.admit(replace(TASK, task_id="a", split=Split.TEST, prompt="New?"))
    assert admission.admit(replace(TASK, task_id="a", gold_sql="SELECT 4", prompt="New?"))


def family(name: str, number: int) -> Task:
    return replace(TASK, task_id=f"{name}{number}", family=name)


def test_a_common_family_waits_for_the_others() -> None:
    quota = Quota(12)
    taken = quota.offer([*(family("a", n) for n in range(20)), family("b", 0), family("c", 0)])
    assert Counter(task.family for task in taken) == {"a": 6, "b": 1, "c": 1}
    assert quota.missing == 4
    rest = quota.settle()
    assert Counter(task.family for task in rest) == {"a": 4}
    assert quota.missing == 0


def test_nothing_waits_for_a_quota_that_is_filled() -> None:
    quota = Quota(2)
    assert len(quota.offer([family("a", n) for n in range(9)])) == 2
    quota.wanted += 3
    assert quota.settle() == []
    assert quota.missing == 3


@given(st.integers(0, 30), st.lists(st.lists(st.sampled_from("abcde"), max_size=12), max_size=8))
def test_no_more_is_taken_than_wanted_and_nothing_twice(wanted: int, chunks: list[list[str]]) -> None:
    quota = Quota(wanted)
    numbers = iter(range(10_000))
    offered = [[family(name, next(numbers)) for name in chunk] for chunk in chunks]
    taken = [task for chunk in offered for task in quota.offer(chunk)] + quota.settle()
    assert quota.taken == len(taken) == len({task.task_id for task in taken}) <= wanted
    assert quota.missing == wanted - len(taken)
    assert len(taken) >= min(wanted, sum(map(len, offered)))


@pytest.mark.parametrize("wanted", [0, 1])
def test_small_quotas(wanted: int) -> None:
    assert len(Quota(wanted).offer([family("a", 0), family("b", 0)])) == wanted
