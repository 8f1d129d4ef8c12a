"""Answers that are put together from parts are what protobuf itself would write."""

from __future__ import annotations

import pytest

from sqldojo.service.core.built_in_profiles import BUILT_IN_PROFILES
from sqldojo.service.core.episode import EpisodeState, Transition
from sqldojo.service.core.execution import ActionError, Column, Rows
from sqldojo.service.core.observation import SHOWN_CHARACTERS, Observation, shown
from sqldojo.service.core.profiles import Standing
from sqldojo.service.core.reward import breakdown
from sqldojo.service.core.sql_reviewer import SqlReviewer
from sqldojo.service.core.task import TaskKind
from sqldojo.service.players.wire import ENCODING, encode_reset, encode_step
from sqldojo.service.sandbox.limits import Limits
from sqldojo.service.sandbox.pool import DatabasePool
from sqldojo.service.sessions.episodes import Episodes
from sqldojo.service.sessions.session import Session
from sqldojo.service.tasks.bank import TaskBank
from sqldojo.v1 import environment_pb2 as pb


@pytest.mark.parametrize("broken", [type(None), Rows, ActionError])
@pytest.mark.parametrize("budget", [0, 7])
def test_a_first_answer(broken: type, budget: int) -> None:
    bank = TaskBank.default()
    kind = TaskKind.EXPLORE if broken is type(None) else TaskKind.REPAIR
    prepared = (bank.prepare(task.task_id) for task in bank.select(kind=kind))
    task = next(each.task for each in prepared if isinstance(each.broken, broken))
    episodes = Episodes(bank, DatabasePool(Limits()), SqlReviewer(), BUILT_IN_PROFILES, ENCODING)
    for _ in range(2):  # what is the same for a task's episodes is kept
        session = Session("some-id", episodes.make(task.task_id, ""), budget)
        encoded = encode_reset(session)
        read = pb.ResetResponse.FromString(encoded)
        assert read.SerializeToString() == encoded
        brief = read.observation.brief
        assert (read.session_id, brief.task_id, brief.prompt) == ("some-id", task.task_id, task.prompt)
        assert brief.budget == session.state.budget == read.observation.steps_left
        assert brief.profile == session.episode.profile.name
        assert brief.HasField("broken_error") == (broken is ActionError)
        assert brief.HasField("broken_result") == (broken is Rows)


@pytest.mark.parametrize("length", [SHOWN_CHARACTERS, SHOWN_CHARACTERS + 1])
def test_a_long_text_is_cut_and_others_are_not(length: int) -> None:
    rows = Rows((Column("a"), Column("b")), [("x" * length, 1), ("y" * 10, None)])
    transition = Transition(
        EpisodeState(15, Standing()), Observation(shown(rows), None, 1, 14), breakdown(())
    )
    read = pb.StepResponse.FromString(encode_step("s", 1, transition))
    long = "x" * length if length <= SHOWN_CHARACTERS else "x" * SHOWN_CHARACTERS + "…"
    assert list(read.observation.result.cells) == [long, "1", "y" * 10, ""]
