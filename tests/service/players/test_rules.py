"""The short cut of the hot path says yes only to what the contract's rules allow."""

from __future__ import annotations

from collections.abc import Callable

import protovalidate
import pytest
from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as st

from sqldojo.service.players import rules, splice
from sqldojo.service.sessions.refusal import Refusal
from sqldojo.v1 import action_pb2
from sqldojo.v1 import environment_pb2 as pb

TEXT = st.text(max_size=140)
ACTIONS = st.one_of(
    st.just(action_pb2.Action()),
    st.builds(lambda sql: action_pb2.Action(query=action_pb2.Query(sql=sql)), TEXT),
    st.builds(lambda table: action_pb2.Action(describe=action_pb2.Describe(table=table)), TEXT),
)


@pytest.mark.parametrize("kind", [pb.StepRequest, pb.StepWithReviewRequest])
@given(session_id=TEXT, step_index=st.integers(0, 2**32 - 1), action=st.none() | ACTIONS)
def test_the_short_cut_agrees_with_the_rules(kind, session_id, step_index, action) -> None:
    agrees(rules.check_step, kind(session_id=session_id, step_index=step_index, action=action))


def agrees(short_cut: Callable[[Message], None], message: Message) -> None:
    allowed = not protovalidate.collect_violations(message)
    try:
        short_cut(message)
        assert allowed
    except Refusal:
        assert not allowed


RESETS = st.fixed_dictionaries(
    {},
    optional={
        "task_id": st.text(max_size=260),
        "session_id": st.text(max_size=130) | st.from_regex(r"[A-Za-z0-9_.:-]{0,130}", fullmatch=True),
        "profile": st.text(max_size=66),
        "budget": st.integers(0, 102),
        "policy": st.text(max_size=130),
        "seed": st.integers(0, 2**64 - 1),
    },
)


@given(fields=RESETS)
def test_the_short_cut_of_resets_agrees_with_the_rules(fields) -> None:
    agrees(rules.check_reset, pb.ResetRequest(**fields))


UNKNOWN = b"\x98\x06\x01" + b"\x9d\x06abcd" + b"\x99\x06abcdefgh" + b"\x9a\x06\x02ab"  # field 99


@given(count=st.integers(0, 300), sql=TEXT, most=st.integers(0, 300), number=st.integers(0, 2**64 - 1))
def test_fields_are_counted_without_reading_them(count, sql, most, number) -> None:
    action = action_pb2.Action(query=action_pb2.Query(sql=sql))
    command = pb.Command(correlation_id=number, step=pb.StepRequest(action=action))
    frame = pb.RolloutRequest(commands=[command] * count).SerializeToString()
    assert splice.has_more_fields(frame, most) is (count > most)
    inner = splice.shape(pb.RolloutRequest.DESCRIPTOR)
    fields = count * (4 + bool(sql) + bool(number))  # command, step, action, query; the text, the number
    assert splice.has_more_fields(frame, most, inner) is (fields > most)
    assert splice.has_more_fields(frame + UNKNOWN, most) is (count + 4 > most)
    assert pb.RolloutRequest.FromString(frame + UNKNOWN).commands == [command] * count


@pytest.mark.parametrize("part", ["action", "kind"])
def test_a_message_of_millions_of_fields_is_refused_unread(part: str) -> None:
    one = action_pb2.Action(query=action_pb2.Query(sql="x")).SerializeToString()
    other = action_pb2.Action(describe=action_pb2.Describe(table="t")).SerializeToString()
    if part == "action":
        action = splice.field(3, one) + splice.field(3, other)
    else:
        action = splice.field(3, (one + other) * 200_000)
    data = splice.field(1, b"s") + action * (rules.LARGE_BYTES // len(action) + 1)
    assert pb.StepRequest.FromString(data).action.WhichOneof("kind") == "describe"
    with pytest.raises(Refusal, match="fields"):
        rules.decode(pb.StepRequest, data)


@given(data=st.binary(max_size=2000), start=st.sampled_from([b"", b"\x0a\x00" * 300, b"\xff" * 40_000]))
def test_whatever_comes_is_a_frame_or_refused(data, start) -> None:
    many = (start + data) * (1 + rules.MANY_BYTES // (len(start + data) + 1))
    for frame in (start + data, many):
        try:
            read = rules.decode_frame(frame)
        except Refusal:
            continue
        assert 1 <= len(read.commands) <= 256
