"""The words of a ticket: what the statement should give, and what it gives instead."""

from __future__ import annotations

from random import Random

from ...core.execution import ActionError, Rows, Value
from ..explore.intent import Intent

_WANTED = (
    "This query should give {}.",
    "I need {}.",
    "What I am after is {}.",
    "The report is meant to show {}.",
    "We use this one every week; it should return {}.",
    "Could you have a look at this? It is supposed to give {}.",
    "Asked for was {}.",
    "The result should be {}.",
)
_FAILED = (
    'It fails: "{}".',
    'All that comes back is "{}".',
    'The database says "{}".',
    'When I run it I get "{}".',
)
_EMPTY = (
    "It comes back empty, and I know that there is something to be found.",
    "There is not a single row in the result, which cannot be.",
)
_TOO_MANY = (
    "It shows {shown}, more than there should be.",
    "With {shown} it is too long: things are in it that don't belong there, or more than once.",
)
_TOO_FEW = (
    "It shows only {shown}; some are missing.",
    "There should be more than the {shown} that it gives.",
)
_TOO_HIGH = (
    "It says {value}, which is too much.",
    "The {value} that it shows is far too high for us.",
)
_TOO_LOW = (
    "It says {value}, which is too little.",
    "We get {value}, and that is less than it can be.",
)
_OTHER_VALUE = ("It gives {value}, and that is not right.", "The answer {value} is wrong.")
_OTHER_FIGURES = (
    "The number of rows is right, but some of what they show is not.",
    "It looks plausible, but when I check single rows by hand they are wrong.",
    "Some rows are right and others are not.",
)
_OTHER_ORDER = ("The rows are the right ones, but not in the order that I asked for.",)
_OTHER_SHAPE = ("It has {count} columns in the result, which is not what was asked for.",)


def ticket(intent: Intent, broken: Rows | ActionError, gold: Rows, story: str, rng: Random) -> str:
    """Words a ticket: the request, its notes, and the symptom as it shows on the visible instance."""
    wanted = rng.choice(_WANTED).format(rng.choice(intent.requests))
    told = [story] if story else []
    told.append(_symptom(intent, broken, gold, rng))
    if rng.random() < 0.5:
        told.reverse()
    return " ".join((wanted, *intent.notes, *told))


def _symptom(intent: Intent, broken: Rows | ActionError, gold: Rows, rng: Random) -> str:
    if isinstance(broken, ActionError):
        return rng.choice(_FAILED).format(broken.message.rstrip("."))
    shown, wanted = len(broken.rows), len(gold.rows)
    if len(broken.columns) != len(gold.columns):
        return rng.choice(_OTHER_SHAPE).format(count=len(broken.columns))
    if shown != wanted:
        words = _EMPTY if shown == 0 else _TOO_MANY if shown > wanted else _TOO_FEW
        return rng.choice(words).format(shown="1 row" if shown == 1 else f"{shown:,} rows")
    if wanted == 1 and len(gold.columns) == 1:
        return _other_value(broken.rows[0][0], gold.rows[0][0], rng)
    if intent.ordered and sorted(map(repr, broken.rows)) == sorted(map(repr, gold.rows)):
        return rng.choice(_OTHER_ORDER)
    return rng.choice(_OTHER_FIGURES)


def _other_value(value: Value, right: Value, rng: Random) -> str:
    words = _OTHER_VALUE
    if isinstance(value, int | float) and isinstance(right, int | float):
        words = _TOO_HIGH if value > right else _TOO_LOW
    return rng.choice(words).format(value=_written(value))


def _written(value: Value) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.2f}" if isinstance(value, float) else f'"{value!s}"'
