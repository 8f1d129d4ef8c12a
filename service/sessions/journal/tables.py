"""The journal's tables.

An episode is opened, stepped and ended. A session's episodes carry generations: 1, 2, … , each reset making
the next; the one with the highest is the session's. What an episode is a function of (task, seed, actions) is
kept whole, and of what came of it what is needed to see that a replay gives the same.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
)

METADATA = MetaData()

EPISODE = Table(
    "episode",
    METADATA,
    Column("episode_id", BigInteger, primary_key=True, autoincrement=False),
    Column("session_id", String(128), nullable=False),
    Column("generation", Integer, nullable=False),
    Column("task_id", String(256), nullable=False),
    Column("profile", String(64), nullable=False),
    Column("seed", BigInteger, nullable=False),  # its 64 bits as a signed number
    Column("budget", Integer, nullable=False),
    Column("owner", String(128), nullable=False),  # name of the token that opened it; empty: none
    Column("policy", String(128), nullable=False),  # the caller's label
    Column("bank", String(64), nullable=False),  # digest of the task bank
    Column("opened_at", Double, nullable=False),  # seconds since 1970, as all times here
    Column("digest", LargeBinary, nullable=False),  # of the first observation
    Column("status", SmallInteger, nullable=False),
    Column("ended_at", Double),
    UniqueConstraint("session_id", "generation"),
    Index("episode_opened_at", "opened_at"),
)

STEP = Table(
    "step",
    METADATA,
    Column("episode_id", BigInteger, primary_key=True, autoincrement=False),
    Column("step_index", Integer, primary_key=True, autoincrement=False),
    Column("kind", SmallInteger, nullable=False),  # of the action
    Column("text", LargeBinary, nullable=False),  # of the action, in UTF-8; it may hold NUL characters
    Column("reviewed", Boolean, nullable=False),
    Column("total", Double, nullable=False),  # of the reward
    Column("reward", LargeBinary, nullable=False),  # its breakdown: a sqldojo.v1.RewardBreakdown
    Column("outcome", SmallInteger, nullable=False),  # of the episode after the step
    Column("digest", LargeBinary, nullable=False),  # of the answer as it was sent
    Column("cut_short", Text),  # what the clock or a lost worker made of the statement; NULL: nothing
    Column("played_at", Double, nullable=False),
)
