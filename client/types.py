"""What users of the client hold: actions, observations, rewards, tasks and episodes.

The numbers of all enums are the contract's; `proto/sqldojo/v1` says what each member means.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

MAX_SEED = 2**64 - 1  # what the contract's field holds

Value = int | float | str | bytes | None
Row = tuple[Value, ...]


class TaskKind(IntEnum):
    """The two kinds of task."""

    EXPLORE = 1
    REPAIR = 2


class Split(IntEnum):
    """Which part of the bank a task belongs to."""

    TRAIN = 1
    DEV = 2
    TEST = 3
    TEST_DRIFT = 4  # training databases after their schema drifted


class Difficulty(IntEnum):
    """How hard a task is, by the structure of its gold query."""

    EASY = 1
    MEDIUM = 2
    HARD = 3


class AnswerKind(IntEnum):
    """The shape of an explore task's answer."""

    INTEGER = 1
    FLOAT = 2
    STRING = 3
    LIST = 4
    TABLE = 5
    NULL = 6


class Outcome(IntEnum):
    """How an episode stands."""

    RUNNING = 0
    SOLVED = 1
    FAILED = 2
    EXHAUSTED = 3


class ErrorKind(IntEnum):
    """Why an action did not do what it asked for."""

    NO_SUCH_TABLE = 1
    NO_SUCH_COLUMN = 2
    NO_SUCH_FUNCTION = 3
    SYNTAX = 4
    AMBIGUOUS = 5
    TIMEOUT = 6
    DENIED = 7
    LIMIT = 8
    CONSTRAINT = 9
    MULTIPLE_STATEMENTS = 10
    UNSUPPORTED_ACTION = 11
    UNPARSED = 12
    EPISODE_OVER = 13
    REJECTED = 14
    OTHER = 15


class Verdict(IntEnum):
    """What the review gate decided."""

    APPROVED = 1
    FLAGGED = 2
    REJECTED = 3


class Severity(IntEnum):
    """How grave a finding is."""

    INFO = 1
    WARNING = 2
    ERROR = 3


class FindingKind(IntEnum):
    """What a finding is about."""

    SYNTAX = 1
    MULTIPLE_STATEMENTS = 2
    WRITE = 3
    DDL = 4
    DENIED_TABLE = 5
    UNKNOWN_TABLE = 6
    UNKNOWN_COLUMN = 7
    CROSS_JOIN = 8
    FAN_OUT = 9
    SELECT_STAR = 10
    UNORDERED_LIMIT = 11
    DIALECT = 12
    FULL_SCAN = 13


class RewardTermKind(IntEnum):
    """The terms that a reward is made of."""

    STEP_COST = 1
    EXECUTED = 2
    NEW_INFORMATION = 3
    REPEAT = 4
    PROGRESS = 5
    CORRECT = 6
    SCHEMA = 7
    UNSAFE = 8
    REJECTED = 9
    FAN_OUT = 10
    BUDGET = 11
    AFTER_END = 12


class Baseline(IntEnum):
    """Who plays a benchmark inside the server."""

    RANDOM = 1
    ORACLE = 2


@dataclass(frozen=True, slots=True)
class Describe:
    """Show the columns of a table."""

    table: str


@dataclass(frozen=True, slots=True)
class Sample:
    """Show the first rows of a table."""

    table: str


@dataclass(frozen=True, slots=True)
class Query:
    """Run one statement and show its result."""

    sql: str


@dataclass(frozen=True, slots=True)
class Answer:
    """Answer an explore task's question; ends the episode."""

    value: str


@dataclass(frozen=True, slots=True)
class Submit:
    """Hand in a repaired statement; ends the episode when it is correct."""

    sql: str


@dataclass(frozen=True, slots=True)
class Unparsed:
    """A model's reply that held no tool call: costs a step and does nothing else."""

    text: str


Action = Describe | Sample | Query | Answer | Submit | Unparsed


@dataclass(frozen=True, slots=True)
class Column:
    """A result's column. `declared_type` is empty for an expression."""

    name: str
    declared_type: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """Rows that an action gave: at most 20 of `row_count` are in `rows`.

    A text of more than 1,000 characters comes cut, ending in "…"; so does a blob, without the mark.
    `row_count` is a lower bound where the server stopped counting.
    """

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    row_count: int
    truncated: bool = False
    row_count_is_lower_bound: bool = False


@dataclass(frozen=True, slots=True)
class ActionError:
    """Why an action failed: the kind, one sentence, and the names that would have worked."""

    kind: ErrorKind
    message: str
    available: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RewardTerm:
    """One term of a reward: what was measured, the profile's weight, and what it came to."""

    kind: RewardTermKind
    value: float
    weight: float
    contribution: float


@dataclass(frozen=True, slots=True)
class Reward:
    """A step's reward: total = clip(sum of contributions, clip_low, clip_high).

    A bound is None where the step's reward is not clipped.
    """

    total: float
    unclipped: float
    terms: tuple[RewardTerm, ...]
    clip_low: float | None = None
    clip_high: float | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that the reviewer found; `where` is the part of the SQL, empty for the whole."""

    kind: FindingKind
    severity: Severity
    where: str
    message: str


@dataclass(frozen=True, slots=True)
class Review:
    """The review of a step's SQL: the verdict, and the findings, gravest first."""

    verdict: Verdict
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Observation:
    """All that an agent knows: the brief, what its last action brought, and its history.

    From `task_id` to `profile` it is the brief, the same through an episode. Of a repair task it holds the
    query to mend, and the error or the rows that the query gives. `result` and `error` are the last
    action's. `steps_used` does not count steps after the end. `history` holds the episode's steps in
    order; the observation inside one of them has no history of its own.
    """

    task_id: str
    kind: TaskKind
    database_id: str
    prompt: str
    tables: tuple[str, ...]
    broken_sql: str = ""
    broken_error: ActionError | None = None
    broken_result: Result | None = None
    budget: int = 0
    profile: str = ""
    result: Result | None = None
    error: ActionError | None = None
    steps_used: int = 0
    steps_left: int = 0
    done: bool = False
    outcome: Outcome = Outcome.RUNNING
    history: tuple[Step, ...] = ()

    def text(self) -> str:
        """Gives it in words: the brief before the first step, after that what the last step brought."""
        from .observation_text import observation_text  # which imports this module

        return observation_text(self)

    def following(
        self,
        *,
        result: Result | None,
        error: ActionError | None,
        steps_used: int,
        steps_left: int,
        done: bool,
        outcome: Outcome,
        history: tuple[Step, ...] = (),
    ) -> Observation:
        """Gives another observation of the same episode; at every step, for which `replace` is too slow."""
        return Observation(
            self.task_id,
            self.kind,
            self.database_id,
            self.prompt,
            self.tables,
            self.broken_sql,
            self.broken_error,
            self.broken_result,
            self.budget,
            self.profile,
            result,
            error,
            steps_used,
            steps_left,
            done,
            outcome,
            history,
        )

    def after(self, step: Step) -> Observation:
        """Gives what is known after the episode's next step: what it brought, and a history with it."""
        brought = step.observation
        return brought.following(
            result=brought.result,
            error=brought.error,
            steps_used=brought.steps_used,
            steps_left=brought.steps_left,
            done=brought.done,
            outcome=brought.outcome,
            history=(*self.history, step),
        )


@dataclass(frozen=True, slots=True)
class Step:
    """A step that was played. `review` is set where it passed the review gate."""

    step_index: int
    action: Action
    observation: Observation
    reward: Reward
    total_reward: float
    review: Review | None = None


@dataclass(frozen=True, slots=True)
class Pending:
    """A step of a batch that has not been answered in time: what it is to do."""

    action: Action


@dataclass(frozen=True, slots=True)
class Gold:
    """A task's solution. `answer_kind` and `answer` are those of an explore task, else None and empty."""

    sql: str
    answer_kind: AnswerKind | None
    answer: str
    tables: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Task:
    """A task. `broken_sql` is a repair task's. `gold` is set where it was asked for and allowed."""

    task_id: str
    kind: TaskKind
    database_id: str
    split: Split
    difficulty: Difficulty
    family: str
    prompt: str
    broken_sql: str = ""
    gold: Gold | None = None


@dataclass(frozen=True, slots=True)
class TableColumn:
    """A table's column.

    `primary_key_position` counts from 1, 0 when it is not part of the key; `references` is "table.column",
    empty when it is no foreign key.
    """

    name: str
    declared_type: str
    not_null: bool = False
    primary_key_position: int = 0
    references: str = ""


@dataclass(frozen=True, slots=True)
class TableInfo:
    """A table or view, with the rows of its visible instance."""

    name: str
    columns: tuple[TableColumn, ...]
    row_count: int = 0
    is_view: bool = False


@dataclass(frozen=True, slots=True)
class DatabaseInfo:
    """A database of the bank. `tables` is empty in a listing."""

    database_id: str
    title: str
    split: Split
    task_count: int
    tables: tuple[TableInfo, ...] = ()


@dataclass(frozen=True, slots=True)
class BankInfo:
    """A server's bank.

    `digest` is a SHA-256 in hexadecimal, equal for equal tasks and databases; `server_version` is that of the
    sqldojo that serves it. The databases are without their tables.
    """

    digest: str
    server_version: str
    databases: tuple[DatabaseInfo, ...]


@dataclass(frozen=True, slots=True)
class EpisodeSpec:
    """An episode to play.

    An empty profile and a budget of 0 leave them to the server. `reviewed` sends every step through the
    review gate. An empty `session_id` has the client make one. `policy` is a label for whoever plays; the
    server's journal keeps it.
    """

    task: str
    seed: int = 0
    profile: str = ""
    budget: int = 0
    reviewed: bool = False
    session_id: str = ""
    policy: str = ""


@dataclass(frozen=True, slots=True)
class Episode:
    """An episode that was played.

    `index` is its place in what `rollouts` was given. `error` says why it could not be played to its end,
    and is empty where it was; `observation` is None where it could not even begin.
    """

    spec: EpisodeSpec
    index: int
    steps: tuple[Step, ...]
    observation: Observation | None
    total_reward: float
    outcome: Outcome
    error: str = ""


@dataclass(frozen=True, slots=True)
class SessionState:
    """A session as the server holds it. `history` is empty unless it was asked for."""

    session_id: str
    observation: Observation
    total_reward: float
    next_step_index: int
    seed: int
    history: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class BenchmarkProgress:
    """How far a benchmark is."""

    episodes_done: int
    episodes_total: int


@dataclass(frozen=True, slots=True)
class BenchmarkResult:
    """What a benchmark found: shares from 0 to 1, means per episode, wall time in seconds."""

    episodes: int
    success_rate: float
    mean_reward: float
    mean_steps: float
    wall_seconds: float
    steps_per_second: float
