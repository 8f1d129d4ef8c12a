from __future__ import annotations

import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import apsw
import pytest

from sqldojo.service.core.execution import ActionError, Rows
from sqldojo.service.core.schema import Permissions
from sqldojo.service.core.task import AnswerKind, Difficulty, Split, Task, TaskKind
from sqldojo.service.tasks import (
    BankDatabase,
    BankError,
    GoldFailed,
    TaskBank,
    UnknownDatabase,
    UnknownTask,
    write_bank,
)
from sqldojo.service.tasks.databases import INSTANCES
from sqldojo.service.tasks.default_bank import default_path

COUNT = Task(
    "explore/shop/count",
    TaskKind.EXPLORE,
    "retail_shop",
    Split.TRAIN,
    Difficulty.EASY,
    "single_table",
    "How many orders are there?",
    "SELECT count(*) FROM orders",
    ("orders",),
    answer_kind=AnswerKind.INTEGER,
)
REPAIR = replace(
    COUNT,
    task_id="repair/shop/count",
    kind=TaskKind.REPAIR,
    family="typo",
    answer_kind=None,
    broken_sql="SELECT count(*) FROM order",
)
WRITE = replace(
    REPAIR,
    task_id="repair/shop/close",
    difficulty=Difficulty.MEDIUM,
    gold_sql="UPDATE orders SET status = 'closed' WHERE status = 'open'",
    broken_sql="UPDATE orders SET status = 'closed'",
    check_sql="SELECT status, count(*) FROM orders GROUP BY status",
    permissions=Permissions(writable=frozenset({"orders"})),
)
BAD_GOLD = replace(COUNT, task_id="explore/shop/bad", gold_sql="SELECT x FROM orders")


@pytest.fixture
def small(shop: BankDatabase, tmp_path: Path) -> TaskBank:
    path = tmp_path / "small.sqlite"
    write_bank(path, [shop], [COUNT, REPAIR, WRITE, BAD_GOLD])
    return TaskBank.open(path)


def test_tasks_and_databases_are_found_by_id(small: TaskBank) -> None:
    assert tuple(small.tasks) == (COUNT, REPAIR, WRITE, BAD_GOLD)
    assert small.task(COUNT.task_id) == COUNT
    assert small.database("retail_shop").instances == INSTANCES
    assert small.databases == (small.database("retail_shop"),)


def test_an_unknown_task_is_told_from_near_ones(small: TaskBank) -> None:
    with pytest.raises(
        UnknownTask, match="no task 'explore/shop/cuont' in the bank; did you mean 'explore/shop/count'"
    ):
        small.task("explore/shop/cuont")
    with pytest.raises(UnknownTask, match=r"no task 'zzz' in the bank$"):
        small.prepare("zzz")
    assert issubclass(UnknownTask, LookupError)


def test_an_unknown_database_is_told_from_near_ones(small: TaskBank) -> None:
    for ask in (small.database, small.images, small.schema):
        with pytest.raises(UnknownDatabase, match=r"no database 'retailshop' .* 'retail_shop'"):
            ask("retailshop")
    assert issubclass(UnknownDatabase, LookupError)


def test_filters_must_all_hold(small: TaskBank) -> None:
    def chosen(**filters: Any) -> tuple[Task, ...]:
        return tuple(small.select(**filters))

    assert chosen() == tuple(small.tasks)
    assert chosen(kind=TaskKind.REPAIR) == (REPAIR, WRITE)
    assert chosen(kind=TaskKind.REPAIR, difficulty=Difficulty.EASY) == (REPAIR,)
    assert chosen(family="single_table", database_id="retail_shop") == (COUNT, BAD_GOLD)
    assert chosen(split=Split.TRAIN, family="typo", kind=TaskKind.EXPLORE) == ()
    assert chosen(database_id="other") == ()


def test_chosen_tasks_are_a_sequence(bank: TaskBank) -> None:
    repair = bank.select(kind=TaskKind.REPAIR)
    every = [task for task in bank.tasks if task.kind is TaskKind.REPAIR]
    assert len(repair) == len(every) > 50
    assert list(repair) == every
    assert list(repair[10:40:7]) == every[10:40:7]
    assert (repair[3], repair[-1]) == (every[3], every[-1])
    assert list(repair[40:][:5]) == every[40:45]
    with pytest.raises(IndexError):
        repair[len(every)]


def test_images_and_schema_are_those_that_were_written(small: TaskBank, shop: BankDatabase) -> None:
    images = small.images("retail_shop")
    assert (images.database_id, images.images) == ("retail_shop", shop.images)
    assert small.images("retail_shop") is images
    orders = small.schema("retail_shop").find("ORDERS")
    assert orders is not None
    connection = apsw.Connection(":memory:")
    connection.deserialize("main", shop.images[0])
    assert orders.row_count == connection.execute("SELECT count(*) FROM orders").get


def test_an_explore_task_is_prepared_on_the_visible_instance(small: TaskBank) -> None:
    prepared = small.prepare(COUNT.task_id)
    orders = prepared.schema.find("orders")
    assert orders is not None
    assert [rows.rows for rows in prepared.gold] == [[(orders.row_count,)]]
    assert prepared.broken is None


def test_a_repair_task_is_prepared_on_all_instances(small: TaskBank) -> None:
    prepared = small.prepare(REPAIR.task_id)
    assert len({rows.rows[0] for rows in prepared.gold}) == INSTANCES
    assert isinstance(prepared.broken, ActionError)


def test_a_write_is_judged_by_its_check_and_leaves_nothing(small: TaskBank) -> None:
    prepared = small.prepare(WRITE.task_id)
    assert all("open" not in dict(rows.rows) and dict(rows.rows)["closed"] > 0 for rows in prepared.gold)
    assert isinstance(prepared.broken, Rows)
    assert [status for status, _ in prepared.broken.rows] == ["closed"]
    orders = prepared.schema.find("orders")
    assert orders is not None
    assert prepared.broken.rows[0][1] == orders.row_count


def test_many_threads_get_the_one_prepared_task(small: TaskBank) -> None:
    with ThreadPoolExecutor(8) as threads:
        prepared = list(threads.map(small.prepare, [WRITE.task_id] * 64))
    assert len(set(map(id, prepared))) == 1


def test_a_gold_that_cannot_run_is_an_error_each_time(small: TaskBank) -> None:
    for _ in range(2):
        with pytest.raises(GoldFailed, match="gold fails on instance 0: no such column: x"):
            small.prepare(BAD_GOLD.task_id).gold[0]


def test_damage_after_opening_is_noticed(small: TaskBank) -> None:
    connection = apsw.Connection(str(small.path))
    connection.execute(
        "UPDATE instance SET image = x'00'; UPDATE task_text SET prompt = 'x' WHERE position = 1"
    )
    with pytest.raises(BankError, match="cannot read database 'retail_shop'"):
        small.prepare(COUNT.task_id)
    with pytest.raises(BankError, match="task 'repair/shop/count' is not the one that was written"):
        list(small.tasks)
    assert small.task(COUNT.task_id) == COUNT


def test_a_bank_that_is_replaced_goes_on_as_it_was(small: TaskBank, shop: BankDatabase) -> None:
    write_bank(small.path, [replace(shop, images=shop.images[::-1])], [replace(COUNT, prompt="Other")])
    assert tuple(small.tasks) == (COUNT, REPAIR, WRITE, BAD_GOLD)
    assert small.images("retail_shop").images == shop.images
    assert TaskBank.open(small.path).task(COUNT.task_id).prompt == "Other"


def test_every_handwritten_task_can_be_prepared(bank: TaskBank) -> None:
    for task in bank.tasks:
        prepared = bank.prepare(task.task_id)
        assert prepared.task == task
        assert set(task.gold_tables) <= set(prepared.tables)
        assert all(rows.complete for rows in prepared.gold)


def test_a_large_bank_is_opened_without_its_texts(shop: BankDatabase, tmp_path: Path) -> None:
    many = 20_000
    tasks = (replace(COUNT, task_id=f"t{n}", prompt=f"{n} " * 100, family=f"f{n % 7}") for n in range(many))
    write_bank(tmp_path / "large.sqlite", [replace(shop, images=shop.images[:1])], tasks)
    tracemalloc.start()
    large = TaskBank.open(tmp_path / "large.sqlite")
    assert len(large.tasks) == many
    assert len(large.select(family="f3")) == len(range(3, many, 7))
    memory, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert memory < 600 * many
    assert large.select(family="f3")[1_000].task_id == "t7003"


def test_the_default_is_in_the_cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_path().parent == tmp_path / "sqldojo"
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert default_path().parent == tmp_path / "home" / ".cache" / "sqldojo"


def test_a_cache_folder_that_cannot_be_made_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(BankError, match=r"cannot write .*/file/sqldojo/bank-.* set XDG_CACHE_HOME"):
        TaskBank.default()
