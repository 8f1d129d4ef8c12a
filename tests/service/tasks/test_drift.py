from __future__ import annotations

from dataclasses import replace

import apsw
import pytest

from sqldojo.service.core.execution import Rows
from sqldojo.service.core.task import Split
from sqldojo.service.tasks.databases import DOMAINS, INSTANCES, build_image
from sqldojo.service.tasks.databases.lexicon import (
    ColumnWords,
    Conversion,
    Exclusion,
    Lexicon,
    Link,
    Role,
    TableWords,
)
from sqldojo.service.tasks.drift import Drifted, drift
from sqldojo.service.tasks.drift_names import STYLES
from sqldojo.service.tasks.ground import quoted
from sqldojo.service.tasks.instances import Instances

BY_ID = {domain.database_id: domain for domain in DOMAINS}
HOSPITAL = BY_ID["hospital"]


@pytest.fixture(scope="module", params=[d.database_id for d in DOMAINS if d.split is Split.TRAIN])
def drifted(request: pytest.FixtureRequest) -> tuple[str, Drifted]:
    """A training database after drift, with the instances that it had before."""
    domain = BY_ID[request.param]
    images = [build_image(domain, instance) for instance in range(2)]
    return domain.database_id, drift(domain.lexicon, images, "seed")


def test_all_that_the_lexicon_names_is_there(drifted: tuple[str, Drifted]) -> None:
    _, made = drifted
    instances = Instances("drifted", made.images)

    def runs(sql: str) -> None:
        result = instances.run(sql, 1)
        assert isinstance(result, Rows), (sql, result)

    for words in made.lexicon.tables:
        names = [*(column.column for column in words.columns), *words.label]
        runs(f"SELECT {', '.join(map(quoted, names)) or '1'} FROM {quoted(words.table)} LIMIT 5")
    for link in made.lexicon.links:
        on = " AND ".join(
            f"c.{quoted(child)} = p.{quoted(parent)}"
            for child, parent in zip(link.columns, link.parent_columns, strict=True)
        )
        runs(f"SELECT count(*) FROM {quoted(link.child)} AS c JOIN {quoted(link.parent)} AS p ON {on}")
    for rule in made.lexicon.rules:
        sql = (
            rule.condition
            if isinstance(rule, Exclusion)
            else rule.expression
            if isinstance(rule, Conversion)
            else f"{{t}}.{quoted(rule.column)}"
        )
        runs(f"SELECT count({sql.replace('{t}', 'x')}) FROM {quoted(rule.table)} AS x")
    for screen in made.lexicon.screens:
        runs(f"SELECT 1 FROM {quoted(screen.view)}, {quoted(screen.table)} LIMIT 1")


def test_most_names_are_other_ones_and_nothing_is_lost(drifted: tuple[str, Drifted]) -> None:
    database_id, made = drifted
    before = Instances("before", [build_image(BY_ID[database_id], 0)]).schema
    after = Instances("after", made.images).schema
    old = {(table.name, column.name) for table in before.tables for column in table.columns}
    new = {(table.name, column.name) for table in after.tables for column in table.columns}
    assert len(old & new) < 0.5 * len(old)
    assert sum(table.row_count for table in after.tables) >= sum(table.row_count for table in before.tables)
    assert [t.is_view for t in before.tables].count(True) == [t.is_view for t in after.tables].count(True)
    assert made.changes
    for image in made.images:
        connection = apsw.Connection(":memory:")
        connection.deserialize("main", image)
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        assert connection.execute("PRAGMA integrity_check").get == "ok"
        assert not connection.execute("SELECT count(*) FROM sqlite_schema WHERE name LIKE 'drift%'").get


def test_a_view_gives_the_rows_that_it_gave() -> None:
    image = build_image(HOSPITAL, 0)
    made = drift(HOSPITAL.lexicon, [image], "seed")
    sql = "SELECT * FROM department_load ORDER BY 1"
    before, after = Instances("b", [image]).run(sql), Instances("a", made.images).run(sql)
    assert isinstance(before, Rows)
    assert isinstance(after, Rows)
    assert before.rows == after.rows


def test_equal_seeds_give_equal_bytes_and_others_other_names() -> None:
    images = [build_image(HOSPITAL, instance) for instance in range(INSTANCES)]
    made = drift(HOSPITAL.lexicon, images, "a")
    assert drift(HOSPITAL.lexicon, images, "a") == made
    assert len({drift(HOSPITAL.lexicon, images[:1], seed).changes for seed in "abcdef"}) > 2


PARK = """
CREATE TABLE keeper (keeper_id INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE animal (
    animal_id INTEGER PRIMARY KEY, name TEXT, weight REAL, mood TEXT, seen_at TEXT,
    keeper_id INTEGER REFERENCES keeper (keeper_id)
);
CREATE INDEX animal_keeper ON animal (keeper_id);
CREATE VIEW roster AS SELECT a.name, k.name AS keeper FROM animal AS a JOIN keeper AS k USING (keeper_id);
INSERT INTO keeper VALUES (1, 'Ida'), (2, 'Łucja');
INSERT INTO animal VALUES
    (1, 'Leo', 190.5, 'calm', '2024-01-02 10:30', 1), (2, 'Mia', 3.25, 'rather cross', '2024-02-03 11:45', 2),
    (3, 'Rex', NULL, NULL, NULL, NULL);
"""
PARK_WORDS = Lexicon(
    tables=(
        TableWords("keeper", "keeper", "keepers", (ColumnWords("name", Role.NAME, "name"),), ("name",), True),
        TableWords(
            "animal",
            "animal",
            "animals",
            (
                ColumnWords("name", Role.NAME, "name"),
                ColumnWords("weight", Role.LEVEL, "weight"),
                ColumnWords("mood", Role.CATEGORY, "mood", having="in a mood called {}"),
                ColumnWords("seen_at", Role.MOMENT, "date and time of the last visit"),
            ),
            ("name",),
        ),
        TableWords("roster", "entry", "entries", (ColumnWords("keeper", Role.NAME, "keeper"),)),
    ),
    links=(Link("animal", ("keeper_id",), "keeper", ("keeper_id",), of="looked after by {}"),),
    rules=(Exclusion("heavy", "animal", "{t}.name <> 'Rex' AND {t}.animal_id > 0", "Rex never counts."),),
)


def park() -> bytes:
    connection = apsw.Connection(":memory:")
    connection.execute(PARK)
    return connection.serialize("main")


def test_columns_move_split_and_are_recoded_with_their_values() -> None:
    made = drift(PARK_WORDS, [park(), park()], "seed")
    assert {
        "animal.weight moved to animal_detail.weight",
        "animal.seen_at is split into seen_date and seen_time",
        "the values of animal.mood are in capitals",
    } <= set(made.changes)
    animal, detail = (words for words in made.lexicon.tables if words.singular.startswith("animal"))
    assert (detail.singular, detail.columns[0].phrase) == ("animal record", "weight")
    name, mood, seen = (column for column in animal.columns)
    assert (seen.role, seen.phrase) == (Role.DATE, "date of the last visit")
    link = made.lexicon.links[-1]
    assert (link.child, link.parent) == (detail.table, animal.table)
    sql = (
        f"SELECT a.{name.column}, d.{detail.columns[0].column}, a.{mood.column}, a.{seen.column}"
        f" FROM {animal.table} AS a JOIN {detail.table} AS d"
        f" ON d.{link.columns[0]} = a.{link.parent_columns[0]} ORDER BY 1"
    )
    for instance in range(2):
        result = Instances("park", made.images).run(sql, instance)
        assert isinstance(result, Rows), result
        assert result.rows == [
            ("Leo", 190.5, "CALM", "2024-01-02"),
            ("Mia", 3.25, "RATHER_CROSS", "2024-02-03"),
            ("Rex", None, None, None),
        ]


def test_a_column_that_a_rule_or_a_view_reads_stays_in_its_table() -> None:
    words = replace(PARK_WORDS, rules=(Exclusion("r", "animal", "{t}.weight > 1 AND {t}.mood <> 'x'", "n"),))
    made = drift(words, [park()], "seed")
    assert not any("moved" in change for change in made.changes)
    assert "animal_detail" not in str(made.lexicon)


def test_instances_drift_alike_or_not_at_all() -> None:
    odd = apsw.Connection(":memory:")
    odd.execute(
        PARK + "UPDATE animal SET mood = 'Calm' WHERE name = 'Mia'; UPDATE animal SET seen_at = 'noon'"
    )
    made = drift(PARK_WORDS, [park(), odd.serialize("main")], "seed")
    assert any("moved" in change for change in made.changes)
    assert not any("split" in change or "capitals" in change for change in made.changes)


@pytest.mark.parametrize(
    ("style", "table", "columns"),
    [
        (0, "OrderLine", {"hired_on": "hireDate", "customer_id": "customerId", "name": "orderName"}),
        (1, "tbl_order_line", {"hired_on": "hire_date", "birth_date": "date_of_birth", "city": "town"}),
        (2, "orders", {"customer_id": "customer_no", "quantity": "qty", "scheduled_at": "schedule_time"}),
    ],
)
def test_names_change_as_people_change_them(style: int, table: str, columns: dict[str, str]) -> None:
    assert STYLES[style].table("order_line", "orders") == table
    assert {old: STYLES[style].column(old, "order") for old in columns} == columns
