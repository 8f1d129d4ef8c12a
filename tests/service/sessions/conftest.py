from __future__ import annotations

import asyncio
import itertools
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import postgres
import pytest

from sqldojo.service.sessions.journal.engine import journal_url, upgrade

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.Postgres]:
    if not postgres.is_installed():
        pytest.skip("PostgreSQL is not installed")
    with postgres.postgres_server() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A place for a journal, on each kind of database."""
    if request.param == "sqlite":
        return str(tmp_path / "journal.sqlite")
    return _new_database(request.getfixturevalue("postgres_server"))


@pytest.fixture
def url(empty_url: str) -> str:
    """A journal with its tables."""
    asyncio.run(upgrade(journal_url(empty_url)))
    return empty_url


@pytest.fixture(scope="module")
def shared_url(postgres_server: postgres.Postgres) -> str:
    """A journal that several servers can write; one for all tests of a module."""
    url = _new_database(postgres_server)
    asyncio.run(upgrade(journal_url(url)))
    return url


def _new_database(server: postgres.Postgres) -> str:
    return server.create_database(f"journal_{next(_numbers)}")


Sqldojo = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def sqldojo() -> Sqldojo:
    """Runs a command of the program."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "sqldojo.cli", *arguments], capture_output=True, text=True, check=False
        )

    return run
