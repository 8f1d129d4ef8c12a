"""Episodes and their steps."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the two tables."""
    op.create_table(
        "episode",
        sa.Column("episode_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("session_id", sa.String(128), nullable=False),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("task_id", sa.String(256), nullable=False),
        sa.Column("profile", sa.String(64), nullable=False),
        sa.Column("seed", sa.BigInteger, nullable=False),
        sa.Column("budget", sa.Integer, nullable=False),
        sa.Column("owner", sa.String(128), nullable=False),
        sa.Column("policy", sa.String(128), nullable=False),
        sa.Column("bank", sa.String(64), nullable=False),
        sa.Column("opened_at", sa.Double, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("status", sa.SmallInteger, nullable=False),
        sa.Column("ended_at", sa.Double),
        sa.UniqueConstraint("session_id", "generation"),
    )
    op.create_index("episode_opened_at", "episode", ["opened_at"])
    op.create_table(
        "step",
        sa.Column("episode_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("step_index", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("kind", sa.SmallInteger, nullable=False),
        sa.Column("text", sa.LargeBinary, nullable=False),
        sa.Column("reviewed", sa.Boolean, nullable=False),
        sa.Column("total", sa.Double, nullable=False),
        sa.Column("reward", sa.LargeBinary, nullable=False),
        sa.Column("outcome", sa.SmallInteger, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("cut_short", sa.Text),
        sa.Column("played_at", sa.Double, nullable=False),
        sqlite_with_rowid=False,
    )
