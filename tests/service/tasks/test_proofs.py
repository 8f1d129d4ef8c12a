"""What keys prove: mutants that are left out give the statement's rows on any data that keeps the keys."""

from __future__ import annotations

from collections import Counter

import apsw
import pytest
import sqlglot
from hypothesis import given, settings
from hypothesis import strategies as st
from staff import STAFF

from sqldojo.service.core.execution import Row
from sqldojo.service.core.schema import Schema
from sqldojo.service.sandbox.images import read_schema, serialize
from sqldojo.service.tasks.mutants import mutants

DDL = f"""{STAFF}
CREATE TABLE break (
    person_id INTEGER NOT NULL, day INTEGER NOT NULL, minutes INTEGER,
    FOREIGN KEY (person_id, day) REFERENCES shift
);
CREATE VIEW colleague AS SELECT person_id, team_id, grade FROM person;
"""
OF_TEAM = "FROM person AS p JOIN team AS t ON t.team_id = p.team_id"
MENTORED = "FROM person AS p JOIN person AS m ON m.person_id = p.mentor_id"
WORKED = "FROM person AS p JOIN shift AS s ON s.person_id = p.person_id"
BROKEN = "FROM break AS b JOIN shift AS s ON s.person_id = b.person_id AND s.day = b.day"

SAME = [
    ("SELECT sum(person_id) FROM person", "SELECT sum(DISTINCT person_id) FROM person"),
    ("SELECT count(badge) FROM person", "SELECT count(DISTINCT badge) FROM person"),
    ("SELECT count(DISTINCT name), max(town) FROM team", "SELECT count(name), max(town) FROM team"),
    (f"SELECT sum(p.badge) {OF_TEAM}", f"SELECT sum(DISTINCT p.badge) {OF_TEAM}"),
    (
        f"SELECT count(*), sum(p.person_id) {OF_TEAM}",
        f"SELECT count(DISTINCT p.person_id), sum(p.person_id) {OF_TEAM}",
    ),
    ("SELECT count(grade) FROM person", "SELECT count(*) FROM person"),
    ("SELECT count(pay) FROM person WHERE pay > 1", "SELECT count(*) FROM person WHERE pay > 1"),
    (
        "SELECT count(pay) FROM person WHERE NOT pay IS NULL",
        "SELECT count(*) FROM person WHERE NOT pay IS NULL",
    ),
    (
        "SELECT count(pay) FROM person WHERE pay = 1 OR pay + 1 < 0",
        "SELECT count(*) FROM person WHERE pay = 1 OR pay + 1 < 0",
    ),
    (f"SELECT count(s.day) {WORKED}", f"SELECT count(*) {WORKED}"),
    ("SELECT avg(pay) FROM person GROUP BY person_id", "SELECT sum(pay) FROM person GROUP BY person_id"),
    ("SELECT min(pay) FROM person WHERE person_id = 2", "SELECT max(pay) FROM person WHERE person_id = 2"),
    ("SELECT max(town) FROM team WHERE name = 'b'", "SELECT min(town) FROM team WHERE name = 'b'"),
    (
        f"SELECT sum(s.hours) {WORKED} GROUP BY s.person_id, s.day",
        f"SELECT max(s.hours) {WORKED} GROUP BY s.person_id, s.day",
    ),
    (f"SELECT count(*) {OF_TEAM}", "SELECT count(*) FROM person AS p"),
    (f"SELECT count(*) {BROKEN}", "SELECT count(*) FROM break AS b"),
    (f"SELECT p.pay {MENTORED.replace('JOIN', 'LEFT JOIN')}", "SELECT p.pay FROM person AS p"),
    (f"SELECT t.town {OF_TEAM}", f"SELECT t.town {OF_TEAM.replace('JOIN', 'LEFT JOIN')}"),
    (f"SELECT t.town {OF_TEAM.replace('JOIN', 'LEFT JOIN')}", f"SELECT t.town {OF_TEAM}"),
    (f"SELECT s.hours {BROKEN}", f"SELECT s.hours {BROKEN.replace('JOIN', 'LEFT JOIN')}"),
    (
        f"SELECT p.pay {MENTORED} WHERE m.grade > 1",
        f"SELECT p.pay {MENTORED.replace('JOIN', 'LEFT JOIN')} WHERE m.grade > 1",
    ),
    (
        f"SELECT p.pay {MENTORED} WHERE NOT m.pay IS NULL",
        f"SELECT p.pay {MENTORED.replace('JOIN', 'LEFT JOIN')} WHERE NOT m.pay IS NULL",
    ),
    (
        f"SELECT p.pay {MENTORED} WHERE m.pay = 1 OR abs(m.grade) = 2",
        f"SELECT p.pay {MENTORED.replace('JOIN', 'LEFT JOIN')} WHERE m.pay = 1 OR abs(m.grade) = 2",
    ),
    (
        f"SELECT p.pay {MENTORED} JOIN shift AS s ON s.person_id = m.person_id",
        f"SELECT p.pay {MENTORED.replace('JOIN', 'LEFT JOIN')} JOIN shift AS s ON s.person_id = m.person_id",
    ),
    (f"SELECT sum(m.pay) {MENTORED}", f"SELECT sum(m.pay) {MENTORED.replace('JOIN', 'LEFT JOIN')}"),
    (
        "SELECT count(*) FROM person GROUP BY person_id, grade",
        "SELECT count(*) FROM person GROUP BY person_id",
    ),
    (
        f"SELECT count(*) {WORKED} GROUP BY s.person_id, p.grade",
        f"SELECT count(*) {WORKED} GROUP BY s.person_id",
    ),
    (
        f"SELECT count(*) {WORKED} JOIN team AS t ON t.team_id = p.team_id GROUP BY p.person_id, t.town",
        f"SELECT count(*) {WORKED} JOIN team AS t ON t.team_id = p.team_id GROUP BY p.person_id",
    ),
    (
        f"SELECT count(*) {MENTORED.replace('JOIN', 'LEFT JOIN')} GROUP BY p.person_id, m.grade",
        f"SELECT count(*) {MENTORED.replace('JOIN', 'LEFT JOIN')} GROUP BY p.person_id",
    ),
    ("SELECT pay FROM person GROUP BY person_id", "SELECT pay FROM person"),
    (
        "SELECT 1 FROM person WHERE grade IN (SELECT grade FROM person GROUP BY grade)",
        "SELECT 1 FROM person WHERE grade IN (SELECT grade FROM person)",
    ),
    ("SELECT sum(person_id) FROM colleague", "SELECT sum(DISTINCT person_id) FROM colleague"),
    ("SELECT count(grade) FROM senior", "SELECT count(*) FROM senior"),
    (
        "SELECT s.hours FROM shift AS s JOIN colleague AS c ON c.person_id = s.person_id",
        "SELECT s.hours FROM shift AS s",
    ),
]

# Beside them, what keys do not prove.
OTHER = [
    (f"SELECT sum(p.pay) {OF_TEAM}", f"SELECT sum(DISTINCT p.pay) {OF_TEAM}"),
    (f"SELECT count(t.name) {OF_TEAM}", f"SELECT count(DISTINCT t.name) {OF_TEAM}"),
    ("SELECT sum(day) FROM shift", "SELECT sum(DISTINCT day) FROM shift"),
    ("SELECT count(badge) FROM person", "SELECT count(*) FROM person"),
    (
        "SELECT count(pay) FROM person WHERE pay IS NULL OR grade = 1",
        "SELECT count(*) FROM person WHERE pay IS NULL OR grade = 1",
    ),
    (
        f"SELECT count(m.person_id) {MENTORED.replace('JOIN', 'LEFT JOIN')}",
        f"SELECT count(*) {MENTORED.replace('JOIN', 'LEFT JOIN')}",
    ),
    ("SELECT avg(pay) FROM person GROUP BY badge", "SELECT sum(pay) FROM person GROUP BY badge"),
    (
        f"SELECT sum(s.hours) {WORKED} GROUP BY s.person_id",
        f"SELECT max(s.hours) {WORKED} GROUP BY s.person_id",
    ),
    (f"SELECT count(*) {MENTORED}", "SELECT count(*) FROM person AS p"),
    (f"SELECT count(*) {MENTORED}", f"SELECT count(*) {MENTORED.replace('JOIN', 'LEFT JOIN')}"),
    (
        f"SELECT p.pay {OF_TEAM} AND t.town = 'a'",
        f"SELECT p.pay {OF_TEAM.replace('JOIN', 'LEFT JOIN')} AND t.town = 'a'",
    ),
    (
        f"SELECT p.pay {MENTORED} WHERE m.pay IS NULL",
        f"SELECT p.pay {MENTORED.replace('JOIN', 'LEFT JOIN')} WHERE m.pay IS NULL",
    ),
    (
        f"SELECT p.pay {MENTORED} WHERE m.pay = 1 OR p.pay = 1",
        f"SELECT p.pay {MENTORED.replace('JOIN', 'LEFT JOIN')} WHERE m.pay = 1 OR p.pay = 1",
    ),
    (
        f"SELECT count(*) {MENTORED} GROUP BY m.grade",
        f"SELECT count(*) {MENTORED.replace('JOIN', 'LEFT JOIN')} GROUP BY m.grade",
    ),
    (
        f"SELECT avg(CASE WHEN m.pay > 1 THEN 1 ELSE 0 END) {MENTORED}",
        f"SELECT avg(CASE WHEN m.pay > 1 THEN 1 ELSE 0 END) {MENTORED.replace('JOIN', 'LEFT JOIN')}",
    ),
    (
        f"SELECT t.town {MENTORED.replace('JOIN', 'LEFT JOIN')} JOIN team AS t ON t.team_id = p.team_id",
        f"SELECT t.town {MENTORED} JOIN team AS t ON t.team_id = p.team_id",
    ),
    (f"SELECT count(*) {WORKED} GROUP BY s.day, p.grade", f"SELECT count(*) {WORKED} GROUP BY s.day"),
    (
        "SELECT s.hours FROM shift AS s JOIN senior AS c ON c.person_id = s.person_id",
        "SELECT s.hours FROM shift AS s",
    ),
    (f"SELECT b.minutes {BROKEN}", f"SELECT b.minutes {BROKEN.removesuffix(' AND s.day = b.day')}"),
]


@pytest.fixture(scope="module")
def schema() -> Schema:
    connection = apsw.Connection(":memory:")
    connection.execute(DDL)
    return read_schema(serialize(connection))


def written(sql: str) -> str:
    return sqlglot.parse_one(sql, read="sqlite").sql("sqlite")


@pytest.mark.parametrize(("sql", "same"), SAME)
def test_what_keys_prove_equal_is_no_mutant(schema: Schema, sql: str, same: str) -> None:
    found = [mutant.sql for mutant in mutants(sql, schema)]
    assert found
    assert written(same) not in found


@pytest.mark.parametrize(("sql", "other"), OTHER)
def test_what_keys_leave_open_is_one(schema: Schema, sql: str, other: str) -> None:
    assert written(other) in [mutant.sql for mutant in mutants(sql, schema)]


FEW = st.integers(1, 4)
MAYBE = st.none() | FEW
TEAMS = st.lists(
    st.tuples(st.sampled_from("abcd"), st.sampled_from("ab")), min_size=1, unique_by=lambda t: t[0]
)
PEOPLE = st.lists(
    st.tuples(FEW, MAYBE, MAYBE, MAYBE, FEW), min_size=1, max_size=6
)  # team, mentor, badge, pay, grade
SHIFTS = st.lists(st.tuples(FEW, FEW, MAYBE), max_size=8, unique_by=lambda shift: shift[:2])
BREAKS = st.lists(st.tuples(MAYBE, FEW), max_size=5)  # minutes, and which shift they are in


def filled(teams: list[Row], people: list[Row], shifts: list[Row], breaks: list[Row]) -> apsw.Connection:
    """Makes a database with those of the rows that keep its keys."""
    connection = apsw.Connection(":memory:")
    connection.execute(f"PRAGMA foreign_keys = 1; {DDL}")
    connection.executemany("INSERT INTO team (name, town) VALUES (?, ?)", teams)
    connection.executemany(
        "INSERT OR IGNORE INTO person SELECT ?, (SELECT max(team_id) FROM team WHERE team_id <= ?),"
        " (SELECT person_id FROM person WHERE person_id = ?), ?, ?, ?",
        [(number, *person) for number, person in enumerate(people, 1)],
    )
    connection.executemany(
        "INSERT INTO shift SELECT person_id, ?2, ?3 FROM person WHERE person_id = ?1", shifts
    )
    connection.executemany("INSERT INTO break SELECT person_id, day, ? FROM shift LIMIT 1 OFFSET ?", breaks)
    return connection


@settings(deadline=None, max_examples=60)
@given(TEAMS, PEOPLE, SHIFTS, BREAKS)
def test_what_is_proved_holds_on_any_rows(
    teams: list[Row], people: list[Row], shifts: list[Row], breaks: list[Row]
) -> None:
    connection = filled(teams, people, shifts, breaks)
    for sql, same in SAME:
        rows, others = (connection.execute(each).fetchall() for each in (sql, same))
        assert Counter(rows) == Counter(others), (sql, same)
    connection.close()
