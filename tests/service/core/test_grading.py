"""What counts as correct, and what does not."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
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
    (FLOAT, rows((0.0,)), ["0", "0.0", "-0"]),
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
    ],
)
def test_answers_that_are_easily_misjudged(kind: AnswerKind, gold: Rows, answer: str, correct: bool) -> None:
    assert grade_answer(kind, gold, answer) is correct


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


@given(st.sampled_from(AnswerKind), st.text(max_size=60))
def test_no_answer_raises(kind: AnswerKind, answer: str) -> None:
    grade_answer(kind, rows(("x", 1)) if kind is TABLE else rows((1.5,)), answer)


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
