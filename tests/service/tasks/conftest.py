from __future__ import annotations

from collections.abc import Iterator

import pytest

from sqldojo.service.core.task import Split
from sqldojo.service.sandbox.images import DatabaseImages
from sqldojo.service.tasks.bank import TaskBank
from sqldojo.service.tasks.bank_file import BankDatabase
from sqldojo.service.tasks.build import BuildReport, build
from sqldojo.service.tasks.databases import DOMAINS, INSTANCES, build_image
from sqldojo.service.tasks.instances import Instances
from sqldojo.service.tasks.plan import Plan

SMALL = Plan(24, 24, drifted=1, domains=("hospital", "university", "film_streaming"))


@pytest.fixture(scope="session")
def images() -> dict[tuple[str, int], bytes]:
    """Every instance of every generated database."""
    return {
        (domain.database_id, instance): build_image(domain, instance)
        for domain in DOMAINS
        for instance in range(INSTANCES)
    }


@pytest.fixture(scope="session")
def shop(images: dict[tuple[str, int], bytes]) -> BankDatabase:
    """The retail shop, as it goes into a bank."""
    instances = tuple(images["retail_shop", instance] for instance in range(INSTANCES))
    return BankDatabase("retail_shop", "A shop", Split.TRAIN, instances)


@pytest.fixture(scope="session")
def report(tmp_path_factory: pytest.TempPathFactory) -> BuildReport:
    """The build of a bank with the handwritten tasks."""
    return build(tmp_path_factory.mktemp("bank") / "bank.sqlite", Plan(0, 0, drifted=0), jobs=1)


@pytest.fixture(scope="session")
def bank(report: BuildReport) -> TaskBank:
    """The bank of the handwritten tasks."""
    return TaskBank.open(report.path)


@pytest.fixture(scope="session")
def generated(tmp_path_factory: pytest.TempPathFactory) -> BuildReport:
    """The build of a small bank with generated tasks, on three databases and a drifted one."""
    return build(tmp_path_factory.mktemp("generated") / "bank.sqlite", SMALL, jobs=1)


@pytest.fixture(scope="session")
def databases(images: dict[tuple[str, int], bytes]) -> dict[str, DatabaseImages]:
    """Every database with all its instances."""
    return {
        domain.database_id: DatabaseImages.of(
            domain.database_id, [images[domain.database_id, instance] for instance in range(INSTANCES)]
        )
        for domain in DOMAINS
    }


@pytest.fixture(scope="session")
def opened(databases: dict[str, DatabaseImages]) -> Iterator[dict[str, Instances]]:
    """Every database, open for reading."""
    found = {name: Instances(name, database.images) for name, database in databases.items()}
    yield found
    for instances in found.values():
        instances.close()
