from __future__ import annotations

import asyncio
import re
import socket
from importlib.metadata import version

import pytest

from sqldojo.client import (
    Baseline,
    BenchmarkProgress,
    BenchmarkResult,
    DojoError,
    ErrorReason,
    Split,
    TaskKind,
    connect,
    connect_sync,
)
from sqldojo.client.retry import Backoff


def test_tasks_come_whole_and_filtered(dojo):
    tasks = dojo.tasks()
    assert len({task.task_id for task in tasks}) == len(tasks) >= 120
    assert all(task.gold is None for task in tasks)
    for kind in TaskKind:
        assert dojo.tasks(kind=kind) == [task for task in tasks if task.kind is kind]
    one = tasks[0]
    assert dojo.tasks(
        kind=one.kind,
        split=one.split,
        difficulty=one.difficulty,
        database=one.database_id,
        family=one.family,
    ) == [
        task
        for task in tasks
        if (task.kind, task.split, task.difficulty, task.database_id, task.family)
        == (one.kind, one.split, one.difficulty, one.database_id, one.family)
    ]
    assert dojo.task(one.task_id) == one


def test_listings_go_over_pages(dojo, monkeypatch):
    tasks = dojo.tasks()
    monkeypatch.setattr("sqldojo.client.connection._PAGE_SIZE", 7)
    assert dojo.tasks() == tasks


def test_gold_is_for_the_oracle(dojo):
    task = dojo.tasks(gold=True)[0]
    assert task.gold.sql
    assert dojo.task(task.task_id, gold=True) == task
    with connect_sync(dojo.address) as ordinary:
        assert ordinary.task(task.task_id).gold is None
        for ask in (lambda: ordinary.tasks(gold=True), lambda: ordinary.task(task.task_id, gold=True)):
            with pytest.raises(DojoError) as caught:
                ask()
            assert caught.value.reason is ErrorReason.ORACLE_SCOPE_REQUIRED


def test_databases(dojo):
    databases = dojo.databases()
    assert len(databases) >= 4
    assert all(database.tables == () and database.task_count > 0 for database in databases)
    assert sum(database.task_count for database in databases) == len(dojo.tasks())
    one = dojo.database(databases[0].database_id)
    assert one.title == databases[0].title
    assert any(column.references for table in one.tables for column in table.columns)
    with pytest.raises(DojoError) as caught:
        dojo.database("nowhere")
    assert caught.value.reason is ErrorReason.UNKNOWN_DATABASE


def test_the_bank_says_what_it_is_and_who_serves_it(dojo):
    bank = dojo.bank()
    assert re.fullmatch("[0-9a-f]{64}", bank.digest)
    assert bank.server_version == version("sqldojo")
    assert list(bank.databases) == dojo.databases()


def test_a_benchmark_tells_its_progress_and_then_its_result(dojo):
    *progress, result = dojo.benchmark(
        Baseline.ORACLE, episodes=12, seed=3, kind=TaskKind.EXPLORE, split=Split.TRAIN
    )
    assert isinstance(result, BenchmarkResult)
    assert (result.episodes, result.success_rate) == (12, 1.0)
    assert progress
    assert all(
        isinstance(message, BenchmarkProgress) and message.episodes_total == 12 for message in progress
    )
    with pytest.raises(DojoError) as caught:
        list(dojo.benchmark(Baseline.RANDOM, episodes=0))
    assert caught.value.field == "episodes"


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ({"token": "x"}, "token and tls need an address"),
        ({"address": "127.0.0.1:1", "oracle": True}, "needs a token with the oracle scope"),
    ],
)
def test_what_makes_no_sense_is_refused(how, why):
    async def enter():
        async with connect(**how):
            pytest.fail("it connected")

    with pytest.raises(ValueError, match=why):
        asyncio.run(enter())
    with pytest.raises(ValueError, match=why):
        connect_sync(**how)


def test_a_server_that_is_not_there_is_named(monkeypatch):
    monkeypatch.setattr("sqldojo.client.channel.BACKOFF", Backoff(tries=2, first=0.001))
    with socket.socket() as taken:  # bound, and nobody listens
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with (
            connect_sync(address) as dojo,
            pytest.raises(DojoError, match=f"Is a sqldojo server running at {address}"),
        ):
            dojo.databases()
