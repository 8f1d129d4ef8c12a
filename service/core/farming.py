"""What a profile pays for, searched exhaustively: every sequence of moves that an episode can be made of.

A move stands for all actions with one effect on the reward. Moves are free of each other: any query may
reach any progress, and any may be a repeat. So a database and an agent allow fewer sequences, not more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from .action import Action, Answer, Describe, Query, Submit, Unparsed
from .effect import Effect
from .execution import ActionError, ErrorKind
from .observation import Outcome
from .profiles import Profile, Standing
from .review import Finding, FindingKind, Review, Severity
from .task import TaskKind

BINS = (0.0, 0.25, 0.5, 0.75, 1.0)
SHARES = (0.0, 0.5, 1.0)


class Move(NamedTuple):
    """An effect under a name that says which."""

    name: str
    effect: Effect


class Way(NamedTuple):
    """A sequence of moves and what it earns."""

    total: float
    moves: tuple[Move, ...] = ()


def moves_of(kind: TaskKind) -> tuple[Move, ...]:
    """Gives all moves but a correct answer or submission."""
    once = (*_common_moves(kind), *(_query_moves() if kind is TaskKind.EXPLORE else _submit_moves()))
    again = (
        Move(f"{move.name}, again", move.effect._replace(repeated=True))
        for move in once
        if not isinstance(move.effect.action, Unparsed)
    )
    return (*once, *again)


def solving_move(kind: TaskKind) -> Move:
    """Gives the correct answer or submission."""
    if kind is TaskKind.EXPLORE:
        return Move("answer", Effect(Answer(""), correct=True))
    return Move("submit gold", Effect(Submit(""), progress=1.0, correct=True, review=Review((), 1.0)))


def reached(
    profile: Profile, budget: int, moves: Sequence[Move], steps: int
) -> Iterator[dict[Standing, Way]]:
    """Gives, before the first step and after each, every standing that can be reached and the best way there.

    Standings whose penalties differ by rounding alone count as one. Cost: steps * standings * moves.
    """
    paid: dict[tuple[Standing, Outcome], list[tuple[float, Standing]]] = {}
    ways = {profile.start(None): Way(0.0)}
    yield ways
    for step in range(1, steps + 1):
        outcome = Outcome.EXHAUSTED if step >= budget else Outcome.RUNNING
        after: dict[Standing, Way] = {}
        for standing, way in ways.items():
            if (standing, outcome) not in paid:
                paid[standing, outcome] = [_paid(profile, standing, m, outcome, budget) for m in moves]
            for move, (reward, to) in zip(moves, paid[standing, outcome], strict=True):
                known = after.get(to)
                if known is None or way.total + reward > known.total + 1e-12:
                    after[to] = Way(way.total + reward, (*way.moves, move))
        ways = after
        yield ways


def standings(profile: Profile) -> frozenset[Standing]:
    """Gives every standing that any sequence of moves leads to, however long it is."""
    moves = moves_of(profile.kind)
    new = known = {profile.start(None)}
    while new:
        after = {
            _paid(profile, standing, move, Outcome.RUNNING, profile.budget)[1]
            for standing in new
            for move in moves
        }
        new = after - known
        known = known | new
    return frozenset(known)


def best_unsolved(profile: Profile, budget: int, moves: Sequence[Move] = ()) -> Way:
    """Gives the sequence of at most `budget` moves that earns the most without a correct answer."""
    moves = moves or moves_of(profile.kind)
    ways = [max(at.values(), key=lambda way: way.total) for at in reached(profile, budget, moves, budget)]
    best = max(ways, key=lambda way: round(way.total, 12))
    return Way(round(best.total, 12), best.moves)


def _paid(
    profile: Profile, standing: Standing, move: Move, outcome: Outcome, budget: int
) -> tuple[float, Standing]:
    reward, after = profile.reward(standing, move.effect, outcome, budget)
    return reward.total, replace(after, penalties=round(after.penalties, 9))


def _common_moves(kind: TaskKind) -> Iterator[Move]:
    yield Move("lookup", Effect(Describe("")))
    yield Move("lookup that fails", Effect(Describe(""), error=_error(ErrorKind.NO_SUCH_TABLE)))
    yield Move("no tool call", Effect(Unparsed(""), error=_error(ErrorKind.UNPARSED)))
    yield Move("query that fails", Effect(Query(""), error=_error(ErrorKind.SYNTAX)))
    yield Move("query that is denied", Effect(Query(""), error=_error(ErrorKind.DENIED)))
    yield from _rejected_moves(Query(""))
    if kind is TaskKind.REPAIR:
        yield Move("query", Effect(Query("")))


def _query_moves() -> Iterator[Move]:
    for progress in BINS:
        yield Move(f"query at {progress:g}", Effect(Query(""), progress=progress))


def _submit_moves() -> Iterator[Move]:
    for share in SHARES:
        sound, fanned = Review((), share), Review((_finding(FindingKind.FAN_OUT, Severity.WARNING),), share)
        for progress in BINS:
            name = f"submit at {progress:g} with {share:g} of its names known"
            yield Move(name, Effect(Submit(""), progress=progress, review=sound))
            yield Move(f"{name}, fanned out", Effect(Submit(""), progress=progress, review=fanned))
        for kind in (ErrorKind.SYNTAX, ErrorKind.DENIED):
            name = f"submit that fails ({kind.name}) with {share:g} of its names known"
            yield Move(name, Effect(Submit(""), error=_error(kind), review=sound))
    yield from _rejected_moves(Submit(""))


def _rejected_moves(action: Action) -> Iterator[Move]:
    for share in SHARES:
        for findings in (1, 4):
            review = Review((_finding(FindingKind.WRITE, Severity.ERROR),) * findings, share)
            what = f"rejected {type(action).__name__.lower()}"
            name = f"{what} with {share:g} of its names known, {findings} findings"
            yield Move(name, Effect(action, error=_error(ErrorKind.REJECTED), review=review))


def _error(kind: ErrorKind) -> ActionError:
    return ActionError(kind, "")


def _finding(kind: FindingKind, severity: Severity) -> Finding:
    return Finding(kind, severity, "", "")
