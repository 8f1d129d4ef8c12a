"""Core data to the contract's messages and back: the one place where they meet.

The `fill_` functions write into a message that exists already, so that a frame of replies is built
without copies.
"""

from __future__ import annotations

from typing import assert_never

from sqldojo.v1 import action_pb2, environment_pb2, observation_pb2, review_pb2, reward_pb2

from ..core.action import Action, Answer, Describe, Query, Sample, Submit, Unparsed
from ..core.episode import Transition
from ..core.execution import ActionError, Rows, Value
from ..core.observation import SHOWN_CHARACTERS, Observation, Result, shown
from ..core.review import Review
from ..core.reward import RewardBreakdown
from ..core.task import PreparedTask
from ..sessions.session import Answered, Session

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
    response = environment_pb2.ResetResponse(session_id=session.session_id)
    fill_observation(response.observation, session.first)
    _fill_brief(response.observation.brief, session)
    return response.SerializeToString()


def encode_step(session_id: str, step_index: int, transition: Transition) -> bytes:
    """Encodes the answer to a step: a StepWithReviewResponse where it was reviewed, else a StepResponse."""
    review = transition.review
    response = environment_pb2.StepResponse() if review is None else environment_pb2.StepWithReviewResponse()
    response.session_id = session_id
    response.step_index = step_index
    fill_observation(response.observation, transition.observation)
    fill_reward(response.reward, transition.reward)
    response.total_reward = transition.state.total_reward
    if review is not None and isinstance(response, environment_pb2.StepWithReviewResponse):
        _fill_review(response.review, review)
    return response.SerializeToString()


def encode_state(session: Session, *, with_history: bool) -> bytes:
    """Encodes a session's state."""
    response = environment_pb2.GetStateResponse(
        session_id=session.session_id,
        total_reward=session.state.total_reward,
        next_step_index=len(session.answered) + 1,
        seed=session.seed,
    )
    if session.answered:
        response.observation.CopyFrom(_read_step(session.answered[-1]).observation)
    else:
        fill_observation(response.observation, session.first)
    _fill_brief(response.observation.brief, session)
    if with_history:
        for answered in session.answered:
            _fill_transition(response.history.add(), answered)
    return response.SerializeToString()


def fill_observation(message: observation_pb2.Observation, observation: Observation) -> None:
    """Writes an observation, without its brief."""
    if observation.result is not None:
        _fill_result(message.result, observation.result)
    if observation.error is not None:
        _fill_error(message.error, observation.error)
    message.steps_used = observation.steps_used
    message.steps_left = observation.steps_left
    if observation.outcome:
        message.done = True
        message.outcome = observation_pb2.Outcome.ValueType(observation.outcome)


def _fill_brief(message: observation_pb2.Brief, session: Session) -> None:
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


def _read_step(answered: Answered) -> environment_pb2.StepWithReviewResponse:
    """Reads an answer back; a StepResponse is a StepWithReviewResponse without its last field."""
    return environment_pb2.StepWithReviewResponse.FromString(answered.answer)


def _fill_result(message: observation_pb2.Result, result: Result) -> None:
    for column in result.columns:
        message.columns.add(name=column.name, declared_type=column.declared_type)
    cells = [cell for row in result.rows for cell in row]
    message.cell_types.extend([_CELL_TYPES[type(cell)] for cell in cells])
    message.cells.extend(
        [cell if type(cell) is str and len(cell) <= SHOWN_CHARACTERS else _text(cell) for cell in cells]
    )
    message.row_count = result.row_count
    message.truncated = result.truncated
    message.row_count_is_lower_bound = result.row_count_is_lower_bound


def _text(cell: Value) -> str:
    """Gives a cell as text; a long one is cut."""
    match cell:
        case None:
            return ""
        case bytes():
            return cell[:SHOWN_CHARACTERS].hex().upper()
        case str():
            return cell if len(cell) <= SHOWN_CHARACTERS else cell[:SHOWN_CHARACTERS] + "…"
        case _:
            return repr(cell)


def _fill_error(message: observation_pb2.ActionError, error: ActionError) -> None:
    message.kind = observation_pb2.ErrorKind.ValueType(error.kind)
    message.message = error.message
    message.available.extend(error.available)
