from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

import apsw
import pytest

from sqldojo.service.core.task import Split
from sqldojo.service.tasks.databases import (
    DOMAINS,
    INSTANCES,
    airline,
    build_image,
    film_streaming,
    hospital,
    retail_shop,
    university,
)
from sqldojo.service.tasks.databases.domain import Domain
from sqldojo.service.tasks.databases.words import PEOPLE

ALL = [(domain, instance) for domain in DOMAINS for instance in range(INSTANCES)]
EMPTY = {
    "retail_shop": "gift_card",
    "hospital": "ward_incident",
    "airline": "LostItem",
    "university": "appeal",
    "film_streaming": "award",
}
PERSONS = {
    "retail_shop": ["customer.name"],
    "hospital": ["patient.name", "physician.name"],
    "airline": ["Passenger.FullName", "CrewMember.FullName"],
    "university": ["student.name", "instructor.name"],
    "film_streaming": ["person.name", "profile.name"],
}
# What a query may name as a constant: the column that holds it, and all values that it must have.
VOCABULARY = [
    ("retail_shop", "orders.status", retail_shop.ORDER_STATUSES),
    ("retail_shop", 'customer."group"', retail_shop.CUSTOMER_GROUPS),
    ("retail_shop", "payment.method", retail_shop.PAYMENT_METHODS),
    ("retail_shop", "category.name", [name for name, _ in retail_shop.CATEGORIES]),
    ("retail_shop", "supplier.name", retail_shop.SUPPLIERS),
    ("hospital", "appointment.status", hospital.APPOINTMENT_STATUSES),
    ("hospital", "appointment.reason", hospital.APPOINTMENT_REASONS),
    ("hospital", "patient.blood_group", hospital.BLOOD_GROUPS),
    ("hospital", "patient.insurer", hospital.INSURERS),
    ("hospital", "physician.specialty", hospital.SPECIALTIES),
    ("hospital", "medication.form", hospital.MEDICATION_FORMS),
    ("hospital", "department.name", [name for name, _ in hospital.DEPARTMENTS]),
    ("hospital", "patient_diagnosis.code", [code for code, _, _ in hospital.DIAGNOSES[:-1]]),
    ("airline", "Flight.Status", airline.FLIGHT_STATUSES),
    ("airline", "Booking.CabinClass", airline.CABIN_CLASSES),
    ("airline", "Passenger.Tier", airline.TIERS),
    ("airline", "CrewMember.Role", airline.CREW_ROLES),
    ("airline", "Aircraft.Model", airline.MODELS),
    ("airline", "Airport.IataCode", [airport[0] for airport in airline.AIRPORTS]),
    ("university", "student.status", university.STUDENT_STATUSES),
    ("university", "instructor.rank", university.RANKS),
    ("university", "section.year", university.YEARS),
    ("university", "section.term", university.TERMS),
    ("university", "course.level", university.LEVELS),
    ("university", "scholarship.name", university.SCHOLARSHIPS),
    ("film_streaming", "title.kind", film_streaming.TITLE_KINDS),
    ("film_streaming", "title.language", film_streaming.LANGUAGES),
    ("film_streaming", "title_genre.genre", film_streaming.GENRES[:-1]),
    ("film_streaming", "credit.job", film_streaming.JOBS),
    ("film_streaming", "account.plan", [name for name, _ in film_streaming.PLANS]),
    ("film_streaming", "account.country", film_streaming.COUNTRIES),
    ("film_streaming", "viewing.device", film_streaming.DEVICES),
]


def named(case: object) -> str:
    return case.database_id if isinstance(case, Domain) else str(case)


@pytest.fixture
def database(
    request: pytest.FixtureRequest, images: dict[tuple[str, int], bytes]
) -> Iterator[apsw.Connection]:
    domain, instance = request.node.callspec.params["domain"], request.node.callspec.params["instance"]
    connection = apsw.Connection(":memory:")
    connection.deserialize("main", images[domain.database_id, instance])
    yield connection
    connection.close()


def names(database: apsw.Connection, kind: str) -> list[str]:
    query = "SELECT name FROM sqlite_schema WHERE type = ? ORDER BY rowid"
    return [name for (name,) in database.execute(query, (kind,))]


def count(database: apsw.Connection, table: str, where: str = "1") -> int:
    return database.execute(f'SELECT count(*) FROM "{table}" WHERE {where}').get


def texts(database: apsw.Connection) -> list[str]:
    return [
        cell
        for table in names(database, "table")
        for row in database.execute(f'SELECT * FROM "{table}"')
        for cell in row
        if isinstance(cell, str)
    ]


def foreign_keys(database: apsw.Connection) -> list[tuple[str, list[str], str, list[str]]]:
    """Table, columns, parent table, parent's columns."""
    keys: dict[tuple[str, int], tuple[str, list[str], str, list[str]]] = {}
    for table in names(database, "table"):
        for number, _, parent, column, target, *_ in database.execute(f'PRAGMA foreign_key_list("{table}")'):
            key = keys.setdefault((table, number), (table, [], parent, []))
            key[1].append(column)
            key[3].append(target)
    return list(keys.values())


def test_the_splits_are_by_database() -> None:
    splits = [domain.split for domain in DOMAINS]
    assert len(DOMAINS) >= 5
    assert (splits.count(Split.TRAIN), splits.count(Split.DEV), splits.count(Split.TEST)) == (3, 1, 1)


@pytest.mark.parametrize("domain", DOMAINS, ids=named)
def test_equal_seeds_give_equal_bytes_and_others_do_not(
    domain: Domain, images: dict[tuple[str, int], bytes]
) -> None:
    instances = [images[domain.database_id, instance] for instance in range(INSTANCES)]
    assert build_image(domain, 1) == instances[1]
    assert build_image(domain, 1, seed=2) != instances[1]
    assert len(set(instances)) == INSTANCES


@pytest.mark.parametrize(("domain", "instance"), ALL, ids=named)
class TestEveryInstance:
    def test_is_sound(self, domain: Domain, instance: int, database: apsw.Connection) -> None:
        assert database.pragma("integrity_check") == "ok"
        assert list(database.execute("PRAGMA foreign_key_check")) == []

    def test_has_the_size_promised(self, domain: Domain, instance: int, database: apsw.Connection) -> None:
        tables = names(database, "table")
        assert 5 <= len(tables) <= 9
        assert 1 <= len(names(database, "view")) <= 2
        assert 3_000 <= sum(count(database, table) for table in tables) <= 8_000
        assert 150_000 <= len(database.serialize("main")) <= 450_000

    def test_views_give_rows(self, domain: Domain, instance: int, database: apsw.Connection) -> None:
        for view in names(database, "view"):
            assert count(database, view) > 0

    def test_has_one_table_with_next_to_no_rows(
        self, domain: Domain, instance: int, database: apsw.Connection
    ) -> None:
        small = [table for table in names(database, "table") if count(database, table) <= 2]
        assert small == [EMPTY[domain.database_id]]

    def test_every_nullable_column_has_nulls_and_values(
        self, domain: Domain, instance: int, database: apsw.Connection
    ) -> None:
        for table in names(database, "table"):
            if table == EMPTY[domain.database_id]:
                continue
            for _, column, _, not_null, _, key in database.execute(f'PRAGMA table_info("{table}")'):
                if not not_null and not key:
                    assert 0 < count(database, table, f'"{column}" IS NULL') < count(database, table), column

    def test_every_foreign_key_is_indexed(
        self, domain: Domain, instance: int, database: apsw.Connection
    ) -> None:
        for table, columns, _, _ in foreign_keys(database):
            starts = [
                [column for _, _, column in database.execute(f'PRAGMA index_info("{index}")')][: len(columns)]
                for _, index, *_ in database.execute(f'PRAGMA index_list("{table}")')
            ]
            assert columns in starts, (table, columns)

    def test_has_composite_keys_and_a_self_reference(
        self, domain: Domain, instance: int, database: apsw.Connection
    ) -> None:
        def key_length(table: str) -> int:
            return sum(row[5] > 0 for row in database.execute(f'PRAGMA table_info("{table}")'))

        assert any(key_length(table) >= 2 for table in names(database, "table"))
        keys = foreign_keys(database)
        both_ends = [parent for table, _, parent, _ in keys if table == "prerequisite"]
        assert any(table == parent for table, _, parent, _ in keys) or both_ends == ["course", "course"]

    def test_has_parents_without_children(
        self, domain: Domain, instance: int, database: apsw.Connection
    ) -> None:
        childless = set()
        for table, columns, parent, targets in foreign_keys(database):
            if len(columns) == 1:
                children = f'SELECT "{columns[0]}" FROM "{table}" WHERE "{columns[0]}" IS NOT NULL'
                if count(database, parent, f'"{targets[0]}" NOT IN ({children})'):
                    childless.add((table, columns[0]))
        crowded = {(table, columns[0]) for table, columns, _, _ in foreign_keys(database)} - childless
        assert len(crowded) <= 2, crowded

    def test_popular_parents_have_many_times_the_mean_number_of_children(
        self, domain: Domain, instance: int, database: apsw.Connection
    ) -> None:
        table, column = {
            "retail_shop": ("orders", "customer_id"),
            "hospital": ("appointment", "patient_id"),
            "airline": ("Booking", "PassengerId"),
            "university": ("enrolment", "section_id"),
            "film_streaming": ("viewing", "title_id"),
        }[domain.database_id]
        children = sorted(n for (n,) in database.execute(f"SELECT count(*) FROM {table} GROUP BY {column}"))
        assert children[-1] > 4 * sum(children) / len(children)

    def test_has_text_that_needs_care(self, domain: Domain, instance: int, database: apsw.Connection) -> None:
        found = texts(database)
        for piece in ("Seán O'Neill", 'Anna "Annie" Lindqvist', "Zoë", "Łukasz", "山田"):
            assert any(piece in text for text in found), piece

    def test_has_duplicate_and_nearly_equal_names(
        self, domain: Domain, instance: int, database: apsw.Connection
    ) -> None:
        for place in PERSONS[domain.database_id]:
            table, column = place.split(".")
            found = [name for (name,) in database.execute(f"SELECT {column} FROM {table}")]
            known = set(found)
            assert len(known) < len(found)
            assert any(name != name.strip() and name.strip() in known for name in found)
            lower = {name.lower() for name in found if name != name.lower()}
            assert any(name in lower for name in found)
            assert tuple(found[: len(PEOPLE)]) == PEOPLE

    def test_dates_are_iso_text(self, domain: Domain, instance: int, database: apsw.Connection) -> None:
        dates = re.compile(r"(_on|_date|On|BirthDate|_at|DepartsAt)$")
        for table in names(database, "table"):
            for _, column, kind, *_ in database.execute(f'PRAGMA table_info("{table}")'):
                if dates.search(column):
                    assert kind == "TEXT"
                    for (text,) in database.execute(
                        f'SELECT "{column}" FROM "{table}" WHERE "{column}" IS NOT NULL'
                    ):
                        form = "%Y-%m-%d %H:%M" if len(text) == 16 else "%Y-%m-%d"
                        assert datetime.strptime(text, form).strftime(form) == text


@pytest.mark.parametrize("instance", range(INSTANCES))
@pytest.mark.parametrize(("database_id", "place", "values"), VOCABULARY)
def test_constants_mean_something_in_every_instance(
    database_id: str,
    place: str,
    values: tuple[object, ...],
    instance: int,
    images: dict[tuple[str, int], bytes],
) -> None:
    connection = apsw.Connection(":memory:")
    connection.deserialize("main", images[database_id, instance])
    table, column = place.split(".")
    found = {value for (value,) in connection.execute(f"SELECT DISTINCT {column} FROM {table}")}
    assert set(values) <= found


@pytest.mark.parametrize("domain", DOMAINS, ids=named)
def test_instances_share_the_schema_and_differ_in_counts(
    domain: Domain, images: dict[tuple[str, int], bytes]
) -> None:
    schemas, counts = set(), set()
    for instance in range(INSTANCES):
        connection = apsw.Connection(":memory:")
        connection.deserialize("main", images[domain.database_id, instance])
        schemas.add(tuple(connection.execute("SELECT type, name, sql FROM sqlite_schema ORDER BY rowid")))
        counts.add(tuple(count(connection, table) for table in names(connection, "table")))
    assert len(schemas) == 1
    assert len(counts) == INSTANCES


@pytest.mark.parametrize("piece", ["Łódź", "東京", "😀", "🧸", ' 12"', ""])
def test_the_databases_together_have_the_oddest_text(
    piece: str, images: dict[tuple[str, int], bytes]
) -> None:
    found = []
    for domain in DOMAINS:
        connection = apsw.Connection(":memory:")
        connection.deserialize("main", images[domain.database_id, 0])
        found += texts(connection)
    assert any(text.endswith(piece) and (piece or not text) for text in found)


def test_identifiers_are_awkward() -> None:
    assert '"in stock"' in retail_shop.DDL
    assert '"group"' in retail_shop.DDL
    assert '"dose/day"' in hospital.DDL
    assert '"Delay (min)"' in airline.DDL
    assert '"new grade"' in university.DDL
    assert '"is child"' in film_streaming.DDL
