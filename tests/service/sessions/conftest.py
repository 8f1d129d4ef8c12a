from __future__ import annotations

import itertools
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import postgres
import pytest

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    if not postgres.is_installed():
        pytest.skip("PostgreSQL is not installed")
    with postgres.postgres_server() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A place for a journal, on each kind of database."""
    if request.param == "sqlite":
        return str(tmp_path / "journal.sqlite")
    server = request.getfixturevalue("postgres_url")
    return postgres.create_database(server, f"journal_{next(_numbers)}")


@pytest.fixture
def url(empty_url: str) -> str:
    """A journal with its tables."""
    upgrade(empty_url)
    return empty_url


@pytest.fixture
def shared_url(postgres_url: str) -> str:
    """A journal that several servers can write."""
    url = postgres.create_database(postgres_url, f"journal_{next(_numbers)}")
    upgrade(url)
    return url


def upgrade(url: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "sqldojo.cli", "db", "upgrade", "--journal", url],
        check=True,
        capture_output=True,
    )


Sqldojo = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def sqldojo() -> Sqldojo:
    """Runs a command of the program."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "sqldojo.cli", *arguments], capture_output=True, text=True, check=False
        )

    return run
