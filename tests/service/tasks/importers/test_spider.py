"""Importing a data set in Spider's layout, a small one made here and, where it is there, Spider itself."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from spider_data import DEV, OTHERS, TRAIN, make_spider

from sqldojo.service.core.execution import Rows
from sqldojo.service.core.grading import grade_answer, render_answer
from sqldojo.service.core.schema import READ_ALL
from sqldojo.service.core.task import AnswerKind, Difficulty, Split, Task, TaskKind
from sqldojo.service.sandbox.database import Database
from sqldojo.service.sandbox.images import read_schema
from sqldojo.service.sandbox.limits import Limits
from sqldojo.service.tasks.bank import TaskBank
from sqldojo.service.tasks.bank_file import BankDatabase
from sqldojo.service.tasks.bank_writer import write_bank
from sqldojo.service.tasks.importers.report import ImportFailed, ImportReport
from sqldojo.service.tasks.importers.spider import import_spider
from sqldojo.service.tasks.verify import verify

SPIDER = Path(os.environ.get("SQLDOJO_SPIDER", Path(__file__).parents[5] / "shared" / "data" / "spider"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_spider(tmp_path)
    return tmp_path


@pytest.fixture
def imported(folder: Path) -> tuple[tuple[BankDatabase, ...], tuple[Task, ...], ImportReport]:
    return import_spider(folder)


Imported = tuple[tuple[BankDatabase, ...], tuple[Task, ...], ImportReport]


def asked(tasks: tuple[Task, ...], prompt: str) -> Task:
    (task,) = [task for task in tasks if task.prompt == prompt]
    return task


def test_every_question_is_taken_or_left_out(imported: Imported) -> None:
    _, tasks, report = imported
    assert report.taken == len(tasks) == 17
    every = [(d, q) for d, q, _ in TRAIN + OTHERS + DEV]
    named = [(task.database_id, task.prompt) for task in tasks] + [
        (o.db_id, o.question) for o in report.left_out
    ]
    assert sorted(named) == sorted(every)


def test_what_is_left_out_says_why(imported: Imported) -> None:
    reasons = {left.question: left.reason for left in imported[2].left_out}
    assert reasons == {
        "how many  SINGERS are there?": "duplicate: the question is that of spider/concerts/1",
        "What does it cost?": "gold fails: no such column: price",
        "Who is it?": "gold cannot be read: No statement begins with 'SELEC'; write one SELECT.",
        "Two at once?": "gold cannot be read: it is not one SELECT",
        "Any one singer?": reasons["Any one singer?"],
        "Away with them?": "gold cannot be read: it is not one SELECT",
        "Is it there?": "database missing: there is no database/nowhere/nowhere.sqlite",
        "Is it outside?": "database missing: there is no database/../concerts/../concerts.sqlite",
        "Is it readable?": "database unreadable: database/broken/broken.sqlite: is no SQLite database",
        "All of them?": "too many rows: gold gives 21, and an agent sees 20",
        "Pairs of them?": "over the row limit: gold gives more than 10,000 rows",
    }
    assert reasons["Any one singer?"].startswith("gold unstable: ")
    assert imported[2].reasons()["database missing"] == 2


@pytest.mark.parametrize(
    ("prompt", "kind", "difficulty", "family", "tables", "answer"),
    [
        ("How many singers are there?", "INTEGER", "EASY", "aggregate", ["Singer"], "3"),
        ("What is the average height?", "FLOAT", "EASY", "aggregate", ["Singer"], "1.75"),
        ("Who leads Solo?", "STRING", "MEDIUM", "join", ["Singer", "band"], "Zoë"),
        ("How tall is Zoë?", "NULL", "EASY", "single_table", ["Singer"], "NULL"),
        ("Who are the singers by age?", "LIST", "EASY", "single_table", ["Singer"], '["Ann", "Zoë", "Bob"]'),
        ("Who is older than 99?", "LIST", "EASY", "single_table", ["Singer"], "[]"),
        ("Who, and how old, is over 99?", "TABLE", "EASY", "single_table", ["Singer"], "[]"),
        ("Which halls hold more than 100?", "INTEGER", "EASY", "single_table", ["concert hall"], "500"),
        ("Which seats does the band of Ann play for?", "LIST", "HARD", "fk_chain",
         ["Singer", "concert", "concert hall"], "[500, 80]"),
        ("Who never led?", "STRING", "MEDIUM", "nested", ["Singer", "band"], "Ann"),
        ("Names of all?", "LIST", "HARD", "set_operation", ["Singer", "band"],
         '["Ann", "Bob", "Solo", "The Bobs", "Zoë"]'),
        ("Singers by band?", "TABLE", "EASY", "grouped", ["Singer"], "[[1, 2], [2, 1]]"),
        ("Who plays?", "STRING", "EASY", "single_table", ["player"], "José"),
        ("Which café?", "INTEGER", "EASY", "aggregate", ["player"], "1"),
    ],
)  # fmt: skip
def test_tasks(
    imported: Imported, prompt: str, kind: str, difficulty: str, family: str, tables: list[str], answer: str
) -> None:
    databases, tasks, _ = imported
    task = asked(tasks, prompt)
    assert task.kind is TaskKind.EXPLORE
    assert task.answer_kind is AnswerKind[kind]
    assert task.difficulty is Difficulty[difficulty]
    assert (task.family, list(task.gold_tables)) == (family, tables)
    image, *_ = next(database.images for database in databases if database.database_id == task.database_id)
    gold = Database(image, read_schema(image), READ_ALL, Limits()).execute(task.gold_sql)
    assert isinstance(gold, Rows)
    assert render_answer(task.answer_kind, gold) == answer
    assert grade_answer(task.answer_kind, gold, answer)


def test_order_counts_only_where_it_is_decided(imported: Imported) -> None:
    _, tasks, _ = imported
    assert asked(tasks, "Who are the singers by name?").ordered
    assert not asked(tasks, "Who are the singers by age?").ordered  # two are 30
    assert not asked(tasks, "Names of all?").ordered


def test_text_in_double_quotes_is_put_in_single_ones(imported: Imported) -> None:
    _, tasks, _ = imported
    assert asked(tasks, "How tall is Zoë?").gold_sql == "SELECT height FROM singer WHERE name = 'Zoë'"
    seats = asked(tasks, "Which halls hold more than 100?")
    assert seats.gold_sql == 'SELECT "Seat Count" FROM "concert hall" WHERE "seat count" > 100'


def test_splits_and_ids(imported: Imported) -> None:
    databases, tasks, report = imported
    splits = {database.database_id: database.split for database in databases}
    assert splits == {"concerts": Split.TRAIN, "latin": Split.TRAIN, "numbers": Split.DEV}
    assert {task.task_id: task.split for task in tasks}["spider/numbers/2"] is Split.DEV
    assert asked(tasks, "How many play?").task_id == "spider/latin/3"
    assert asked(tasks, "How many play?").split is Split.TRAIN
    assert report.notes == (
        "latin is in several splits; all of it was put into TRAIN",
        "concerts: tables.json names stadium, which the database lacks",
        "latin: 1 texts were not UTF-8; they were read as Windows-1252",
    )


def test_a_bank_is_made_of_it(imported: Imported, tmp_path: Path) -> None:
    databases, tasks, _ = imported
    assert verify(databases, tasks) == ()
    write_bank(tmp_path / "bank.sqlite", databases, tasks)
    bank = TaskBank.open(tmp_path / "bank.sqlite")
    assert tuple(bank.tasks) == tasks
    assert bank.prepare("spider/concerts/1").gold[0].rows == [(3,)]


def test_importing_twice_gives_the_same(folder: Path) -> None:
    assert import_spider(folder) == import_spider(folder)


def test_progress_reaches_the_end(folder: Path) -> None:
    told: list[tuple[int, int]] = []
    import_spider(folder, lambda done, total: told.append((done, total)))
    assert told[-1] == (len(TRAIN + OTHERS + DEV),) * 2


def test_no_questions_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ImportFailed, match="has none of train_spider"):
        import_spider(tmp_path)


@pytest.mark.parametrize("content", [b"[{]", b"\xff\xfe[", b'{"db_id": 1}', b"[" * 100_000])
def test_a_broken_file_is_named(folder: Path, content: bytes) -> None:
    (folder / "dev.json").write_bytes(content)
    with pytest.raises(ImportFailed, match=r"dev\.json"):
        import_spider(folder)


def test_byte_order_marks_are_no_fault(folder: Path, imported: Imported) -> None:
    for name in ("train_spider.json", "tables.json"):
        (folder / name).write_bytes(b"\xef\xbb\xbf" + (folder / name).read_bytes())
    assert import_spider(folder) == imported


@pytest.mark.parametrize("content", [None, b"[{]", b'[1, {}, {"db_id": 7}]'])
def test_tables_may_be_missing_or_broken(folder: Path, content: bytes | None) -> None:
    (folder / "tables.json").unlink()
    if content is not None:
        (folder / "tables.json").write_bytes(content)
    _, tasks, report = import_spider(folder)
    assert len(tasks) == 17
    assert any("tables.json" in note for note in report.notes) == (content is None or content == b"[{]")


def test_a_broken_record_is_left_out(folder: Path) -> None:
    records = [1, {"db_id": "numbers"}, {"db_id": "numbers", "question": " ", "query": "SELECT 1"}, {}]
    (folder / "dev.json").write_text(json.dumps(records))
    reasons = [left.reason for left in import_spider(folder)[2].left_out if not left.db_id]
    assert reasons == [
        f"broken record: number {n} of dev.json lacks db_id, question or query" for n in (1, 2, 3, 4)
    ]


@pytest.mark.skipif(not SPIDER.is_dir(), reason="Spider itself is not here")
def test_spider_is_taken_whole() -> None:
    databases, tasks, report = import_spider(SPIDER)
    named = len(tasks) + len(report.left_out)
    files = [SPIDER / name for name in ("train_spider.json", "train_others.json", "dev.json")]
    assert named == sum(len(json.loads(path.read_text(encoding="utf-8"))) for path in files if path.exists())
    assert len(tasks) > named / 2
    assert {task.database_id for task in tasks} == {database.database_id for database in databases}
