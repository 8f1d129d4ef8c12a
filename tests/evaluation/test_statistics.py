import pytest
from hypothesis import given
from hypothesis import strategies as st

from sqldojo.evaluation.statistics import wilson_interval

# To four decimals; the roots of the equation that a test below checks.
KNOWN = [
    (0, 50, 0.0, 0.0713),
    (50, 50, 0.9287, 1.0),
    (15, 50, 0.1910, 0.4375),
    (1, 2, 0.0945, 0.9055),
    (5, 10, 0.2366, 0.7634),
]


@pytest.mark.parametrize(("successes", "trials", "low", "high"), KNOWN)
def test_known_intervals(successes, trials, low, high):
    interval = wilson_interval(successes, trials)
    assert interval.low == pytest.approx(low, abs=5e-5)
    assert interval.high == pytest.approx(high, abs=5e-5)


@st.composite
def counts(draw):
    trials = draw(st.integers(1, 10_000))
    return draw(st.integers(0, trials)), trials


@given(counts())
def test_the_interval_holds_the_share_and_is_symmetric(count):
    successes, trials = count
    interval = wilson_interval(successes, trials)
    mirrored = wilson_interval(trials - successes, trials)
    assert 0 <= interval.low <= successes / trials <= interval.high <= 1
    assert interval.low == pytest.approx(1 - mirrored.high)


@given(counts())
def test_the_bounds_solve_the_equation_that_defines_them(count):
    """Each bound is a share p with (share - p)² = z² p (1 - p) / n."""
    successes, trials = count
    share, z = successes / trials, 1.959963984540054
    for bound in (wilson_interval(successes, trials).low, wilson_interval(successes, trials).high):
        assert (share - bound) ** 2 == pytest.approx(z * z * bound * (1 - bound) / trials, abs=1e-9)


def test_more_confidence_makes_it_wider():
    narrow, wide = wilson_interval(3, 10, confidence=0.8), wilson_interval(3, 10, confidence=0.99)
    assert wide.low < narrow.low < narrow.high < wide.high


@pytest.mark.parametrize(("successes", "trials"), [(0, 0), (-1, 5), (6, 5)])
def test_no_share(successes, trials):
    with pytest.raises(ValueError, match="no share"):
        wilson_interval(successes, trials)
