"""Faults under load, in short; `make chaos` tries the same ones for longer."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from functools import partial
from typing import Any

import haproxy
import postgres
import pytest
from chaos import faults
from chaos.load import Account
from chaos.rig import Rig, rig

needs_postgres = pytest.mark.skipif(not postgres.is_installed(), reason="PostgreSQL is not installed")
needs_haproxy = pytest.mark.skipif(not haproxy.is_installed(), reason="HAProxy is not installed")

TRIED: dict[str, Callable[[Rig], Coroutine[Any, Any, Account]]] = {
    "kills": partial(faults.kills, times=3),
    "termination": partial(faults.termination, times=1),
    "player_kills": partial(faults.player_kills, times=2),
    "player_memory": partial(faults.player_memory, times=1),
    "full_disk": partial(faults.full_disk, times=2),
    "locked_file": partial(faults.locked_file, times=1),
    "cut_connections": partial(faults.cut_connections, times=6),
    "database_restarts": partial(faults.database_restarts, times=1),
    "clock_set_back": partial(faults.clock_set_back, times=1),
    "cut_streams": partial(faults.cut_streams, times=14),
    "replica_kills": partial(faults.replica_kills, times=2, episodes=60),
}
AT_ONCE = 2
MARKS = {
    "cut_connections": [needs_postgres],
    "database_restarts": [needs_postgres],
    "replica_kills": [needs_postgres, needs_haproxy],
}


@pytest.fixture(scope="module")
def tried(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], Account]]:
    """Tries the faults of the tests that run, some at the same time, since most of each is waiting."""
    names = [
        item.callspec.params["fault"]
        for item in request.session.items
        if item.module is request.module and not any(mark.args[0] for mark in item.iter_markers("skipif"))
    ]
    needs_database = {"cut_connections", "replica_kills"}.intersection(names)
    database = request.getfixturevalue("postgres_server") if needs_database else None
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        with rig(tmp_path_factory.mktemp("faults"), database) as all_have:
            some = asyncio.Semaphore(AT_ONCE)

            async def attempt(name: str) -> Account:
                async with some:
                    return await TRIED[name](all_have)

            begun: dict[str, Future[Account]] = {
                name: asyncio.run_coroutine_threadsafe(attempt(name), loop) for name in names
            }
            yield lambda name: begun[name].result()
            for each in begun.values():
                each.exception()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@pytest.mark.parametrize("fault", [pytest.param(name, marks=MARKS.get(name, [])) for name in TRIED])
def test_nothing_is_lost_doubled_or_wrong(fault: str, tried: Callable[[str], Account]) -> None:
    account = tried(fault)
    assert (account.lost, account.doubled, account.wrong) == (0, 0, 0), account.what
    assert account.faults >= 1
    assert account.steps > 100
