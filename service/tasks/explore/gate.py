"""The gate: which questions may enter the bank."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from hashlib import blake2b

from ...core.action import Action, Answer, Describe, Query
from ...core.built_in_profiles import BUILT_IN_PROFILES
from ...core.episode import Episode
from ...core.execution import Row, Rows
from ...core.grading import grade_answer, render_answer
from ...core.observation import SHOWN_CHARACTERS, Observation, Outcome
from ...core.sql_reviewer import SqlReviewer
from ...core.task import AnswerKind, PreparedTask, Task, TaskKind
from ...sandbox.pool import DatabasePool
from ..difficulty import difficulty_of
from ..ground import Ground
from ..instances import LIMITS
from ..mutants import mutants
from ..tables_read import tables_read
from ..verify import Verifier
from .intent import Intent

PROFILE = "sqlenv"
NOTHING_FOUND = frozenset({"empty_result", "null_answer"})  # families that ask for what is not there
LEAST_LISTED = 2  # rows of a list or table


class Reason(Enum):
    """Why a question is turned away."""

    NO_ANSWER = "no answer"  # too many rows, or a value that no answer can be
    GOLD_FAILS = "gold fails"
    DEGENERATE = "degenerate"  # nothing found, or one row where several are asked for
    CONSTANT = "constant"  # the same answer on every instance
    PROMPT = "prompt"  # its words are not clean
    SURVIVOR = "survivor"  # a wrong statement gives an answer that is graded right
    UNSOUND = "unsound"  # verification finds a fault
    UNPLAYABLE = "unplayable"  # a policy that sees only what is shown does not solve it


@dataclass(frozen=True, slots=True)
class Rejection:
    """A question turned away: why, and what gave the reason (a statement, a fault)."""

    reason: Reason
    detail: str = ""


class Gate:
    """Judges the questions about one ground. For one thread."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self._verifier = Verifier(ground.instances, ground.split)
        self._pool = DatabasePool(LIMITS)
        self._reviewer = SqlReviewer()

    def close(self) -> None:
        """Frees what the gate opened; the ground's instances stay open."""
        self._verifier.close()

    def judge(self, intent: Intent, question: str) -> Task | Rejection:
        """Gives the task that an intent and one of its questions make, or why they make none.

        A task is admitted when gold gives one answer that is not degenerate and not the same on all
        instances; when each single-edit mutant that is not equivalent, run on the visible instance, gives
        an answer that is graded wrong; and when an episode is solved from what an agent is shown.
        """
        kind = intent.answer_kind
        if kind is None:
            return Rejection(Reason.NO_ANSWER)
        prompt = " ".join((question, *intent.notes))
        if not is_clean(prompt):
            return Rejection(Reason.PROMPT, prompt)
        golds = list(self._golds(intent))
        if len(golds) < len(self.ground.instances):
            return Rejection(Reason.GOLD_FAILS, intent.sql)
        if is_degenerate(kind, golds[0]) and intent.family not in NOTHING_FOUND:
            return Rejection(Reason.DEGENERATE)
        right = render_answer(kind, golds[0])
        if intent.family not in NOTHING_FOUND and all(grade_answer(kind, gold, right) for gold in golds[1:]):
            return Rejection(Reason.CONSTANT)
        survivor = self._survivor(intent, kind, golds[0])
        if survivor:
            return Rejection(Reason.SURVIVOR, survivor)
        task = self._task(intent, prompt)
        faults = [fault for fault in self._verifier.verify(task, golds) if not fault.is_warning]
        if faults:
            return Rejection(Reason.UNSOUND, str(faults[0]))
        if not self._is_solved(task, golds[0]):
            return Rejection(Reason.UNPLAYABLE)
        return task

    def _golds(self, intent: Intent) -> Iterator[Rows]:
        for instance in range(len(self.ground.instances)):
            gold = self.ground.instances.run(intent.sql, instance, intent.permissions)
            if not isinstance(gold, Rows) or not gold.complete:
                return
            yield gold

    def _survivor(self, intent: Intent, kind: AnswerKind, gold: Rows) -> str:
        """Gives the first mutant whose answer on the visible instance is graded right; empty when none is."""
        for mutant in mutants(intent.sql, self.ground.schema):
            rows = self.ground.instances.run(mutant.sql, 0, intent.permissions)
            if isinstance(rows, Rows) and rows.complete and answers_alike(kind, gold, rows):
                return f"{mutant.kind}: {mutant.sql}"
        return ""

    def _task(self, intent: Intent, prompt: str) -> Task:
        digest = blake2b(f"{prompt}\n{intent.sql}".encode(), digest_size=4).hexdigest()
        return Task(
            task_id=f"explore/{self.ground.database_id}/{intent.family}-{digest}",
            kind=TaskKind.EXPLORE,
            database_id=self.ground.database_id,
            split=self.ground.split,
            difficulty=difficulty_of(intent.sql),
            family=intent.family,
            prompt=prompt,
            gold_sql=intent.sql,
            gold_tables=tables_read(intent.sql),
            ordered=intent.ordered,
            answer_kind=intent.answer_kind,
            permissions=intent.permissions,
        )

    def _is_solved(self, task: Task, gold: Rows) -> bool:
        """Plays an episode: describes the tables, runs gold and answers with the rows and cells shown."""
        prepared = PreparedTask(task, self.ground.schema, (gold,))
        profile = BUILT_IN_PROFILES.find(PROFILE)
        assert profile is not None, "the profile is a built-in one"
        world = self._pool.world(self.ground.instances.images, task.permissions)
        episode = Episode(prepared, profile, world, self._reviewer)
        try:
            state, observation = episode.start()
            lookups: list[Action] = [Describe(table) for table in task.gold_tables]
            for action in (*lookups, Query(task.gold_sql)):
                transition = episode.step(state, action)
                state, observation = transition.state, transition.observation
            if observation.done or observation.result is None:
                return False
            assert task.answer_kind is not None, "an explore task has one"
            seen = seen_answer(task.answer_kind, observation)
            return episode.step(state, Answer(seen)).state.outcome is Outcome.SOLVED
        finally:
            episode.close()


def is_clean(prompt: str) -> bool:
    """Says whether a prompt is free of what only a slip of the grammar can give."""
    return not _UNCLEAN.search(prompt)


_UNCLEAN = re.compile(
    r"[{}\ue000-\ue002]|  |\bNone\b| [,.;?]|\?\.|\.\.|\band and\b|\bthe the\b|\b(the|a|an) (a|an)\b"
)


def is_degenerate(kind: AnswerKind, gold: Rows) -> bool:
    """Says whether an answer is none to speak of: 0, NULL, an empty text, too few rows, only such cells."""
    if kind in (AnswerKind.LIST, AnswerKind.TABLE):
        blank = all(cell in (None, 0, "") for row in gold.rows for cell in row[-1:])
        return blank or (len(gold.rows) < LEAST_LISTED and len(gold.columns) < LEAST_LISTED)
    return not gold.rows or gold.rows[0][0] in (None, 0, "")


def answers_alike(kind: AnswerKind, gold: Rows, other: Rows) -> bool:
    """Says whether the answer that other rows give is graded right against gold."""
    if len(other.columns) != len(gold.columns) or len(other.rows) != len(gold.rows):
        return False
    return not gold.rows or grade_answer(kind, gold, render_answer(kind, other))


def seen_answer(kind: AnswerKind, observation: Observation) -> str:
    """Gives the answer that a result suggests to one who sees the rows shown, long texts cut."""
    assert observation.result is not None, "the query gave a result"
    rows: list[Row] = [
        tuple(cell[:SHOWN_CHARACTERS] if isinstance(cell, str) else cell for cell in row)
        for row in observation.result.rows
    ]
    return render_answer(kind, Rows(observation.result.columns, rows)) if rows or _many(kind) else ""


def _many(kind: AnswerKind) -> bool:
    return kind in (AnswerKind.LIST, AnswerKind.TABLE)
