"""What is seen of a fault: the error, or what is wrong with the rows, in a colleague's words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from random import Random

from ...core.execution import ActionError, Row, Rows, Value
from .gate import Symptom

_COLUMNS = ("first", "second", "third", "fourth", "fifth", "sixth")
_LONGEST = 40  # characters of a value that is named
_MANY = 4  # rows; of fewer, none is named

_FAILED = (
    "It stops with this error: {}",
    "All that I get is an error: {}",
    "Running it gives: {}",
    "It does not run. The message is: {}",
    "The database refuses it: {}",
    "It ends in an error here: {}",
    "Error message: {}",
)
_EMPTY = (
    "It comes back empty, and I know that there is something to be found.",
    "There is not a single row in the result, which cannot be.",
    "I get no rows at all.",
    "The result is empty. That is certainly wrong.",
    "It runs, but nothing comes out.",
)
_TOO_MANY = (
    "It shows {shown} where I expected {wanted}.",
    "I count {shown} in the result; there should be {wanted}.",
    "{Shown} come out, and it should be {wanted}.",
    "The list has grown to {shown}. From the files I get {wanted}.",
    "It gives {shown}, far from the {number} that there really are.",
)
_TOO_FEW = (
    "It shows only {shown} where I expected {wanted}.",
    "I get {shown}, but there should be {wanted}.",
    "Some are missing: {shown} in the result, {wanted} by our books.",
    "{Shown} come out, and it should be {wanted}.",
    "It stops at {shown}; counted by hand there are {number}.",
)
_MISSING = (
    "{} is missing, to name one.",
    "I can't find {}, for instance, though it belongs there.",
    "For one, {} ought to be in it and is not.",
)
_UNWANTED = (
    "{} has no business there, for instance.",
    "What is {} doing in it, to name one?",
    "{}, for one, does not belong there.",
)
_REPEATED = (
    "{name} comes up {times} times, for instance.",
    "The same things stand there again and again, {name} {times} times.",
    "I see {name} {times} times in it.",
)
_SHAPE = (
    "The result has {shown} where it should have {wanted}.",
    "I get {shown}, and asked for {wanted}.",
    "Our import complains: {shown} instead of {wanted}.",
)
_MOVED = (
    "The figures are all there, but not in the columns that they were asked for in.",
    "What should stand in the {column} column stands in another one.",
    "Our import takes the columns by their place, and they are not in the order wanted.",
)
_ORDER = (
    "The rows are the right ones, but they come in another order; {first} should not be on top.",
    "The list is complete, only it doesn't begin with what it should: I see {first} first.",
    "All rows are there, yet the order is not the one that was asked for.",
)
_TOO_HIGH = (
    "It says {value}, which is too much.",
    "The {value} that it shows is too high.",
    "I get {value}, and that is more than there can be.",
    "{value} comes out. By hand I get less.",
)
_TOO_LOW = (
    "It says {value}, which is too little.",
    "We get {value}, and that is less than it should be.",
    "The {value} that it shows is too low.",
    "{value} comes out. By hand I get more.",
)
_OTHER_VALUE = (
    "It gives {value}, and that is not right.",
    "The answer {value} is wrong.",
    "{value} comes out, which can't be.",
)
_NOTHING = (
    "The result is NULL, where there should be a value.",
    "It gives NULL, as if there were nothing to be found.",
    "All that comes out is NULL.",
)
_WRONG_CELL = (
    "For {name} it says {value} in the {column} column, and that is {fault}.",
    "The {column} column is off: {value} for {name} is {fault}.",
    "Take {name}: {value} in the {column} column is {fault}.",
)
_WRONG_COLUMN = (
    "The {column} column is wrong, the rest is fine.",
    "Everything is right but the {column} column.",
)
_SOME_ROWS = (
    "The number of rows is right, but not what they show: {name} should not be among them.",
    "There are as many rows as there should be, yet some are wrong, {name} for one.",
    "Some rows are right and others are not; {name} is one of the wrong ones.",
)
_OTHER_ROWS = (
    "The number of rows is right, but some of what they show is not.",
    "When I check single rows by hand, some are wrong.",
    "Some of what it shows is right and some is not.",
)
_HIDDEN = (
    "On the data at hand it looks right. On last year's copy it does not: {}",
    "It gives what it should on these data, but at our other site, which has the same tables, it goes"
    " wrong. There, {}",
    "I can't see anything wrong with it here, yet on the live system, where the rows are others, it fails"
    " us: {}",
)


def describe(symptom: Symptom, *, ordered: bool, rng: Random) -> str:
    """Says in a sentence or two what a broken statement does, without telling the fault."""
    result, gold = symptom.result, symptom.gold
    if isinstance(result, ActionError):
        seen = _sentence(rng.choice(_FAILED).format(result.message))
    elif symptom.instance:
        seen = _hidden(result, gold, rng)
    else:
        seen = _rows(result, gold, ordered, rng)
    return rng.choice(_HIDDEN).format(_lower(seen)) if symptom.instance else seen


def _hidden(result: Rows, gold: Rows, rng: Random) -> str:
    """Says what is wrong on an instance that nobody can look at: counts, and no values."""
    if len(result.rows) != len(gold.rows):
        return _count(len(result.rows), len(gold.rows), rng)
    if len(gold.rows) == 1 and len(gold.columns) == 1:
        return rng.choice(("another figure comes out than the right one.", "what comes out is wrong."))
    return rng.choice(("some of the values are wrong.", "not all of what it shows is right."))


def _rows(result: Rows, gold: Rows, ordered: bool, rng: Random) -> str:
    if len(result.columns) != len(gold.columns):
        shown, wanted = (_counted(len(rows.columns), "column") for rows in (result, gold))
        return rng.choice(_SHAPE).format(shown=shown, wanted=wanted)
    if len(result.rows) != len(gold.rows):
        return f"{_count(len(result.rows), len(gold.rows), rng)}{_example(result, gold, rng)}"
    mine, theirs = Counter(result.rows), Counter(gold.rows)
    if ordered and mine == theirs:
        return rng.choice(_ORDER).format(first=_name(result.rows[0]))
    if _sorted_cells(result.rows) == _sorted_cells(gold.rows) and len(gold.columns) > 1:
        return rng.choice(_MOVED).format(column=_COLUMNS[0])
    if len(gold.rows) == 1 and len(gold.columns) == 1:
        return _value(result.rows[0][0], gold.rows[0][0], rng)
    return _one_column(result, gold, rng) or _some_rows(result, gold, rng)


def _count(shown: int, wanted: int, rng: Random) -> str:
    if shown == 0:
        return rng.choice(_EMPTY)
    words = _TOO_MANY if shown > wanted else _TOO_FEW
    rows = _counted(shown, "row")
    number = f"{wanted:,}" if wanted else "none"
    said = rng.choice(words).format(
        shown=rows, Shown=rows, wanted=number if wanted != 1 else "just one", number=number
    )
    return said.replace("1 row come out", "1 row comes out")


def _example(result: Rows, gold: Rows, rng: Random) -> str:
    """Names a row that is missing, unwanted or repeated; nothing where that would tell much of gold."""
    if rng.random() < 0.4 or not result.rows or not gold.rows:
        return ""
    counts, wanted = Counter(map(_key, result.rows)), Counter(map(_key, gold.rows))
    most, times = max(counts.items(), key=lambda item: (item[1], str(item[0])))
    if times > 1 and wanted[most] == 1:
        return " " + rng.choice(_REPEATED).format(name=_shown(most), times=f"{times:,}")
    unwanted = [key for key in counts if key not in wanted and key is not None]
    if unwanted and len(result.rows) > len(gold.rows):
        return " " + rng.choice(_UNWANTED).format(_shown(unwanted[0]))
    missing = [key for key in wanted if key not in counts and key is not None]
    if missing and len(gold.rows) >= _MANY and len(result.rows) < len(gold.rows):
        return " " + rng.choice(_MISSING).format(_shown(missing[-1]))
    return ""


def _value(value: Value, right: Value, rng: Random) -> str:
    if value is None:
        return rng.choice(_NOTHING)
    words: Sequence[str] = _OTHER_VALUE
    if isinstance(value, int | float) and isinstance(right, int | float):
        words = _TOO_HIGH if value > right else _TOO_LOW
    return rng.choice(words).format(value=_shown(value))


def _one_column(result: Rows, gold: Rows, rng: Random) -> str:
    """Says which column is wrong, and in which row, where all others are right; else nothing."""
    off = [
        place
        for place in range(len(gold.columns))
        if _sorted_cells([(row[place],) for row in result.rows])
        != _sorted_cells([(row[place],) for row in gold.rows])
    ]
    if len(off) != 1 or len(gold.columns) < 2 or off[0] >= len(_COLUMNS):
        return ""
    place = off[0]
    right = {_but(row, place): row[place] for row in gold.rows}
    found = [
        (_but(row, place), row[place], right[_but(row, place)])
        for row in result.rows
        if _but(row, place) in right and row[place] != right[_but(row, place)]
    ]
    if not found or len(right) < len(gold.rows) or len(gold.rows) == 1:
        return rng.choice(_WRONG_COLUMN).format(column=_COLUMNS[place])
    key, value, wanted = rng.choice(found)
    return rng.choice(_WRONG_CELL).format(
        name=_name(key), value=_shown(value), column=_COLUMNS[place], fault=_fault(value, wanted, rng)
    )


def _fault(value: Value, wanted: Value, rng: Random) -> str:
    if isinstance(value, int | float) and isinstance(wanted, int | float):
        return rng.choice(("too high", "too much") if value > wanted else ("too low", "too little"))
    return rng.choice(("wrong", "not right"))


def _some_rows(result: Rows, gold: Rows, rng: Random) -> str:
    wrong = [row for row in result.rows if _key(row) not in {_key(each) for each in gold.rows}]
    wrong = [row for row in wrong if _key(row) is not None]
    if not wrong or len(gold.rows) < 2:
        return rng.choice(_OTHER_ROWS)
    return rng.choice(_SOME_ROWS).format(name=_name(rng.choice(wrong)))


def _but(row: Row, place: int) -> Row:
    return row[:place] + row[place + 1 :]


def _sorted_cells(rows: Sequence[Row]) -> list[list[str]]:
    return sorted(sorted(map(repr, row)) for row in rows)


def _key(row: Row) -> Value:
    """Gives what people know a row by: its first cell."""
    return row[0]


def _name(row: Row) -> str:
    return _shown(_key(row))


def _shown(value: Value) -> str:
    if value is None:
        return "the row with NULL"
    if isinstance(value, float):
        return f"{value:,.2f}" if value != round(value) else f"{value:,.1f}"
    if isinstance(value, int):
        return f"{value:,}" if abs(value) >= 10_000 else str(value)
    text = str(value)
    return f'"{text}"' if len(text) <= _LONGEST else f'"{text[: _LONGEST - 1]}…"'


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _sentence(text: str) -> str:
    return text if text.endswith((".", "?", "!")) else f"{text}."


def _lower(text: str) -> str:
    return text if text[:2] in ("I ", "I'") else text[0].lower() + text[1:]
