"""Attempts that the review gate rejects still differ in reward, so that a policy can learn from them."""

from __future__ import annotations

from statistics import pvariance

import pytest

from sqldojo.service.core.action import Query, Submit
from sqldojo.service.core.built_in_profiles import BUILT_IN_PROFILES
from sqldojo.service.core.episode import Episode
from sqldojo.service.core.review import Verdict
from sqldojo.service.core.schema import Schema
from sqldojo.service.core.sql_reviewer import SqlReviewer
from sqldojo.service.core.task import Task, TaskKind
from sqldojo.service.sandbox.limits import Limits
from sqldojo.service.sandbox.pool import DatabasePool
from sqldojo.service.tasks.bank import TaskBank

GROUP = 8


def rejected_attempts(task: Task, schema: Schema) -> list[str]:
    """Eight statements that no review lets through, as a policy makes them: more or less of them is right."""
    table = schema.find(task.gold_tables[0])
    assert table is not None
    name = '"' + table.name.replace('"', '""') + '"'
    columns = ['"' + column.name.replace('"', '""') + '"' for column in table.columns]
    return [
        f"DROP TABLE {name}",
        f"SELECT {columns[0]} FROM {name}; SELECT 1",
        f"SELECT {columns[0]}, no_such_column FROM {name}; SELECT 1",
        f"SELECT {columns[0]} FROM no_such_table; SELECT {columns[-1]} FROM {name}",
        f"PRAGMA table_info({name})",
        f"SELEC {columns[0]} FROM {name}",
        f"SELECT no_such_column, neither_this FROM {name}; DELETE FROM {name}",
        f"CREATE TABLE copy AS SELECT * FROM {name}",
    ]


@pytest.mark.parametrize("profile", BUILT_IN_PROFILES.by_name.values(), ids=lambda profile: profile.name)
def test_groups_of_rejected_attempts_have_a_spread_of_rewards(profile) -> None:
    bank = TaskBank.default()
    reviewer = SqlReviewer()
    pool = DatabasePool(Limits())
    spread = tasks = 0
    for task in bank.select(kind=profile.kind)[::5]:
        prepared = bank.prepare(task.task_id)
        world = pool.world(bank.images(task.database_id), task.permissions)
        episode = Episode(prepared, profile, world, reviewer)
        start, _ = episode.start()
        make = Query if task.kind is TaskKind.EXPLORE else Submit
        rewards = []
        for sql in rejected_attempts(task, prepared.schema):
            transition = episode.step(start, make(sql), reviewed=True)
            assert transition.review is not None
            assert transition.review.verdict is Verdict.REJECTED, sql
            rewards.append(transition.reward.total)
        assert len(rewards) == GROUP
        tasks += 1
        spread += pvariance(rewards) > 0
    assert tasks > 10
    assert spread >= 0.95 * tasks
