"""What benchmarks give: figures, and how their picture shows them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure. `reach` is what it should be at least, or with `at_most` at most; None: no claim.

    `series` and `at` are its place in the picture: its line, or the colour of its bar, and where on the
    horizontal axis, a number or a word. Without them it is not in the picture.
    """

    what: str
    value: float
    unit: str
    reach: float | None = None
    at_most: bool = False
    series: str = ""
    at: float | str = ""

    @property
    def reached(self) -> bool:
        """The figure is what it should be."""
        if self.reach is None:
            return True
        return self.value <= self.reach if self.at_most else self.value >= self.reach


class Shape(Enum):
    """How a picture shows its series."""

    LINES = "lines"  # over numbers
    BARS = "bars"  # beside each other, over words
    STACK = "stack"  # on top of each other, over words


@dataclass(frozen=True, slots=True)
class Picture:
    """The picture of a benchmark's figures that have a series. Scales are logarithmic where that is said."""

    shape: Shape
    x: str
    y: str
    log_x: bool = False
    log_y: bool = False


class NotMeasurable(Exception):
    """What a benchmark needs is not here: what, and what to do."""


@dataclass(frozen=True, slots=True)
class Benchmark:
    """One benchmark: `python -m benchmarks.NAME` runs it by itself, `python -m benchmarks` with the others.

    `measure` takes about as many seconds as it is told, `seconds` when nobody says otherwise, and raises
    NotMeasurable. `caption` says how what is measured is configured; it is printed, and written, with the
    figures.
    """

    name: str
    title: str
    caption: str
    seconds: float
    measure: Callable[[float], list[Figure]]
    picture: Picture
