"""The generated databases: their rows, and the words that people have for them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime

import apsw
import pytest

from sqldojo.service.core.task import Split
from sqldojo.service.tasks.databases import DOMAINS, INSTANCES, build_image
from sqldojo.service.tasks.databases.domain import Domain
from sqldojo.service.tasks.databases.lexicon import Conversion, Exclusion, FiscalYear, Role

Connections = dict[str, apsw.Connection]


@pytest.fixture(scope="module")
def databases(images: dict[tuple[str, int], bytes]) -> Iterator[Connections]:
    """Every instance of every database, open, by "id/instance"."""
    opened: Connections = {}
    for (database_id, instance), image in images.items():
        connection = opened[f"{database_id}/{instance}"] = apsw.Connection(":memory:")
        connection.deserialize("main", image)
    yield opened
    for connection in opened.values():
        connection.close()


def instances(databases: Connections, domain: Domain) -> list[apsw.Connection]:
    return [databases[f"{domain.database_id}/{instance}"] for instance in range(INSTANCES)]


def names(database: apsw.Connection, kind: str) -> list[str]:
    query = "SELECT name FROM sqlite_schema WHERE type = ? AND name NOT LIKE 'sqlite%' ORDER BY rowid"
    return [name for (name,) in database.execute(query, (kind,))]


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def count(database: apsw.Connection, table: str, where: str = "1") -> int:
    return database.execute(f"SELECT count(*) FROM {quoted(table)} AS t WHERE {where}").get


def columns(database: apsw.Connection, table: str) -> dict[str, str]:
    rows = database.execute("SELECT name, type FROM pragma_table_info(?)", (table,))
    return {str(name): str(declared) for name, declared in rows}


def values(database: apsw.Connection, table: str, column: str) -> list[object]:
    query = f"SELECT {quoted(column)} FROM {quoted(table)} WHERE {quoted(column)} IS NOT NULL"
    return [value for (value,) in database.execute(query)]


def test_there_are_many_and_the_splits_are_by_database() -> None:
    splits = [domain.split for domain in DOMAINS]
    assert len(DOMAINS) >= 16
    assert len({domain.database_id for domain in DOMAINS}) == len(DOMAINS)
    assert (splits.count(Split.DEV), splits.count(Split.TEST)) >= (2, 3)
    assert splits.count(Split.TRAIN) >= 10


@pytest.mark.parametrize("domain", DOMAINS, ids=lambda domain: domain.database_id)
class TestRows:
    def test_equal_seeds_give_equal_bytes_and_others_do_not(
        self, domain: Domain, images: dict[tuple[str, int], bytes]
    ) -> None:
        built = [images[domain.database_id, instance] for instance in range(INSTANCES)]
        assert build_image(domain, 1) == built[1]
        assert build_image(domain, 1, seed=2) != built[1]
        assert len(set(built)) == INSTANCES

    def test_the_scale_makes_it_grow(self, domain: Domain, databases: Connections) -> None:
        def rows(connection: apsw.Connection) -> int:
            return sum(count(connection, table) for table in names(connection, "table"))

        sizes = []
        for scale in (0.2, 2.0):
            connection = apsw.Connection(":memory:")
            connection.deserialize("main", build_image(domain, 0, scale=scale))
            assert list(connection.execute("PRAGMA foreign_key_check")) == []
            sizes.append(rows(connection))
        usual = rows(instances(databases, domain)[0])
        assert sizes[0] < 0.6 * usual < 1_000_000
        assert sizes[1] > 1.5 * usual

    def test_every_instance_is_sound(self, domain: Domain, databases: Connections) -> None:
        for database in instances(databases, domain):
            assert database.pragma("integrity_check") == "ok"
            assert list(database.execute("PRAGMA foreign_key_check")) == []
            assert 1_500 <= sum(count(database, table) for table in names(database, "table")) <= 8_000
            assert len(database.serialize("main")) <= 500_000
            for view in names(database, "view"):
                assert count(database, view) > 0

    def test_the_schema_has_all_that_makes_queries_hard(self, domain: Domain, databases: Connections) -> None:
        database = instances(databases, domain)[0]
        tables = names(database, "table")
        assert 5 <= len(tables) <= 15
        keys = [
            (table, parent)
            for table in tables
            for (parent,) in database.execute('SELECT "table" FROM pragma_foreign_key_list(?)', (table,))
        ]
        hierarchic = [pair for pair in keys if pair[0] == pair[1] or keys.count(pair) > 1]
        assert hierarchic, "rows that refer to rows of their own table"
        assert max(sum(parent == each for _, parent in keys) for each in tables) >= 2, "two branches"
        parts = [
            database.execute("SELECT count(*) FROM pragma_table_info(?) WHERE pk > 0", (table,)).get
            for table in tables
        ]
        assert max(parts) >= 2, "a composite key"
        assert min(count(database, table) for table in tables) <= 2, "an empty table, or almost"

    def test_the_values_have_all_that_makes_queries_hard(
        self, domain: Domain, databases: Connections
    ) -> None:
        for database in instances(databases, domain):
            cells = [
                cell
                for table in names(database, "table")
                for row in database.execute(f"SELECT * FROM {quoted(table)}")
                for cell in row
            ]
            texts = {cell for cell in cells if isinstance(cell, str)}
            assert None in cells
            assert any("'" in text for text in texts)
            assert any('"' in text for text in texts)
            assert any(not text.isascii() for text in texts)
            folded = {text.strip().casefold() for text in texts}
            assert len(folded) < len(texts), "texts that differ in case or space alone"

    def test_children_are_spread_unevenly_and_some_parents_have_none(
        self, domain: Domain, databases: Connections
    ) -> None:
        database = instances(databases, domain)[0]
        skewed = childless = 0
        for link in domain.lexicon.links:
            child, parent = quoted(link.child), quoted(link.parent)
            key = ", ".join(map(quoted, link.columns))
            by_parent = [
                number
                for (number,) in database.execute(
                    f"SELECT count(*) FROM {child} WHERE {quoted(link.columns[0])} IS NOT NULL GROUP BY {key}"
                    " ORDER BY 1 DESC"
                )
            ]
            if not by_parent:
                continue
            parents = database.execute(f"SELECT count(*) FROM {parent}").get
            skewed += by_parent[0] >= 3 * (sum(by_parent) / len(by_parent))
            childless += len(by_parent) < parents
        assert skewed >= 2
        assert childless >= 3


@pytest.mark.parametrize("domain", DOMAINS, ids=lambda domain: domain.database_id)
class TestWords:
    def test_they_name_what_is_there(self, domain: Domain, databases: Connections) -> None:
        database = instances(databases, domain)[0]
        assert len(domain.lexicon.tables) >= 5
        assert len(domain.lexicon.links) >= 5
        spoken = {words.table for words in domain.lexicon.tables}
        for words in domain.lexicon.tables:
            there = columns(database, words.table)
            assert there, words.table
            assert {each.column for each in words.columns} <= there.keys()
            labelled = {each.column for each in words.columns if each.role is Role.NAME}
            assert set(words.label) <= labelled
        for link in domain.lexicon.links:
            assert {link.child, link.parent} <= spoken
            assert set(link.columns) <= columns(database, link.child).keys()
            assert set(link.parent_columns) <= columns(database, link.parent).keys()

    def test_links_lead_every_child_to_one_parent(self, domain: Domain, databases: Connections) -> None:
        for database in instances(databases, domain):
            for link in domain.lexicon.links:
                child, parent = quoted(link.child), quoted(link.parent)
                pairs = list(zip(map(quoted, link.columns), map(quoted, link.parent_columns), strict=True))
                joined = " AND ".join(f"p.{theirs} = c.{own}" for own, theirs in pairs)
                known = " AND ".join(f"c.{own} IS NOT NULL" for own, _ in pairs)
                lost = f"""SELECT count(*) FROM {child} AS c
                    WHERE {known} AND (SELECT count(*) FROM {parent} AS p WHERE {joined}) <> 1"""
                assert database.execute(lost).get == 0, link

    def test_missing_is_said_of_columns_that_may_be_null_alone(
        self, domain: Domain, databases: Connections
    ) -> None:
        database = instances(databases, domain)[0]
        for words in domain.lexicon.tables:
            for each in words.columns:
                if each.missing:
                    column = f"{quoted(each.column)} IS NULL"
                    assert count(database, words.table, column) > 0, (words.table, each.column)

    def test_roles_fit_the_values(self, domain: Domain, databases: Connections) -> None:
        for database in instances(databases, domain):
            for words in domain.lexicon.tables:
                for each in words.columns:
                    found = values(database, words.table, each.column)
                    where = f"{words.table}.{each.column}: {found[:3]}"
                    match each.role:
                        case Role.AMOUNT | Role.LEVEL:
                            assert all(isinstance(value, int | float) for value in found), where
                        case Role.FLAG:
                            assert set(found) <= {0, 1}, where
                        case Role.DATE:
                            assert all(date.fromisoformat(str(value)) for value in found), where
                        case Role.MOMENT:
                            assert all(datetime.fromisoformat(str(value)) for value in found), where
                        case Role.CATEGORY:
                            assert 2 <= len(set(found)) <= 40, where
                        case Role.NAME | Role.TEXT:
                            assert all(isinstance(value, str) for value in found), where

    def test_categories_have_the_same_values_everywhere(self, domain: Domain, databases: Connections) -> None:
        """So that a constant in a statement means something in the hidden instances as well."""
        for words in domain.lexicon.tables:
            for each in words.columns:
                if each.role is Role.CATEGORY:
                    sets = [
                        set(values(database, words.table, each.column))
                        for database in instances(databases, domain)
                    ]
                    assert len(set.intersection(*sets)) >= 0.4 * len(set.union(*sets)), each.column

    def test_phrases_keep_their_form(self, domain: Domain) -> None:
        for words in domain.lexicon.tables:
            for phrase in (words.singular, words.plural, *(each.phrase for each in words.columns)):
                assert re.fullmatch(r"[^\W\d_][\w' -]*", phrase), phrase
                assert not re.match(r"(the|a|an) ", phrase), phrase
            for each in words.columns:
                assert each.having.count("{}") == (1 if each.having else 0)
                assert "{" not in each.missing + each.yes + each.no + each.event
                assert (each.role is Role.FLAG) == bool(each.yes and each.no)
                assert not each.event or each.role in (Role.DATE, Role.MOMENT)
        for link in domain.lexicon.links:
            for phrase in (link.of, link.having, link.without):
                assert phrase.count("{}") == 1, phrase
            assert bool(link.role) == bool(link.role_plural)

    def test_rules_hold_for_most_rows_and_not_for_all(self, domain: Domain, databases: Connections) -> None:
        assert len(domain.lexicon.rules) >= 3
        for rule in domain.lexicon.rules:
            assert rule.note.endswith(".")
            for database in instances(databases, domain):
                everything = count(database, rule.table)
                match rule:
                    case Exclusion():
                        kept = count(database, rule.table, rule.condition.format(t="t"))
                        assert 0.3 * everything < kept < everything, rule.name
                    case FiscalYear():
                        assert 1 < rule.first_month <= 12
                        assert rule.column in columns(database, rule.table)
                    case Conversion():
                        same = f"({rule.expression.format(t='t')}) IS t.{quoted(rule.column)}"
                        assert count(database, rule.table, same) < everything

    def test_screens_show_part_of_a_table(self, domain: Domain, databases: Connections) -> None:
        assert domain.lexicon.screens
        for screen in domain.lexicon.screens:
            database = instances(databases, domain)[0]
            assert screen.view in names(database, "view")
            shown, whole = columns(database, screen.view), columns(database, screen.table)
            assert shown.keys() <= whole.keys()
            fewer_rows = count(database, screen.view) < count(database, screen.table)
            assert fewer_rows or shown.keys() < whole.keys()
