from __future__ import annotations

from collections.abc import Callable

import apsw
import pytest

from sqldojo.service.core.schema import READ_ALL, Permissions
from sqldojo.service.sandbox.database import Database
from sqldojo.service.sandbox.images import DatabaseImages, serialize
from sqldojo.service.sandbox.limits import Limits

SCHEMA = '''
CREATE TABLE departments (Id INTEGER PRIMARY KEY, Name TEXT NOT NULL UNIQUE);
CREATE TABLE employees (
    Id INTEGER PRIMARY KEY AUTOINCREMENT, Name TEXT, Salary REAL, Photo BLOB,
    DepartmentId INTEGER REFERENCES departments ON DELETE CASCADE
);
CREATE TABLE payroll (EmployeeId INTEGER REFERENCES employees (Id), Amount REAL);
CREATE TABLE "odd ""name""" ("sel ect" TEXT);
CREATE VIEW payroll_totals AS
    SELECT DepartmentId, sum(Amount) AS Total FROM payroll JOIN employees ON Id = EmployeeId GROUP BY 1;
CREATE VIEW payroll_size AS SELECT count(*) AS Size FROM payroll;
CREATE VIEW payroll_ones AS SELECT 1 AS One FROM payroll;
CREATE VIEW payroll_inner AS WITH p AS (SELECT Amount FROM payroll) SELECT max(Amount) AS Highest FROM p;
'''


def _fill(connection: apsw.Connection, instance: int) -> None:
    connection.execute(SCHEMA)
    departments = ((i, f"Département {i} “é”") for i in range(1, 11))
    connection.executemany("INSERT INTO departments VALUES (?, ?)", departments)
    employees = (
        (i, f"O'Neil {i}", 1000.0 * instance + i, bytes([i % 256]), i % 10 + 1) for i in range(1, 101)
    )
    connection.executemany("INSERT INTO employees VALUES (?, ?, ?, ?, ?)", employees)
    connection.executemany("INSERT INTO payroll VALUES (?, ?)", ((i, i * 10.5) for i in range(1, 101)))
    connection.execute("INSERT INTO [odd \"name\"] VALUES (CAST(x'c3c328' AS TEXT)), (NULL)")


@pytest.fixture(scope="session")
def images() -> DatabaseImages:
    found = []
    for instance in range(3):
        connection = apsw.Connection(":memory:")
        _fill(connection, instance)
        found.append(serialize(connection))
    return DatabaseImages.of("company", found)


@pytest.fixture(scope="session")
def open_database(images: DatabaseImages) -> Callable[..., Database]:
    def open_with(permissions: Permissions = READ_ALL, limits: Limits | None = None) -> Database:
        return Database(images.images[0], images.schema, permissions, limits or Limits())

    return open_with


@pytest.fixture(scope="session")
def database(open_database: Callable[..., Database]) -> Database:
    """A read-only database that many tests share: no statement may change how the next one runs."""
    return open_database()
