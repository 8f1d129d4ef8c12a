"""Steps in the order in which they are written.

SQLite kept them in their key's, so that those of one frame went to as many pages as it has sessions: twice
the time of a commit. A database server keeps them in the order of writing by itself.
"""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_COLUMNS = """
    episode_id BIGINT NOT NULL,
    step_index INTEGER NOT NULL,
    kind SMALLINT NOT NULL,
    text BLOB NOT NULL,
    reviewed BOOLEAN NOT NULL,
    total DOUBLE NOT NULL,
    reward BLOB NOT NULL,
    outcome SMALLINT NOT NULL,
    digest BLOB NOT NULL,
    cut_short TEXT,
    played_at DOUBLE NOT NULL,
    PRIMARY KEY (episode_id, step_index)
"""


def upgrade() -> None:
    """Makes SQLite's table anew, with a rowid."""
    if op.get_bind().dialect.name != "sqlite":
        return
    op.execute("ALTER TABLE step RENAME TO step_by_key")
    op.execute(f"CREATE TABLE step ({_COLUMNS})")
    op.execute("INSERT INTO step SELECT * FROM step_by_key ORDER BY episode_id, step_index")
    op.execute("DROP TABLE step_by_key")
