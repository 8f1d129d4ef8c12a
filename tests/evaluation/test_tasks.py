from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sqldojo.client.types import Difficulty, Split, Task, TaskKind
from sqldojo.evaluation.tasks import NoTasks, draw


def make_tasks(count):
    return [
        Task(f"task-{n}", TaskKind.EXPLORE, "shop", Split.TRAIN, Difficulty.EASY, "count", f"How many {n}?")
        for n in range(count)
    ]


@given(st.integers(1, 12), st.integers(1, 60), st.integers(0, 2**63))
def test_each_task_is_drawn_once_before_any_again(pool_size, count, seed):
    drawn = draw(make_tasks(pool_size), count, seed)
    assert len(drawn) == count
    for start in range(0, count, pool_size):
        round_ = [task.task_id for task in drawn[start : start + pool_size]]
        assert len(set(round_)) == len(round_)
    times = Counter(task.task_id for task in drawn).values()
    assert max(times) - min(times) <= 1


@given(st.permutations(make_tasks(9)), st.integers(0, 1000))
def test_the_draw_does_not_depend_on_the_order(shuffled, seed):
    assert draw(shuffled, 20, seed) == draw(make_tasks(9), 20, seed)


def test_the_seed_decides():
    tasks = make_tasks(30)
    assert draw(tasks, 30, 1) == draw(tasks, 30, 1)
    assert draw(tasks, 30, 1) != draw(tasks, 30, 2)


def test_nothing_to_draw():
    with pytest.raises(NoTasks, match="no task to play"):
        draw([], 1, 0)
    with pytest.raises(ValueError, match="n_episodes must be 1 or more, not 0"):
        draw(make_tasks(1), 0, 0)
