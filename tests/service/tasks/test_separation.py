"""Which mutants a database's instances leave together with the statement."""

from __future__ import annotations

import pytest

from sqldojo.service.core.execution import Rows
from sqldojo.service.core.schema import Permissions
from sqldojo.service.tasks.bank_file import BankDatabase
from sqldojo.service.tasks.instances import Instances
from sqldojo.service.tasks.mutants import Mutant
from sqldojo.service.tasks.separation import survivors

GOLD = "SELECT product_id, price FROM product ORDER BY price, product_id"


@pytest.fixture
def instances(shop: BankDatabase) -> Instances:
    return Instances(shop.database_id, shop.images)


def golds(instances: Instances, sql: str) -> list[Rows]:
    found = [instances.run(sql, instance) for instance in range(len(instances))]
    assert all(isinstance(rows, Rows) for rows in found)
    return [rows for rows in found if isinstance(rows, Rows)]


def left(instances: Instances, *sqls: str, ordered: bool = False, denied: str = "") -> list[str]:
    wrong = [Mutant("k", sql) for sql in sqls]
    permissions = Permissions(denied=frozenset({denied} - {""}))
    found = survivors(wrong, golds(instances, GOLD), instances, ordered=ordered, permissions=permissions)
    return [mutant.sql for mutant in found]


def test_equal_rows_on_every_instance_survive(instances: Instances) -> None:
    same = "SELECT product_id, price FROM product WHERE 1"
    assert left(instances, same, GOLD) == [same, GOLD]


def test_order_tells_apart_only_where_it_counts(instances: Instances) -> None:
    turned = "SELECT product_id, price FROM product ORDER BY price DESC"
    assert left(instances, turned) == [turned]
    assert left(instances, turned, ordered=True) == []


def test_other_rows_on_one_hidden_instance_are_enough(instances: Instances) -> None:
    visible = golds(instances, "SELECT count(*) FROM product")[0].rows[0][0]
    total = f"SELECT product_id, price FROM product LIMIT {visible}"
    counts = [rows.rows[0][0] for rows in golds(instances, "SELECT count(*) FROM product")]
    assert max(counts[1:]) > counts[0] or left(instances, total) == [total]
    few = "SELECT product_id, price FROM product WHERE product_id > 1"
    assert left(instances, few) == []


def test_a_mutant_that_fails_is_told_apart(instances: Instances) -> None:
    assert left(instances, "SELECT no_such_column FROM product", "SELEC 1") == []
    assert left(instances, GOLD, denied="product") == []
