"""Measuring by turns: in slices so short that whatever else slows the machine slows all alike."""

from __future__ import annotations

LEAST_SECONDS = 0.25  # of a slice
LEAST_ROUNDS = 2


def rounds(seconds: float, ways: int, most: int) -> tuple[int, float]:
    """Gives how many rounds fit into so many seconds, and the seconds of each of a round's `ways` slices.

    There are `most` rounds, or fewer where slices would be too short.
    """
    number = max(LEAST_ROUNDS, min(most, int(seconds / ways / LEAST_SECONDS)))
    return number, seconds / ways / number
