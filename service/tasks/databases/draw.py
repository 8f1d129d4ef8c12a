"""How values are drawn.

Only `random()`, `randrange` and `shuffle` of `Random` and plain arithmetic are used, so equal seeds give
equal values on every platform.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from itertools import accumulate
from random import Random
from typing import Any, Generic, TypeVar

import apsw

from .names import Country, countries
from .words import COMPANIES, PEOPLE, STREETS

T = TypeVar("T")
Cells = tuple[Any, ...]  # a row as it is inserted


class Zipf(Generic[T]):
    """Draws from `items`, the k-th with a weight of 1/k."""

    def __init__(self, items: Iterable[T]) -> None:
        self._items = tuple(items)
        self._bounds = tuple(accumulate(1 / rank for rank in range(1, len(self._items) + 1)))

    def draw(self, rng: Random) -> T:
        """Gives an item."""
        return self._items[bisect_left(self._bounds, rng.random() * self._bounds[-1])]


def popular(rng: Random, items: Iterable[T], idle: float = 0.1) -> Zipf[T]:
    """Gives a Zipf of `items` in random order that never draws a share `idle` of them.

    For foreign keys: the parents left out are those without children.
    """
    shuffled = list(items)
    rng.shuffle(shuffled)
    return Zipf(shuffled[int(len(shuffled) * idle) :])


def pick(rng: Random, items: Sequence[T]) -> T:
    """Gives one item, all being equally likely."""
    return items[rng.randrange(len(items))]


def chance(rng: Random, share: float) -> bool:
    """Says yes with the probability `share`."""
    return rng.random() < share


def unless(rng: Random, share: float, value: T) -> T | None:
    """Gives `value`, or None with the probability `share`."""
    return None if chance(rng, share) else value


def some(rng: Random, scale: float, low: int, high: int) -> int:
    """Gives a count from `low` to `high` times the scale, at least 1."""
    return max(1, int(scale * (low + rng.randrange(high - low + 1))))


def money(rng: Random, low: int, high: int) -> float:
    """Gives an amount of `low` to `high` in whole cents, low amounts being likelier."""
    span = rng.random() * rng.random() * (high - low) * 100
    return (low * 100 + int(span)) / 100


def day(rng: Random, first: str, last: str) -> str:
    """Gives a day from `first` to `last`, all as ISO text."""
    start = date.fromisoformat(first)
    return (start + timedelta(rng.randrange((date.fromisoformat(last) - start).days + 1))).isoformat()


def days_after(start: str, days: int) -> str:
    """Gives the day that many days after `start`, as ISO text."""
    return (date.fromisoformat(start) + timedelta(days)).isoformat()


def clock(rng: Random, first_hour: int, last_hour: int) -> str:
    """Gives a time 'HH:MM' on a quarter of an hour from `first_hour` to before `last_hour`."""
    return f"{first_hour + rng.randrange(last_hour - first_hour):02}:{15 * rng.randrange(4):02}"


def near_copies(rng: Random, names: list[str], first: int) -> list[str]:
    """Gives `names` with some from index `first` on replaced by copies of others.

    One in 25 becomes an exact copy, one in 50 a copy in lower case, one in 50 a copy with a trailing
    space. The last three become a copy of each sort of the first three names.
    """
    copies = list(names)
    for index in range(first, len(names)):
        original, draw, left = pick(rng, names), rng.random(), len(names) - index
        if left <= 3:
            original, draw = names[left - 1], (0.0, 0.05, 0.07)[left - 1]
        if draw < 0.04:
            copies[index] = original
        elif draw < 0.06:
            copies[index] = original.lower()
        elif draw < 0.08:
            copies[index] = original + " "
    return copies


def people(rng: Random, count: int) -> list[str]:
    """Gives `count` persons' names, those of PEOPLE first, duplicates and near-duplicates among them."""
    origins, drawn = Zipf(countries()), list(PEOPLE[:count])
    while len(drawn) < count:
        first_names, family_names = pick(rng, origins.draw(rng).names)
        drawn.append(f"{pick(rng, first_names)} {pick(rng, family_names)}")
    return near_copies(rng, drawn, first=len(PEOPLE))


def companies(rng: Random, count: int) -> list[str]:
    """Gives `count` companies' names, all different, those of COMPANIES first."""
    return _called(rng, count, COMPANIES, lambda country: country.companies)


def streets(rng: Random, count: int) -> list[str]:
    """Gives `count` streets with numbers, all different, those of STREETS first."""
    return _called(rng, count, STREETS, lambda country: country.streets)


def _called(
    rng: Random, count: int, first: Sequence[str], patterns: Callable[[Country], tuple[str, ...]]
) -> list[str]:
    origins, found = Zipf(countries()), dict.fromkeys(first[:count])
    while len(found) < count:
        country = origins.draw(rng)
        family_names = country.family_names()
        name = pick(rng, patterns(country)).format(
            a=pick(rng, family_names), b=pick(rng, family_names), n=1 + rng.randrange(120)
        )
        found[name] = None
    return list(found)


def email(name: str, number: int, host: str) -> str:
    """Gives an address made of the ASCII letters of `name` and a number that makes it unique."""
    letters = "".join(letter for letter in name.lower() if letter.isascii() and letter.isalpha())
    return f"{letters or 'user'}{number}@{host}"


def insert(connection: apsw.Connection, table: str, rows: Sequence[Cells]) -> None:
    """Inserts rows of all columns of `table`."""
    marks = ", ".join("?" * len(rows[0]))
    connection.executemany(f'INSERT INTO "{table}" VALUES ({marks})', rows)
