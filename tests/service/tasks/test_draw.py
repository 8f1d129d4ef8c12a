from __future__ import annotations

import subprocess
import sys
from collections import Counter
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from sqldojo.service.tasks.databases.draw import (
    Zipf,
    companies,
    day,
    money,
    near_copies,
    people,
    popular,
    some,
    streets,
)
from sqldojo.service.tasks.databases.words import COMPANIES, PEOPLE, STREETS

seeds = st.integers(0, 2**32).map(Random)


def test_zipf_draws_the_k_th_with_a_weight_of_one_over_k() -> None:
    rng, zipf = Random("zipf"), Zipf("abcd")
    counts = Counter(zipf.draw(rng) for _ in range(25_000))
    for rank, item in enumerate("abcd", 1):
        assert abs(counts[item] - 12_000 / rank) < 600


@given(seeds, st.integers(10, 60))
def test_popular_never_draws_the_idle_share(rng: Random, size: int) -> None:
    drawn = popular(rng, range(size), idle=0.5)
    assert len({drawn.draw(rng) for _ in range(200)}) <= size - size // 2


@given(seeds, st.integers(12, 80))
def test_names_hold_each_sort_of_copy(rng: Random, count: int) -> None:
    names = people(rng, count)
    assert len(names) == count
    assert names[-1] == names[0]
    assert names[-2] == names[1].lower() != names[1]
    assert names[-3] == names[2] + " "


@given(seeds)
def test_near_copies_leaves_the_first_alone(rng: Random) -> None:
    names = [f"Name {number}" for number in range(40)]
    assert near_copies(rng, names, first=30)[:30] == names[:30]


@given(seeds, st.integers(0, 50), st.integers(1, 900))
def test_money_is_whole_cents_in_its_range(rng: Random, low: int, span: int) -> None:
    amount = money(rng, low, low + span)
    assert low <= amount < low + span
    assert amount == round(amount, 2)


@given(seeds)
def test_days_lie_in_their_range(rng: Random) -> None:
    assert day(rng, "2024-02-28", "2024-03-01") in {"2024-02-28", "2024-02-29", "2024-03-01"}


@given(seeds, st.floats(0.001, 20), st.integers(1, 500), st.integers(0, 200))
def test_some_is_a_count_in_its_range_times_the_scale(rng: Random, scale: float, low: int, span: int) -> None:
    number = some(rng, scale, low, low + span)
    assert max(1, int(scale * low)) <= number <= max(1, scale * (low + span))


def test_some_draws_both_ends_of_its_range() -> None:
    rng = Random("ends")
    assert {some(rng, 1.0, 3, 5) for _ in range(100)} == {3, 4, 5}


@given(st.integers(0, 2**32), st.integers(1, 60))
def test_companies_and_streets_are_all_different_and_begin_with_the_awkward_ones(
    seed: int, count: int
) -> None:
    for draw, awkward in ((companies, COMPANIES), (streets, STREETS)):
        names = draw(Random(seed), count)
        assert len(set(names)) == len(names) == count
        assert tuple(names[: len(awkward)]) == awkward[:count]
        assert draw(Random(seed), count) == names


@given(st.integers(0, 2**32))
def test_people_of_equal_seeds_are_the_same_and_others_are_not(seed: int) -> None:
    names = people(Random(seed), 40)
    assert people(Random(seed), 40) == names
    assert people(Random(seed + 1), 40) != names
    assert tuple(names[: len(PEOPLE)]) == PEOPLE


def test_a_bank_is_opened_without_faker() -> None:
    modules = "sqldojo.service.tasks.databases, sqldojo.service.tasks.bank"
    code = f"import sys, {modules}; print('faker' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"
