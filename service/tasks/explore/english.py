"""English as questions need it: articles, lists, numbers, dates and quoted values."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from ...core.execution import Value

MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
WEEKDAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")  # as strftime's %w
_NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_ORDINALS = ("", "first", "second", "third", "fourth", "fifth")
_AN = re.compile(r"(?i)(?!uni|use|usa|usu|eur|one\b|ut[ei])[aeiou]|hour|heir|honou?r|honest|8|11\b|18\b")
_LETTERS_AN = re.compile(r"[AEFHILMNORSX](?![a-z])")  # spoken letter by letter: an SKU, an X-ray
_TAIL = re.compile(r" (of|per|in|for|from|with|at|on|by|to)\b")
_PLAIN = re.compile(
    r"[^\W\d_a-z][\w.'-]*( ([^\W\d_]|[A-Z0-9])[\w.'-]*)*|[^\W\d_]+(-[^\W\d_]+)*|[A-Z]{1,3}[+-]"
)


def article(noun: str) -> str:
    """Puts "a" or "an" before a noun."""
    return f"{'an' if _AN.match(noun) or _LETTERS_AN.match(noun) else 'a'} {noun}"


def listed(items: Sequence[str], word: str = "and") -> str:
    """Joins items with commas and a last word: "a", "a and b", "a, b and c"."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {word} {items[-1]}"


def plural(noun: str) -> str:
    """Gives the plural of a regular noun: "dates of birth", "cities"."""
    split = _TAIL.search(noun)
    head, tail = (noun[: split.start()], noun[split.start() :]) if split else (noun, "")
    if head.endswith("y") and head[-2:-1] not in "aeiou":
        return f"{head[:-1]}ies{tail}"
    return f"{head}{'es' if head.endswith(('s', 'x', 'ch', 'sh', 'z')) else 's'}{tail}"


def capital(sentence: str) -> str:
    """Begins with a capital letter."""
    return sentence[:1].upper() + sentence[1:]


def spelt(number: int) -> str:
    """Gives a whole number in words up to ten, then in digits."""
    return _NUMBERS[number] if 0 <= number < len(_NUMBERS) else f"{number:,}"


def ordinal(number: int) -> str:
    """Gives "first" to "fifth"."""
    return _ORDINALS[number]


def number(value: int | float, *, plain: bool = False) -> str:
    """Gives a number with commas between thousands, unless `plain` (years)."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    return str(value) if plain else f"{value:,}"


def measured(value: int | float, unit: str, *, plain: bool = False) -> str:
    """Gives a number with its unit: "1,200 francs", "5%"."""
    text = number(value, plain=plain)
    if not unit:
        return text
    if unit == "%":
        return f"{text}%"
    return f"{text} {_single(unit) if value == 1 else unit}"


def _single(unit: str) -> str:
    """Gives a unit in the singular: "hour", "square metre", "degree Celsius"; "thousand euros" has none."""
    first, _, rest = unit.partition(" ")
    if first in ("thousand", "million") or not unit.endswith("s"):
        return unit
    return f"{first.removesuffix('s')} {rest}" if first.endswith("s") and rest else unit.removesuffix("s")


def day(iso: str, *, words: bool = True) -> str:
    """Gives a date "2024-05-01" as "1 May 2024", or as it is."""
    moment = date.fromisoformat(iso[:10])
    return f"{moment.day} {MONTHS[moment.month - 1]} {moment.year}" if words else iso[:10]


def said(value: Value, *, quoted: bool = False) -> str:
    """Gives a value in a sentence: bare when it reads as a name, else in quotes, numbers as they are."""
    if not isinstance(value, str):
        return str(value)
    if not quoted and _PLAIN.fullmatch(value):
        return value
    if '"' not in value:
        return f'"{value}"'
    return f"'{value}'" if "'" not in value else f"“{value}”"
