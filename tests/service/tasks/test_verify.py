from __future__ import annotations

from dataclasses import replace

import apsw
import pytest

from sqldojo.service.core.schema import Permissions
from sqldojo.service.core.task import AnswerKind, Difficulty, Split, Task, TaskKind
from sqldojo.service.tasks.bank_file import BankDatabase
from sqldojo.service.tasks.verify import FaultKind, verify

EXPLORE = Task(
    "explore/shop/reviews",
    TaskKind.EXPLORE,
    "retail_shop",
    Split.TRAIN,
    Difficulty.EASY,
    "single_table",
    "How many reviews are there?",
    "SELECT count(*) FROM review",
    ("review",),
    answer_kind=AnswerKind.INTEGER,
)
REPAIR = Task(
    "repair/shop/reviews",
    TaskKind.REPAIR,
    "retail_shop",
    Split.TRAIN,
    Difficulty.EASY,
    "typo",
    "Count the reviews.",
    "SELECT count(*) FROM review",
    ("review",),
    broken_sql="SELECT count(*) FROM reviews",
)
WRITE = replace(
    REPAIR,
    gold_sql="UPDATE product SET price = price + 1",
    gold_tables=("product",),
    broken_sql="UPDATE product SET price = price - 1",
    check_sql="SELECT sum(price) FROM product",
    permissions=Permissions(writable=frozenset({"product"})),
)


def kinds(shop: BankDatabase, *tasks: Task) -> list[FaultKind]:
    return [fault.kind for fault in verify([shop], tasks)]


@pytest.mark.parametrize(
    "task",
    [
        EXPLORE,
        REPAIR,
        WRITE,
        replace(EXPLORE, gold_sql="SELECT avg(rating) FROM review", answer_kind=AnswerKind.FLOAT),
        replace(EXPLORE, gold_sql="SELECT min(body) FROM review", answer_kind=AnswerKind.STRING),
        replace(EXPLORE, gold_sql="SELECT min(body) FROM review WHERE 0", answer_kind=AnswerKind.NULL),
        replace(EXPLORE, gold_sql="SELECT DISTINCT rating FROM review", answer_kind=AnswerKind.LIST),
        replace(EXPLORE, gold_sql="SELECT body FROM review WHERE 0", answer_kind=AnswerKind.LIST),
        replace(
            EXPLORE,
            gold_sql="SELECT rating, count(*) FROM review GROUP BY 1",
            answer_kind=AnswerKind.TABLE,
        ),
        replace(REPAIR, broken_sql="SELECT count(* FROM review"),
        replace(REPAIR, broken_sql="SELECT count(body) FROM review"),
        replace(
            REPAIR,
            gold_sql="SELECT count(city) FROM customer_directory",
            gold_tables=("customer_directory",),
            broken_sql="SELECT count(*) FROM customer",
            permissions=Permissions(denied=frozenset({"customer"})),
        ),
    ],
)
def test_a_sound_task_has_no_fault(shop: BankDatabase, task: Task) -> None:
    assert verify([shop], [task]) == ()


@pytest.mark.parametrize(
    ("task", "kind"),
    [
        (replace(EXPLORE, database_id="nowhere"), FaultKind.MISPLACED),
        (replace(EXPLORE, split=Split.TEST), FaultKind.MISPLACED),
        (replace(EXPLORE, gold_tables=()), FaultKind.UNKNOWN_TABLE),
        (replace(EXPLORE, gold_tables=("reviews",)), FaultKind.UNKNOWN_TABLE),
        (replace(REPAIR, permissions=Permissions(denied=frozenset({"x"}))), FaultKind.UNKNOWN_TABLE),
        (replace(EXPLORE, task_id=""), FaultKind.MALFORMED),
        (replace(EXPLORE, family="f" * 129), FaultKind.MALFORMED),
        (replace(EXPLORE, prompt=" "), FaultKind.MALFORMED),
        (replace(EXPLORE, answer_kind=None), FaultKind.MALFORMED),
        (replace(EXPLORE, broken_sql="SELECT 1"), FaultKind.MALFORMED),
        (replace(EXPLORE, gold_sql="SELECT count(* FROM review"), FaultKind.MALFORMED),
        (replace(REPAIR, broken_sql=""), FaultKind.MALFORMED),
        (replace(REPAIR, answer_kind=AnswerKind.INTEGER), FaultKind.MALFORMED),
        (replace(WRITE, check_sql=""), FaultKind.MALFORMED),
        (replace(EXPLORE, difficulty=Difficulty.HARD), FaultKind.DIFFICULTY),
        (replace(EXPLORE, gold_sql="SELECT count(words) FROM review"), FaultKind.GOLD_FAILS),
        (
            replace(REPAIR, gold_sql="SELECT 1 FROM order_line JOIN review", difficulty=Difficulty.MEDIUM),
            FaultKind.GOLD_FAILS,
        ),
        (
            replace(REPAIR, permissions=Permissions(denied=frozenset({"review"}))),
            FaultKind.GOLD_FAILS,
        ),
        (replace(WRITE, gold_sql="UPDATE review SET rating = 1"), FaultKind.GOLD_FAILS),
        (
            replace(EXPLORE, gold_sql="SELECT review_id FROM review WHERE rating = 5 LIMIT 1"),
            FaultKind.GOLD_UNSTABLE,
        ),
        (
            replace(EXPLORE, gold_sql="SELECT review_id FROM review ORDER BY rating LIMIT 1"),
            FaultKind.GOLD_UNSTABLE,
        ),
        (
            replace(REPAIR, gold_sql="SELECT review_id FROM review", ordered=True),
            FaultKind.GOLD_UNSTABLE,
        ),
        (replace(EXPLORE, answer_kind=AnswerKind.STRING), FaultKind.ANSWER_KIND),
        (replace(EXPLORE, answer_kind=AnswerKind.NULL), FaultKind.ANSWER_KIND),
        (replace(EXPLORE, answer_kind=AnswerKind.TABLE), FaultKind.ANSWER_KIND),
        (replace(EXPLORE, gold_sql="SELECT avg(rating) FROM review"), FaultKind.ANSWER_KIND),
        (replace(EXPLORE, gold_sql="SELECT max(body) FROM review WHERE 0"), FaultKind.ANSWER_KIND),
        (replace(EXPLORE, gold_sql="SELECT count(*), 1 FROM review"), FaultKind.ANSWER_KIND),
        (replace(EXPLORE, gold_sql="SELECT rating FROM review"), FaultKind.ANSWER_KIND),
        (
            replace(EXPLORE, gold_sql="SELECT review_id FROM review", answer_kind=AnswerKind.LIST),
            FaultKind.ANSWER_TOO_LONG,
        ),
        (
            replace(
                EXPLORE,
                gold_sql="SELECT printf('%.2000c', min(rating)) FROM review",
                answer_kind=AnswerKind.STRING,
            ),
            FaultKind.ANSWER_TOO_LONG,
        ),
        (
            replace(
                EXPLORE,
                gold_sql="SELECT 'certainly not this' FROM review LIMIT 1",
                answer_kind=AnswerKind.STRING,
            ),
            FaultKind.GRADING,
        ),
        (replace(REPAIR, broken_sql="SELECT count(rating) FROM review"), FaultKind.NOT_BROKEN),
        (
            replace(WRITE, broken_sql="UPDATE product SET price = price + 1 WHERE 1"),
            FaultKind.NOT_BROKEN,
        ),
        (
            replace(REPAIR, gold_sql="SELECT count(*) FROM gift_card", gold_tables=("gift_card",)),
            FaultKind.CONSTANT,
        ),
    ],
)
def test_a_planted_fault_is_found(shop: BankDatabase, task: Task, kind: FaultKind) -> None:
    assert kind in kinds(shop, task)


def test_a_repeated_id_is_found_on_each(shop: BankDatabase) -> None:
    assert kinds(shop, EXPLORE, REPAIR, EXPLORE) == [FaultKind.DUPLICATE_ID] * 2


def test_faults_name_the_task_and_what_is_wrong(shop: BankDatabase) -> None:
    (fault,) = verify([shop], [REPAIR, replace(EXPLORE, gold_sql="SELECT count(words) FROM review")])
    assert fault.task_id == "explore/shop/reviews"
    assert str(fault).startswith("explore/shop/reviews: gold fails: gold fails on instance 0: no such column")


def test_a_fault_that_only_hidden_instances_show_is_a_warning(shop: BankDatabase) -> None:
    connection = apsw.Connection(":memory:")
    connection.deserialize("main", shop.images[0])
    visible = connection.execute(REPAIR.gold_sql).get
    (fault,) = verify([shop], [replace(REPAIR, broken_sql=f"SELECT {visible} FROM review LIMIT 1")])
    assert fault.kind is FaultKind.HIDDEN_FAULT
    assert fault.is_warning
    assert "[1, 2, 3]" in fault.reason


def test_every_instance_is_run(shop: BankDatabase) -> None:
    connection = apsw.Connection(":memory:")
    connection.deserialize("main", shop.images[2])
    connection.execute("DROP TABLE review")
    damaged = replace(shop, images=(*shop.images[:2], connection.serialize("main")))
    (fault,) = verify([damaged], [EXPLORE])
    assert fault.kind is FaultKind.GOLD_FAILS
    assert "instance 2" in fault.reason


def test_verifying_writes_to_nothing_that_is_shared(shop: BankDatabase) -> None:
    assert verify([shop], [WRITE, replace(WRITE, task_id="again")]) == ()


def test_progress_counts_every_task(shop: BankDatabase) -> None:
    calls: list[tuple[int, int]] = []
    verify([shop], [EXPLORE, REPAIR], lambda done, total: calls.append((done, total)))
    assert calls == [(1, 2), (2, 2)]
