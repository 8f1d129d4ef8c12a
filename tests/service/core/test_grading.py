"""What counts as correct, and what does not."""

from __future__ import annotations

import itertools
import json
import math
import random
import unicodedata
from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sqldojo.service.core.execution import Column, Row, Rows
from sqldojo.service.core.grading import grade_answer, render_answer, same_rows
from sqldojo.service.core.task import AnswerKind

INTEGER, FLOAT, STRING, LIST, TABLE, NULL = AnswerKind


def rows(*cells: Row, complete: bool = True) -> Rows:
    return Rows((Column("c"),) * (len(cells[0]) if cells else 1), list(cells), complete)


CORRECT = [
    (
        INTEGER,
        rows((1234,)),
        ["1234", "1,234", "1234.0", "1234 ", "+1234", "1.234e3", "[1234]", "[[1234]]", '"1234"'],
    ),
    (INTEGER, rows((-4,)), ["-4", "-4.0"]),
    (FLOAT, rows((19500.0,)), ["19500.0", "19,500", "19690", "19310", "1.95e4"]),
    (FLOAT, rows((0.0,)), ["0", "0.0", "-0", ".0", "-.00"]),
    (FLOAT, rows((0.25,)), [".25"]),
    (STRING, rows(("Louis Deacon",)), ["louis deacon", '"Louis Deacon"', " Louis Deacon\n"]),
    (STRING, rows(("a, b",)), ["a, b", '["a, b"]']),
    (STRING, rows(("007",)), ["007"]),
    (STRING, rows(("Zoë",)), ["Zoe\u0308", "ZOË"]),
    (
        LIST,
        rows(("a",), ("b",)),
        ["a, b", "b,a", '["b", "a"]', "a\nb", "[a, b]", "'a', 'b'", '[["a"], ["b"]]'],
    ),
    (LIST, rows(("Smith, J",), ("b",)), ['"Smith, J", b', "b\nSmith, J"]),
    (LIST, rows((1.5,), (None,)), ["NULL, 1.5", "[1.51, null]"]),
    (LIST, rows(), ["[]", " [] "]),
    (
        TABLE,
        rows((111, 1), (121, 2)),
        ["[[111,1],[121,2]]", "121 | 2\n111 | 1", "| 111 | 1 |\r\n| 121 | 2 |", "111, 1\n121, 2"],
    ),
    (TABLE, rows(("a", 1)), ["a | 1", '["a", "1"]']),
    (TABLE, rows(), ["[]"]),
    (NULL, rows((None,)), ["NULL", "none", "[null]"]),
]

WRONG = [
    (
        INTEGER,
        rows((15,)),
        ["15.5", "1,5", "", "15 16", "[]", "None", "fifteen", "15,", "1e400", "9" * 5000, "\u0661\u0665"],
    ),
    (INTEGER, rows((1,)), ["true", "True"]),
    (FLOAT, rows((1.0,)), ["1.011", "nan", "inf", "-", "-1", "1e999"]),
    (FLOAT, rows((0.0,)), ["0.001"]),
    (STRING, rows(("007",)), ["7"]),
    (LIST, rows(("a",), ("b",)), ["a", "a, b, b", "[]", "", "a | b"]),
    (LIST, rows(("a",), ("a",)), ["a"]),
    (LIST, rows(), ["", "none", "[[]]"]),
    (TABLE, rows((111, 1), (121, 2)), ["[[111,2],[121,1]]", "111 | 1", "111, 1, 121, 2", "1 | 111\n2 | 121"]),
    (NULL, rows((None,)), ["", "0", "[]", "n/a"]),
]


@pytest.mark.parametrize(("kind", "gold", "answers"), CORRECT)
def test_correct_answers(kind: AnswerKind, gold: Rows, answers: list[str]) -> None:
    assert [answer for answer in answers if not grade_answer(kind, gold, answer)] == []
    assert grade_answer(kind, gold, render_answer(kind, gold))


@pytest.mark.parametrize(("kind", "gold", "answers"), WRONG)
def test_wrong_answers(kind: AnswerKind, gold: Rows, answers: list[str]) -> None:
    assert [answer for answer in answers if grade_answer(kind, gold, answer)] == []


@pytest.mark.parametrize(
    ("kind", "gold", "answer", "correct"),
    [
        (FLOAT, rows((1.5,)), "1" + "0" * 350, False),
        (FLOAT, rows((200,)), "199", True),
        (LIST, rows((100.0,), (101.0,), (101.9,)), "[101.0, 101.9, 100.0]", True),
        (LIST, rows((100.4,), (101.4,)), "101, 100", True),
        (LIST, rows(("",)), "[]", False),
        (LIST, rows(("Smith, J",), ("x",)), "['Smith, J', 'x']", True),
        (TABLE, rows(("a", 1), ("b", None)), "[('b', None), ('a', 1)]", True),
        (TABLE, rows(("a", "")), "a|", True),
        (LIST, rows(('"Annie" Lind',), ("x",)), 'x, "Annie" Lind', True),
        (LIST, rows(('"Annie"',), ("x",)), 'x\n"Annie"', True),
        (TABLE, rows(('"Annie" Lind', 1), ("x", 2)), '"Annie" Lind | 1\nx | 2', True),
        (TABLE, rows(("Smith, J", 1)), '"Smith, J",1', True),
        (TABLE, rows(("Smith, J", 1)), "Smith, J\t1", True),
        (INTEGER, rows((2**53 + 1,)), "9007199254740993.0", True),
        (INTEGER, rows((2**53 + 1,)), "[9007199254740993.0]", True),
        (INTEGER, rows((2**53,)), "9007199254740992.1", False),
        (INTEGER, rows((2**53,)), "[9007199254740993]", False),
        (INTEGER, rows((12,)), "12.00000000000000001", False),
        (INTEGER, rows((2**53 + 1,)), "9.007199254740993e15", True),
        (INTEGER, rows((2**53 + 1,)), "[9.007199254740993e15]", True),
        (INTEGER, rows((2**53,)), "9.007199254740993e15", False),
        (INTEGER, rows((1200,)), "120000000000e-8", True),
        (INTEGER, rows((1,)), "1e999999999999999999999", False),
        (INTEGER, rows((0,)), "1e-999999999999999999999", False),
        (FLOAT, rows((0.0,)), "1e-400", False),
        (FLOAT, rows((1.797e308,)), "1.77903e308", True),
        (FLOAT, rows((1.797e308,)), "1.81e308", True),
        (FLOAT, rows((1.797e308,)), "1.82e308", False),
        (FLOAT, rows((5e-324,)), "5.05e-324", True),
        (FLOAT, rows((5e-324,)), "5.0505E-324", False),
        (FLOAT, rows((math.inf,)), "1e400", False),
        (LIST, rows((1.0,), (2.5,)), "1.01, 2.5", True),
        (LIST, rows((math.inf,)), "[5]", False),
        (LIST, rows((math.inf,)), "[Infinity]", True),
        (LIST, rows((-math.inf,)), "[Infinity]", False),
    ],
)
def test_answers_that_are_easily_misjudged(kind: AnswerKind, gold: Rows, answer: str, correct: bool) -> None:
    assert grade_answer(kind, gold, answer) is correct


@given(st.floats(allow_nan=False, allow_infinity=False), st.sampled_from((-1, 1)))
@example(0.1, 1)
@example(0.1, -1)
@example(0.3, 1)
@example(0.7, 1)
@example(1.1, -1)
@example(2.2, -1)
@example(99.99, 1)
@example(0.07, -1)
def test_one_per_cent_is_correct_to_the_last_digit(number: float, sign: int) -> None:
    gold, right = rows((number,)), Decimal(repr(number))
    beyond = right * (1 + sign * Decimal("0.01000001")) or Decimal("1e-400")
    assert grade_answer(FLOAT, gold, str(right * (1 + sign * Decimal("0.01"))))
    assert not grade_answer(FLOAT, gold, str(beyond))


def test_whole_numbers_are_compared_to_the_last_digit() -> None:
    assert not same_rows(rows((1735689601,)), rows((1735689600,)), ordered=False)
    assert not same_rows(rows((2**53 + 1,)), rows((2**53 - 1,)), ordered=True)


def test_noise_does_not_cross_the_pairs() -> None:
    at, noise = 1234567.825, 3e-16
    mine = rows((at * (1 - noise), 1), (at * (1 + noise), 2))
    assert same_rows(mine, rows((at * (1 + noise), 1), (at * (1 - noise), 2)), ordered=False)


def test_an_answer_of_any_length_is_graded() -> None:
    assert not grade_answer(LIST, rows(("a",)), "a," * 1_000_000)
    assert not grade_answer(TABLE, rows(("a", 1)), "[" * 100_000)


def test_capitals_do_not_count_where_an_alphabet_has_its_own() -> None:
    for gold, answer in (
        ("Mans\u0131z", "MANSIZ"),
        ("Straße", "STRASSE"),
        ("Σίσυφος", "ΣΊΣΥΦΟΣ"),
        ("İzmir", "i̇zmir"),
    ):
        assert grade_answer(STRING, rows((gold,)), answer)
        assert grade_answer(STRING, rows((gold,)), unicodedata.normalize("NFD", answer))
    assert not grade_answer(STRING, rows(("Zoë",)), "Zoe")


@given(st.text(min_size=1, max_size=12), st.sampled_from((str.upper, str.lower, str.swapcase)))
def test_a_text_in_other_capitals_is_correct(text: str, change: Callable[[str], str]) -> None:
    assert grade_answer(LIST, rows((text,)), json.dumps([change(text)]))


CELLS = st.one_of(
    st.none(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.text(max_size=8),
    st.binary(max_size=4),
)


def tables(width: int) -> st.SearchStrategy[list[Row]]:
    return st.lists(st.tuples(*[CELLS] * width), max_size=8)


@given(tables(1))
def test_a_rendered_list_is_correct(gold: list[Row]) -> None:
    assert grade_answer(LIST, Rows((Column("c"),), gold), render_answer(LIST, Rows((Column("c"),), gold)))


@given(tables(3))
def test_a_rendered_table_is_correct(gold: list[Row]) -> None:
    result = Rows((Column("c"),) * 3, gold)
    assert grade_answer(TABLE, result, render_answer(TABLE, result))


@given(st.sampled_from(AnswerKind), st.text(max_size=60) | st.text("01.,e+-\"'[]()|", max_size=9))
@example(INTEGER, "e1234")
@example(FLOAT, "-.")
@example(INTEGER, "-.0")
def test_no_answer_raises(kind: AnswerKind, answer: str) -> None:
    grade_answer(kind, rows(("x", 1)) if kind is TABLE else rows((1.5,)), answer)
    grade_answer(kind, rows((None, 1)) if kind is TABLE else rows((7,)), answer)


SOUP = st.lists(
    st.sampled_from(
        [*"[](){},:'\"\\.+-*#ajb \n", "0x", "0b1", "12", "1e5", "None", "true", "NaN", "...", "ab"]
    ),
    max_size=24,
).map("".join)


@given(st.sampled_from(AnswerKind), SOUP | SOUP.map("[{}]".format) | SOUP.map("({}, 1)".format))
@example(LIST, "[{[]}]")
@example(LIST, "[{[1]: 2}]")
@example(LIST, "[{{}}]")
@example(STRING, "[{['a', 'b']}]")
@example(TABLE, "[{(1,2): 3}]")
@example(INTEGER, "[0x" + "f" * 10_000 + "]")
@example(NULL, "(0b" + "1" * 90_000 + ")")
def test_no_brackets_and_quotes_raise(kind: AnswerKind, answer: str) -> None:
    width = 2 if kind is TABLE else 1
    for cell in (None, 5, 1.5, "gold", b"gold"):
        assert not grade_answer(kind, rows((cell,) * width, (cell,) * width, (cell,) * width), answer)
    grade_answer(kind, rows((5, 12) if kind is TABLE else (12,)), answer)


@given(st.lists(st.tuples(st.integers(), st.text(max_size=3)), max_size=8), st.randoms(use_true_random=False))
def test_the_order_of_rows_counts_only_where_it_should(gold: list[Row], rng: random.Random) -> None:
    shuffled = list(gold)
    rng.shuffle(shuffled)
    columns = (Column("a"), Column("b"))
    assert same_rows(Rows(columns, shuffled), Rows(columns, gold), ordered=False)
    if shuffled != gold:
        assert not same_rows(Rows(columns, shuffled), Rows(columns, gold), ordered=True)


@pytest.mark.parametrize(
    ("mine", "equal"),
    [
        (rows((1, "a"), (2, "b")), True),
        (rows((1.0, "a"), (2, "b")), True),
        (rows((1 + 1e-12, "a"), (2, "b")), True),
        (rows((1.001, "a"), (2, "b")), False),
        (rows(("1", "a"), (2, "b")), False),
        (rows((1, "A"), (2, "b")), False),
        (rows((1, "a"), (2, "b"), (2, "b")), False),
        (rows((1, "a"), (1, "a")), False),
        (rows((1, "a"), (2, None)), False),
        (rows(("a", 1), ("b", 2)), False),
        (rows((1, "a"), (2, "b"), complete=False), False),
        (rows((1,), (2,)), False),
        (rows(), False),
    ],
)
def test_rows_are_compared_as_typed_multisets(mine: Rows, equal: bool) -> None:
    assert same_rows(mine, rows((1, "a"), (2, "b")), ordered=False) is equal


def test_what_is_left_of_summing_in_another_order_does_not_count() -> None:
    noisy = rows((0.1 + 0.2, 1), (0.3, 2), (2.5, 3))
    assert same_rows(noisy, rows((2.5, 3), (0.3, 1), (0.1 + 0.2, 2)), ordered=False)


NOISY = st.one_of(
    st.sampled_from([1 + step * 0.5e-9 for step in range(-3, 4)]),
    st.sampled_from([step * 0.5e-9 for step in range(-3, 4)]),
    st.sampled_from([0, 1, 10**10, 10**10 + 1, 1e10]),
)
NOISY_ROWS = st.lists(st.tuples(NOISY, NOISY, st.sampled_from(["a", "b", None])), max_size=5)


def close(row: Row, other: Row) -> bool:
    def same(cell: object, twin: object) -> bool:
        if (
            isinstance(cell, int | float)
            and isinstance(twin, int | float)
            and float in (type(cell), type(twin))
        ):
            return math.isclose(cell, twin, rel_tol=1e-9, abs_tol=1e-9)
        return cell == twin

    return all(map(same, row, other))


@given(NOISY_ROWS, NOISY_ROWS, st.booleans())
def test_noisy_rows_are_paired_up_as_by_trying_all_ways(
    mine: list[Row], gold: list[Row], alike: bool
) -> None:
    if alike:  # else hardly two would be equal
        mine = [
            (*(cell if isinstance(cell, int) else cell + 0.5e-9 for cell in row[:2]), row[2])  # type: ignore[operator,union-attr]
            for row in gold[::-1]
        ]
    columns = (Column("c"),) * 3
    ways = itertools.permutations(mine) if len(mine) == len(gold) else ()
    expected = any(all(map(close, way, gold)) for way in ways)
    assert same_rows(Rows(columns, mine), Rows(columns, gold), ordered=False) is expected


@pytest.mark.parametrize(
    "gold",
    [
        [(index * 1.1, "a") for index in range(10_000)],  # far apart
        [(index * 1e-13, "a") for index in range(10_000)],  # all of them what is left of sums
        [(5.0, "a")] * 10_000,
        [(1.0 + index % 7, float(index)) for index in range(10_000)],
        [(index % 100, index * 0.37) for index in range(10_000)],
    ],
)
def test_ten_thousand_noisy_rows_are_compared_in_any_order(gold: list[Row]) -> None:
    columns = (Column("a"), Column("b"))

    def noisy(by: float) -> list[Row]:
        return [tuple(cell * by if isinstance(cell, float) else cell for cell in row) for row in gold[::-1]]

    assert same_rows(Rows(columns, noisy(1 + 1e-12)), Rows(columns, gold), ordered=False)
    wrong = noisy(1 + 1e-12)
    wrong[0] = tuple(cell + 1e-3 if isinstance(cell, float) else cell for cell in wrong[0])
    assert not same_rows(Rows(columns, wrong), Rows(columns, gold), ordered=False)


def test_a_pair_of_equal_rows_gives_way_where_another_needs_it() -> None:
    columns = (Column("a"),)
    mine: list[Row] = [(1.0,), (1 + 0.9e-9,)]
    gold: list[Row] = [(1.0,), (1 - 0.9e-9,)]
    assert same_rows(Rows(columns, mine), Rows(columns, gold), ordered=False)


def test_a_long_answer_in_another_order_is_graded() -> None:
    gold: list[Row] = [(index,) for index in range(300)]
    assert grade_answer(LIST, Rows((Column("c"),), gold), json.dumps(list(range(300))[::-1]))
