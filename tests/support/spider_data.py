"""A small data set in Spider's layout, with all that may be wrong with one."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

CONCERTS = """
CREATE TABLE Singer (
    Singer_ID INTEGER PRIMARY KEY, Name TEXT, Age INT, Height REAL, Band INT REFERENCES band(id)
);
CREATE TABLE band (id INTEGER PRIMARY KEY, title TEXT, leader INT REFERENCES Singer(Singer_ID));
CREATE TABLE "concert hall" (hall_id INTEGER PRIMARY KEY, "Seat Count" INT);
CREATE TABLE concert (
    id INTEGER PRIMARY KEY, band_id INT REFERENCES band(id), hall INT REFERENCES "concert hall"
);
INSERT INTO Singer VALUES (1, 'Ann', 30, 1.7, 1), (2, 'Bob', 40, 1.8, 1), (3, 'Zoë', 30, NULL, 2);
INSERT INTO band VALUES (1, 'The Bobs', 2), (2, 'Solo', 3);
INSERT INTO "concert hall" VALUES (1, 500), (2, 80);
INSERT INTO concert VALUES (1, 1, 1), (2, 1, 2), (3, 2, 2);
"""

TRAIN = [
    ("concerts", "How many singers are there?", "SELECT count(*) FROM singer"),
    ("concerts", "What is the average height?", "SELECT avg(Height) FROM SINGER"),
    ("concerts", "Who leads Solo?", 'SELECT T1.name FROM singer AS T1 JOIN band AS T2'
     ' ON T1.singer_id = T2.leader WHERE T2.title = "Solo"'),
    ("concerts", "How tall is Zoë?", 'SELECT height FROM singer WHERE name = "Zoë"'),
    ("concerts", "Who are the singers by age?", "SELECT name FROM singer ORDER BY age"),
    ("concerts", "Who are the singers by name?", "SELECT name, age FROM singer ORDER BY name DESC;"),
    ("concerts", "Who is older than 99?", "SELECT name FROM singer WHERE age > 99"),
    ("concerts", "Who, and how old, is over 99?", "SELECT name, age FROM singer WHERE age > 99"),
    ("concerts", "Which halls hold more than 100?",
     'SELECT "Seat Count" FROM "concert hall" WHERE "seat count" > 100'),
    ("concerts", "Which seats does the band of Ann play for?",
     "SELECT DISTINCT h.\"Seat Count\" FROM singer s JOIN concert c ON c.band_id = s.band"
     " JOIN \"concert hall\" h ON h.hall_id = c.hall WHERE s.name = 'Ann'"),
    ("concerts", "Who never led?",
     "SELECT name FROM singer WHERE singer_id NOT IN (SELECT leader FROM band)"),
    ("concerts", "Names of all?", "SELECT name FROM singer UNION SELECT title FROM band"),
    ("concerts", "Singers by band?", "SELECT band, count(*) FROM singer GROUP BY band"),
    ("concerts", "how many  SINGERS are there?", "SELECT count(*) FROM singer"),
    ("concerts", "What does it cost?", "SELECT price FROM concert"),
    ("concerts", "Who is it?", "SELEC name FROM singer"),
    ("concerts", "Two at once?", "SELECT 1; SELECT 2"),
    ("concerts", "Any one singer?", "SELECT name FROM singer LIMIT 1"),
    ("concerts", "Away with them?", "DELETE FROM singer"),
    ("nowhere", "Is it there?", "SELECT 1"),
    ("../concerts", "Is it outside?", "SELECT 1"),
    ("broken", "Is it readable?", "SELECT 1"),
]  # fmt: skip
OTHERS = [
    ("latin", "Who plays?", "SELECT name FROM player WHERE id = 1"),
    ("latin", "Which café?", 'SELECT count(*) FROM player WHERE name = "José"'),
]
DEV = [
    ("numbers", "All of them?", "SELECT i FROM n WHERE i <= 21"),
    ("numbers", "Twenty of them?", "SELECT i FROM n WHERE i <= 20"),
    ("numbers", "Pairs of them?", "SELECT a.i FROM n a JOIN n b ON a.t = b.t"),
    ("latin", "How many play?", "SELECT count(*) FROM player"),
]


def _save(path: Path, questions: list[tuple[str, str, str]]) -> None:
    records = [{"db_id": d, "question": q, "query": s, "sql": {}} for d, q, s in questions]
    path.write_text(json.dumps(records, ensure_ascii=False), encoding="utf-8")


def _database(folder: Path, db_id: str) -> Path:
    (folder / "database" / db_id).mkdir(parents=True)
    return folder / "database" / db_id / f"{db_id}.sqlite"


def make_spider(folder: Path) -> None:
    """Writes the data set into an empty folder."""
    with closing(sqlite3.connect(_database(folder, "concerts"))) as connection, connection:
        connection.executescript(CONCERTS)
    with closing(sqlite3.connect(_database(folder, "numbers"))) as connection, connection:
        connection.execute("CREATE TABLE n (i INTEGER PRIMARY KEY, t TEXT)")
        connection.executemany("INSERT INTO n VALUES (?, 't')", [(i,) for i in range(1, 151)])
    with closing(sqlite3.connect(_database(folder, "latin"))) as connection, connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE player (id INT, name TEXT, PRIMARY KEY (id)) WITHOUT ROWID")
        connection.execute(
            "INSERT INTO player VALUES (1, CAST(? AS TEXT)), (2, 'Åsa')", ("José".encode("latin-1"),)
        )
    _database(folder, "broken").write_bytes(b"no database at all")
    _save(folder / "train_spider.json", TRAIN)
    _save(folder / "train_others.json", OTHERS)
    _save(folder / "dev.json", DEV)
    tables = [
        {
            "db_id": "concerts",
            "table_names_original": ["singer", "Band", "concert hall", "concert", "stadium"],
        },
        {"db_id": "numbers", "table_names_original": ["n"]},
    ]
    (folder / "tables.json").write_text(json.dumps(tables))
