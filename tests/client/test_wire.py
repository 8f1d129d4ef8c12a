"""The messages are built here from the contract's own words, then read by the client."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sqldojo.client import (
    Action,
    ActionError,
    AnswerKind,
    BankInfo,
    Baseline,
    Column,
    DatabaseInfo,
    Difficulty,
    EpisodeSpec,
    ErrorKind,
    ErrorReason,
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
    SessionState,
    Severity,
    Split,
    Step,
    TableColumn,
    TableInfo,
    Task,
    TaskKind,
    Verdict,
    wire,
)
from sqldojo.v1 import (
    action_pb2,
    benchmark_pb2,
    environment_pb2,
    error_pb2,
    observation_pb2,
    review_pb2,
    reward_pb2,
    task_pb2,
)

CELL_TYPES = {
    type(None): observation_pb2.CELL_TYPE_NULL,
    int: observation_pb2.CELL_TYPE_INTEGER,
    float: observation_pb2.CELL_TYPE_REAL,
    str: observation_pb2.CELL_TYPE_TEXT,
    bytes: observation_pb2.CELL_TYPE_BLOB,
}

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
count = st.integers(0, 2**32 - 1)
number = st.floats(allow_nan=False)
value = st.none() | st.integers(-(2**63), 2**63 - 1) | number | text | st.binary(max_size=8)


@st.composite
def results(draw):
    columns = draw(st.lists(st.builds(Column, text, text), min_size=1, max_size=4))
    row = st.tuples(*[value] * len(columns))
    return Result(
        tuple(columns),
        tuple(draw(st.lists(row, max_size=4))),
        draw(count),
        truncated=draw(st.booleans()),
        row_count_is_lower_bound=draw(st.booleans()),
    )


action_errors = st.builds(
    ActionError, st.sampled_from(ErrorKind), text, st.lists(text, max_size=3).map(tuple)
)
observations = st.builds(
    Observation,
    task_id=text,
    kind=st.sampled_from(TaskKind),
    database_id=text,
    prompt=text,
    tables=st.lists(text, max_size=3).map(tuple),
    broken_sql=text,
    broken_error=st.none() | action_errors,
    broken_result=st.none() | results(),
    budget=count,
    profile=text,
    result=st.none() | results(),
    error=st.none() | action_errors,
    steps_used=count,
    steps_left=count,
    done=st.booleans(),
    outcome=st.sampled_from(Outcome),
    history=st.just(()),
)
rewards = st.builds(
    Reward,
    number,
    number,
    st.lists(st.builds(RewardTerm, st.sampled_from(RewardTermKind), number, number, number), max_size=3).map(
        tuple
    ),
    st.none() | number,
    st.none() | number,
)
findings = st.builds(Finding, st.sampled_from(FindingKind), st.sampled_from(Severity), text, text)
reviews = st.builds(Review, st.sampled_from(Verdict), st.lists(findings, max_size=3).map(tuple))
actions = st.one_of(*(st.builds(kind, st.text(max_size=50)) for kind in Action.__args__))


def cell(value):
    if value is None:
        return ""
    return value.hex().upper() if isinstance(value, bytes) else str(value)


def result_message(result):
    cells = [value for row in result.rows for value in row]
    return observation_pb2.Result(
        columns=[
            observation_pb2.Column(name=column.name, declared_type=column.declared_type)
            for column in result.columns
        ],
        cell_types=[CELL_TYPES[type(value)] for value in cells],
        cells=map(cell, cells),
        row_count=result.row_count,
        truncated=result.truncated,
        row_count_is_lower_bound=result.row_count_is_lower_bound,
    )


def error_message(error):
    return observation_pb2.ActionError(kind=error.kind, message=error.message, available=error.available)


def brief_message(seen):
    return observation_pb2.Brief(
        task_id=seen.task_id,
        kind=seen.kind,
        database_id=seen.database_id,
        prompt=seen.prompt,
        tables=seen.tables,
        broken_sql=seen.broken_sql,
        broken_error=seen.broken_error and error_message(seen.broken_error),
        broken_result=seen.broken_result and result_message(seen.broken_result),
        budget=seen.budget,
        profile=seen.profile,
    )


def observation_message(seen, *, brief):
    return observation_pb2.Observation(
        brief=brief_message(seen) if brief else None,
        result=seen.result and result_message(seen.result),
        error=seen.error and error_message(seen.error),
        steps_used=seen.steps_used,
        steps_left=seen.steps_left,
        done=seen.done,
        outcome=seen.outcome,
    )


def reward_message(reward):
    return reward_pb2.RewardBreakdown(
        total=reward.total,
        unclipped=reward.unclipped,
        terms=[
            reward_pb2.RewardTerm(
                kind=term.kind, value=term.value, weight=term.weight, contribution=term.contribution
            )
            for term in reward.terms
        ],
        clip_low=reward.clip_low,
        clip_high=reward.clip_high,
    )


def review_message(review):
    return review_pb2.Review(
        verdict=review.verdict,
        findings=[
            review_pb2.Finding(
                kind=finding.kind, severity=finding.severity, where=finding.where, message=finding.message
            )
            for finding in review.findings
        ],
    )


def over_the_wire(message):
    return type(message).FromString(message.SerializeToString())


@given(actions)
def test_actions_come_back_as_they_went(action):
    assert wire.action_of(over_the_wire(wire.action_message(action))) == action


def test_text_that_is_no_unicode_goes_as_near_as_it_can():
    message = wire.action_message(Query("a\ud800b \ud83d\ude00"))
    assert wire.action_of(message) == Query("a\ufffdb 😀")


@pytest.mark.parametrize("nonsense", [None, "select 1", Query(None), Query(b"select 1"), Query(7)])
def test_what_is_no_action_is_refused(nonsense):
    with pytest.raises(TypeError):
        wire.action_message(nonsense)


@given(observations)
def test_a_first_observation_is_read_whole(seen):
    assert wire.first_observation(over_the_wire(observation_message(seen, brief=True))) == seen


@settings(max_examples=30)
@given(observations, observations, rewards, number, count, st.none() | reviews, actions)
def test_a_step_is_read_whole_and_takes_the_brief(first, seen, reward, total, index, review, action):
    fields = {
        "step_index": index,
        "observation": observation_message(seen, brief=False),
        "reward": reward_message(reward),
        "total_reward": total,
    }
    if review is None:
        message = environment_pb2.StepResponse(**fields)
    else:
        message = environment_pb2.StepWithReviewResponse(**fields, review=review_message(review))
    step = wire.played_step(over_the_wire(message), action, first)
    assert (step.step_index, step.action, step.reward, step.total_reward) == (index, action, reward, total)
    assert step.review == review
    assert brief_message(step.observation) == brief_message(first)
    assert observation_message(step.observation, brief=False) == observation_message(seen, brief=False)


@settings(max_examples=30)
@given(observations, st.lists(st.tuples(actions, observations, rewards, number), max_size=3))
def test_a_state_is_read_with_its_history(last, steps):
    transitions = [
        observation_pb2.Transition(
            step_index=index,
            action=wire.action_message(action),
            observation=observation_message(seen, brief=False),
            reward=reward_message(reward),
            total_reward=total,
        )
        for index, (action, seen, reward, total) in enumerate(steps, 1)
    ]
    message = environment_pb2.GetStateResponse(
        session_id="one",
        observation=observation_message(last, brief=True),
        total_reward=1.5,
        next_step_index=len(steps) + 1,
        seed=2**64 - 1,
        history=transitions,
    )
    state = wire.session_state(over_the_wire(message))
    assert (state.session_id, state.total_reward, state.next_step_index, state.seed) == (
        "one",
        1.5,
        len(steps) + 1,
        2**64 - 1,
    )
    assert state.history == state.observation.history
    assert [(step.action, step.reward, step.total_reward) for step in state.history] == [
        (action, reward, total) for action, _, reward, total in steps
    ]
    assert isinstance(state, SessionState)
    assert all(isinstance(step, Step) and step.observation.prompt == last.prompt for step in state.history)


def test_a_long_blob_comes_cut():
    message = observation_pb2.Result(
        columns=[observation_pb2.Column(name="b")] * 2,
        cell_types=[observation_pb2.CELL_TYPE_BLOB] * 2,
        cells=["00FF1…", "00FF…"],
        row_count=1,
    )
    seen = wire.first_observation(
        observation_pb2.Observation(brief=observation_pb2.Brief(kind=TaskKind.EXPLORE), result=message)
    )
    assert seen.result.rows == ((b"\x00\xff", b"\x00\xff"),)


def test_infinities_are_numbers():
    message = observation_pb2.Result(
        columns=[observation_pb2.Column(name="x")],
        cell_types=[observation_pb2.CELL_TYPE_REAL] * 2,
        cells=["inf", "-inf"],
        row_count=2,
    )
    seen = wire.first_observation(
        observation_pb2.Observation(brief=observation_pb2.Brief(kind=TaskKind.EXPLORE), result=message)
    )
    assert seen.result.rows == ((math.inf,), (-math.inf,))


def result_of(message):
    return wire.first_observation(
        observation_pb2.Observation(brief=observation_pb2.Brief(kind=TaskKind.EXPLORE), result=message)
    ).result


def test_what_the_rollouts_of_a_prompt_see_alike_is_held_once():
    short, long = (
        observation_pb2.Result(
            columns=[observation_pb2.Column(name="x")],
            cell_types=[observation_pb2.CELL_TYPE_TEXT] * 20,
            cells=["x" * length] * 20,
            row_count=20,
        )
        for length in (10, 1000)
    )
    assert result_of(short) is result_of(over_the_wire(short))
    assert result_of(long) == result_of(over_the_wire(long))
    assert result_of(long) is not result_of(long)


@pytest.mark.parametrize(("types", "cells"), [(3, 3), (2, 4), (4, 2)])
def test_cells_that_make_no_rows_are_refused(types, cells):
    message = observation_pb2.Result(
        columns=[observation_pb2.Column(name=name) for name in "xy"],
        cell_types=[observation_pb2.CELL_TYPE_TEXT] * types,
        cells=["x"] * cells,
    )
    with pytest.raises(ValueError, match=r"result of|zip"):
        result_of(message)


def test_what_only_a_newer_server_says_is_named():
    with pytest.raises(ValueError, match="TaskKind 9"):
        wire.first_observation(observation_pb2.Observation(brief=observation_pb2.Brief(kind=9)))


def test_an_episode_goes_whole():
    spec = EpisodeSpec("t", 7, "p", 9, reviewed=True)
    message = wire.reset_request(spec, "one")
    assert message == environment_pb2.ResetRequest(
        task_id="t", session_id="one", profile="p", seed=7, budget=9
    )
    assert isinstance(
        wire.step_request("one", 1, Query(""), reviewed=True), environment_pb2.StepWithReviewRequest
    )


def test_tasks_and_databases_are_read_whole():
    message = task_pb2.Task(
        task_id="t",
        kind=observation_pb2.TASK_KIND_REPAIR,
        database_id="d",
        split=task_pb2.SPLIT_DEV,
        difficulty=task_pb2.DIFFICULTY_HARD,
        family="f",
        prompt="p",
        broken_sql="b",
        gold=task_pb2.Gold(sql="g", tables=["a"]),
    )
    task = Task(
        "t", TaskKind.REPAIR, "d", Split.DEV, Difficulty.HARD, "f", "p", "b", Gold("g", None, "", ("a",))
    )
    assert wire.task(message) == task
    message.gold.answer_kind = task_pb2.ANSWER_KIND_LIST
    assert wire.task(message).gold.answer_kind is AnswerKind.LIST
    message.ClearField("gold")
    assert wire.task(message).gold is None
    database = task_pb2.Database(
        database_id="d",
        title="t",
        split=task_pb2.SPLIT_TEST,
        task_count=3,
        tables=[
            task_pb2.Table(
                name="a",
                row_count=5,
                is_view=True,
                columns=[
                    task_pb2.TableColumn(
                        name="c",
                        declared_type="INTEGER",
                        not_null=True,
                        primary_key_position=1,
                        references="b.c",
                    )
                ],
            )
        ],
    )
    column = TableColumn("c", "INTEGER", not_null=True, primary_key_position=1, references="b.c")
    whole = DatabaseInfo("d", "t", Split.TEST, 3, (TableInfo("a", (column,), 5, is_view=True),))
    assert wire.database(database) == whole
    listing = task_pb2.ListDatabasesResponse(databases=[database], bank_digest="5a", server_version="1.2")
    assert wire.bank(listing) == BankInfo("5a", "1.2", (whole,))


@pytest.mark.parametrize(
    ("members", "contract"),
    [
        (TaskKind, observation_pb2.TaskKind),
        (Outcome, observation_pb2.Outcome),
        (ErrorKind, observation_pb2.ErrorKind),
        (Split, task_pb2.Split),
        (Difficulty, task_pb2.Difficulty),
        (AnswerKind, task_pb2.AnswerKind),
        (Verdict, review_pb2.Verdict),
        (Severity, review_pb2.Severity),
        (FindingKind, review_pb2.FindingKind),
        (RewardTermKind, reward_pb2.RewardTermKind),
        (Baseline, benchmark_pb2.Baseline),
        (ErrorReason, error_pb2.ErrorReason),
    ],
)
def test_enums_are_the_contract_s(members, contract):
    prefix = contract.keys()[0].removesuffix("UNSPECIFIED")
    theirs = {name.removeprefix(prefix): number for name, number in contract.items() if number}
    assert {member.name: member.value for member in members if member.value} == theirs


def test_actions_are_the_contract_s():
    kinds = {field.name for field in action_pb2.Action.DESCRIPTOR.oneofs_by_name["kind"].fields}
    assert {kind.__name__.lower() for kind in Action.__args__} == kinds
