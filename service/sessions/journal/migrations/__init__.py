"""Alembic's migrations of the journal, run by `sqldojo db upgrade`."""
