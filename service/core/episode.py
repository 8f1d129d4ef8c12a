"""The game: (state, action) -> (state, observation, reward).

An episode is a deterministic function of its task, its seed and its actions. Everything that a step
may touch is handed to it: the prepared task, the session's databases, a reviewer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from .action import Action, Answer, Describe, Query, Sample, Submit, Unparsed
from .effect import Effect
from .execution import ActionError, Column, ErrorKind, Rows, World
from .grading import grade_answer, same_rows
from .observation import Observation, Outcome, shown
from .profiles import Profile, Standing, after_end
from .review import Review, Reviewer, Severity, Verdict
from .reward import RewardBreakdown
from .schema import Table, quoted_name
from .task import PreparedTask, TaskKind

SAMPLED_ROWS = 5
KEPT_ANSWERS = 100  # of a task, the first ones, whose grades are kept: its rollouts give the same again
KEPT_ANSWER_LENGTH = 200  # of a longer one it is not
DESCRIPTION = tuple(Column(name) for name in ("column", "type", "not_null", "primary_key", "references"))


Key = tuple[type[Action], str] | None


class EpisodeState(NamedTuple):
    """Where an episode stands between two steps."""

    budget: int
    standing: Standing | None = None  # None before the first step: see Episode.standing
    steps_used: int = 0
    outcome: Outcome = Outcome.RUNNING
    total_reward: float = 0.0
    seen: frozenset[Key] = frozenset()  # keys of the lookups and statements so far


class Transition(NamedTuple):
    """What a step brought. `review` is there when the step passed the review gate.

    `cut_short` is for the one thing that a replay can't find out by itself: that the clock, not the
    statement, ended a run. Handed to the step that replays this one, it ends the run at the same place.
    See `cut_short_by`.
    """

    state: EpisodeState
    observation: Observation
    reward: RewardBreakdown
    review: Review | None = None
    cut_short: str = ""


class Episode:
    """One task, under one profile, for one session's databases.

    `reviewer` grades statements; it also says what may be run, unless there is a `gate` that does.
    Holds what does not change; the state goes in and out. Not for several threads at once, since a
    database is not.
    """

    def __init__(
        self,
        prepared: PreparedTask,
        profile: Profile,
        world: World,
        reviewer: Reviewer,
        gate: Reviewer | None = None,
    ) -> None:
        self.prepared = prepared
        self.profile = profile
        self._world = world
        self._reviewer = reviewer
        self._gate = gate or reviewer

    def start(self, budget: int = 0) -> tuple[EpisodeState, Observation]:
        """Gives the state and observation before the first step; budget 0 means the profile's."""
        state = EpisodeState(budget or self.profile.budget)
        return state, _observe(state, None, None)

    def standing(self, state: EpisodeState) -> Standing:
        """Gives what the profile compares the next step with; before the first one, the broken query."""
        return state.standing or self.profile.start(_broken(self.prepared, self._reviewer))

    def step(
        self, state: EpisodeState, action: Action, *, reviewed: bool = False, cut_short: str = ""
    ) -> Transition:
        """Plays one step; with `reviewed`, SQL must pass the review gate before it is run.

        `cut_short` is that of the transition which this step replays. Never raises for what an action holds.
        After the end it costs, and changes nothing else.
        """
        if state.outcome is not Outcome.RUNNING:
            return self._after_end(state, reviewed)
        key = _key(action)
        effect = self._perform(action, reviewed, key in state.seen, cut_short)
        used = state.steps_used + 1
        outcome = self._outcome(effect, exhausted=used >= state.budget)
        reward, standing = self.profile.reward(self.standing(state), effect, outcome, state.budget)
        seen = state.seen if key is None or effect.repeated else state.seen | {key}
        total = state.total_reward + reward.total
        state = EpisodeState(state.budget, standing, used, outcome, total, seen)
        review = (effect.review or _NOTHING_TO_REVIEW) if reviewed else None
        whole = isinstance(action, Describe)  # there is no other way to the columns beyond the first 20
        observation = _observe(state, effect.rows, effect.error, whole)
        return Transition(state, observation, reward, review, effect.cut_short)

    def close(self) -> None:
        """Gives the session's databases back; the episode cannot be played on."""
        self._world.close()

    def _after_end(self, state: EpisodeState, reviewed: bool) -> Transition:
        reward = after_end()
        state = state._replace(total_reward=state.total_reward + reward.total)
        error = ActionError(
            ErrorKind.EPISODE_OVER,
            "The episode has ended; this action was not carried out. Reset to begin anew.",
        )
        return Transition(
            state, _observe(state, None, error), reward, _NOTHING_TO_REVIEW if reviewed else None
        )

    def _outcome(self, effect: Effect, *, exhausted: bool) -> Outcome:
        if effect.correct:
            return Outcome.SOLVED
        if isinstance(effect.action, Answer) and effect.error is None:
            return Outcome.FAILED
        return Outcome.EXHAUSTED if exhausted else Outcome.RUNNING

    def _perform(self, action: Action, reviewed: bool, repeated: bool, cut_short: str) -> Effect:
        match action:
            case Query() | Submit() if self._knows(action):
                return self._statement(action, reviewed, repeated, cut_short)
            case Describe(table):
                return _effect(action, self._lookup(table, _description), repeated)
            case Sample(table):
                return _effect(action, self._lookup(table, self._sample), repeated)
            case Answer(value) if self._knows(action):
                return Effect(action, correct=self._is_right(value))
            case Unparsed():
                return Effect(action, error=_UNPARSED)
            case _:
                return Effect(action, error=_UNSUPPORTED[self.prepared.task.kind], repeated=repeated)

    def _knows(self, action: Query | Submit | Answer) -> bool:
        """Says whether this kind of task has such an action: Answer ends an explore task, Submit a repair."""
        kind = self.prepared.task.kind
        return not isinstance(action, Submit if kind is TaskKind.EXPLORE else Answer)

    def _is_right(self, value: str) -> bool:
        prepared, graded = self.prepared, self.prepared.graded
        is_right = graded.get(value)
        if is_right is None:
            kind = prepared.task.answer_kind
            assert kind is not None, "the bank gives every explore task an answer kind"
            is_right = grade_answer(kind, prepared.gold[0], value)
            if len(value) <= KEPT_ANSWER_LENGTH and len(graded) < KEPT_ANSWERS:
                graded[value] = is_right
        return is_right

    def _lookup(self, name: str, show: Callable[[Table], Rows | ActionError]) -> Rows | ActionError:
        table = self.prepared.schema.find(name)
        tables = self.prepared.tables
        if table is None:
            return ActionError(ErrorKind.NO_SUCH_TABLE, f"no such table: {name[:100]}", tables)
        if table.name not in tables:
            message = f"access to table {table.name} is denied; read what you need from the tables available"
            return ActionError(ErrorKind.DENIED, message, tables)
        return show(table)

    def _sample(self, table: Table) -> Rows | ActionError:
        return self._world.visible.execute(f"SELECT * FROM {quoted_name(table.name)} LIMIT {SAMPLED_ROWS}")

    def _statement(self, action: Query | Submit, reviewed: bool, repeated: bool, cut_short: str) -> Effect:
        """Runs a statement, unless the review gate rejects it; a submission is judged as well."""
        submitted = isinstance(action, Submit)
        review = self._review(action.sql, self._gate if reviewed else None) if reviewed or submitted else None
        if reviewed and review is not None and review.verdict is Verdict.REJECTED:
            return Effect(action, error=_rejected(review), repeated=repeated, review=review)
        result = self._run(action.sql, 0 if submitted else None, cut_short)
        if isinstance(result, ActionError):
            cut = _cut_short(result, 0)
            return Effect(action, error=result, repeated=repeated, review=review, cut_short=cut)
        correct, cut = self._judge(action.sql, result, cut_short) if submitted else (False, "")
        # What a repair is worth shows only when it is submitted.
        measured = submitted or self.prepared.task.kind is TaskKind.EXPLORE
        return Effect(
            action,
            rows=result,
            repeated=repeated,
            progress=self.prepared.meter.measure(result) if measured else 0.0,
            correct=correct,
            review=review,
            cut_short=cut,
        )

    def _judge(self, sql: str, visible: Rows, cut_short: str) -> tuple[bool, str]:
        """Compares a submission's rows with gold: on the visible instance, then on each hidden one.

        Says whether all are equal, and where the clock ended a run.
        """
        result: Rows | ActionError = visible
        for instance in range(len(self.prepared.gold)):
            if instance:
                result = self._run(sql, instance, cut_short)
            if not self._is_gold(result, instance):
                return False, _cut_short(result, instance)
        return True, ""

    def _run(self, sql: str, instance: int | None, cut_short: str) -> Rows | ActionError:
        """Runs a query on the session's database (`instance` None), or a submission on an instance.

        A submission meets the instance as it was at first, and the rows that it is judged by come back.
        """
        if cut_short and (cut := _as_cut(cut_short, instance or 0)):
            return cut
        if instance is None:
            return self._world.visible.execute(sql)
        database = self._world.pristine(instance)
        result = database.execute(sql)
        check = self.prepared.task.check_sql
        return database.execute(check) if check and isinstance(result, Rows) else result

    def _is_gold(self, result: Rows | ActionError, instance: int) -> bool:
        ordered = self.prepared.task.ordered
        return isinstance(result, Rows) and same_rows(result, self.prepared.gold[instance], ordered=ordered)

    def _review(self, sql: str, gate: Reviewer | None = None) -> Review:
        reviewer = gate or self._reviewer
        return reviewer.review(sql, self.prepared.schema, self.prepared.task.permissions)


def foresee(prepared: PreparedTask, reviewer: Reviewer) -> Iterator[None]:
    """Works out, bit by bit, what the steps of a task's episodes will ask for, so that they find it done."""
    for _ in prepared.gold:
        yield
    _broken(prepared, reviewer)


def _broken(prepared: PreparedTask, reviewer: Reviewer) -> Effect | None:
    """The broken query as if it had been submitted; None for a task that has none."""
    broken, task = prepared.broken, prepared.task
    if broken is None:
        return None
    review = reviewer.review(task.broken_sql, prepared.schema, task.permissions)
    return _effect(Submit(task.broken_sql), broken, progress=prepared.broken_progress, review=review)


def _effect(
    action: Action,
    result: Rows | ActionError,
    repeated: bool = False,
    *,
    progress: float = 0.0,
    review: Review | None = None,
) -> Effect:
    if isinstance(result, ActionError):
        return Effect(action, error=result, repeated=repeated, review=review)
    return Effect(action, rows=result, repeated=repeated, progress=progress, review=review)


def _observe(
    state: EpisodeState, rows: Rows | None, error: ActionError | None, whole: bool = False
) -> Observation:
    return Observation(
        result=None if rows is None else shown(rows, len(rows.rows)) if whole else shown(rows),
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


def _key(action: Action) -> Key:
    """What makes two actions the same: the table without case, the SQL without its white space.

    White space in quotes counts, so SQL that holds quotes is taken as it is. None for actions that do not
    count as repeated.
    """
    match action:
        case Query(sql) | Submit(sql):
            bare = sql.strip().rstrip("; \n\t")
            return type(action), bare if "'" in bare or '"' in bare else " ".join(bare.split())
        case Describe(table) | Sample(table):
            return type(action), table.strip().casefold()
        case _:
            return None


def cut_short_by(error: ActionError, instance: int = 0) -> str:
    """Notes that something else than the statement ended its run on an instance: a Transition's cut_short."""
    return f"{instance} {error.kind.name} {error.message}"


def _cut_short(result: Rows | ActionError, instance: int) -> str:
    """Notes what ended a run on an instance, or did when it was first played; empty: the statement itself."""
    if isinstance(result, ActionError) and result.by_machine:
        return cut_short_by(result, instance)
    return ""


def _as_cut(cut_short: str, instance: int) -> ActionError | None:
    """Gives the error that ended a run on this instance, if one did."""
    place, kind, message = cut_short.split(" ", 2)
    return ActionError(ErrorKind[kind], message, by_machine=True) if int(place) == instance else None


_NOTHING_TO_REVIEW = Review((), 0.0)

_UNPARSED = ActionError(
    ErrorKind.UNPARSED,
    "The reply held no tool call that could be read. Call one of the tools, with its arguments.",
)

_UNSUPPORTED = {
    TaskKind.EXPLORE: ActionError(
        ErrorKind.UNSUPPORTED_ACTION,
        "This is an explore task: give the answer to the question with answer.",
    ),
    TaskKind.REPAIR: ActionError(
        ErrorKind.UNSUPPORTED_ACTION,
        "This is a repair task: hand in the repaired statement with submit.",
    ),
}


def _rejected(review: Review) -> ActionError:
    reasons = "; ".join(f.message for f in review.findings if f.severity is Severity.ERROR)
    return ActionError(ErrorKind.REJECTED, f"rejected by review: {reasons}")
