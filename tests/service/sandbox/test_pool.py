"""Who shares a database with whom."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import apsw
import pytest

from sqldojo.service.core.execution import ActionError, ErrorKind, Rows
from sqldojo.service.core.schema import READ_ALL, Permissions
from sqldojo.service.sandbox import pool as pool_module
from sqldojo.service.sandbox.images import DatabaseImages
from sqldojo.service.sandbox.limits import Limits
from sqldojo.service.sandbox.pool import DatabasePool, SessionWorld, set_process_heap_limit

WRITER = Permissions(writable=frozenset({"payroll"}))
COUNT = "SELECT count(*) FROM payroll"
TOP = "SELECT max(Salary) FROM employees"


def value(result: Rows | ActionError) -> object:
    assert isinstance(result, Rows), result
    return result.rows[0][0]


@pytest.fixture
def pool() -> DatabasePool:
    return DatabasePool(Limits())


def test_readers_share_a_threads_database(pool: DatabasePool, images: DatabaseImages) -> None:
    one, other = pool.world(images, READ_ALL), pool.world(images, READ_ALL)
    assert one.visible is other.visible
    assert one.visible is one.pristine(0)
    assert [value(one.pristine(i).execute(TOP)) for i in range(3)] == [100.0, 1100.0, 2100.0]
    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(lambda: one.visible).result() is not one.visible


def test_readers_with_other_permissions_do_not_share(pool: DatabasePool, images: DatabaseImages) -> None:
    allowed = pool.world(images, READ_ALL)
    denied = pool.world(images, Permissions(denied=frozenset({"payroll"})))
    for _ in range(3):
        assert value(allowed.visible.execute(COUNT)) == 100
        refused = denied.visible.execute(COUNT)
        assert isinstance(refused, ActionError)
        assert refused.kind is ErrorKind.DENIED


def test_a_writer_keeps_what_it_wrote_and_nobody_else_sees_it(
    pool: DatabasePool, images: DatabaseImages
) -> None:
    writer, other, reader = (
        pool.world(images, WRITER),
        pool.world(images, WRITER),
        pool.world(images, READ_ALL),
    )
    assert value(writer.visible.execute("DELETE FROM payroll WHERE EmployeeId <= 60")) == 60
    assert value(writer.visible.execute(COUNT)) == 40
    assert value(other.visible.execute(COUNT)) == 100
    assert value(reader.visible.execute(COUNT)) == 100
    for _ in range(2):
        pristine = writer.pristine(0)
        assert value(pristine.execute(COUNT)) == 100
        pristine.execute("DELETE FROM payroll")
    assert value(writer.visible.execute(COUNT)) == 40
    assert value(writer.pristine(2).execute(TOP)) == 2100.0


def test_closing_a_world_and_dropping_a_pristine_copy_free_their_memory(
    pool: DatabasePool, images: DatabaseImages
) -> None:
    worlds = [pool.world(images, WRITER) for _ in range(20)]
    before = apsw.memory_used()
    for world in worlds:
        world.visible.execute("DELETE FROM payroll")
        world.pristine(1).execute("DELETE FROM payroll")
    assert apsw.memory_used() > before + 20 * len(images.images[0])
    for world in worlds:
        world.close()
        world.close()
    assert apsw.memory_used() < before + len(images.images[0])


def test_a_thread_keeps_a_bounded_number_of_databases(
    pool: DatabasePool, images: DatabaseImages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool_module, "SHARED_PER_THREAD", 2)
    world = pool.world(images, READ_ALL)
    first, second = world.pristine(0), world.pristine(1)
    assert world.pristine(0) is first  # so the second is the one used least recently
    world.pristine(2)
    assert world.pristine(0) is first
    assert world.pristine(1) is not second


def test_many_threads_play_at_once(pool: DatabasePool, images: DatabaseImages) -> None:
    start = threading.Barrier(8)

    def play(number: int) -> list[object]:
        start.wait()
        found = []
        for turn in range(40):
            reader, writer = pool.world(images, READ_ALL), pool.world(images, WRITER)
            found.append(value(reader.pristine(turn % 3).execute(TOP)))
            value(writer.visible.execute(f"DELETE FROM payroll WHERE EmployeeId <= {number}"))
            found.append(value(writer.visible.execute(COUNT)))
            found.append(value(reader.visible.execute(COUNT)))
            writer.close()
        return found

    with ThreadPoolExecutor(8) as threads:
        results = list(threads.map(play, range(8)))
    for number, found in enumerate(results):
        expected: list[object] = []
        for turn in range(40):
            expected += [turn % 3 * 1000.0 + 100, 100 - number, 100]
        assert found == expected


def test_sessions_move_between_threads(pool: DatabasePool, images: DatabaseImages) -> None:
    def run(world: SessionWorld, sql: str) -> Rows | ActionError:
        return world.visible.execute(sql)

    worlds = [pool.world(images, WRITER if i % 2 else READ_ALL) for i in range(20)]
    with ThreadPoolExecutor(4) as threads:
        for turn in range(1, 6):
            list(threads.map(run, worlds, [f"DELETE FROM payroll WHERE EmployeeId = {turn}"] * 20))
            counts = [value(result) for result in threads.map(run, worlds, [COUNT] * 20)]
            assert counts == [100, 100 - turn] * 10


def test_the_heap_limit_ends_a_statement_with_a_limit_error(images: DatabaseImages) -> None:
    limits = Limits(deadline_seconds=60, max_operations=10**12, max_memory_bytes=10**12)
    database = DatabasePool(limits).world(images, READ_ALL).visible
    endless = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) "
    set_process_heap_limit(apsw.memory_used() + 30_000_000)
    try:
        result = database.execute(endless + "SELECT x, printf('%.9999c', 'a') FROM c ORDER BY 2")
    finally:
        set_process_heap_limit(0)
    assert isinstance(result, ActionError)
    assert result.kind is ErrorKind.LIMIT
    assert value(database.execute(COUNT)) == 100
