"""Grades a probe as an episode would, and says how that went."""

from __future__ import annotations

from ...core.action import Action, Answer, Submit
from ...core.built_in_profiles import BUILT_IN_PROFILES
from ...core.episode import Episode
from ...core.execution import ActionError, ErrorKind, Rows
from ...core.grading import grade_answer, same_rows
from ...core.observation import Outcome as Ending
from ...core.sql_reviewer import SqlReviewer
from ...core.task import PreparedTask, TaskKind
from ...sandbox.images import DatabaseImages
from ...sandbox.pool import DatabasePool
from ..instances import LIMITS
from .case import Case, Outcome, Probe
from .contract import same_answer, same_result

_ROUGHLY = 1e-6  # relative: rows that differ by more are no rewrite's


def graded_right(case: Case, probe: Probe) -> bool:
    """Grades a probe: an answer against the visible gold, a submission on instance after instance."""
    task = case.task
    if task.kind is TaskKind.EXPLORE:
        assert task.answer_kind is not None, "an explore task has one"
        return grade_answer(task.answer_kind, case.gold, probe.text)
    for instance in range(len(case.instances)):
        result = case.run(probe.text, instance)
        gold = case.golds[instance] if instance else case.gold
        if not isinstance(result, Rows) or not same_rows(result, gold, ordered=task.ordered):
            return False
    return True


def outcome(case: Case, probe: Probe, graded: bool) -> tuple[Outcome, str]:
    """Says whether a probe was graded as is due, and if not, what that comes from."""
    if graded is probe.right:
        return Outcome.AS_DUE, ""
    if probe.right:
        return _failed(case, probe)
    return _passed(case, probe)


def _passed(case: Case, probe: Probe) -> tuple[Outcome, str]:
    """Judges a probe that was meant as wrong and was graded right."""
    task = case.task
    statement = probe.text if task.kind is TaskKind.REPAIR else probe.sql
    if statement:
        differing = _differing(case, statement, 1e-9)
        if not differing:
            return Outcome.INDISTINCT, "it gives gold's rows on every instance"
        return Outcome.FALSE_PASS, f"it differs from gold on instances {differing}"
    assert task.answer_kind is not None, "what is no statement is an answer"
    if probe.rows is not None and same_answer(task.answer_kind, probe.rows, case.gold):
        return Outcome.INDISTINCT, "it says what gold says"
    return Outcome.FALSE_PASS, "it says something else than gold"


def _failed(case: Case, probe: Probe) -> tuple[Outcome, str]:
    """Judges a probe that was meant as right and was graded wrong."""
    statement = probe.text if case.task.kind is TaskKind.REPAIR else probe.sql
    if not statement:
        return Outcome.FALSE_FAIL, "it says what gold says"
    for instance in range(len(case.instances)):
        result = case.run(statement, instance)
        if isinstance(result, ActionError):
            if result.kind is ErrorKind.DENIED:  # it names what gold names
                return Outcome.FALSE_FAIL, f"instance {instance}: {result.message}"
            return Outcome.UNSOUND, f"instance {instance}: {result.message}"
    differing = _differing(case, statement, _ROUGHLY)
    if differing:
        return Outcome.UNSOUND, f"its rows are not gold's on instances {differing}"
    return Outcome.FALSE_FAIL, "it gives gold's rows on every instance"


def _differing(case: Case, statement: str, tolerance: float) -> list[int]:
    differing = []
    for instance, gold in enumerate(case.golds):
        rows = case.run(statement, instance)
        ordered = case.task.ordered and case.task.kind is TaskKind.REPAIR
        if not isinstance(rows, Rows) or not same_result(rows, gold, ordered=ordered, tolerance=tolerance):
            differing.append(instance)
    return differing


class Player:
    """Plays single probes in real episodes. For one thread."""

    def __init__(self, images: DatabaseImages) -> None:
        self._images = images
        self._pool = DatabasePool(LIMITS)
        self._reviewer = SqlReviewer()

    def solves(self, case: Case, probe: Probe) -> bool:
        """Answers or submits the probe in the first step of an episode, and says whether that solves it."""
        explore = case.task.kind is TaskKind.EXPLORE
        profile = BUILT_IN_PROFILES.find("sqlenv" if explore else "repair")
        assert profile is not None, "both are built in"
        golds = (case.gold,) if explore else case.golds
        broken = None if explore else case.run(case.task.broken_sql)
        prepared = PreparedTask(case.task, self._images.schema, golds, broken)
        world = self._pool.world(self._images, case.task.permissions)
        episode = Episode(prepared, profile, world, self._reviewer)
        action: Action = Answer(probe.text) if explore else Submit(probe.text)
        try:
            state, _ = episode.start()
            return episode.step(state, action).state.outcome is Ending.SOLVED
        finally:
            episode.close()
