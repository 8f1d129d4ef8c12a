"""Messages of the contract that many tests send."""

from __future__ import annotations

from sqldojo.v1 import action_pb2

BOMB = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
"""A statement that runs until it is stopped."""


def query(sql: str) -> action_pb2.Action:
    """The action that runs a statement."""
    return action_pb2.Action(query=action_pb2.Query(sql=sql))
