"""Core data to the contract's messages and back: the one place where they meet.

The `fill_` functions write into a message that exists already, so that a frame of replies is built
without copies.
"""

from __future__ import annotations

from typing import assert_never

from sqldojo.v1 import action_pb2, observation_pb2, review_pb2, reward_pb2

from ..core.action import Action, Answer, Describe, Query, Sample, Submit, Unparsed
from ..core.execution import ActionError, Rows, Value
from ..core.observation import Observation, Result, shown
from ..core.review import Review
from ..core.reward import RewardBreakdown
from ..core.task import PreparedTask
from ..sessions.session import Played, Session

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


def fill_action(message: action_pb2.Action, action: Action) -> None:
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


def fill_observation(message: observation_pb2.Observation, observation: Observation) -> None:
    """Writes an observation, without its brief."""
    if observation.result is not None:
        _fill_result(message.result, observation.result)
    if observation.error is not None:
        _fill_error(message.error, observation.error)
    message.steps_used = observation.steps_used
    message.steps_left = observation.steps_left
    message.done = observation.done
    message.outcome = observation_pb2.Outcome.ValueType(observation.outcome)


def fill_brief(message: observation_pb2.Brief, session: Session) -> None:
    """Writes what stays the same through a session's episode."""
    prepared: PreparedTask = session.episode.prepared
    task = prepared.task
    message.task_id = task.task_id
    message.kind = observation_pb2.TaskKind.ValueType(task.kind)
    message.database_id = task.database_id
    message.prompt = task.prompt
    message.tables.extend(prepared.tables)
    message.broken_sql = task.broken_sql
    if isinstance(prepared.broken, ActionError):
        _fill_error(message.broken_error, prepared.broken)
    elif isinstance(prepared.broken, Rows):
        _fill_result(message.broken_result, shown(prepared.broken))
    message.budget = session.state.budget
    message.profile = session.episode.profile.name


def fill_reward(message: reward_pb2.RewardBreakdown, reward: RewardBreakdown) -> None:
    """Writes a reward with its terms."""
    message.total = reward.total
    message.unclipped = reward.unclipped
    for term in reward.terms:
        message.terms.add(
            kind=reward_pb2.RewardTermKind.ValueType(term.kind),
            value=term.value,
            weight=term.weight,
            contribution=term.contribution,
        )
    if reward.clip is not None:
        message.clip_low, message.clip_high = reward.clip


def fill_review(message: review_pb2.Review, review: Review) -> None:
    """Writes a review."""
    message.verdict = review_pb2.Verdict.ValueType(review.verdict)
    for finding in review.findings:
        message.findings.add(
            kind=review_pb2.FindingKind.ValueType(finding.kind),
            severity=review_pb2.Severity.ValueType(finding.severity),
            where=finding.where,
            message=finding.message,
        )


def fill_transition(message: observation_pb2.Transition, played: Played) -> None:
    """Writes a step of a session's history."""
    transition = played.transition
    message.step_index = played.step_index
    fill_action(message.action, played.action)
    fill_observation(message.observation, transition.observation)
    fill_reward(message.reward, transition.reward)
    message.total_reward = transition.state.total_reward


def _fill_result(message: observation_pb2.Result, result: Result) -> None:
    for column in result.columns:
        message.columns.add(name=column.name, declared_type=column.declared_type)
    cells = [cell for row in result.rows for cell in row]
    message.cell_types.extend([_CELL_TYPES[type(cell)] for cell in cells])
    message.cells.extend([cell if type(cell) is str else _text(cell) for cell in cells])
    message.row_count = result.row_count
    message.truncated = result.truncated
    message.row_count_is_lower_bound = result.row_count_is_lower_bound


def _text(cell: Value) -> str:
    if cell is None:
        return ""
    return cell.hex().upper() if isinstance(cell, bytes) else repr(cell)


def _fill_error(message: observation_pb2.ActionError, error: ActionError) -> None:
    message.kind = observation_pb2.ErrorKind.ValueType(error.kind)
    message.message = error.message
    message.available.extend(error.available)
