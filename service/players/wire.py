"""Core data to the contract's messages and back: the one place where they meet."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from itertools import chain
from typing import Any, assert_never

from sqldojo.v1 import action_pb2, environment_pb2, observation_pb2, review_pb2, reward_pb2

from ..core.action import Action, Answer, Describe, Query, Sample, Submit, Unparsed
from ..core.episode import Transition
from ..core.execution import ActionError, Column, Rows
from ..core.observation import SHOWN_BYTES, SHOWN_CHARACTERS, Observation, Outcome, Result, shown
from ..core.review import Review
from ..core.reward import RewardBreakdown
from ..core.task import PreparedTask
from ..sessions.session import Answered, Encoding, Session
from . import splice

Reset = environment_pb2.ResetResponse
Step = environment_pb2.StepWithReviewResponse  # a StepResponse is the same without its review

_CELL_TYPES: dict[type, observation_pb2.CellType.ValueType] = {
    type(None): observation_pb2.CELL_TYPE_NULL,
    int: observation_pb2.CELL_TYPE_INTEGER,
    float: observation_pb2.CELL_TYPE_REAL,
    str: observation_pb2.CELL_TYPE_TEXT,
    bytes: observation_pb2.CELL_TYPE_BLOB,
}


def read_action(message: action_pb2.Action) -> Action:
    """Reads an action; one of its kinds is set, as the contract's rules ask."""
    match message.WhichOneof("kind"):
        case "query":
            return Query(message.query.sql)
        case "describe":
            return Describe(message.describe.table)
        case "sample":
            return Sample(message.sample.table)
        case "answer":
            return Answer(message.answer.value)
        case "submit":
            return Submit(message.submit.sql)
        case "unparsed":
            return Unparsed(message.unparsed.text)
        case None:
            raise ValueError("an action without a kind passed the contract's rules")
        case never:
            assert_never(never)


def _fill_action(message: action_pb2.Action, action: Action) -> None:
    """Writes an action."""
    match action:
        case Query(sql):
            message.query.sql = sql
        case Describe(table):
            message.describe.table = table
        case Sample(table):
            message.sample.table = table
        case Answer(value):
            message.answer.value = value
        case Submit(sql):
            message.submit.sql = sql
        case Unparsed(text):
            message.unparsed.text = text


def encode_reset(session: Session) -> bytes:
    """Encodes the answer to a reset: the first observation with its brief."""
    session_id = splice.field(Reset.SESSION_ID_FIELD_NUMBER, session.session_id.encode())
    return session_id + _encode_first(*_told(session), session.first)


def encode_step(session_id: str, step_index: int, transition: Transition) -> bytes:
    """Encodes the answer to a step: a StepWithReviewResponse where it was reviewed, else a StepResponse.

    This is paid at every step, so it is put together from parts: the two messages have the same fields but
    for the review, and rewards and columns are mostly those of many steps before.
    """
    rest = Step(session_id=session_id, step_index=step_index, total_reward=transition.state.total_reward)
    if transition.review is not None:
        _fill_review(rest.review, transition.review)
    return b"".join(
        (
            rest.SerializeToString(),
            splice.field(Step.OBSERVATION_FIELD_NUMBER, _encode_observation(transition.observation)),
            splice.field(Step.REWARD_FIELD_NUMBER, _encode_reward(transition.reward)),
        )
    )


def encode_state(session: Session, *, with_history: bool) -> bytes:
    """Encodes a session's state."""
    response = environment_pb2.GetStateResponse(
        session_id=session.session_id,
        total_reward=session.state.total_reward,
        next_step_index=len(session.answered) + 1,
        seed=session.record.seed,
    )
    if session.answered:
        response.observation.CopyFrom(_read_step(session.answered[-1]).observation)
    else:
        response.observation.MergeFromString(_encode_observation(session.first))
    response.observation.brief.MergeFromString(_encode_brief(*_told(session)))
    if with_history:
        for answered in session.answered:
            _fill_transition(response.history.add(), answered)
    return response.SerializeToString()


def _encode_observation(observation: Observation) -> bytes:
    """Encodes an observation, without its brief."""
    result, error, used, left, outcome = observation
    rest = _encode_standing(used, left, outcome)
    if error is not None:
        message = observation_pb2.Observation()
        _fill_error(message.error, error)
        rest += message.SerializeToString()
    if result is None:
        return rest
    return rest + splice.field(observation_pb2.Observation.RESULT_FIELD_NUMBER, _encode_result(result))


@lru_cache(maxsize=4096)
def _encode_standing(steps_used: int, steps_left: int, outcome: Outcome) -> bytes:
    message = observation_pb2.Observation(steps_used=steps_used, steps_left=steps_left)
    if outcome:
        message.done = True
        message.outcome = observation_pb2.Outcome.ValueType(outcome)
    return message.SerializeToString()


def _encode_result(result: Result) -> bytes:
    cells: list[Any] = list(chain.from_iterable(result.rows))
    cell_types, no_text = _shape(tuple(map(type, cells)))
    for place, as_text in no_text:
        cells[place] = as_text(cells[place])
    rest = observation_pb2.Result(row_count=result.row_count)
    rest.cells.extend(cells)
    if result.truncated:
        rest.truncated = True
        rest.row_count_is_lower_bound = result.row_count_is_lower_bound
    encoded = rest.SerializeToString()
    if len(encoded) > SHOWN_CHARACTERS and max(map(len, cells)) > SHOWN_CHARACTERS:
        rest.cells[:] = [_cut(cell) for cell in cells]
        encoded = rest.SerializeToString()
    return b"".join((_encode_columns(result.columns), cell_types, encoded))


def _cut(text: str) -> str:
    return text if len(text) <= SHOWN_CHARACTERS else text[:SHOWN_CHARACTERS] + "…"


_AsText = Callable[[Any], str]
_AS_TEXT: dict[type, _AsText] = {
    int: repr,
    float: repr,
    type(None): lambda _: "",
    bytes: lambda cell: cell[:SHOWN_BYTES].hex().upper(),
}


@lru_cache(maxsize=1024)
def _shape(types: tuple[type, ...]) -> tuple[bytes, tuple[tuple[int, _AsText], ...]]:
    """Gives Result.cell_types as an encoded field, and the place and writer of each cell that is no text.

    The field is packed: each of its numbers, being small, is one byte.
    """
    packed = bytes(_CELL_TYPES[each] for each in types)
    no_text = tuple((place, _AS_TEXT[each]) for place, each in enumerate(types) if each is not str)
    return splice.field(observation_pb2.Result.CELL_TYPES_FIELD_NUMBER, packed) if packed else b"", no_text


@lru_cache(maxsize=256)  # names may be long
def _encode_columns(columns: tuple[Column, ...]) -> bytes:
    result = observation_pb2.Result()
    for name, declared_type in columns:
        result.columns.add(name=_cut(name), declared_type=_cut(declared_type))
    return result.SerializeToString()


@lru_cache(maxsize=1024)
def _encode_reward(reward: RewardBreakdown) -> bytes:
    message = reward_pb2.RewardBreakdown(total=reward.total, unclipped=reward.unclipped)
    for term in reward.terms:
        message.terms.add(
            kind=reward_pb2.RewardTermKind.ValueType(term.kind),
            value=term.value,
            weight=term.weight,
            contribution=term.contribution,
        )
    if reward.clip is not None:
        message.clip_low, message.clip_high = reward.clip
    return message.SerializeToString()


def _told(session: Session) -> tuple[PreparedTask, str, int]:
    """Gives what a session's brief is about; it stays the same through the episode."""
    return session.episode.prepared, session.episode.profile.name, session.state.budget


@lru_cache(maxsize=256)  # a group of rollouts begins alike
def _encode_first(prepared: PreparedTask, profile: str, budget: int, first: Observation) -> bytes:
    """Encodes the observation of a reset's answer, as a field of it."""
    brief = splice.field(
        observation_pb2.Observation.BRIEF_FIELD_NUMBER, _encode_brief(prepared, profile, budget)
    )
    return splice.field(Reset.OBSERVATION_FIELD_NUMBER, brief + _encode_observation(first))


def _encode_brief(prepared: PreparedTask, profile: str, budget: int) -> bytes:
    return _encode_task(prepared) + observation_pb2.Brief(budget=budget, profile=profile).SerializeToString()


@lru_cache(maxsize=256)
def _encode_task(prepared: PreparedTask) -> bytes:
    """Encodes the part of a brief that is the same for all episodes of a task."""
    task = prepared.task
    message = observation_pb2.Brief(
        task_id=task.task_id,
        kind=observation_pb2.TaskKind.ValueType(task.kind),
        database_id=task.database_id,
        prompt=task.prompt,
        tables=prepared.tables,
        broken_sql=task.broken_sql,
    )
    if isinstance(prepared.broken, ActionError):
        _fill_error(message.broken_error, prepared.broken)
    elif isinstance(prepared.broken, Rows):
        message.broken_result.MergeFromString(_encode_result(shown(prepared.broken)))
    return message.SerializeToString()


def _fill_review(message: review_pb2.Review, review: Review) -> None:
    """Writes a review."""
    message.verdict = review_pb2.Verdict.ValueType(review.verdict)
    for finding in review.findings:
        message.findings.add(
            kind=review_pb2.FindingKind.ValueType(finding.kind),
            severity=review_pb2.Severity.ValueType(finding.severity),
            where=finding.where,
            message=finding.message,
        )


def _fill_transition(message: observation_pb2.Transition, answered: Answered) -> None:
    step = _read_step(answered)
    message.step_index = step.step_index
    _fill_action(message.action, answered.action)
    message.observation.CopyFrom(step.observation)
    message.reward.CopyFrom(step.reward)
    message.total_reward = step.total_reward


def _read_step(answered: Answered) -> Step:
    """Reads an answer back; see encode_step for why one message serves for both."""
    return Step.FromString(answered.answer)


def _fill_error(message: observation_pb2.ActionError, error: ActionError) -> None:
    message.kind = observation_pb2.ErrorKind.ValueType(error.kind)
    message.message = error.message
    message.available.extend(error.available)


ENCODING = Encoding(first=encode_reset, step=encode_step, reward=_encode_reward)
