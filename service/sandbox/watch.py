"""Who is told what threads run, so that something outside can tell when it takes too long."""

from __future__ import annotations

from typing import Final, Protocol


class Watch(Protocol):
    """Is told when the calling thread begins a statement, and when it is done with it."""

    def statement(self, deadline: float) -> None:
        """A statement is about to run, which will be stopped at a time of the monotonic clock."""
        ...

    def done(self) -> None:
        """It has ended."""
        ...


class _Nobody:
    """Watches nothing."""

    def statement(self, deadline: float) -> None: ...

    def done(self) -> None: ...


UNWATCHED: Final = _Nobody()
