from __future__ import annotations

from collections.abc import Iterator

import pytest

from sqldojo.client import SyncDojo, Task, TaskKind, connect_sync


@pytest.fixture(scope="session")
def dojo() -> Iterator[SyncDojo]:
    """A connection to an embedded server that sees gold."""
    with connect_sync(oracle=True) as connection:
        yield connection


@pytest.fixture(scope="session")
def tasks(dojo: SyncDojo) -> list[Task]:
    """All tasks of the bank, with their gold."""
    return dojo.tasks(gold=True)


@pytest.fixture(scope="session")
def explore_tasks(tasks: list[Task]) -> list[Task]:
    return [task for task in tasks if task.kind is TaskKind.EXPLORE]


@pytest.fixture(scope="session")
def repair_tasks(tasks: list[Task]) -> list[Task]:
    return [task for task in tasks if task.kind is TaskKind.REPAIR]
