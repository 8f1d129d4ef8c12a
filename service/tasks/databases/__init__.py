"""The databases that are generated here: what they hold, and their images."""

from __future__ import annotations

from random import Random

import apsw

from . import (
    airline,
    bank,
    city_services,
    energy,
    film_streaming,
    hospital,
    hotel,
    insurance,
    library,
    logistics,
    museum,
    payroll,
    retail_shop,
    sensors,
    sports,
    subscriptions,
    university,
)
from .domain import Domain

INSTANCES = 4  # instance 0 is visible to an agent, the others are hidden
SEED = 1

DOMAINS: tuple[Domain, ...] = (
    retail_shop.DOMAIN,
    hospital.DOMAIN,
    airline.DOMAIN,
    library.DOMAIN,
    payroll.DOMAIN,
    bank.DOMAIN,
    insurance.DOMAIN,
    subscriptions.DOMAIN,
    logistics.DOMAIN,
    sensors.DOMAIN,
    sports.DOMAIN,
    city_services.DOMAIN,
    university.DOMAIN,
    energy.DOMAIN,
    film_streaming.DOMAIN,
    museum.DOMAIN,
    hotel.DOMAIN,
)


def build_image(domain: Domain, instance: int, seed: int = SEED, scale: float = 1.0) -> bytes:
    """Gives an instance of a database as the bytes of its SQLite file; equal arguments give equal bytes."""
    connection = apsw.Connection(":memory:")
    try:
        connection.execute(domain.ddl)
        with connection:
            domain.populate(connection, Random(f"{domain.database_id}/{seed}/{instance}"), scale)
        connection.execute("VACUUM")
        return connection.serialize("main")
    finally:
        connection.close()


__all__ = ["DOMAINS", "INSTANCES", "SEED", "Domain", "build_image"]
