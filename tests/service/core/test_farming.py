"""What can be earned without solving, by exhaustive search, and what no sequence of actions can gain.

docs/rewards.md states what is found here; the tests read the figures from there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest
import seeds
from hypothesis import assume, given
from hypothesis import strategies as st

from sqldojo.service.core.action import Action, Query
from sqldojo.service.core.built_in_profiles import BUILT_IN_PROFILES
from sqldojo.service.core.farming import Move, best_unsolved, moves_of, reached, solving_move, standings
from sqldojo.service.core.observation import Outcome
from sqldojo.service.core.profiles import Profile, Standing
from sqldojo.service.core.task import AnswerKind

DOCS = Path(__file__).resolve().parents[3] / "docs" / "rewards.md"
PROFILES = BUILT_IN_PROFILES.by_name
SOUND = ("sqlenv-strict", "repair")  # whose rewards are potentials and costs

# Statements whose results measure each bin of progress towards the one gold value 19500.0.
AT_BIN = {
    "query at 0": "SELECT Name AS n{0} FROM employee",
    "query at 1": "SELECT SUM(Bonus) AS n{0} FROM evaluation",
    "lookup": "",
}


def stated(name: str) -> dict[int, float]:
    """The table's row of a profile: the highest total by budget."""
    row = re.search(rf"^\| `{name}` \|(.*)\|$", DOCS.read_text(encoding="utf-8"), re.MULTILINE)
    assert row is not None
    cells = [float(cell) for cell in row[1].split("|")]
    return dict(zip((1, 2, 5, 15, 35, 100), cells, strict=True))


@pytest.mark.parametrize(
    ("name", "budget"),
    [
        *((name, budget) for name in ("sqlenv", "sqlenv-legacy") for budget in (1, 2, 5, 15, 35, 100)),
        *(("sqlenv-strict", budget) for budget in (1, 2, 5, 15)),
        *(("repair", budget) for budget in (1, 2, 5)),
    ],
)
def test_the_documented_maximum_is_the_one_found(name: str, budget: int) -> None:
    found = best_unsolved(PROFILES[name], budget)
    assert stated(name)[budget] == pytest.approx(found.total, abs=5e-4)


@pytest.mark.parametrize("name", SOUND)
def test_no_budget_lets_stalling_come_near_a_solution(name: str) -> None:
    worst_solved = 0.7  # see docs/rewards.md
    assert max(stated(name).values()) < worst_solved


def test_the_oscillating_sequence_earns_it_in_a_real_episode() -> None:
    way = best_unsolved(PROFILES["sqlenv"], 15)
    assert [move.name for move in way.moves] == ["query at 1", "query at 0"] * 7 + ["query at 1"]
    assert played("sqlenv", way.moves) == pytest.approx(way.total)


def test_what_pays_best_under_strict_rules_is_paid_in_a_real_episode() -> None:
    moves = {move.name: move for move in moves_of(PROFILES["sqlenv-strict"].kind)}
    swinging = [moves[f"query at {place}"] for place in (1, 0) * 7]
    assert played("sqlenv-strict", swinging) == pytest.approx(total("sqlenv-strict", swinging, 15))
    assert played("sqlenv-strict", swinging) < 0.2


def played(profile: str, moves: Sequence[Move]) -> float:
    episode = seeds.explore(
        seeds.EMPLOYEES,
        "Total bonus?",
        "SELECT SUM(Bonus) FROM evaluation",
        AnswerKind.FLOAT,
        profile=profile,
    )
    actions: list[Action] = [Query(AT_BIN[move.name].format(step)) for step, move in enumerate(moves)]
    state, _ = episode.start()
    for action in actions:
        state = episode.step(state, action).state
    assert state.outcome in (Outcome.EXHAUSTED, Outcome.RUNNING)
    return state.total_reward


def total(name: str, moves: Sequence[Move], budget: int, standing: Standing | None = None) -> float:
    """What moves earn from a standing on, the last step of the budget not being among them."""
    return walk(PROFILES[name], moves, budget, standing or PROFILES[name].start(None))[0]


def walk(
    profile: Profile, moves: Sequence[Move], budget: int, standing: Standing, used: int = 0
) -> tuple[float, Standing]:
    earned = 0.0
    for step, move in enumerate(moves, used + 1):
        solved = move == solving_move(profile.kind)
        outcome = Outcome.SOLVED if solved else Outcome.EXHAUSTED if step >= budget else Outcome.RUNNING
        reward, standing = profile.reward(standing, move.effect, outcome, budget)
        earned += reward.total
    return earned, standing


def sequences(name: str) -> st.SearchStrategy[list[Move]]:
    return st.lists(st.sampled_from(moves_of(PROFILES[name].kind)), max_size=99)


def margins(name: str, known: Iterable[Standing], budget: int) -> Iterator[float]:
    """What solving at once is worth more than a move and solving then, for each standing and each move."""
    profile = PROFILES[name]
    solve = solving_move(profile.kind).effect

    @cache
    def solved(standing: Standing) -> float:
        return profile.reward(standing, solve, Outcome.SOLVED, budget)[0].total

    for standing in known:
        for move in moves_of(profile.kind):
            reward, after = profile.reward(standing, move.effect, Outcome.RUNNING, budget)
            yield solved(standing) - reward.total - solved(after)


@pytest.mark.parametrize("name", SOUND)
def test_no_move_is_worth_its_while_from_any_standing(name: str) -> None:
    """Added up along a sequence, this proves that early beats late beats never and that every loop costs.

    Solving pays A(s) at a standing s. If a move from s to t earns less than A(s) - A(t), then moves from s
    to z earn less than A(s) - A(z) in all: so they and A(z) are less than A(s), and where z is s they are
    below 0.
    """
    known = standings(PROFILES[name])
    assert len(known) > 800
    for budget in (1, 100):
        smallest_cost = min(0.02, 0.3 / budget) if name == "sqlenv-strict" else 0.3 / budget
        assert min(margins(name, known, budget)) == pytest.approx(smallest_cost)
    unpunished = [each for each in known if each.penalties == 0.0]
    for budget in range(2, 100, 7):
        assert min(margins(name, unpunished, budget)) > 0


@pytest.mark.parametrize("name", ["sqlenv", "sqlenv-legacy"])
def test_what_clipping_leaves_open(name: str) -> None:
    assert min(margins(name, standings(PROFILES[name]), 15)) < -0.1


def test_no_budget_is_farmed_under_strict_rules() -> None:
    profile = PROFILES["sqlenv-strict"]
    moves = [move for move in moves_of(profile.kind) if not re.search("again|rejected", move.name)]
    for budget in range(1, 101):
        *_, last = reached(profile, budget, moves, min(budget, 5))
        most = max(way.total for way in last.values())
        cost = min(0.02, 0.3 / budget)
        steps = min(budget, 5)
        assert most == pytest.approx(0.15 + steps * (0.03 - cost))
        assert most < 0.3


@pytest.mark.parametrize(
    ("profile", "a_round"), [("sqlenv", 0.02), ("sqlenv-legacy", 0.035), ("sqlenv-strict", -0.066)]
)
def test_two_statements_again_and_again(profile: str, a_round: float) -> None:
    """The swing needs no new statement, so in sqlenv a loop of repeats gains; under strict rules it costs."""
    episode = seeds.explore(
        seeds.EMPLOYEES, "Total bonus?", "SELECT SUM(Bonus) FROM evaluation", AnswerKind.FLOAT, profile
    )
    round_trip = [Query(AT_BIN["query at 1"].format(0)), Query(AT_BIN["query at 0"].format(0))]
    state, _ = episode.start(100)
    totals = []
    for action in round_trip * 4:
        state = episode.step(state, action).state
        totals.append(state.total_reward)
    rounds = [late - early for early, late in pairwise(totals[1::2])]
    assert rounds == pytest.approx([a_round] * 3)


@pytest.mark.parametrize("name", SOUND)
@given(data=st.data(), budget=st.integers(1, 100))
def test_early_beats_late_beats_never(name: str, data: st.DataObject, budget: int) -> None:
    profile = PROFILES[name]
    moves = data.draw(sequences(name))[: budget - 1]
    solve = solving_move(profile.kind)
    totals = [
        walk(profile, [*moves[:steps], solve], budget, profile.start(None))[0]
        for steps in range(len(moves) + 1)
    ]
    assert all(early > late for early, late in pairwise(totals))
    never = total(name, moves, budget)
    assert totals[-1] > never + 0.2
    assert totals[-1] >= 0.7 - 1e-9
    assert never < 0.7 - 0.2


@pytest.mark.parametrize("name", SOUND)
@given(data=st.data(), budget=st.integers(1, 100))
def test_no_loop_gains(name: str, data: st.DataObject, budget: int) -> None:
    """A sequence that leads back to where it began costs, whatever is in it."""
    profile = PROFILES[name]
    before = data.draw(sequences(name))
    loop = data.draw(sequences(name))
    assume(loop)
    _, start = walk(profile, before, 10**6, profile.start(None))
    earned, end = 0.0, start
    for move in loop:
        reward, end = profile.reward(end, move.effect, Outcome.RUNNING, budget)
        earned += reward.total
        potentials = (end.progress, end.executed, end.schema_share, end.explored)
        if potentials == (start.progress, start.executed, start.schema_share, start.explored):
            assert earned < 0.0


@pytest.mark.parametrize("name", PROFILES)
@given(data=st.data())
def test_a_step_is_the_sum_of_its_terms(name: str, data: st.DataObject) -> None:
    profile = PROFILES[name]
    standing = profile.start(None)
    for move in data.draw(sequences(name))[:15]:
        reward, standing = profile.reward(standing, move.effect, Outcome.RUNNING, 15)
        summed = 0.0
        for term in reward.terms:
            summed += term.contribution
            assert term.contribution == pytest.approx(term.value * term.weight) or term.contribution > (
                term.value * term.weight
            )  # a penalty that the cap cuts
        assert reward.unclipped == summed


@pytest.mark.parametrize("name", PROFILES)
def test_the_built_in_profiles_are_sound_by_their_own_account(name: str) -> None:
    assert list(PROFILES[name].faults()) == []
