"""The short cut of the hot path says yes only to what the contract's rules allow."""

from __future__ import annotations

import protovalidate
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sqldojo.service.players import rules
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
    step = kind(session_id=session_id, step_index=step_index, action=action)
    allowed = not protovalidate.collect_violations(step)
    try:
        rules.check_step(step)
        assert allowed
    except Refusal:
        assert not allowed
