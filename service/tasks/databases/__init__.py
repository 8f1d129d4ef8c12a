"""The databases that are generated here: what they hold, and their images."""

from __future__ import annotations

from random import Random

import apsw

from . import airline, film_streaming, hospital, retail_shop, university
from .domain import Domain

INSTANCES = 4  # instance 0 is visible to an agent, the others are hidden
SEED = 1

DOMAINS: tuple[Domain, ...] = (
    retail_shop.DOMAIN,
    hospital.DOMAIN,
    airline.DOMAIN,
    university.DOMAIN,
    film_streaming.DOMAIN,
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
