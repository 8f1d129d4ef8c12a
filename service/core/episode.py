"""The game: (state, action) -> (state, observation, reward).

An episode is a deterministic function of its task, its seed and its actions. Everything that a step
may touch is handed to it: the prepared task, the session's databases, a reviewer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace

from .action import Action, Answer, Describe, Query, Sample, Submit, Unparsed
from .effect import Effect
from .execution import ActionError, Column, ErrorKind, Rows, World
from .grading import grade_answer, same_rows
from .observation import Observation, Outcome, shown
from .profiles import Profile, Standing, after_end
from .review import Review, Reviewer, Severity, Verdict
from .reward import RewardBreakdown
from .schema import Table
from .task import PreparedTask, TaskKind

SAMPLED_ROWS = 5
DESCRIPTION = tuple(Column(name) for name in ("column", "type", "not_null", "primary_key", "references"))


@dataclass(frozen=True, slots=True)
class EpisodeState:
    """Where an episode stands between two steps."""

    budget: int
    standing: Standing
    steps_used: int = 0
    outcome: Outcome = Outcome.RUNNING
    total_reward: float = 0.0
    seen: frozenset[bytes] = frozenset()  # keys of the lookups and statements so far


@dataclass(frozen=True, slots=True)
class Transition:
    """What a step brought. `review` is there when the step passed the review gate."""

    state: EpisodeState
    observation: Observation
    reward: RewardBreakdown
    review: Review | None = None


class Episode:
    """One task, under one profile, for one session's databases.

    Holds what does not change; the state goes in and out. Not for several threads at once, since a
    database is not.
    """

    def __init__(self, prepared: PreparedTask, profile: Profile, world: World, reviewer: Reviewer) -> None:
        self.prepared = prepared
        self.profile = profile
        self._world = world
        self._reviewer = reviewer

    def start(self, budget: int = 0) -> tuple[EpisodeState, Observation]:
        """Gives the state and observation before the first step; budget 0 means the profile's."""
        standing = self.profile.start(self._broken())
        state = EpisodeState(budget or self.profile.budget, standing)
        return state, _observe(state, None, None)

    def step(self, state: EpisodeState, action: Action, *, reviewed: bool = False) -> Transition:
        """Plays one step; with `reviewed`, SQL must pass the review gate before it is run.

        Never raises for what an action holds. After the end it costs, and changes nothing else.
        """
        if state.outcome is not Outcome.RUNNING:
            return self._after_end(state, reviewed)
        effect = self._perform(state, action, reviewed)
        used = state.steps_used + 1
        outcome = self._outcome(effect, exhausted=used >= state.budget)
        reward, standing = self.profile.reward(state.standing, effect, outcome, state.budget)
        state = EpisodeState(
            budget=state.budget,
            standing=standing,
            steps_used=used,
            outcome=outcome,
            total_reward=state.total_reward + reward.total,
            seen=state.seen | {key} if (key := _key(action)) else state.seen,
        )
        review = (effect.review or Review((), 0.0)) if reviewed else None
        return Transition(state, _observe(state, effect.rows, effect.error), reward, review)

    def close(self) -> None:
        """Gives the session's databases back; the episode cannot be played on."""
        self._world.close()

    def _after_end(self, state: EpisodeState, reviewed: bool) -> Transition:
        reward = after_end()
        state = replace(state, total_reward=state.total_reward + reward.total)
        error = ActionError(
            ErrorKind.EPISODE_OVER,
            "The episode has ended; this action was not carried out. Reset to begin anew.",
        )
        return Transition(state, _observe(state, None, error), reward, Review((), 0.0) if reviewed else None)

    def _outcome(self, effect: Effect, *, exhausted: bool) -> Outcome:
        if effect.correct:
            return Outcome.SOLVED
        if isinstance(effect.action, Answer) and effect.error is None:
            return Outcome.FAILED
        return Outcome.EXHAUSTED if exhausted else Outcome.RUNNING

    def _perform(self, state: EpisodeState, action: Action, reviewed: bool) -> Effect:
        effect = Effect(action, repeated=_key(action) in state.seen)
        match action:
            case Describe(table):
                return self._lookup(effect, table, _description)
            case Sample(table):
                return self._lookup(effect, table, self._sample)
            case Query(sql):
                return self._gated(effect, sql, reviewed, self._query)
            case Answer(value) if self.prepared.task.kind is TaskKind.EXPLORE:
                kind = self.prepared.task.answer_kind
                assert kind is not None, "the bank gives every explore task an answer kind"
                return replace(effect, correct=grade_answer(kind, self.prepared.gold[0], value))
            case Submit(sql) if self.prepared.task.kind is TaskKind.REPAIR:
                return self._gated(effect, sql, reviewed, self._submit)
            case Answer() | Submit():
                return replace(effect, error=_unsupported(action))
            case Unparsed():
                return replace(effect, error=_UNPARSED)

    def _lookup(self, effect: Effect, name: str, show: Callable[[Table], Rows | ActionError]) -> Effect:
        table = self.prepared.schema.find(name)
        tables = self.prepared.tables
        if table is None:
            message = f"no such table: {name[:100]}"
            return replace(effect, error=ActionError(ErrorKind.NO_SUCH_TABLE, message, tables))
        if table.name not in tables:
            message = f"access to table {table.name} is denied; read what you need from the tables available"
            return replace(effect, error=ActionError(ErrorKind.DENIED, message, tables))
        return _with(effect, show(table))

    def _sample(self, table: Table) -> Rows | ActionError:
        name = table.name.replace('"', '""')
        return self._world.visible.execute(f'SELECT * FROM "{name}" LIMIT {SAMPLED_ROWS}')

    def _query(self, effect: Effect, sql: str) -> Effect:
        effect = _with(effect, self._world.visible.execute(sql))
        if effect.rows is None or self.prepared.task.kind is TaskKind.REPAIR:
            return effect  # what a repair is worth shows when it is submitted
        return replace(effect, progress=self.prepared.meter.measure(effect.rows))

    def _submit(self, effect: Effect, sql: str) -> Effect:
        result = self._run(sql, 0)
        effect = _with(effect, result)
        if isinstance(result, ActionError):
            return effect
        correct = all(
            self._is_gold(result if instance == 0 else self._run(sql, instance), instance)
            for instance in range(len(self.prepared.gold))
        )
        return replace(effect, progress=self.prepared.meter.measure(result), correct=correct)

    def _run(self, sql: str, instance: int) -> Rows | ActionError:
        """Runs a submission on an instance as it was at first, and gives the rows that it is judged by."""
        database = self._world.pristine(instance)
        result = database.execute(sql)
        check = self.prepared.task.check_sql
        return database.execute(check) if check and isinstance(result, Rows) else result

    def _is_gold(self, result: Rows | ActionError, instance: int) -> bool:
        ordered = self.prepared.task.ordered
        return isinstance(result, Rows) and same_rows(result, self.prepared.gold[instance], ordered=ordered)

    def _gated(
        self, effect: Effect, sql: str, reviewed: bool, run: Callable[[Effect, str], Effect]
    ) -> Effect:
        if reviewed or isinstance(effect.action, Submit):
            effect = replace(effect, review=self._review(sql))
        if reviewed and effect.review is not None and effect.review.verdict is Verdict.REJECTED:
            reasons = "; ".join(f.message for f in effect.review.findings if f.severity is Severity.ERROR)
            return replace(effect, error=ActionError(ErrorKind.REJECTED, f"rejected by review: {reasons}"))
        return run(effect, sql)

    def _review(self, sql: str) -> Review:
        return self._reviewer.review(sql, self.prepared.schema, self.prepared.task.permissions)

    def _broken(self) -> Effect | None:
        broken = self.prepared.broken
        if broken is None:
            return None
        sql = self.prepared.task.broken_sql
        effect = _with(Effect(Submit(sql), review=self._review(sql)), broken)
        return (
            effect
            if effect.rows is None
            else replace(effect, progress=self.prepared.meter.measure(effect.rows))
        )


def _with(effect: Effect, result: Rows | ActionError) -> Effect:
    return replace(effect, error=result) if isinstance(result, ActionError) else replace(effect, rows=result)


def _observe(state: EpisodeState, rows: Rows | None, error: ActionError | None) -> Observation:
    return Observation(
        result=None if rows is None else shown(rows),
        error=error,
        steps_used=state.steps_used,
        steps_left=state.budget - state.steps_used,
        outcome=state.outcome,
    )


def _description(table: Table) -> Rows:
    """A table's columns, as the rows of a result."""
    return Rows(
        DESCRIPTION,
        [
            (
                column.name,
                column.declared_type,
                int(column.not_null),
                column.primary_key_position or None,
                column.references or None,
            )
            for column in table.columns
        ],
    )


def _key(action: Action) -> bytes:
    """What makes two actions the same: the table without case, the SQL without its white space.

    Empty for actions that do not count as repeated.
    """
    match action:
        case Describe(table) | Sample(table):
            text = table.strip().casefold()
        case Query(sql) | Submit(sql):
            text = " ".join(sql.split()).rstrip("; ")
        case _:
            return b""
    name = type(action).__name__
    return hashlib.blake2b(f"{name}\0{text}".encode("utf-8", "surrogatepass"), digest_size=16).digest()


_UNPARSED = ActionError(
    ErrorKind.UNPARSED,
    "The reply held no tool call that could be read. Call one of the tools, with its arguments.",
)


def _unsupported(action: Answer | Submit) -> ActionError:
    message = (
        "This is a repair task: hand in the repaired statement with submit."
        if isinstance(action, Answer)
        else "This is an explore task: give the answer to the question with answer."
    )
    return ActionError(ErrorKind.UNSUPPORTED_ACTION, message)
