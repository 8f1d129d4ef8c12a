from __future__ import annotations

from collections.abc import Iterator

import pytest

from sqldojo.service.tasks.databases import INSTANCES, bank, build_image, hospital, insurance, payroll
from sqldojo.service.tasks.databases.domain import Domain
from sqldojo.service.tasks.ground import Ground
from sqldojo.service.tasks.instances import Instances


def ground_of(domain: Domain) -> Ground:
    images = [build_image(domain, instance) for instance in range(INSTANCES)]
    instances = Instances(domain.database_id, images)
    return Ground(domain.database_id, domain.split, domain.lexicon, instances)


@pytest.fixture(scope="session")
def grounds() -> Iterator[tuple[Ground, ...]]:
    """Some databases, unlike each other."""
    opened = tuple(ground_of(module.DOMAIN) for module in (hospital, payroll, insurance, bank))
    yield opened
    for ground in opened:
        ground.instances.close()


@pytest.fixture(scope="session")
def clinic(grounds: tuple[Ground, ...]) -> Ground:
    """The hospital."""
    return grounds[0]
