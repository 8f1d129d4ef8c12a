# ruff: noqa: E501 - rows of data
"""The databases and tasks of the seed transcripts, rebuilt: their tables, and rows that bear them out."""

from __future__ import annotations

import apsw

from sqldojo.service.core.built_in_profiles import BUILT_IN_PROFILES
from sqldojo.service.core.episode import Episode
from sqldojo.service.core.execution import Rows
from sqldojo.service.core.schema import READ_ALL
from sqldojo.service.core.sql_reviewer import SqlReviewer
from sqldojo.service.core.task import AnswerKind, Difficulty, PreparedTask, Split, Task, TaskKind
from sqldojo.service.sandbox.images import DatabaseImages, serialize
from sqldojo.service.sandbox.limits import Limits
from sqldojo.service.sandbox.pool import DatabasePool

EMPLOYEES = """
CREATE TABLE employee (Employee_ID INTEGER PRIMARY KEY, Name TEXT, Age INTEGER, City TEXT);
CREATE TABLE evaluation (
    Employee_ID INTEGER REFERENCES employee (Employee_ID), Year_awarded TEXT, Bonus REAL,
    PRIMARY KEY (Employee_ID, Year_awarded));
INSERT INTO employee VALUES
    (1, 'George Chuter', 23, 'Bristol'), (2, 'Lee Mears', 29, 'Bath'), (3, 'Mark Regan', 43, 'Bristol'),
    (4, 'Jason Hobson', 30, 'Bristol'), (5, 'Tim Payne', 29, 'Wasps'), (6, 'Louis Deacon', 32, 'Leicester');
INSERT INTO evaluation VALUES
    (1, '2011', 3000), (2, '2015', 3200), (1, '2016', 2900), (4, '2017', 3200), (3, '2018', 3000), (6, '2016', 4200);
"""

CARS = """
CREATE TABLE cars_data (
    Id INTEGER PRIMARY KEY, MPG TEXT, Cylinders INTEGER, Edispl REAL, Horsepower INTEGER, Weight INTEGER,
    Accelerate REAL, Year INTEGER);
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60)
INSERT INTO cars_data
SELECT i, 10 + i % 30, 4 + 2 * (i % 3), 100 + i, CASE i WHEN 21 THEN 230 ELSE 50 + i END, 2000 + i, 8 + i / 4.0, 1970
FROM n;
"""

DOCUMENTS = """
CREATE TABLE Templates (
    Template_ID INTEGER PRIMARY KEY, Version_Number INTEGER, Template_Type_Code TEXT, Template_Details TEXT);
CREATE TABLE Documents (
    Document_ID INTEGER PRIMARY KEY, Template_ID INTEGER REFERENCES Templates (Template_ID), Document_Name TEXT,
    Document_Description TEXT, Other_Details TEXT);
CREATE TABLE Paragraphs (
    Paragraph_ID INTEGER PRIMARY KEY, Document_ID INTEGER REFERENCES Documents (Document_ID),
    Paragraph_Text TEXT, Other_Details TEXT);
INSERT INTO Templates VALUES
    (0, 5, 'PP', ''), (1, 9, 'PP', ''), (4, 4, 'BK', ''), (6, 2, 'PPT', ''), (7, 8, 'PPT', ''), (14, 3, 'AD', ''),
    (20, 6, 'BK', ''), (25, 1, 'PP', '');
INSERT INTO Documents VALUES
    (0, 7, 'Introduction of OS', 'n', NULL), (1, 25, 'Understanding DB', 'y', NULL), (3, 6, 'Summer Show', 'u', NULL),
    (76, 20, 'Robbin CV', 'y', NULL), (80, 14, 'Welcome to NY', 'h', NULL), (82, 14, 'Data base', 'w', NULL);
WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 14)
INSERT INTO Paragraphs SELECT 7 + i * i, CASE i % 6 WHEN 0 THEN 0 WHEN 1 THEN 1 WHEN 2 THEN 3 WHEN 3 THEN 76 WHEN 4 THEN 80 ELSE 82 END, 'Paragraph ' || i, NULL
FROM n;
"""

STUDENTS = """
CREATE TABLE students (student_id INTEGER PRIMARY KEY, student_details VARCHAR(255));
CREATE TABLE student_course_registrations (
    student_id INTEGER REFERENCES students (student_id), course_id INTEGER, registration_date DATETIME,
    PRIMARY KEY (student_id, course_id));
INSERT INTO students VALUES
    (111, 'Marry'), (121, 'Martin'), (131, 'Barry'), (141, 'Nikhil'), (151, 'John'), (161, 'Sarah'), (171, 'Joe'),
    (181, 'Nancy');
INSERT INTO student_course_registrations VALUES
    (111, 301, '2008-11-04'), (121, 301, '2008-10-04'), (121, 303, '2008-11-14'), (131, 303, '2008-11-05'),
    (141, 302, '2008-11-06'), (141, 305, '2008-12-06'), (151, 305, '2008-11-07'), (161, 302, '2008-11-07'), (171, 301, '2008-11-07');
"""

REGISTERED = (
    "SELECT T1.student_id, count(*) FROM students AS T1 JOIN student_course_registrations AS T2 "
    "ON T1.student_id = T2.student_id GROUP BY T1.student_id"
)
FASTER = "SELECT COUNT(*) FROM cars_data WHERE Accelerate > (SELECT Accelerate FROM cars_data ORDER BY Horsepower DESC LIMIT 1)"
BIGGEST = (
    "SELECT Name FROM evaluation JOIN employee ON evaluation.Employee_ID = employee.Employee_ID "
    "ORDER BY Bonus DESC LIMIT 1"
)

POOL = DatabasePool(Limits())


def image(script: str) -> bytes:
    """Builds a database and gives its bytes."""
    connection = apsw.Connection(":memory:")
    connection.execute(script)
    data = serialize(connection)
    connection.close()
    return data


def explore(script: str, question: str, gold: str, kind: AnswerKind, profile: str = "sqlenv") -> Episode:
    """Makes an explore episode on a database made by `script`."""
    return make(script, _task(TaskKind.EXPLORE, question, gold, answer_kind=kind), profile)


def repair(scripts: list[str], ticket: str, gold: str, broken: str, **fields: object) -> Episode:
    """Makes a repair episode; the first script makes the visible instance, the others the hidden ones."""
    return make(scripts, _task(TaskKind.REPAIR, ticket, gold, broken_sql=broken, **fields), "repair")


def make(scripts: str | list[str], task: Task, profile: str) -> Episode:
    """Makes an episode for a task."""
    scripts = [scripts] if isinstance(scripts, str) else scripts
    images = DatabaseImages.of("".join(scripts), [image(script) for script in scripts])
    judge = POOL.world(images, task.permissions if task.permissions.writable else READ_ALL)
    gold = tuple(_rows(judge, instance, task.gold_sql, task.check_sql) for instance in range(len(scripts)))
    world = POOL.world(images, task.permissions)
    broken = None
    if task.broken_sql:
        database = world.pristine(0)
        broken = database.execute(task.broken_sql)
        if task.check_sql and isinstance(broken, Rows):
            broken = database.execute(task.check_sql)
    prepared = PreparedTask(task, images.schema, gold, broken)
    return Episode(prepared, BUILT_IN_PROFILES.by_name[profile], world, SqlReviewer())


def _rows(judge: object, instance: int, sql: str, check: str) -> Rows:
    database = judge.pristine(instance)  # type: ignore[attr-defined]
    rows = database.execute(sql)
    if check:
        rows = database.execute(check)
    assert isinstance(rows, Rows), rows
    return rows


def _task(kind: TaskKind, prompt: str, gold: str, **fields: object) -> Task:
    return Task(
        task_id="seed",
        kind=kind,
        database_id="seed",
        split=Split.TRAIN,
        difficulty=Difficulty.EASY,
        family="seed",
        prompt=prompt,
        gold_sql=gold,
        gold_tables=(),
        **fields,  # type: ignore[arg-type]
    )
