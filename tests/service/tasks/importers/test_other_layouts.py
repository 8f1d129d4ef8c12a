"""BIRD's layout, files of one's own, and the hidden instances that imported databases get."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spider_data import CONCERTS

from sqldojo.service.core.task import Split, TaskKind
from sqldojo.service.sandbox.images import read_file, read_schema
from sqldojo.service.tasks.bank import TaskBank
from sqldojo.service.tasks.bank_writer import write_bank
from sqldojo.service.tasks.importers import questions
from sqldojo.service.tasks.importers.bird import import_bird
from sqldojo.service.tasks.importers.own import import_own
from sqldojo.service.tasks.importers.report import ImportFailed
from sqldojo.service.tasks.importers.resample import HIDDEN, resampled
from sqldojo.service.tasks.verify import verify


def make_database(path: Path, script: str = CONCERTS) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script)
    return path


@pytest.fixture
def concerts(tmp_path: Path) -> bytes:
    return read_file(make_database(tmp_path / "concerts.sqlite"))


# ---- BIRD ----


@pytest.fixture
def bird(tmp_path: Path) -> Path:
    def record(question: str, sql: str, **other: str) -> dict[str, str]:
        return {"db_id": "concerts", "question": question, "SQL": sql, **other}

    dev = [
        record(
            "How many adults are there?",
            "SELECT count(*) FROM Singer WHERE Age >= 18",
            evidence="adults refers to Age >= 18",
            difficulty="simple",
        ),
        record("Who leads Solo?", "SELECT Name FROM Singer, band WHERE leader = Singer_ID AND title = 'Solo'",
               evidence="", difficulty="moderate"),
        record("What does it cost?", "SELECT price FROM concert", difficulty="simple"),
        {"db_id": "concerts", "question": "No gold?"},
    ]  # fmt: skip
    train = [{"db_id": "halls", "question": "How many halls?", "SQL": "SELECT count(*) FROM hall"}]
    (tmp_path / "dev.json").write_text(json.dumps(dev))
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "train.json").write_text(json.dumps(train))
    make_database(tmp_path / "dev_databases" / "concerts" / "concerts.sqlite")
    script = "CREATE TABLE hall (id INTEGER PRIMARY KEY, seats INT); INSERT INTO hall VALUES (1, 5), (2, 9);"
    make_database(tmp_path / "train" / "train_databases" / "halls" / "halls.sqlite", script)
    return tmp_path


def test_bird_is_taken_with_its_evidence(bird: Path) -> None:
    databases, tasks, report = import_bird(bird)
    assert [(task.task_id, task.prompt) for task in tasks] == [
        ("bird/halls/1", "How many halls?"),
        ("bird/concerts/1", "How many adults are there? adults refers to Age >= 18."),
        ("bird/concerts/2", "Who leads Solo?"),
    ]
    assert {task.database_id: task.split for task in tasks} == {"concerts": Split.DEV, "halls": Split.TRAIN}
    assert [left.reason.partition(":")[0] for left in report.left_out] == ["broken record", "gold fails"]
    assert any("2 simple, 1 moderate" in note for note in report.notes)
    assert [len(database.images) for database in databases] == [1 + HIDDEN, 1 + HIDDEN]
    assert verify(databases, tasks) == ()


def test_a_folder_that_is_no_bird_is_told(tmp_path: Path) -> None:
    with pytest.raises(ImportFailed, match=r"none of train\.json"):
        import_bird(tmp_path)


def test_a_name_that_is_too_long_for_a_file_is_left_out(bird: Path) -> None:
    record = {"db_id": "x" * 300, "question": "How many?", "SQL": "SELECT 1"}
    (bird / "mini_dev_sqlite.json").write_text(json.dumps([record]))
    _, tasks, report = import_bird(bird)
    assert len(tasks) == 3
    assert report.left_out[-1].reason.startswith("database missing: there is no train_databases/xxx")


def test_a_byte_order_mark_is_no_fault(bird: Path) -> None:
    file = bird / "dev.json"
    file.write_text(file.read_text(), encoding="utf-8-sig")
    assert len(import_bird(bird)[1]) == 3


# ---- questions of one's own ----


@pytest.fixture
def own(tmp_path: Path) -> Path:
    make_database(tmp_path / "data" / "concerts.sqlite")
    (tmp_path / "data" / "broken.sqlite").write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)
    (tmp_path / "data" / "text.sqlite").write_text("hello")
    return tmp_path / "questions.jsonl"


def line(**fields: object) -> str:
    known = {
        "database": "data/concerts.sqlite",
        "question": "How many?",
        "sql": "SELECT count(*) FROM Singer",
    }
    return json.dumps({**known, **fields})


def test_each_line_is_taken_or_left_out_by_its_number(own: Path) -> None:
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    own.write_text(
        "\n".join(
            [
                line(question="How many singers?", split="test", evidence="Count all."),
                "",
                "{not json",
                line(question="Which split?", split="both"),
                line(question=5),
                line(question="How many bands?", sql="SELECT count(*) FROM band", split="test"),
                line(question="Does it end?", sql=endless),
                line(question="Is it there?", database="data/none.sqlite"),
                line(question="Is it sound?", database="data/broken.sqlite"),
                line(question="Is it one?", database="data/text.sqlite"),
                line(question="Is it the same?", database="concerts.sqlite"),
            ]
        )
    )
    _, tasks, report = import_own(own)
    assert [(task.task_id, task.split) for task in tasks] == [
        ("own/concerts/1", Split.TEST),
        ("own/concerts/2", Split.TEST),
    ]
    assert tasks[0].prompt == "How many singers? Count all."
    reasons = [left.reason for left in report.left_out]
    for number, why in (
        (3, "no JSON"),
        (4, "split is 'both'"),
        (5, "it needs the texts"),
        (11, "another file"),
    ):
        assert any(f"line {number}" in reason and why in reason for reason in reasons), number
    others = {left.question: left.reason.partition(":")[0] for left in report.left_out if left.question}
    assert others["Does it end?"] == "gold fails"
    assert others["Is it there?"] == "database missing"
    assert others["Is it sound?"] == others["Is it one?"] == "database unreadable"


def test_what_no_file_can_hold_is_left_out(own: Path, tmp_path: Path) -> None:
    own.write_text(
        "\n".join(
            [
                line(question="\ud800 how many?"),
                line(question="How many?", evidence="\udfff"),
                line(question="Who?", sql="SELECT name FROM Singer WHERE name = '\ud800'"),
                line(question="How many?", database="x" * 300),
                line(question="How many?", database="\ud800"),
                line(question="How many?", database="\0"),
                line(),
            ]
        )
    )
    databases, tasks, report = import_own(own)
    write_bank(tmp_path / "own.sqlite", databases, tasks)
    assert [task.task_id for task in tasks] == ["own/concerts/4"]
    assert report.reasons() == {"database missing": 3, "not valid Unicode": 3}
    json.dumps(
        [(left.db_id, left.question, left.reason) for left in report.left_out], ensure_ascii=False
    ).encode()
    assert report.left_out[0].question == "\\ud800 how many?"


def test_a_question_that_became_no_task_may_be_asked_again(own: Path) -> None:
    sqls = ["SELECT count(*) FROM nothing", "SELECT count(*) FROM Singer", "SELECT count(*) FROM band"]
    own.write_text("\n".join(line(sql=sql) for sql in sqls))
    _, tasks, report = import_own(own)
    assert [(task.task_id, task.gold_sql) for task in tasks] == [("own/concerts/2", sqls[1])]
    assert report.left_out[1].reason == "duplicate: the question is that of own/concerts/2"


def test_one_database_may_be_written_in_several_ways(own: Path) -> None:
    (own.parent / "link").symlink_to("data")
    ways = [
        "data/concerts.sqlite",
        "./data//concerts.sqlite",
        "link/../data/concerts.sqlite",
        "link/concerts.sqlite",
    ]
    lines = [line(question=f"How many, as {way} says?", database=way) for way in ways]
    missing = [line(question=f"{way} none?", database=f"{way}none.sqlite") for way in ("", "./")]
    make_database(own.parent / "concerts.sqlite")
    own.write_text("\n".join([*lines, *missing, line(database="concerts.sqlite")]))
    _, tasks, report = import_own(own)
    assert len(tasks) == 4
    assert report.reasons() == {"database missing": 2, "bad line": 1}


@pytest.mark.parametrize(
    ("sql", "gold"),
    [
        ('SELECT "max(age)" FROM (SELECT band, max(age) FROM singer GROUP BY band) ORDER BY 1', None),
        (
            'SELECT "max(age)" FROM (SELECT title, max(age) FROM singer s JOIN band b ON b.id = s.band'
            ' GROUP BY title) WHERE title = "The Bobs" AND "max(age)" > 3',
            'SELECT "max(age)" FROM (SELECT title, max(age) FROM singer s JOIN band b ON b.id = s.band'
            " GROUP BY title) WHERE title = 'The Bobs' AND \"max(age)\" > 3",
        ),
    ],
)
def test_a_column_in_double_quotes_stays_one(own: Path, sql: str, gold: str | None) -> None:
    own.write_text(line(sql=sql))
    _, (task,), _ = import_own(own)
    assert task.gold_sql == (gold or sql)


@given(st.binary(max_size=300))
@settings(max_examples=50)
def test_any_bytes_are_lines_or_left_out(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.jsonl"
    path.write_bytes(data)
    if any(each.strip() for each in data.splitlines()):
        assert import_own(path)[2].taken == 0
    else:
        with pytest.raises(ImportFailed, match="no line"):
            import_own(path)


def test_a_database_that_is_too_large_is_left_out(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own.write_text(line())
    monkeypatch.setattr(questions, "LARGEST_DATABASE", 1_000)
    assert import_own(own)[2].left_out[0].reason.startswith("database too large: data/concerts.sqlite")


def test_an_imported_bank_can_be_played(own: Path, tmp_path: Path) -> None:
    own.write_text(line())
    databases, tasks, _ = import_own(own)
    write_bank(tmp_path / "own.sqlite", databases, tasks)
    bank = TaskBank.open(tmp_path / "own.sqlite")
    prepared = bank.prepare("own/concerts/1")
    assert (prepared.task.kind, prepared.gold[0].rows) == (TaskKind.EXPLORE, [(3,)])


# ---- hidden instances ----


def rows(image: bytes) -> dict[str, list[tuple[object, ...]]]:
    connection = apsw.Connection(":memory:")
    connection.deserialize("main", image)
    assert connection.pragma("integrity_check") == "ok"
    return {
        table.name: connection.execute(f'SELECT * FROM "{table.name}"').fetchall()
        for table in read_schema(image).tables
    }


def test_a_resampled_instance_keeps_schema_values_and_keys(concerts: bytes) -> None:
    given_rows = rows(concerts)
    others = [resampled(concerts, instance, "s") for instance in (1, 2, 3)]
    assert others[0] == resampled(concerts, 1, "s")
    assert any(rows(other) != given_rows for other in others)
    for other in others:
        found = rows(other)
        assert read_schema(other).tables[0].columns == read_schema(concerts).tables[0].columns
        for table, known in given_rows.items():
            assert len(found[table]) <= len(known)
            for column, values in enumerate(zip(*known, strict=True)):
                assert {row[column] for row in found[table]} <= set(values)
        singers = {row[0] for row in found["Singer"]}
        assert all(row[2] in singers for row in found["band"])


def test_constraints_that_bear_no_dealing_leave_a_table_as_it_is(tmp_path: Path) -> None:
    script = """
    CREATE TABLE p (id INTEGER PRIMARY KEY, low INT, high INT, CHECK (low < high));
    INSERT INTO p VALUES (1, 1, 2), (2, 10, 20), (3, 100, 200), (4, 1000, 2000);
    CREATE TABLE w (a TEXT PRIMARY KEY, b INT) WITHOUT ROWID;
    INSERT INTO w VALUES ('x', 1), ('y', 2);
    CREATE TABLE u (id INTEGER PRIMARY KEY, code TEXT UNIQUE);
    INSERT INTO u VALUES (1, 'a'), (2, 'b'), (3, 'c');
    CREATE TRIGGER no_update BEFORE UPDATE ON u BEGIN SELECT raise(ABORT, 'no'); END;
    CREATE VIEW v AS SELECT * FROM p;
    """
    image = read_file(make_database(tmp_path / "x.sqlite", script))
    for instance in (1, 2, 3):
        found = rows(resampled(image, instance, "s"))
        assert all(low < high for _, low, high in found["p"])
        assert found["w"] == [("x", 1), ("y", 2)]
        assert {code for _, code in found["u"]} <= {"a", "b", "c"}


@pytest.mark.parametrize(
    "names", [("rowid",), ("RowID", "oid"), ("_rowid_", "rowid"), ("rowid", "oid", "_rowid_")]
)
def test_columns_that_hide_the_numbers_of_rows_keep_their_values(
    tmp_path: Path, names: tuple[str, ...]
) -> None:
    columns = "".join(f", {name} INT" for name in names)
    filled = ", ".join(f"({i}{f', {i // 2}' * len(names)}, 'a{i}')" for i in range(20))
    script = f"CREATE TABLE t (id INTEGER PRIMARY KEY{columns}, a TEXT); INSERT INTO t VALUES {filled};"
    image = read_file(make_database(tmp_path / "x.sqlite", script))
    known = rows(image)["t"]
    for instance in (1, 2, 3):
        found = rows(resampled(image, instance, "s"))["t"]
        assert (found != known) is (len(names) < 3)
        assert len(found) > 10
        for values, given_values in zip(zip(*found, strict=True), zip(*known, strict=True), strict=True):
            assert not Counter(values) - Counter(given_values)


def test_it_says_how_many_golds_are_told_from_their_mutants(bird: Path) -> None:
    shutil.rmtree(bird / "train")
    separation = import_bird(bird)[2].separation
    assert separation.asked == 2
    assert separation.visible <= separation.hidden <= separation.asked
