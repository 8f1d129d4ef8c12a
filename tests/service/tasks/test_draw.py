from __future__ import annotations

from collections import Counter
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from sqldojo.service.tasks.databases.draw import Zipf, day, money, near_copies, people, popular

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
