from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import apsw
import pytest

from sqldojo.service.core.task import AnswerKind, Difficulty, Split, Task, TaskKind
from sqldojo.service.tasks.bank import TaskBank
from sqldojo.service.tasks.bank_file import BankDatabase
from sqldojo.service.tasks.bank_writer import write_bank
from sqldojo.service.tasks.build import BuildReport
from sqldojo.service.tasks.leaks import LONG_TEXT, Leak, LeakKind, find_leaks, shape

POND = """
CREATE TABLE fish (fish_id INTEGER PRIMARY KEY, name TEXT, kind TEXT);
INSERT INTO fish VALUES (1, 'Ida', 'carp');
"""
ZOO = """
CREATE TABLE animal (id INTEGER PRIMARY KEY, called TEXT, species TEXT);
INSERT INTO animal VALUES (1, 'Leo', 'lion');
"""
ASK = Task(
    "explore/pond/1",
    TaskKind.EXPLORE,
    "pond",
    Split.TRAIN,
    Difficulty.EASY,
    "f",
    "How many fish are carps?",
    "SELECT count(*) FROM fish WHERE kind = 'carp'",
    ("fish",),
    answer_kind=AnswerKind.INTEGER,
)
OTHER = replace(
    ASK,
    task_id="explore/zoo/1",
    database_id="zoo",
    split=Split.TEST,
    prompt="How many animals are lions?",
    gold_sql="SELECT count(*) FROM animal WHERE species = 'lion'",
)
REPAIR = replace(ASK, task_id="repair/pond/1", kind=TaskKind.REPAIR, answer_kind=None, broken_sql="SELECT 1")


def database(database_id: str, script: str, split: Split) -> BankDatabase:
    connection = apsw.Connection(":memory:")
    connection.execute(script)
    return BankDatabase(database_id, "t", split, (connection.serialize("main"),))


def leaks(folder: Path, tasks: list[Task], zoo: str = ZOO, split: Split = Split.TEST) -> list[Leak]:
    path = folder / "bank.sqlite"
    write_bank(path, [database("pond", POND, Split.TRAIN), database("zoo", zoo, split)], tasks)
    return find_leaks(TaskBank.open(path))


def test_what_has_nothing_in_common_leaks_nothing(tmp_path: Path) -> None:
    same_split = replace(ASK, task_id="explore/pond/2")
    assert leaks(tmp_path, [ASK, same_split, OTHER]) == []


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"prompt": "how many FISH are  carps"}, LeakKind.QUESTION),
        ({"gold_sql": "SELECT count(*)\n  FROM fish WHERE kind = 'carp'"}, LeakKind.GOLD),
        ({"gold_sql": "SELECT count(*) FROM animal WHERE species = 'carp'"}, LeakKind.SHAPE),
    ],
)
def test_what_tasks_share_is_found_and_named(tmp_path: Path, change: dict[str, str], kind: LeakKind) -> None:
    found = leaks(tmp_path, [ASK, replace(OTHER, **change)])  # type: ignore[arg-type]
    assert kind in {leak.kind for leak in found}
    (leak,) = (leak for leak in found if leak.kind is kind)
    assert leak.is_grave is (kind is not LeakKind.SHAPE)
    assert "explore/zoo/1" in leak.reason
    assert "explore/pond/1" in leak.reason


def test_a_ticket_is_told_by_its_statement_too(tmp_path: Path) -> None:
    other = replace(
        OTHER, kind=TaskKind.REPAIR, answer_kind=None, prompt=REPAIR.prompt, broken_sql="SELECT 2"
    )
    assert leaks(tmp_path, [REPAIR, other]) == []
    (leak,) = leaks(tmp_path, [REPAIR, replace(other, broken_sql="SELECT  1")])
    assert leak.kind is LeakKind.QUESTION


@pytest.mark.parametrize(
    ("zoo", "split", "kinds"),
    [
        (POND, Split.TEST, {LeakKind.TABLE, LeakKind.COLUMNS}),
        (POND, Split.DEV, {LeakKind.TABLE, LeakKind.COLUMNS}),
        (POND, Split.TEST_DRIFT, {LeakKind.NO_DRIFT}),
        (ZOO, Split.TEST_DRIFT, set()),
        (POND.replace("name", "called"), Split.TEST, {LeakKind.COLUMNS}),
    ],
)
def test_a_schema_that_is_learnt_from_is_found(
    tmp_path: Path, zoo: str, split: Split, kinds: set[LeakKind]
) -> None:
    found = leaks(tmp_path, [ASK], zoo, split)
    assert {leak.kind for leak in found} == kinds
    assert all(leak.is_grave for leak in found)


def test_long_texts_in_common_are_found(tmp_path: Path) -> None:
    text = "x" * LONG_TEXT
    path = tmp_path / "bank.sqlite"
    databases = [
        database("pond", POND.replace("carp", text), Split.TRAIN),
        database("zoo", ZOO.replace("lion", text), Split.TEST),
    ]
    write_bank(path, databases, [])
    assert [leak.kind for leak in find_leaks(TaskBank.open(path))] == [LeakKind.TEXTS]


def test_shape_keeps_values_and_numbers_names() -> None:
    assert shape("SELECT a.x FROM t AS a WHERE a.x = 'v'") == shape(
        'SELECT b."y" FROM "u u" AS b WHERE b.y = \'v\''
    )
    assert shape("SELECT x FROM t") != shape("SELECT x FROM x")
    assert shape("SELECT x FROM t WHERE y = 1") != shape("SELECT x FROM t WHERE y = 2")
    assert shape("SELECT (") == ""


def test_a_generated_bank_has_no_grave_leak(generated: BuildReport) -> None:
    assert [leak for leak in find_leaks(TaskBank.open(generated.path)) if leak.is_grave] == []
