from __future__ import annotations

from collections.abc import Iterator

import pytest

from sqldojo.service.core.action import Submit
from sqldojo.service.core.built_in_profiles import BUILT_IN_PROFILES
from sqldojo.service.core.observation import Outcome
from sqldojo.service.core.review import Review
from sqldojo.service.core.schema import Permissions, Schema
from sqldojo.service.core.sql_reviewer import SqlReviewer
from sqldojo.service.core.task import TaskKind
from sqldojo.service.players.wire import ENCODING
from sqldojo.service.sandbox.limits import Limits
from sqldojo.service.sandbox.pool import DatabasePool
from sqldojo.service.sessions.episodes import Episodes
from sqldojo.service.tasks import prepare
from sqldojo.service.tasks.bank import TaskBank


class Counting(SqlReviewer):
    """Keeps what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def review(self, sql: str, schema: Schema, permissions: Permissions) -> Review:
        self.asked.append(sql)
        return super().review(sql, schema, permissions)


@pytest.mark.parametrize("is_foreseen", [True, False])
def test_what_a_task_s_steps_ask_for_is_worked_out_once_and_may_be_ahead(
    monkeypatch: pytest.MonkeyPatch, is_foreseen: bool
) -> None:
    bank, reviewer = TaskBank.default(), Counting()
    later: list[Iterator[None]] = []
    run = []
    gold_rows = prepare.gold_rows
    monkeypatch.setattr(prepare, "gold_rows", lambda *each: run.append(each) or gold_rows(*each))
    episodes = Episodes(
        bank, DatabasePool(Limits()), reviewer, BUILT_IN_PROFILES, ENCODING, later=later.append
    )
    task = bank.select(kind=TaskKind.REPAIR)[0]
    instances = bank.database(task.database_id).instances
    opened = [(episode, episode.start()[0]) for episode in (episodes.make(task.task_id, "") for _ in "ab")]
    assert (len(later), run, reviewer.asked) == (1, [], [])
    if is_foreseen:
        assert len(list(later[0])) == len(run) == instances
        assert reviewer.asked == [task.broken_sql]
    for episode, state in opened:
        assert episode.step(state, Submit(task.gold_sql)).state.outcome is Outcome.SOLVED
    assert len(run) == instances
