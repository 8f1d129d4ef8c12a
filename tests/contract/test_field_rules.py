"""Every rule of the contract refuses what breaks it, naming the field, and passes what just keeps it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import protovalidate
import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from sqldojo.buf.validate import validate_pb2
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
from sqldojo.v1.action_pb2 import Action, Describe
from sqldojo.v1.benchmark_pb2 import BASELINE_ORACLE, BASELINE_RANDOM, RunRequest
from sqldojo.v1.environment_pb2 import (
    CloseSessionRequest,
    GetStateRequest,
    ResetRequest,
    StepRequest,
    StepWithReviewRequest,
)
from sqldojo.v1.observation_pb2 import TASK_KIND_REPAIR
from sqldojo.v1.task_pb2 import (
    DIFFICULTY_HARD,
    SPLIT_TEST_DRIFT,
    GetDatabaseRequest,
    GetTaskRequest,
    ListTasksRequest,
)

PROTO = Path(__file__).resolve().parents[2] / "proto"
MODULES = (
    action_pb2,
    benchmark_pb2,
    environment_pb2,
    error_pb2,
    observation_pb2,
    review_pb2,
    reward_pb2,
    task_pb2,
)
ACTION = Action(describe=Describe(table="t"))


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: where it stands, a message that just breaks it, and messages that just keep it."""

    field: str
    rule: str
    broken: Message
    kept: tuple[Message, ...]

    def __str__(self) -> str:
        return f"{self.broken.DESCRIPTOR.name}.{self.field}-{self.rule}"


def length(make: type[Message], field: str, longest: int, **others: object) -> Iterator[Rule]:
    """The two rules of a name that must be there and not be too long."""
    kept = tuple(make(**others, **{field: "x" * n}) for n in (1, longest))
    yield Rule(field, "string.min_len", make(**others), kept)
    yield Rule(field, "string.max_len", make(**others, **{field: "x" * (longest + 1)}), kept)


def step(make: type[StepRequest] | type[StepWithReviewRequest]) -> Iterator[Rule]:
    """The rules of a step."""
    yield from length(make, "session_id", 128, step_index=1, action=ACTION)
    kept = (make(session_id="s", step_index=1, action=ACTION),)
    yield Rule("step_index", "uint32.gte", make(session_id="s", action=ACTION), kept)
    yield Rule("action", "required", make(session_id="s", step_index=1), kept)


def reset() -> Iterator[Rule]:
    """The rules of a reset."""
    yield from length(ResetRequest, "task_id", 256)
    ids = tuple(ResetRequest(task_id="t", session_id=each) for each in ("", "aZ09_.:-", "x" * 128))
    for bad, rule in (("x" * 129, "string.max_len"), ("a b", "string.pattern")):
        yield Rule("session_id", rule, ResetRequest(task_id="t", session_id=bad), ids)
    profiles = tuple(ResetRequest(task_id="t", profile="x" * n) for n in (0, 64))
    yield Rule("profile", "string.max_len", ResetRequest(task_id="t", profile="x" * 65), profiles)
    budgets = tuple(ResetRequest(task_id="t", budget=n) for n in (0, 100))
    yield Rule("budget", "uint32.lte", ResetRequest(task_id="t", budget=101), budgets)
    policies = tuple(
        ResetRequest(task_id="t", policy=text) for text in ("", "x" * 128, "gpt é 7/8 \U0001f600")
    )
    yield Rule("policy", "string.max_len", ResetRequest(task_id="t", policy="x" * 129), policies)
    for bad in ("a\0b", "a\n", "\x7f"):
        yield Rule("policy", "string.pattern", ResetRequest(task_id="t", policy=bad), policies)


def listing() -> Iterator[Rule]:
    """The rules of a listing of tasks."""
    sizes = tuple(ListTasksRequest(page_size=n) for n in (0, 1000))
    yield Rule("page_size", "uint32.lte", ListTasksRequest(page_size=1001), sizes)
    tokens = tuple(ListTasksRequest(page_token=each) for each in ("", "0", "999999999"))
    for bad in ("1234567890", "-1", "next"):
        yield Rule("page_token", "string.pattern", ListTasksRequest(page_token=bad), tokens)
    for field, last in (
        ("kind", TASK_KIND_REPAIR),
        ("split", SPLIT_TEST_DRIFT),
        ("difficulty", DIFFICULTY_HARD),
    ):
        values = tuple(ListTasksRequest(**{field: n}) for n in range(last + 1))
        yield Rule(field, "enum.defined_only", ListTasksRequest(**{field: last + 1}), values)
    for field in ("database_id", "family"):
        names = tuple(ListTasksRequest(**{field: "x" * n}) for n in (0, 128))
        yield Rule(field, "string.max_len", ListTasksRequest(**{field: "x" * 129}), names)


def benchmark() -> Iterator[Rule]:
    """The rules of a benchmark."""
    kept = tuple(
        RunRequest(baseline=baseline, episodes=n)
        for baseline in (BASELINE_RANDOM, BASELINE_ORACLE)
        for n in (1, 10_000)
    )
    yield Rule("baseline", "required", RunRequest(episodes=1), kept)
    yield Rule("baseline", "enum.defined_only", RunRequest(episodes=1, baseline=BASELINE_ORACLE + 1), kept)
    yield Rule("episodes", "uint32.gte", RunRequest(baseline=BASELINE_RANDOM), kept)
    yield Rule("episodes", "uint32.lte", RunRequest(baseline=BASELINE_RANDOM, episodes=10_001), kept)
    for field, last in (("kind", TASK_KIND_REPAIR), ("split", SPLIT_TEST_DRIFT)):
        good = tuple(RunRequest(baseline=BASELINE_RANDOM, episodes=1, **{field: n}) for n in range(last + 1))
        bad = RunRequest(baseline=BASELINE_RANDOM, episodes=1, **{field: last + 1})
        yield Rule(field, "enum.defined_only", bad, good)


RULES = [
    Rule("kind", "required", Action(), (ACTION, Action(query={}), Action(unparsed={}))),
    *reset(),
    *step(StepRequest),
    *step(StepWithReviewRequest),
    *length(GetStateRequest, "session_id", 128),
    *length(CloseSessionRequest, "session_id", 128),
    *listing(),
    *length(GetTaskRequest, "task_id", 256),
    *length(GetDatabaseRequest, "database_id", 128),
    *benchmark(),
]


def violations(message: Message) -> list[tuple[str, str]]:
    """Path and rule id of each rule that the message breaks."""
    found = [each.proto for each in protovalidate.collect_violations(message)]
    return [(".".join(part.field_name for part in each.field.elements), each.rule_id) for each in found]


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_a_broken_rule_names_its_field(rule: Rule) -> None:
    ((field, rule_id),) = violations(rule.broken)
    assert field == rule.field
    # Two bounds on one number are checked as one rule: "uint32.gte_lte".
    kind, _, bounds = rule_id.rpartition(".")
    assert rule.rule in {f"{kind}.{bound}".lstrip(".") for bound in (bounds, *bounds.split("_"))}


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_what_just_keeps_the_rule_passes(rule: Rule) -> None:
    assert [violations(message) for message in rule.kept] == [[]] * len(rule.kept)


def test_an_action_inside_a_step_is_checked_with_its_path() -> None:
    assert violations(StepRequest(session_id="s", step_index=1, action=Action())) == [
        ("action.kind", "required")
    ]


def test_all_that_breaks_is_named_at_once() -> None:
    broken = StepRequest(session_id="x" * 129)
    assert [field for field, _ in violations(broken)] == ["session_id", "step_index", "action"]


def rules_of(field: FieldDescriptor) -> Iterator[str]:
    """The rules that the contract puts on a field, as "string.min_len"."""
    for option, value in field.GetOptions().Extensions[validate_pb2.field].ListFields():
        if isinstance(value, Message):
            yield from (f"{option.name}.{each.name}" for each, _ in value.ListFields())
        else:
            yield option.name


def rules_in(message: Descriptor) -> Iterator[tuple[str, str, str]]:
    """Message, field and rule of each rule in a message."""
    for field in message.fields:
        yield from ((message.name, field.name, rule) for rule in rules_of(field))
    for oneof in message.oneofs:
        if oneof.GetOptions().Extensions[validate_pb2.oneof].required:
            yield message.name, oneof.name, "required"
    for nested in message.nested_types:
        yield from rules_in(nested)


def test_no_rule_of_the_contract_is_missing_here() -> None:
    messages = [message for module in MODULES for message in module.DESCRIPTOR.message_types_by_name.values()]
    declared = {rule for message in messages for rule in rules_in(message)}
    assert declared == {(each.broken.DESCRIPTOR.name, each.field, each.rule) for each in RULES}


def test_no_file_of_the_contract_is_missing_here() -> None:
    files = sorted(f"sqldojo/v1/{path.name}" for path in (PROTO / "sqldojo" / "v1").glob("*.proto"))
    assert [module.DESCRIPTOR.name for module in MODULES] == files
