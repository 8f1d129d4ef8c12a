"""Which statement is held to be the one that takes a player's memory."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from time import monotonic

import pytest

from sqldojo.service.core.execution import ErrorKind
from sqldojo.service.players import fleet
from sqldojo.service.players.link import Board


@pytest.fixture
def player() -> Iterator[subprocess.Popen[bytes]]:
    """A process that does nothing, in the place of one that plays."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


def test_a_statement_that_ended_while_the_memory_was_read_is_not_blamed(
    player: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    seat = fleet._Seat(0)
    seat.pid, seat.pidfd = player.pid, os.pidfd_open(player.pid)
    seat.board = Board(Board.make(2), 2)
    quick, greedy = seat.board.slot(0), seat.board.slot(1)
    quick.at(7, 0)
    quick.statement(monotonic() + 60)

    def read_late(_: int) -> int:
        quick.done()
        greedy.at(8, 3)
        greedy.statement(monotonic() + 60)
        return 2**40

    supervisor = fleet.Fleet.__new__(fleet.Fleet)
    supervisor._memory_bytes = 2**30
    monkeypatch.setattr(fleet, "_resident_bytes", read_late)
    supervisor._look_at(seat)
    assert seat.condemned == {}
    assert player.poll() is None
    monkeypatch.setattr(fleet, "_resident_bytes", lambda _: 2**40)
    supervisor._look_at(seat)
    assert [(place, kind) for place, (kind, _) in seat.condemned.items()] == [((8, 3), ErrorKind.LIMIT)]
    os.close(seat.pidfd)
