"""Between the contract's messages and the client's dataclasses, both ways."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from enum import IntEnum
from functools import lru_cache
from typing import TypeVar, cast

from google.protobuf.message import Message

from sqldojo.v1 import (
    action_pb2,
    benchmark_pb2,
    environment_pb2,
    observation_pb2,
    review_pb2,
    reward_pb2,
    task_pb2,
)

from .types import (
    MAX_SEED,
    Action,
    ActionError,
    Answer,
    AnswerKind,
    BankInfo,
    Baseline,
    BenchmarkProgress,
    BenchmarkResult,
    Column,
    DatabaseInfo,
    Describe,
    Difficulty,
    EpisodeSpec,
    ErrorKind,
    Finding,
    FindingKind,
    Gold,
    Observation,
    Outcome,
    Query,
    Result,
    Review,
    Reward,
    RewardTerm,
    RewardTermKind,
    Sample,
    SessionState,
    Severity,
    Split,
    Step,
    Submit,
    TableColumn,
    TableInfo,
    Task,
    TaskKind,
    Unparsed,
    Value,
    Verdict,
)

StepMessage = environment_pb2.StepRequest | environment_pb2.StepWithReviewRequest
StepAnswer = environment_pb2.StepResponse | environment_pb2.StepWithReviewResponse

_Member = TypeVar("_Member", bound=IntEnum)
_Message = TypeVar("_Message", bound=Message)
_Read = TypeVar("_Read")

_KEPT = 512  # messages of a kind that are kept as they were read
_KEPT_BYTES = 16 * 1024  # of one of them, encoded


# Requests


def as_spec(episode: EpisodeSpec | str) -> EpisodeSpec:
    """Gives the episode that a task id stands for. Raises TypeError for what is neither."""
    if isinstance(episode, str):
        return EpisodeSpec(episode)
    if isinstance(episode, EpisodeSpec):
        return episode
    raise TypeError(f"{episode!r:.200} is no episode: give an EpisodeSpec or a task's id")


def reset_request(spec: EpisodeSpec, session_id: str) -> environment_pb2.ResetRequest:
    """Gives the message that opens `session_id` for an episode.

    Raises ValueError for a seed or budget that it has no room for.
    """
    if not 0 <= spec.seed <= MAX_SEED:
        raise ValueError(f"seed {spec.seed} must be 0 to 2**64 - 1")
    if not 0 <= spec.budget < 1 << 32:
        raise ValueError(f"budget {spec.budget} must be 0, or 1 to 100")
    return environment_pb2.ResetRequest(
        task_id=spec.task,
        session_id=session_id,
        profile=spec.profile,
        seed=spec.seed,
        budget=spec.budget,
        policy=spec.policy,
    )


def step_request(session_id: str, step_index: int, action: Action, *, reviewed: bool) -> StepMessage:
    """Gives the message that plays a step, behind the review gate where `reviewed`."""
    message = environment_pb2.StepWithReviewRequest if reviewed else environment_pb2.StepRequest
    return message(session_id=session_id, step_index=step_index, action=action_message(action))


def action_message(action: Action) -> action_pb2.Action:
    """Gives an action's message. A text that is not UTF-8 (a lone surrogate) goes with U+FFFD in its place.

    Raises TypeError for what is no action, and for an action whose text is no str.
    """
    text = check_action(action)
    try:
        return _action_message(action)
    except UnicodeEncodeError:
        # Through UTF-16, so that two surrogates which make one character become it.
        return _action_message(
            type(action)(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
        )


def check_action(action: Action) -> str:
    """Gives an action's text. Raises TypeError for what is no action, and where its text is no str."""
    match action:
        case Query(text) | Describe(text) | Sample(text) | Answer(text) | Submit(text) | Unparsed(text):
            if isinstance(text, str):
                return text
            raise TypeError(f"{action!r}: an action's text must be a str")
        case _:
            raise TypeError(
                f"{action!r} is no action: use Describe, Sample, Query, Answer, Submit or Unparsed"
            )


def _action_message(action: Action) -> action_pb2.Action:
    match action:
        case Query(sql):
            return action_pb2.Action(query=action_pb2.Query(sql=sql))
        case Describe(table):
            return action_pb2.Action(describe=action_pb2.Describe(table=table))
        case Sample(table):
            return action_pb2.Action(sample=action_pb2.Sample(table=table))
        case Answer(value):
            return action_pb2.Action(answer=action_pb2.Answer(value=value))
        case Submit(sql):
            return action_pb2.Action(submit=action_pb2.Submit(sql=sql))
        case Unparsed(text):
            return action_pb2.Action(unparsed=action_pb2.Unparsed(text=text))


def list_tasks_request(
    page_size: int,
    kind: TaskKind | None,
    split: Split | None,
    difficulty: Difficulty | None,
    database: str,
    family: str,
    *,
    gold: bool,
) -> task_pb2.ListTasksRequest:
    """Gives the message that asks for the first page of the tasks that pass the filters."""
    return task_pb2.ListTasksRequest(
        page_size=page_size,
        kind=cast("observation_pb2.TaskKind.ValueType", kind or 0),
        split=cast("task_pb2.Split.ValueType", split or 0),
        difficulty=cast("task_pb2.Difficulty.ValueType", difficulty or 0),
        database_id=database,
        family=family,
        include_gold=gold,
    )


def benchmark_request(
    baseline: Baseline, episodes: int, seed: int, kind: TaskKind | None, split: Split | None
) -> benchmark_pb2.RunRequest:
    """Gives the message that runs a benchmark."""
    return benchmark_pb2.RunRequest(
        baseline=cast("benchmark_pb2.Baseline.ValueType", baseline),
        episodes=episodes,
        seed=seed,
        kind=cast("observation_pb2.TaskKind.ValueType", kind or 0),
        split=cast("task_pb2.Split.ValueType", split or 0),
    )


# Observations and steps


def _read_once(
    kind: type[_Message],
) -> Callable[[Callable[[_Message], _Read]], Callable[[_Message], _Read]]:
    """Has equal messages of a kind read once: the rollouts of one prompt get the same again and again."""

    def decorate(read: Callable[[_Message], _Read]) -> Callable[[_Message], _Read]:
        @lru_cache(_KEPT)
        def read_or_find(data: bytes) -> _Read:
            return read(kind.FromString(data))

        def read_message(message: _Message) -> _Read:
            data = message.SerializeToString()
            return read_or_find(data) if len(data) <= _KEPT_BYTES else read(message)

        return read_message

    return decorate


def first_observation(message: observation_pb2.Observation) -> Observation:
    """Gives an observation that carries its brief. Its history is empty: the message has none."""
    return next_observation(message, _brief(message.brief))


@_read_once(observation_pb2.Brief)
def _brief(brief: observation_pb2.Brief) -> Observation:
    return Observation(
        task_id=brief.task_id,
        kind=_member(TaskKind, brief.kind),
        database_id=brief.database_id,
        prompt=brief.prompt,
        tables=tuple(brief.tables),
        broken_sql=brief.broken_sql,
        broken_error=_action_error(brief.broken_error) if brief.HasField("broken_error") else None,
        broken_result=_result(brief.broken_result) if brief.HasField("broken_result") else None,
        budget=brief.budget,
        profile=brief.profile,
    )


def next_observation(message: observation_pb2.Observation, brief: Observation) -> Observation:
    """Gives the observation after a step, with the brief of any observation of its episode and no history."""
    return brief.following(
        result=_result(message.result) if message.HasField("result") else None,
        error=_action_error(message.error) if message.HasField("error") else None,
        steps_used=message.steps_used,
        steps_left=message.steps_left,
        done=message.done,
        outcome=_member(Outcome, message.outcome),
    )


def played_step(message: StepAnswer, action: Action, brief: Observation) -> Step:
    """Gives the step that `action` was, as it stands in a history."""
    return Step(
        step_index=message.step_index,
        action=action,
        observation=next_observation(message.observation, brief),
        reward=_reward(message.reward),
        total_reward=message.total_reward,
        review=_review(message.review)
        if isinstance(message, environment_pb2.StepWithReviewResponse)
        else None,
    )


def session_state(message: environment_pb2.GetStateResponse) -> SessionState:
    """Gives a session's state; its history and its observation's are those of the message."""
    observation = first_observation(message.observation)
    history = tuple(
        Step(
            step_index=step.step_index,
            action=action_of(step.action),
            observation=next_observation(step.observation, observation),
            reward=_reward(step.reward),
            total_reward=step.total_reward,
        )
        for step in message.history
    )
    return SessionState(
        session_id=message.session_id,
        observation=replace(observation, history=history),
        total_reward=message.total_reward,
        next_step_index=message.next_step_index,
        seed=message.seed,
        history=history,
    )


def action_of(message: action_pb2.Action) -> Action:
    """Gives the action that a message holds."""
    match message.WhichOneof("kind"):
        case "describe":
            return Describe(message.describe.table)
        case "sample":
            return Sample(message.sample.table)
        case "query":
            return Query(message.query.sql)
        case "answer":
            return Answer(message.answer.value)
        case "submit":
            return Submit(message.submit.sql)
        case "unparsed":
            return Unparsed(message.unparsed.text)
        case kind:
            raise ValueError(f"the server sent an action of kind {kind}; a newer sqldojo may know it")


@_read_once(observation_pb2.Result)
def _result(message: observation_pb2.Result) -> Result:
    kinds, cells, width = message.cell_types[:], message.cells[:], len(message.columns)
    if len(kinds) != len(cells):
        raise ValueError(f"a result of {len(cells)} cells and {len(kinds)} types")
    columns = [_column(kinds[place::width], cells[place::width]) for place in range(width)]
    return Result(
        columns=tuple([Column(column.name, column.declared_type) for column in message.columns]),
        rows=tuple(zip(*columns, strict=True)),
        row_count=message.row_count,
        truncated=message.truncated,
        row_count_is_lower_bound=message.row_count_is_lower_bound,
    )


def _column(kinds: Sequence[int], cells: Sequence[str]) -> list[Value]:
    if len(set(kinds)) == 1:
        return list(map(_READ_CELL[kinds[0]], cells))
    return [_READ_CELL[kind](cell) for kind, cell in zip(kinds, cells, strict=True)]


def _null(_: str) -> None:
    return None


def _blob(cell: str) -> bytes:
    digits = cell.removesuffix("…")  # a long cell is cut, maybe in the middle of a byte
    return bytes.fromhex(digits[: len(digits) // 2 * 2])


_READ_CELL: dict[int, Callable[[str], Value]] = {
    observation_pb2.CELL_TYPE_NULL: _null,
    observation_pb2.CELL_TYPE_INTEGER: int,
    observation_pb2.CELL_TYPE_REAL: float,
    observation_pb2.CELL_TYPE_TEXT: str,
    observation_pb2.CELL_TYPE_BLOB: _blob,
}


def _action_error(message: observation_pb2.ActionError) -> ActionError:
    return ActionError(_member(ErrorKind, message.kind), message.message, tuple(message.available))


@_read_once(reward_pb2.RewardBreakdown)
def _reward(message: reward_pb2.RewardBreakdown) -> Reward:
    return Reward(
        total=message.total,
        unclipped=message.unclipped,
        terms=tuple(
            [
                RewardTerm(_member(RewardTermKind, term.kind), term.value, term.weight, term.contribution)
                for term in message.terms
            ]
        ),
        clip_low=message.clip_low if message.HasField("clip_low") else None,
        clip_high=message.clip_high if message.HasField("clip_high") else None,
    )


def _review(message: review_pb2.Review) -> Review:
    return Review(
        verdict=_member(Verdict, message.verdict),
        findings=tuple(
            Finding(
                _member(FindingKind, finding.kind),
                _member(Severity, finding.severity),
                finding.where,
                finding.message,
            )
            for finding in message.findings
        ),
    )


def _member(members: type[_Member], number: int) -> _Member:
    try:
        return members(number)
    except ValueError:
        raise ValueError(
            f"the server sent {members.__name__} {number}; a newer sqldojo may know it: upgrade the client"
        ) from None


# Tasks and databases


def task(message: task_pb2.Task) -> Task:
    """Gives a task, with its gold where the message has it."""
    return Task(
        task_id=message.task_id,
        kind=_member(TaskKind, message.kind),
        database_id=message.database_id,
        split=_member(Split, message.split),
        difficulty=_member(Difficulty, message.difficulty),
        family=message.family,
        prompt=message.prompt,
        broken_sql=message.broken_sql,
        gold=_gold(message.gold) if message.HasField("gold") else None,
    )


def _gold(message: task_pb2.Gold) -> Gold:
    return Gold(
        sql=message.sql,
        answer_kind=_member(AnswerKind, message.answer_kind) if message.answer_kind else None,
        answer=message.answer,
        tables=tuple(message.tables),
    )


def database(message: task_pb2.Database) -> DatabaseInfo:
    """Gives a database, with its tables where the message has them."""
    return DatabaseInfo(
        database_id=message.database_id,
        title=message.title,
        split=_member(Split, message.split),
        task_count=message.task_count,
        tables=tuple(_table(table) for table in message.tables),
    )


def bank(message: task_pb2.ListDatabasesResponse) -> BankInfo:
    """Gives what a server says of its bank."""
    return BankInfo(message.bank_digest, message.server_version, tuple(map(database, message.databases)))


def _table(message: task_pb2.Table) -> TableInfo:
    columns = tuple(
        TableColumn(
            name=column.name,
            declared_type=column.declared_type,
            not_null=column.not_null,
            primary_key_position=column.primary_key_position,
            references=column.references,
        )
        for column in message.columns
    )
    return TableInfo(message.name, columns, message.row_count, message.is_view)


def benchmark_message(message: benchmark_pb2.RunResponse) -> BenchmarkProgress | BenchmarkResult:
    """Gives what a running benchmark says: its progress, or at last its result."""
    if message.HasField("progress"):
        return BenchmarkProgress(message.progress.episodes_done, message.progress.episodes_total)
    result = message.result
    return BenchmarkResult(
        episodes=result.episodes,
        success_rate=result.success_rate,
        mean_reward=result.mean_reward,
        mean_steps=result.mean_steps,
        wall_seconds=result.wall_seconds,
        steps_per_second=result.steps_per_second,
    )
