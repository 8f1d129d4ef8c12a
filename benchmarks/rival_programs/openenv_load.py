"""Load on an OpenEnv server: `… openenv_load ADDRESS SESSIONS sql|echo`.

Each session is a client of OpenEnv's own with its WebSocket, all at once on one event loop.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterator
from itertools import count

import uvloop
from openenv.core.generic_client import GenericEnvClient

from benchmarks.workload import statement

from .core_session import BUDGET
from .turns import READY, Played, tell, turns

CONNECTING = 32  # at once, so that none waits longer than its time-out


class _Session:
    """A client, and where its episode stands."""

    def __init__(self, address: str, echo: bool) -> None:
        self.client = GenericEnvClient(base_url=address)
        self._echo = echo
        self._step = BUDGET

    async def play(self, kind: str, numbers: Iterator[int], until: float) -> int:
        """Plays until a time; gives the steps."""
        steps = 0
        while time.perf_counter() < until:
            if self._step == BUDGET:
                await self.client.reset()
                self._step = 0
                continue
            self._step += 1
            sql = statement(kind, next(numbers))
            seen = (await self.client.step({"message": sql} if self._echo else {"sql": sql})).observation
            assert seen["echoed_message"] == sql if self._echo else seen["row_count"] == 20, seen
            steps += 1
        return steps


async def main(address: str, sessions: int, environment: str) -> None:
    """Connects all sessions, and then plays when it is told to."""
    playing = [_Session(address, environment == "echo") for _ in range(sessions)]
    for place in range(0, sessions, CONNECTING):
        await asyncio.gather(*(each.client.connect() for each in playing[place : place + CONNECTING]))
    tell(READY)
    numbers = count()
    told, loop = turns(), asyncio.get_running_loop()
    while turn := await loop.run_in_executor(None, next, told, None):  # pings are answered meanwhile
        began = time.perf_counter()
        until = began + turn.seconds
        steps = sum(await asyncio.gather(*(each.play(turn.kind, numbers, until) for each in playing)))
        tell(Played(steps, time.perf_counter() - began))


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
